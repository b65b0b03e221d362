import { createHash } from "node:crypto";
import { DeployError } from "../shared/deploy-error.ts";
import { imageReference, imageText } from "../stacks/fields.ts";
import { byService, SERVICE_NAMES } from "../stacks/services.ts";
import { TYPES } from "./aws/types.ts";
import type { Faults } from "./control.ts";
import type { Behaviours, Edit, Fault, ReleaseDescriptor, Scenario, ScenarioRelease, TimedFaults } from "./scenario.ts";
import type { ImageBehaviour } from "./services.ts";

/** The gate of the engine's one-box runs within this step, before the step changes anything. */
const ONE_BOX_GATE = "engine-fleet";

interface GateScenario extends Fault {
  readonly name: string;
  /** The fault's own id and words, where it can be put into any release. */
  readonly fault?: readonly [id: string, summary: string];
}

const CASES: readonly GateScenario[] = [
  {
    name: "error-spike",
    fault: ["F38", "5 % of requests are answered with 500"],
    summary: "a second release that answers 5 % of requests with 500",
    behaviours: { engine: { errorRatio: 0.05 } },
  },
  {
    name: "error-spike-1",
    summary: "a second release that answers 1 % of requests with 500",
    behaviours: { engine: { errorRatio: 0.01 } },
  },
  {
    name: "slow-p99",
    fault: ["F39", "5 % of requests take six seconds"],
    summary: "a second release that takes six seconds for 5 % of requests",
    behaviours: { engine: { slowRatio: 0.05, slowMilliseconds: 6_000 } },
  },
  {
    name: "worse-than-fleet",
    summary: "a second release that meets its objectives, but is clearly slower than the fleet",
    behaviours: { engine: { slowRatio: 0.01, slowMilliseconds: 1_200 } },
  },
  {
    name: "no-traffic",
    fault: ["F41", "the release has no users, and the firewall rejects the gate's own requests"],
    summary: "the second release has no users, and the firewall rejects the gate's own requests",
    faults: { at: ONE_BOX_GATE, hold: { gateRequests: 50 } },
  },
  {
    name: "metrics-down",
    fault: ["F42", "Prometheus stops"],
    summary: "Prometheus stops while the gate is judging",
    faults: { at: ONE_BOX_GATE, hold: { down: ["metrics"] } },
  },
  {
    name: "metrics-nan",
    fault: ["F43", "the metrics are NaN while users send requests"],
    summary: "a second release whose metrics are NaN while users send requests",
    behaviours: { engine: { metricsNotNumbers: true } },
    faults: { hold: { users: 50 } },
  },
  {
    name: "cache-down",
    fault: ["F37", "Redis stops"],
    summary: "Redis stops while the gate is judging",
    faults: { at: ONE_BOX_GATE, hold: { down: ["cache"] } },
  },
  {
    name: "db-down",
    fault: ["F36", "PostgreSQL stops"],
    summary: "PostgreSQL stops while the gate is judging",
    faults: { at: ONE_BOX_GATE, hold: { down: ["database"] } },
  },
  {
    name: "already-burning",
    summary: "the live release starts failing before the second one starts",
    faults: { hold: { users: 100, fleet: { errorRatio: 0.05 } } },
  },
];

/** What a gate may meet, each in a second release over a good first one. */
export const GATE_SCENARIOS: readonly Scenario[] = CASES.map(({ name, summary, behaviours = {}, faults }) => ({
  name,
  summary,
  releases: [
    { release: "configured", behaviours: {} },
    { release: "next", behaviours, ...(faults && { faults }) },
  ],
}));

/** The same by the faults' ids, for any release. */
const GATE_FAULTS: Readonly<Record<string, Fault>> = Object.fromEntries(
  CASES.flatMap(({ fault, name: _, ...broken }) => {
    if (fault === undefined) return [];
    const [id, summary] = fault;
    return [[id, { ...broken, summary }]];
  }),
);

/** The record that points the domain to the load balancer; the gate of the entrance runs within this step. */
const CUTOVER = "cutover-record";

/** AWS makes the cluster after everything that it needs, and everything else after it. */
const CLUSTER = "cluster-eks-eksCluster";

function around(summary: string, hold: Faults, at?: string): Fault {
  return { summary, faults: { hold, ...(at === undefined ? {} : { at }) } };
}

const THROTTLED = { code: "ThrottlingException", text: "Rate exceeded" };

const BROKEN = { code: "InternalFailure", text: "We encountered an internal error. Please try again." };

const EXPIRED = { code: "ExpiredToken", text: "The security token included in the request is expired" };

const NO_CAPACITY = {
  code: "InsufficientDBInstanceCapacity",
  text: "No Availability Zone has enough capacity for this DB instance class now",
};

const NOT_ALLOWED = {
  code: "AccessDenied",
  text:
    "User: arn:aws:sts::123456789012:assumed-role/sparki-deploy/ann is not authorized to perform: " +
    "elasticache:CreateReplicationGroup because no identity-based policy allows the action",
};

const clusterEnds = (ends: "late" | "failed", text: string) => ({ creations: [{ type: TYPES.cluster, ends, text }] });

const TOO_LONG = "timeout while waiting for state to become 'ACTIVE' (last state: 'CREATING', timeout: 30m0s)";

const NO_ADDRESSES =
  "unexpected state 'FAILED', wanted target 'ACTIVE'. last error: SubnetNotFound: not enough free addresses in the subnets";

const STAYS_PENDING =
  "timeout while waiting for state to become 'ISSUED' (last state: 'PENDING_VALIDATION', timeout: 1h15m0s)";

const NO_CACHE =
  "unexpected state 'create-failed', wanted target 'available'. last error: the node type has no capacity in these zones";

/** What AWS, its credentials and the place of the state may do to a deployment, by the faults' ids. */
export const AWS_FAULTS: Readonly<Record<string, Fault>> = {
  F01: around("AWS throttles every call three times", { refused: [{ ...THROTTLED, times: 3 }] }),
  F02: around("AWS answers every call with a 5xx twice", { refused: [{ ...BROKEN, times: 2 }] }),
  F03: around("creating the cluster takes longer than its time-out", clusterEnds("late", TOO_LONG)),
  F04: around("the cluster's creation fails at AWS", clusterEnds("failed", NO_ADDRESSES)),
  F05: around("AWS accepts the database, but then does not report its status", {
    refused: [{ type: TYPES.database, act: "describe", ...BROKEN }],
  }),
  F06: around("the creation of Redis fails at AWS", {
    creations: [{ type: TYPES.replicationGroup, ends: "failed", text: NO_CACHE }],
  }),
  F07: {
    summary: "no node of the cluster accepts pods, as if none had joined",
    faults: { after: CLUSTER, hold: { nodes: "closed" } },
  },
  F08: around("a new account with a quota of five vCPUs", { account: { vcpus: 5 } }),
  F09: around("no zone has capacity for the database", {
    refused: [{ type: TYPES.database, act: "create", ...NO_CAPACITY }],
  }),
  F12: around("the state cannot be written", { state: "unwritable" }, "network-vpc"),
  F13: around("the state is locked by another update", { state: "locked" }),
  F15: around("the credentials expire", { refused: [EXPIRED] }, CLUSTER),
  F16: around("the permission to create Redis is missing", {
    refused: [{ type: TYPES.replicationGroup, act: "create", ...NOT_ALLOWED }],
  }),
  F17: around(
    "someone opens all ports of the database's security group by hand",
    { changed: [{ type: TYPES.ingressRule, having: { fromPort: 5432 }, to: { fromPort: 0, toPort: 65535 } }] },
    "promotion-record",
  ),
  F22: { ...around("a secret of the live release was deleted", { account: { hasSecrets: false } }), needsLive: true },
  F44: { summary: "Slack does not answer", faults: { hold: { slack: "down" }, isKept: true } },
  F45: {
    summary: "the domain's records change, but the name servers keep the old answers",
    faults: { before: CUTOVER, hold: { names: "stale" }, isKept: true },
  },
  F46: around("the certificate stays pending", {
    creations: [{ type: TYPES.certificateValidation, ends: "late", text: STAYS_PENDING }],
  }),
  F47: {
    summary: "the targets of the engine's fleet turn unhealthy before the cutover",
    faults: { before: CUTOVER, hold: { fleet: { neverReady: true } } },
  },
  F51: around("one of this account's zones is one in which EKS supports no clusters", {
    account: { zoneNumbers: { "us-east-1": "321456" } },
  }),
  F52: around("no service-linked role exists in the account yet", { account: { hasServiceRoles: false } }),
  F53: around("the internet gateway takes ten minutes", { slow: [{ type: TYPES.internetGateway, seconds: 600 }] }),
  F54: around("the deploying role may not create clusters", { account: { denied: ["eks:CreateCluster"] } }),
  F55: around("EKS creates its log group again after it was deleted", { account: { hasLateClusterLogs: true } }),
  F56: around("the tagging API lists creations and deletions late", { account: { tagDelaySeconds: 300 } }),
  F58: around("access entries take up to five minutes to take effect", { account: { accessEntrySeconds: 300 } }),
  F57: around("the parent zone has a DS record of a deleted key", { signer: `4711 13 2 ${"AB".repeat(32)}` }),
};

/** A snapshot that was taken by hand before an upgrade. */
const BEFORE_UPGRADE = "before-the-upgrade";

const FIRST: ScenarioRelease = { release: "configured", behaviours: {} };
const SECOND: ScenarioRelease = { release: "next", behaviours: {} };

function postgresUpgrade(hold: Faults): ScenarioRelease[] {
  const account = { snapshots: [BEFORE_UPGRADE] };
  return [
    { ...FIRST, isBeforeUpgrade: "postgres" },
    {
      ...FIRST,
      permits: { upgradeOf: "postgres", snapshot: BEFORE_UPGRADE },
      faults: { hold: { ...hold, account } },
    },
  ];
}

/** A readiness probe that asks a path which the engine does not have, by mistake in the chart. */
const WRONG_PROBE: Edit = {
  file: "apps/charts/engine/templates/deployment.yaml",
  from: "httpGet: {path: {{ .Values.readinessPath | quote }}, port: http}",
  to: "httpGet: {path: /nowhere, port: http}",
};
/** The same by a value. */
const WRONG_VALUE = { key: ["sparki:engine", "readinessPath"], value: "/nowhere-either" };

/** The stricter of ELB's policies, as a person would set it. */
const TLS_13_ALONE: Edit = {
  file: "infra/load-balancer.ts",
  from: "ELBSecurityPolicy-TLS13-1-2-2021-06",
  to: "ELBSecurityPolicy-TLS13-1-3-2021-06",
};

/** Another of RDS's authorities, as a person would set it: in the program, and in what the policies have declared of it. */
const NEXT_AUTHORITY: readonly Edit[] = ["infra/database.ts", "policies/declared/data.ts"].map((file) => {
  return { file, from: 'caCertIdentifier: "rds-ca-rsa2048-g1"', to: 'caCertIdentifier: "rds-ca-rsa4096-g1"' };
});

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
    summary: "a second release that passes every gate, and whose end-to-end tests fail once it is live",
    releases: [FIRST, { release: "next", behaviours: { e2e: { failTests: true } } }],
  },
  {
    name: "errors-once-live",
    summary: "a second release that passes every gate, and fails its users once it is live",
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
    name: "kubernetes-upgrade",
    summary: "the next version of Kubernetes under the same release: every node is replaced while users send requests",
    releases: [
      { ...FIRST, isBeforeUpgrade: "kubernetes" },
      { ...FIRST, faults: { hold: { users: 50 } } },
    ],
  },
  {
    name: "redis-upgrade",
    summary: "the next version of Redis under the same release: the cache fails over while users send requests",
    releases: [
      { ...FIRST, isBeforeUpgrade: "redis" },
      { ...FIRST, faults: { hold: { users: 50, userPaths: ["/", "/api/projects", "/api/cache/health"] } } },
    ],
  },
  {
    name: "tls-policy",
    summary: "the load balancer takes TLS 1.3 alone, under the same release while users send requests",
    releases: [FIRST, { ...FIRST, edits: [TLS_13_ALONE], faults: { hold: { users: 50 } } }],
  },
  {
    name: "database-authority",
    summary:
      "RDS's next authority, in the maintenance window; then a release whose pods all connect by its certificate",
    releases: [
      FIRST,
      {
        ...{ ...FIRST, edits: NEXT_AUTHORITY },
        faults: { after: "database-instance", hold: { users: 50, windows: "open" }, isKept: true },
      },
      { ...SECOND, edits: NEXT_AUTHORITY, faults: { hold: { users: 50 } } },
    ],
  },
  {
    name: "postgres-upgrade",
    summary: "the next major version of PostgreSQL under the same release, in a window without users",
    releases: postgresUpgrade({}),
  },
  {
    name: "postgres-upgrade-users",
    summary: "the same while users send requests: the outage misses their objective, and a person decides",
    releases: postgresUpgrade({ users: 50 }),
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

/** A policy pack that does not start. */
const CRASHING_PACK: Edit = {
  file: "policies/main.ts",
  from: "await findHelm();",
  to: 'throw new Error("the policy pack crashes");',
};
/** A database that the network reaches from outside. */
const OPEN_DATABASE: Edit = {
  file: "infra/database.ts",
  from: "publiclyAccessible: false",
  to: "publiclyAccessible: true",
};

/** What is not in the cloud, but in what is deployed, and in who deploys it. */
const PROJECT_FAULTS: Readonly<Record<string, Fault>> = {
  F10: {
    summary: "the engine is killed, and the deployment is started again",
    around: { crashAt: "database-instance" },
  },
  F11: { summary: "the person who deploys presses Ctrl-C", around: { interruptAt: "database-instance" } },
  F18: { summary: "the state changes after the plan was approved", around: { afterApproval: { state: true } } },
  F19: {
    summary: "the config, and so what a chart renders, changes after the plan was approved",
    around: { afterApproval: { settings: [WRONG_VALUE] } },
  },
  F20: { summary: "a policy is violated", edits: [OPEN_DATABASE] },
  F21: { summary: "the policy pack crashes", edits: [CRASHING_PACK] },
  F24: { summary: "the registry has no image of the engine", behaviours: { engine: "absent" } },
  F26: { summary: "the image cannot be pulled", behaviours: { engine: { unpullable: true } } },
  F27: { summary: "the process ends right after its start", behaviours: { engine: { crash: true } } },
  F28: { summary: "the pods are never ready", behaviours: { engine: { neverReady: true } } },
  F31: { summary: "the migration fails half-way", behaviours: { engine: { failMigration: "0002" } } },
  F34: {
    summary: "a migration removes what the live release uses, without being marked as a contraction",
    schema: { level: 4, oldest: 1 },
    settings: [{ key: ["sparki:preflight", "migrations"], value: "rehearsal/app/destructive-migrations" }],
    needsLive: true,
  },
  F40: {
    summary: "the release fails its users once it is live",
    faults: { after: "promotion-record", hold: { users: 50, fleet: { errorRatio: 0.05 } }, isKept: true },
  },
  F48: {
    summary: "the registry has lost the live release's images",
    around: { liveImages: { engine: "absent", web: "absent", e2e: "absent" } },
    needsLive: true,
  },
  F49: {
    summary: "5 % of requests fail, and the live release's images can no longer be pulled",
    behaviours: { engine: { errorRatio: 0.05 } },
    around: { liveImages: { engine: { unpullable: true } } },
    needsLive: true,
  },
};

/** The faults that can be put into a scenario's last release, by their id. */
export const FAULTS: Readonly<Record<string, Fault>> = {
  ...PROJECT_FAULTS,
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
  if (fault.needsLive === true && scenario.releases.length < 2 && scenario.name !== "resumed")
    throw usage(
      `fault ${id} is about a release over a live one, and ${scenario.name} deploys the first; expected upgrade`,
    );
  if (step !== undefined && fault.faults === undefined && stepped(fault) === undefined)
    throw usage(
      `fault ${id} is in the release's ${placeOf(fault)} and cannot begin at ${JSON.stringify(step)}; expected ${id}`,
    );
  const { behaviours, edits = [], settings = [] } = fault;
  const around = fault.around && {
    ...fault.around,
    ...(step !== undefined && stepped(fault) && { [stepped(fault) ?? ""]: step }),
  };
  const faults = step === undefined ? fault.faults : fault.faults && startingAt(step, fault.faults);
  const faulty = (each: ScenarioRelease): ScenarioRelease => ({
    ...each,
    behaviours: { ...each.behaviours, ...behaviours },
    ...(edits.length > 0 && { edits: [...(each.edits ?? []), ...edits] }),
    ...(settings.length > 0 && { settings: [...(each.settings ?? []), ...settings] }),
    ...(faults && { faults }),
    ...(around && { around }),
    ...(fault.schema && { schema: fault.schema }),
  });
  const last = scenario.releases.length - 1;
  return { ...scenario, releases: scenario.releases.map((each, index) => (index === last ? faulty(each) : each)) };
}

/** The faults with another beginning than their own. */
function startingAt(step: string, { hold, isKept }: TimedFaults): TimedFaults {
  return { at: step, hold, ...(isKept && { isKept }) };
}

/** What of a fault on this side of the cloud begins with a step. */
function stepped({ around = {} }: Fault): "crashAt" | "interruptAt" | undefined {
  return (["crashAt", "interruptAt"] as const).find((name) => around[name] !== undefined);
}

function placeOf({ edits, settings, around }: Fault): string {
  if (around?.afterApproval !== undefined) return "approval";
  if (settings !== undefined) return "config";
  return edits === undefined ? "images" : "files";
}

/** The scenario that a fault goes into where none is named. */
export function scenarioFor(wanted: string | undefined): Scenario {
  const fault = FAULTS[wanted?.split("@")[0] ?? ""];
  return findScenario(fault?.needsLive === true ? "upgrade" : "first-deploy");
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
    imageText({ ...imageReference(current.images[kind]), digest: `sha256:${hash(kind)}` });
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
): { readonly ref: string; readonly behaviour: ImageBehaviour | "absent" }[] {
  const kinds = [...SERVICE_NAMES, "e2e"] as const;
  return kinds.flatMap((kind) => {
    const [ref, given] = [release.images[kind], behaviours[kind]];
    return ref === undefined ? [] : [{ ref, behaviour: given === "absent" ? given : { kind, ...given } }];
  });
}

/** What continues in a kept rehearsal: the release that is configured now, or a scenario's last one. */
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
