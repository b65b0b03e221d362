import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { inStandardSupport, KUBERNETES, postgresUpgradeTargets, postgresVersions } from "../../aws/catalog.ts";
import { compareVersions } from "../../aws/rules/shared.ts";
import { commandRunner } from "../../io/child-command.ts";
import { linkPackages } from "../../rehearsal/project.ts";
import type { ScenarioRelease, Setting, Upgraded } from "../../rehearsal/scenario.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { parseConfig } from "../../stacks/config.ts";
import { redisVersion } from "../../stacks/fields.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { KUBERNETES_PROGRAMS, KUBERNETES_VERSIONS, kubernetesTool } from "../../tools/catalog.ts";
import { readStack, stackConfigIn } from "../preflight/stack-file.ts";
import { CHECKOUT_DIRECTORY, PROJECT_DIRECTORY } from "../project.ts";

/** What is live before a rehearsed upgrade: a config, and the program and the charts that go with it. */
export interface LiveBefore {
  /** The text of the stack's config file. */
  readonly config: string;
  /** It is of a git commit, whose program may not have had every service. */
  readonly isEarlier: boolean;
  /** The folder to deploy it from; a git commit's is made in `target`. */
  checkout(target: string): Promise<string>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads what `--from` names: a config file, which goes with the program and the charts here, or a git commit with its own.
 * Throws SPARKI_USAGE for neither, and SPARKI_CONFIG with every problem of that config.
 */
export async function liveBefore(from: string, stack: string, cwd: string, env: Environment): Promise<LiveBefore> {
  const file = resolve(cwd, from);
  if (existsSync(file)) {
    const config = readFileSync(file, "utf8");
    stackConfigIn(config, { file, stack });
    return { config, isEarlier: false, checkout: async () => PROJECT_DIRECTORY };
  }
  const git = commandRunner("git", env);
  const asked = async (args: readonly string[]) => {
    const { code, stdout } = await git(args, { cwd: CHECKOUT_DIRECTORY });
    return code === 0 ? stdout : undefined;
  };
  const commit = (await asked(["rev-parse", "--verify", "--quiet", "--end-of-options", `${from}^{commit}`]))?.trim();
  if (!commit) throw unknown(from);
  const path = `Pulumi.${stack}.yaml`;
  const config = await asked(["show", `${commit}:./${path}`]);
  if (config === undefined) throw unknown(from, `; git commit ${commit.slice(0, 12)} has no ${path}`);
  stackConfigIn(config, { file: `${from}:${path}`, stack, isEarlier: true });
  const checkout = async (target: string) => {
    mkdirSync(target, { recursive: true });
    const archive = join(target, "..", "checkout-from.tar");
    const packed = await git(["archive", "--format=tar", `--output=${archive}`, commit], { cwd: CHECKOUT_DIRECTORY });
    if (packed.code !== 0) throw new DeployError("SPARKI_OUTSIDE", `git archive ${from}: ${packed.stderr.trim()}`);
    const unpacked = await commandRunner("tar", env)(["-xf", archive, "-C", target]);
    if (unpacked.code !== 0) throw new DeployError("SPARKI_OUTSIDE", `tar: ${unpacked.stderr.trim()}`);
    linkPackages(PROJECT_DIRECTORY, target);
    return target;
  };
  return { config, isEarlier: true, checkout };
}

function unknown(from: string, why = ""): DeployError {
  const found = `--from is ${JSON.stringify(from)}; expected a config file, or a git commit, branch or tag that has one`;
  return new DeployError("SPARKI_USAGE", `${found}${why}`, { hint: "npx sparki rehearse upgrade --from origin/main" });
}

/**
 * The stack that `--stack` names, prod when it is left out, as its own file in the project configures it; throws
 * SPARKI_CONFIG with every problem, before anything is made or said.
 */
export function rehearsedStack(option: string | boolean | undefined): string {
  return readStack(option, { cwd: PROJECT_DIRECTORY, env: {} }).stack;
}

const DAY = 86_400_000;
/** It is for the minutes until the upgrade; a day more than today, for a rehearsal around midnight. */
const PERMITTED_DAYS = 2;
const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);

/**
 * What of a stack's config is otherwise before the upgrade to the version that it names: the version before, with the
 * exemption that it needs where it has one no longer. Throws SPARKI_USAGE where none before is known.
 */
export function settingsBeforeUpgrade(
  what: Upgraded,
  raw: Readonly<Record<string, string>>,
  stack: string,
  now: number,
): Setting[] {
  const config = parseConfig(raw, stack);
  const befores = { kubernetes: kubernetesBefore, postgres: postgresBefore, redis: redisBefore };
  return befores[what](config, now);
}

/** The same minor version's fellow of the major version before. */
function postgresBefore({ database: { engineVersion } }: StackConfig): Setting[] {
  const isBefore = (each: string) =>
    Number(each.split(".")[0]) === Number(engineVersion.split(".")[0]) - 1 &&
    postgresUpgradeTargets(each).includes(engineVersion);
  const versions = postgresVersions().filter(isBefore).sort(compareVersions);
  const value = before("sparki:database.engineVersion", engineVersion, [...versions, engineVersion]);
  return [{ key: ["sparki:database", "engineVersion"], value }];
}

/** What of a stack's config permits the upgrade to the version that it names, a drill's record of today included. */
export function settingsOfUpgrade(
  { snapshot }: NonNullable<ScenarioRelease["permits"]>,
  raw: Readonly<Record<string, string>>,
  stack: string,
  now: number,
): Setting[] {
  const { database } = parseConfig(raw, stack);
  const from = `${Number(database.engineVersion.split(".")[0]) - 1}`;
  const until = dayOf(now + PERMITTED_DAYS * DAY);
  const on = dayOf(now);
  const upgrade = { to: database.engineVersion, on };
  return [
    { key: ["sparki:database", "majorUpgrade"], value: { from, snapshot, by: "@rehearsal", until } },
    { key: ["sparki:preflight", "restoreTest"], value: { on, by: "rehearsal", snapshot: "none", upgrade } },
  ];
}

function redisBefore({ cache }: StackConfig): Setting[] {
  const value = before("sparki:cache.engineVersion", cache.engineVersion, redisVersion.options);
  return [{ key: ["sparki:cache", "engineVersion"], value }];
}

/** The control planes of an upgrade of Kubernetes. */
export interface ControlPlanes {
  /** Names in the catalog of the programs of both versions; none where one of them is not pinned. */
  readonly tools: readonly string[];
  /** Why the control plane stays one version; undefined where it is really replaced. */
  readonly why?: string;
}

/** By which programs the version before the config's is replaced by the config's. */
export function controlPlanesOf({ cluster: { version } }: StackConfig): ControlPlanes {
  const versions = [before("sparki:cluster.version", version, Object.keys(KUBERNETES)), version];
  const missing = versions.filter((each) => !KUBERNETES_VERSIONS.includes(each));
  if (missing.length > 0) {
    const pinned = KUBERNETES_VERSIONS.join(", ");
    return {
      tools: [],
      why: `the control plane is not replaced: of Kubernetes ${missing.join(" and ")} it is not pinned here, only of ${pinned}`,
    };
  }
  return { tools: versions.flatMap((each) => KUBERNETES_PROGRAMS.flatMap((name) => kubernetesTool(name, each) ?? [])) };
}

/** Of Kubernetes an exemption, once AWS's standard support of the version before has ended. */
function kubernetesBefore({ cluster, exemptions }: StackConfig, now: number): Setting[] {
  const value = before("sparki:cluster.version", cluster.version, Object.keys(KUBERNETES));
  const version: Setting = { key: ["sparki:cluster", "version"], value };
  if (inStandardSupport(value, dayOf(now))) return [version];
  const exemption = {
    control: "S10",
    resource: "cluster-eks-eksCluster.version",
    reason: "the rehearsal begins before the upgrade that ends this",
    by: "@rehearsal",
    until: dayOf(now + PERMITTED_DAYS * DAY),
  };
  return [version, { key: ["sparki:exemptions"], value: [...exemptions, exemption] }];
}

function before(key: string, version: string, versions: readonly string[]): string {
  const found = versions[versions.indexOf(version) - 1];
  if (found !== undefined) return found;
  throw new DeployError(
    "SPARKI_USAGE",
    `${key} is ${version}; expected one after ${versions[0]}, so that a version before it is known`,
    { hint: "npx sparki upgrades" },
  );
}
