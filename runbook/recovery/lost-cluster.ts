import { z } from "zod";
import { nameOf } from "../../records/engine-record.ts";
import { dependenciesIn, resourcesIn } from "../../records/state.ts";
import { foundBy } from "./found-by.ts";
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
export interface NamedResource {
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
