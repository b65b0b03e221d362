import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import type { AwsLookups } from "../../io/aws-lookups.ts";
import type { Engine } from "../../io/engine.ts";
import type { StackStateReader } from "../../io/stack-state.ts";
import { nameOf } from "../../records/engine-record.ts";
import { dependenciesIn, resourcesIn } from "../../records/state.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError, EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { lostCluster } from "../preflight/checks/state.ts";
import { duration, inColumns } from "../report/columns.ts";
import { showPhase } from "../report/live.ts";
import type { Paint, Screen } from "../report/screen.ts";
import { foundBy } from "./found-by.ts";
import { assertUnlocked } from "./restore-database.ts";
import { interruptedUpdates, pendingCreates, withCreatesKept, withUpdatesRepeated } from "./state-edit.ts";

const resourceSchema = z.looseObject({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  custom: z.boolean().optional(),
  delete: z.boolean().optional(),
  parent: z.string().optional(),
  provider: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  deletedWith: z.string().optional(),
  outputs: z.record(z.string(), z.unknown()).nullish(),
});
const exportSchema = z.looseObject({
  deployment: z.looseObject({
    resources: z.array(resourceSchema).nullish(),
    pending_operations: z.array(z.looseObject({ type: z.string(), resource: resourceSchema })).nullish(),
  }),
});

type Resource = z.infer<typeof resourceSchema>;

const CLUSTER = "aws:eks/cluster:Cluster";

/** What EKS keeps of a cluster and deletes with it. */
const WITH_CLUSTER: ReadonlySet<string> = new Set([
  CLUSTER,
  "aws:eks/accessEntry:AccessEntry",
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
  "aws:eks/addon:Addon",
  "aws:eks/fargateProfile:FargateProfile",
  "aws:eks/identityProviderConfig:IdentityProviderConfig",
  "aws:eks/nodeGroup:NodeGroup",
  "aws:eks/podIdentityAssociation:PodIdentityAssociation",
]);
/** The way into the cluster is made again with it, so that the next deployment waits until it is let in. */
const WAY_IN = "pulumi:providers:kubernetes";
const JOB = "command:local:Command";
/** What a job did to the database is still there; whether, only the job itself finds out. */
const DATABASE_JOB = /::sparki:apps:DatabaseJobs\$/;
const GUARD = "destroy-guard";
const STASH = "pulumi:index:Stash";
const PROMOTION = "promotion-record";
const STACK = "pulumi:pulumi:Stack";
/** Of the stack's outputs, the one that opens the cluster. */
const KUBECONFIG = "kubeconfig";

/** A resource by the program's own name for it. */
interface NamedResource {
  readonly name: string;
  readonly type: string;
}

/** What of a state died with its cluster, and the state without that. */
export interface ClusterLoss {
  /** Of the state's cluster; undefined where the state names none any more. */
  readonly cluster:
    | { readonly name: string; readonly arn: string; readonly securityGroupId: string | undefined }
    | undefined;
  readonly lost: readonly NamedResource[];
  /** What exists outside of the cluster, without components and providers. */
  readonly kept: readonly (NamedResource & { readonly id: string })[];
  /** Needs what is lost, and is of no kind of which it is known whether it died with that. */
  readonly unknown: readonly NamedResource[];
  /** Was being replaced when an update died: its old and its new one have to be told apart first. */
  readonly halfReplaced: readonly string[];
  /** The state in which all that is lost is to be made again; as it was where nothing is. */
  readonly state: unknown;
}

/**
 * What the loss of the cluster has taken from an exported state. Lost is what EKS deletes with a cluster, whatever was in it,
 * what ran in it, and the promotion record, since nothing is live. All that is kept stays as it is, its protection too, but
 * for what it waited for; what an update was making or changing when it died stays marked, as a take-over leaves it.
 */
export function clusterLossIn(exported: unknown): ClusterLoss {
  const { resources, pending_operations: operations } = exportSchema.parse(exported).deployment;
  const all = resources ?? [];
  const begun = (operations ?? []).map(({ resource }) => resource);
  const dead = new Map([...begun, ...all].filter(isLost).map((each) => [each.urn, each]));
  const lost = new Set(dead.keys());
  const named = all.find(({ type, delete: isOld }) => type === CLUSTER && isOld !== true);
  const pending = pendingCreates(exported).filter(({ urn, type }) => !isLost({ urn, type }));
  const there = new Set(all.map(({ urn }) => urn));
  return {
    cluster: named && clusterOf(named),
    lost: [...dead.values()].filter(({ type }) => type !== WAY_IN).map(namedOf),
    kept: all.flatMap((each) =>
      each.custom === true && !lost.has(each.urn) && !/^pulumi:/.test(each.type) && each.id !== undefined
        ? [{ ...namedOf(each), id: each.id }]
        : [],
    ),
    unknown: unknownAmong(all, exported, lost).map(namedOf),
    halfReplaced: pending.filter(({ urn }) => there.has(urn)).map(({ name }) => name),
    state: lost.size === 0 ? exported : without(lost, exported),
  };
}

function isLost({ urn, type }: Pick<Resource, "urn" | "type">): boolean {
  if (WITH_CLUSTER.has(type) || type === WAY_IN || type.startsWith("kubernetes:")) return true;
  if (type === JOB) return DATABASE_JOB.test(urn);
  return type === STASH && nameOf(urn) === PROMOTION;
}

function namedOf({ urn, type }: Resource): NamedResource {
  return { name: nameOf(urn), type };
}

function clusterOf({ id = "", outputs }: Resource): ClusterLoss["cluster"] {
  const { arn, vpcConfig } = z
    .object({
      arn: z.string().catch(""),
      vpcConfig: z.object({ clusterSecurityGroupId: z.string() }).optional().catch(undefined),
    })
    .parse(outputs ?? {});
  return { name: id, arn, securityGroupId: vpcConfig?.clusterSecurityGroupId };
}

/** Whether a kind is known to outlive the cluster: what AWS has outside of it, and what is only in the state. */
function isKnownKept({ urn, type, custom }: Resource): boolean {
  if (custom !== true) return true;
  if (type === JOB) return nameOf(urn) === GUARD;
  return type === STACK || type.startsWith("pulumi:providers:") || foundBy(type) !== undefined;
}

function unknownAmong(all: readonly Resource[], exported: unknown, lost: ReadonlySet<string>): readonly Resource[] {
  const dependencies = dependenciesIn(resourcesIn(exported));
  const needing = new Set(lost);
  for (let before = -1; before !== needing.size; ) {
    before = needing.size;
    for (const { urn, parent } of all)
      if ([parent, ...(dependencies.get(urn) ?? [])].some((need) => need !== undefined && needing.has(need)))
        needing.add(urn);
  }
  return all.filter((each) => {
    if (lost.has(each.urn) || !needing.has(each.urn)) return false;
    // What is inside of something that is gone is nowhere the program would look for it.
    return !isKnownKept(each) || (each.parent !== undefined && lost.has(each.parent));
  });
}

function without(lost: ReadonlySet<string>, exported: unknown): unknown {
  const { deployment, ...rest } = exportSchema.parse(exported);
  const resources = (deployment.resources ?? []).filter(({ urn }) => !lost.has(urn));
  const operations = (deployment.pending_operations ?? []).filter(({ resource }) => !isLost(resource));
  const left = { ...rest, deployment: { ...deployment, resources, pending_operations: operations } };
  // The engine's import forgets what is pending.
  const marked = exportSchema.parse(withCreatesKept(withUpdatesRepeated(left, interruptedUpdates(left))));
  const whole = (marked.deployment.resources ?? []).map((each) => closed(freed(each, lost)));
  return { ...marked, deployment: { ...marked.deployment, resources: whole, pending_operations: [] } };
}

/** The resource, waiting for nothing that is lost. */
function freed(resource: Resource, lost: ReadonlySet<string>): Resource {
  const { dependencies, propertyDependencies, deletedWith, ...own } = resource;
  const only = (urns: readonly string[] | null) => (urns === null ? null : urns.filter((urn) => !lost.has(urn)));
  const byProperty = Object.entries(propertyDependencies ?? {}).map(([key, urns]) => [key, only(urns)]);
  return {
    ...own,
    ...(dependencies && { dependencies: only(dependencies) }),
    ...(propertyDependencies && { propertyDependencies: Object.fromEntries(byProperty) }),
    ...(deletedWith !== undefined && !lost.has(deletedWith) && { deletedWith }),
  };
}

/** The stack's outputs without what opened the cluster: nobody is to look for it there. */
function closed(resource: Resource): Resource {
  if (resource.type !== STACK || resource.outputs == null) return resource;
  const { [KUBECONFIG]: _, ...outputs } = resource.outputs;
  return { ...resource, outputs };
}

export interface ClusterRecoveryOptions {
  readonly stack: string;
  readonly config: Pick<StackConfig, "accountId" | "region">;
  readonly engine: Pick<Engine, "exportEncrypted" | "importState">;
  readonly aws: Pick<AwsLookups, "find" | "close">;
  readonly state: Pick<StackStateReader, "lock">;
  readonly clock: Clock;
  readonly screen: Screen;
  readonly signal: AbortSignal;
  /** Shows what a person is asked to agree to. */
  show(loss: ClusterLoss): void;
  /** Resolves once a person agrees to what was shown. */
  agree(question: string): Promise<void>;
}

/** The document of `sparki recover cluster --json`. */
export interface ClusterRecovery {
  readonly stack: string;
  readonly exitCode: ExitCodeOf<"done" | "refused">;
  /** `unchanged`: the state names nothing that was in a cluster, as after an earlier recovery. */
  readonly outcome: "recovered" | "unchanged" | "refused";
  /** Why it was refused; null otherwise. */
  readonly reason: string | null;
  /** The cluster that the state named; null where it named none any more. */
  readonly cluster: { readonly name: string; readonly arn: string } | null;
  /** Was taken out of the state: it died with the cluster, and the next deployment makes it again. */
  readonly lost: readonly NamedResource[];
  /** Stays in the state as it is. */
  readonly kept: number;
  /** EKS's own security group of the lost cluster, where EC2 still has it: nothing needs it after the next deployment. */
  readonly leftGroup: string | null;
  readonly startedAt: string;
  readonly seconds: number;
  readonly next: string;
}

/**
 * Takes out of the stack's state what died with its cluster, so that the next deployment makes it again beside what is
 * kept. Changes nothing at AWS, and the state in one import: killed before that it has changed nothing, and after it
 * everything. Done again it changes nothing more. Only a cluster that AWS says does not exist counts as lost: any other
 * answer refuses, and what AWS does not say throws SPARKI_OUTSIDE, as does a lock, or a state that moved meanwhile.
 */
export async function recoverCluster(options: ClusterRecoveryOptions): Promise<ClusterRecovery> {
  const { stack, state, clock, engine, signal } = options;
  const startedAt = clock.now();
  await assertUnlocked(state, stack);
  const exported = await engine.exportEncrypted();
  if (resourcesIn(exported).length === 0)
    throw new DeployError("SPARKI_USAGE", `nothing was ever deployed to ${stack}: there is no cluster to recover`, {
      hint: `npx sparki deploy --stack ${stack}`,
    });
  const loss = clusterLossIn(exported);
  const told = (end: Pick<ClusterRecovery, "outcome" | "reason" | "lost" | "leftGroup" | "next">): ClusterRecovery => ({
    ...{ stack, exitCode: end.outcome === "refused" ? EXIT.refused.code : EXIT.done.code, ...end },
    cluster: loss.cluster === undefined ? null : { name: loss.cluster.name, arn: loss.cluster.arn },
    ...{
      kept: loss.kept.length,
      startedAt: new Date(startedAt * 1000).toISOString(),
      seconds: clock.now() - startedAt,
    },
  });
  const deploy = `npx sparki deploy --stack ${stack}`;
  if (loss.lost.length === 0)
    return told({ outcome: "unchanged", reason: null, lost: [], leftGroup: null, next: deploy });
  assertOwn(loss, options);
  const refusal = (await asked(options, loss)) ?? refusalOf(loss, stack);
  if (refusal !== undefined) return told({ outcome: "refused", ...refusal, lost: [], leftGroup: null });
  const leftGroup = await leftGroupOf(options, loss);
  options.show(loss);
  await options.agree(`Take the lost cluster out of the state of ${stack}? Nothing at AWS is changed.`);
  // A person may have taken their time.
  const late = await asked(options, loss);
  if (late !== undefined) return told({ outcome: "refused", ...late, lost: [], leftGroup: null });
  await assertUnlocked(state, stack);
  await assertUnmoved(options, exported);
  signal.throwIfAborted();
  await engine.importState(loss.state);
  return told({ outcome: "recovered", reason: null, lost: loss.lost, leftGroup, next: deploy });
}

/** Throws SPARKI_CONFIG where the state's cluster is of another account or region than the config's: nobody would look there. */
function assertOwn({ cluster }: ClusterLoss, { config, stack }: ClusterRecoveryOptions): void {
  if (cluster === undefined) return;
  const [, , , region, accountId] = cluster.arn.split(":");
  if (region === config.region && accountId === config.accountId) return;
  throw new DeployError(
    "SPARKI_CONFIG",
    `the state names ${cluster.arn || `${cluster.name} without its ARN`}; expected a cluster of account ${config.accountId} in ${config.region}, as Pulumi.${stack}.yaml says`,
    { hint: `check sparki:accountId, aws:region and the backend: pulumi whoami --verbose` },
  );
}

type Refusal = Pick<ClusterRecovery, "reason" | "next">;

const identitySchema = z.object({ accountId: z.string() });
const regionSchema = z.object({ region: z.string() });
const clustersSchema = z.object({ names: z.array(z.string()) });

/** Why the cluster does not count as lost; undefined once AWS has said twice that it does not exist. */
function asked(options: ClusterRecoveryOptions, { cluster }: ClusterLoss): Promise<Refusal | undefined> {
  const { aws, clock, config, screen, stack } = options;
  const name = cluster?.name ?? `sparki-${stack}`;
  return showPhase(screen, clock, `ask AWS for the cluster ${name}`, async (phase) => {
    const [identity, place] = await Promise.all([
      aws.find("index/getCallerIdentity", {}, identitySchema),
      aws.find("index/getRegion", {}, regionSchema),
    ]);
    if (identity?.accountId !== config.accountId || place?.region !== config.region)
      throw new DeployError(
        "SPARKI_USAGE",
        `the credentials look into account ${identity?.accountId} in ${place?.region}; expected ${config.accountId} in ${config.region}`,
        { hint: "aws sts get-caller-identity" },
      );
    const named = { type: "aws:eks/cluster:Cluster", id: name };
    const found = await lostCluster([named], { aws, stack });
    if (found?.standing !== "gone") {
      phase.note("it is there");
      const next = found?.next ?? `npx sparki status --stack ${stack}`;
      return { reason: found?.message ?? `the cluster ${name} exists at AWS: it is not lost`, next };
    }
    // The answer above is a failure that says so; this one is a list, and so says it another time.
    const listed = await aws.find("eks/getClusters", {}, clustersSchema);
    if (listed === undefined || listed.names.includes(name))
      throw new DeployError(
        "SPARKI_OUTSIDE",
        `AWS says that the cluster ${name} does not exist, and ${listed === undefined ? "does not list clusters" : "lists it"}`,
        { hint: "run the same command again in a minute" },
      );
    phase.note("it does not exist");
    return undefined;
  });
}

function refusalOf({ unknown, halfReplaced }: ClusterLoss, stack: string): Refusal | undefined {
  if (unknown.length > 0) {
    const names = unknown.map(({ name, type }) => `${name} (${type})`).join(", ");
    const reason = `it is not known whether these died with the cluster: ${names}`;
    return {
      reason,
      next: "take each that did out of the state (pulumi state delete URN), or make its kind known in runbook/recovery/found-by.ts",
    };
  }
  if (halfReplaced.length === 0) return undefined;
  const reason = `an update was interrupted while it replaced ${halfReplaced.join(", ")}`;
  return {
    reason,
    next: `npx sparki deploy --stack ${stack}, which takes that over and then stops; then this command again`,
  };
}

const groupsSchema = z.object({ ids: z.array(z.string()) });

/** EKS's own security group of the cluster, as long as rules of the database and the cache name it. */
async function leftGroupOf({ aws }: ClusterRecoveryOptions, { cluster }: ClusterLoss): Promise<string | null> {
  if (cluster?.securityGroupId === undefined) return null;
  const id = cluster.securityGroupId;
  const filters = [{ name: "group-id", values: [id] }];
  const found = await aws.find("ec2/getSecurityGroups", { filters }, groupsSchema);
  return found?.ids.includes(id) === true ? id : null;
}

async function assertUnmoved({ engine }: ClusterRecoveryOptions, exported: unknown): Promise<void> {
  if (isDeepStrictEqual(await engine.exportEncrypted(), exported)) return;
  throw new DeployError("SPARKI_OUTSIDE", "another update has changed the stack meanwhile; nothing was changed", {
    hint: "run the same command again",
  });
}

/** What holds data, or is known to others by its name: what a person wants to hear of, and how one of them is told. */
const HELD: readonly (readonly [type: string, what: string, told?: (id: string) => string])[] = [
  ["aws:rds/instance:Instance", "database", (id) => id],
  ["aws:elasticache/replicationGroup:ReplicationGroup", "cache", (id) => id],
  ["aws:ec2/vpc:Vpc", "network", (id) => id],
  ["aws:lb/loadBalancer:LoadBalancer", "balancer", (id) => id.split("/").at(-2) ?? id],
  ["aws:route53/zone:Zone", "DNS zone", (id) => id],
  ["aws:secretsmanager/secret:Secret", "secrets"],
  ["aws:kms/key:Key", "keys"],
];

/** What is lost and what stays, and what will happen: what a person agrees to. */
export function recoveryIntent(stack: string, { cluster, lost, kept }: ClusterLoss): string {
  const held = HELD.flatMap(([type, what, told]) => {
    const [first, ...others] = kept.filter((each) => each.type === type);
    if (first === undefined) return [];
    const text = told !== undefined && others.length === 0 ? told(first.id) : `${others.length + 1}`;
    return [`  ${what.padEnd(10)}${text}`];
  });
  return inColumns(
    [
      `The cluster ${cluster?.name ?? `sparki-${stack}`} of ${stack} does not exist any more. Lost for good is what was in it alone: objects that somebody made there by hand, and logs that were not sent on.`,
      `Out of the state, to be made again by the next deployment: ${lost.length} resources`,
      `  ${countsOf(lost)}`,
      `Kept as they are: ${kept.length} resources, among them`,
      ...held,
      "This changes the state in one step, and nothing at AWS. Nothing is live until the next deployment has made a new cluster, run the migrations again and promoted through every gate.",
    ].join("\n"),
  );
}

/** `1 cluster, 3 Helm releases, ...`, the most numerous first. */
function countsOf(lost: readonly NamedResource[]): string {
  const kinds = Map.groupBy(lost, ({ type }) => type.slice(type.lastIndexOf(":") + 1));
  return [...kinds]
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([kind, all]) => `${all.length} ${kind}`)
    .join(", ");
}

/** What a recovery of the cluster came to, for a person. */
export function clusterRecoveryText(document: ClusterRecovery, paint: Paint): string {
  const { stack, outcome, exitCode, reason, lost, kept, leftGroup, seconds, next } = document;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const lines = [
    "",
    `${paint.strong(`cluster of ${stack}`)}: ${colour(outcome)} (exit ${exitCode}) in ${duration(seconds)}`,
    ...(reason === null ? [] : [`  reason   ${reason}`]),
    ...(outcome === "unchanged" ? ["  found    the state names nothing that was in a cluster"] : []),
    ...(lost.length === 0
      ? []
      : [`  lost     ${lost.length} taken out of the state, to be made again: ${countsOf(lost)}`]),
    ...(lost.length === 0 ? [] : [`  kept     ${kept} as they are`]),
    ...(leftGroup === null
      ? []
      : [
          `  left     ${leftGroup}, EKS's own security group: after the deployment, aws ec2 delete-security-group --group-id ${leftGroup}`,
        ]),
    `  next     ${next}`,
  ];
  return `${inColumns(lines.join("\n"))}\n`;
}
