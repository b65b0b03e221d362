import { createHash } from "node:crypto";
import { DeployError } from "../shared/deploy-error.ts";
import { byService, SERVICE_NAMES } from "../stacks/services.ts";
import { AWS_FAULTS } from "./aws-faults.ts";
import type { Edit } from "./checkout.ts";

import { GATE_FAULTS, GATE_SCENARIOS } from "./gate-scenarios.ts";
import type { Behaviours, Fault, ReleaseDescriptor, Scenario, ScenarioRelease } from "./scenario.ts";
import type { ImageBehaviour } from "./services.ts";

const FIRST: ScenarioRelease = { release: "configured", behaviours: {} };
const SECOND: ScenarioRelease = { release: "next", behaviours: {} };

/** A readiness probe that asks a path which the engine does not have, by mistake in the chart. */
const WRONG_PROBE: Edit = {
  file: "apps/charts/engine/templates/deployment.yaml",
  from: "httpGet: {path: {{ .Values.readinessPath | quote }}, port: http}",
  to: "httpGet: {path: /nowhere, port: http}",
};
/** The same by a value. */
const WRONG_VALUE = { key: ["sparki:engine", "readinessPath"], value: "/nowhere-either" };

/** Every scenario that can be rehearsed, the default one first. */
export const SCENARIOS: readonly Scenario[] = [
  { name: "first-deploy", summary: "production from nothing to promoted", releases: [FIRST] },
  {
    name: "upgrade",
    summary: "a first deploy, then a second release over it",
    releases: [FIRST, SECOND],
  },
  {
    name: "bad-image",
    summary: "a second release whose images no node can pull",
    releases: [FIRST, { release: "next", behaviours: { engine: { unpullable: true }, web: { unpullable: true } } }],
  },
  {
    name: "e2e-fails",
    summary: "a second release that every gate lets through, and whose end-to-end tests fail once it is live",
    releases: [FIRST, { release: "next", behaviours: { e2e: { failTests: true } } }],
  },
  {
    name: "errors-once-live",
    summary: "a second release that every gate lets through, and that fails its users once it is live",
    releases: [
      FIRST,
      {
        release: "next",
        behaviours: {},
        faults: { after: "promotion-record", hold: { users: 50, fleet: { errorRatio: 0.05 } }, isKept: true },
      },
    ],
  },
  {
    name: "chart-broken",
    summary: "a third deployment of the same images, with a wrong readiness probe in the engine's chart",
    releases: [FIRST, SECOND, { ...SECOND, edits: [WRONG_PROBE] }],
  },
  {
    name: "value-broken",
    summary: "a third deployment of the same images and charts, with a wrong readiness path in the config",
    releases: [FIRST, SECOND, { ...SECOND, settings: [WRONG_VALUE] }],
  },
  {
    name: "release-broken",
    summary: "a third release with new images, a wrong probe in the engine's chart and a wrong value in the config",
    releases: [FIRST, SECOND, { release: "third", behaviours: {}, edits: [WRONG_PROBE], settings: [WRONG_VALUE] }],
  },
  ...GATE_SCENARIOS,
];

/** The faults that can be put into a scenario's last release, by their id. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  F26: { summary: "the image cannot be pulled", behaviours: { engine: { unpullable: true } } },
  F27: { summary: "the process ends right after its start", behaviours: { engine: { crash: true } } },
  F28: { summary: "the pods are never ready", behaviours: { engine: { neverReady: true } } },
  F31: { summary: "the migration fails half-way", behaviours: { engine: { failMigration: "0002" } } },
  ...AWS_FAULTS,
  ...GATE_FAULTS,
};

/** The scenario of that name; throws SPARKI_USAGE with the names there are. */
export function findScenario(name: string): Scenario {
  const scenario = SCENARIOS.find((each) => each.name === name);
  if (scenario !== undefined) return scenario;
  const names = SCENARIOS.map((each) => each.name).join(", ");
  throw usage(`unknown scenario ${JSON.stringify(name)}; expected one of ${names}`);
}

/**
 * The scenario with a fault in its last release: `ID`, or `ID@STEP` for one that breaks when that step begins. Throws
 * SPARKI_USAGE for an id that there is not, and for a step of a fault that is in the images.
 */
export function withFault(scenario: Scenario, wanted: string): Scenario {
  const [id = "", ...rest] = wanted.split("@");
  const step = rest.length > 0 ? rest.join("@") : undefined;
  const fault = FAULTS[id] ?? unknownFault(id);
  if (step === "")
    throw usage(`--fault is ${JSON.stringify(wanted)}; expected ID or ID@STEP, such as ${id}@promotion-record`);
  if (step !== undefined && fault.faults === undefined)
    throw usage(`fault ${id} is in the release's images and cannot begin at ${JSON.stringify(step)}; expected ${id}`);
  const { behaviours } = fault;
  const faults = fault.faults && { ...fault.faults, ...(step !== undefined && { at: step }) };
  const faulty = (each: ScenarioRelease): ScenarioRelease => ({
    ...each,
    behaviours: { ...each.behaviours, ...behaviours },
    ...(faults && { faults }),
  });
  const last = scenario.releases.length - 1;
  return { ...scenario, releases: scenario.releases.map((each, index) => (index === last ? faulty(each) : each)) };
}

function unknownFault(id: string): never {
  const known = Object.keys(FAULTS).sort().join(", ");
  throw usage(`fault ${JSON.stringify(id)} cannot be rehearsed; expected one of ${known}`);
}

function usage(message: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint: "npx sparki rehearse --list" });
}

/** The release that follows `current`: another id and commit, and images of their own; the same schema. */
export function nextRelease<Release extends ReleaseDescriptor>(current: Release): Release {
  const id = `${current.id}-next`;
  const hash = (text: string) => createHash("sha256").update(`${id} ${text}`).digest("hex");
  const image = (kind: keyof ReleaseDescriptor["images"]) =>
    current.images[kind].replace(/@sha256:.*$/, `@sha256:${hash(kind)}`);
  return {
    ...current,
    id,
    gitSha: hash("commit").slice(0, 40),
    images: { ...byService(image), e2e: image("e2e") },
  };
}

/** The images of a release with what they do, as the rehearsal's registry takes them. */
export function imagesOf(
  release: { readonly images: Readonly<Partial<ReleaseDescriptor["images"]>> },
  behaviours: Behaviours,
): { readonly ref: string; readonly behaviour: ImageBehaviour }[] {
  const kinds = [...SERVICE_NAMES, "e2e"] as const;
  return kinds.flatMap((kind) => {
    const ref = release.images[kind];
    return ref === undefined ? [] : [{ ref, behaviour: { kind, ...behaviours[kind] } }];
  });
}

/** What goes on in a kept rehearsal: the release that is configured now, or a scenario's last one. */
export function resumed(scenario: Scenario | undefined): Scenario {
  if (scenario === undefined)
    return {
      name: "resumed",
      summary: "the configured release over what an earlier rehearsal left",
      releases: [FIRST],
    };
  return { ...scenario, releases: scenario.releases.slice(-1) };
}

/** The upgrade from what is given as live to what is here: two deployments, and nothing made up. */
export function upgradeFrom(scenario: Scenario): Scenario {
  if (scenario.name !== "upgrade")
    throw usage(`--from goes with the scenario upgrade, and this is ${JSON.stringify(scenario.name)}`);
  return { ...scenario, releases: [{ ...FIRST, release: "from" }, FIRST] };
}
