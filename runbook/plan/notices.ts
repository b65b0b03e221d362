import type { StackConfig } from "../../stacks/schema.ts";
import type { PlannedResource } from "./planned.ts";

/** What a change does to whoever uses the service. */
export type Effect =
  /** Nobody reaches it meanwhile. */
  | "outage"
  /** Connections are lost once, while another node takes over. */
  | "failover"
  /** Its server starts again. */
  | "restart"
  /** Pods move to other nodes, as their disruption budgets allow. */
  | "moves"
  /** An outage only under a condition that the plan does not know. */
  | "conditional"
  /** It is deleted, or replaced by another one. */
  | "gone"
  /** AWS publishes nothing of it that is declared here. */
  | "unknown";

/** A change of which users notice something, or of which nobody knows whether they do. */
export interface PlannedNotice {
  readonly name: string;
  readonly type: string;
  /** The property, by the provider's name; null where the whole resource goes. */
  readonly property: string | null;
  /** What it is called, such as `PostgreSQL`. */
  readonly what: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly effect: Effect;
  readonly when: "at-once" | "maintenance-window" | "unknown";
  /** How long the same took on a copy; null where no drill measured that. */
  readonly measured: { readonly seconds: number; readonly on: string } | null;
  /** What alone undoes it; null where the change before does. */
  readonly undoneBy: string | null;
  /** Under which condition. */
  readonly note: string | null;
}

type Config = Pick<StackConfig, "database" | "preflight">;
type Inputs = PlannedResource["before"];

interface Rule {
  readonly effect: Effect | "none";
  /** It does not wait for the maintenance window, whatever `applyImmediately` says. */
  readonly isAtOnce?: true;
  readonly what?: string;
  readonly note?: string;
}

interface Declared {
  /** By the provider's names; what is not among them is unknown. */
  readonly rules: Readonly<Record<string, Rule | ((change: { from: unknown; to: unknown }) => Rule)>>;
  readonly otherwise: Rule | undefined;
}

const NONE: Rule = { effect: "none" };
const UNKNOWN: Rule = { effect: "unknown" };
const none = (names: string) => Object.fromEntries(names.split(" ").map((name) => [name, NONE]));

const RESTART_NOTE =
  "only where this version of PostgreSQL must restart for it (aws rds describe-db-engine-versions, SupportsCertificateRotationWithoutRestart)";

/** By https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ModifyInstance.Settings.html, and what is Pulumi's own alone. */
const DATABASE: Declared = {
  rules: {
    engineVersion: { effect: "outage", what: "PostgreSQL" },
    instanceClass: { effect: "outage", what: "instance class" },
    identifier: { effect: "outage" },
    port: { effect: "restart", isAtOnce: true },
    dedicatedLogVolume: { effect: "restart" },
    caCertIdentifier: { effect: "conditional", what: "certificate authority", note: RESTART_NOTE },
    networkType: { effect: "conditional", note: "AWS calls an outage possible" },
    domain: { effect: "outage" },
    maintenanceWindow: {
      ...{ effect: "conditional", what: "maintenance window", isAtOnce: true },
      note: "only where a change that waits for the window needs an outage, and the new window is open now",
    },
    backupRetentionPeriod: ({ from, to }) =>
      from === 0 || to === 0 ? { effect: "outage", what: "backups", isAtOnce: true } : NONE,
    storageType: ({ from, to }) => (from === "standard" || to === "standard" ? { effect: "outage" } : NONE),
    ...none("allocatedStorage maxAllocatedStorage iops storageThroughput autoMinorVersionUpgrade backupWindow multiAz"),
    ...none("copyTagsToSnapshot deletionProtection monitoringInterval monitoringRoleArn parameterGroupName"),
    ...none("iamDatabaseAuthenticationEnabled enabledCloudwatchLogsExports manageMasterUserPassword password"),
    ...none("masterUserSecretKmsKeyId optionGroupName performanceInsightsEnabled performanceInsightsKmsKeyId"),
    ...none("performanceInsightsRetentionPeriod publiclyAccessible vpcSecurityGroupIds"),
    ...none("allowMajorVersionUpgrade applyImmediately skipFinalSnapshot finalSnapshotIdentifier"),
    ...none("deleteAutomatedBackups tags tagsAll region"),
  },
  otherwise: UNKNOWN,
};

/**
 * By https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/VersionManagement.HowTo.html and, of the node type,
 * https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/redis-cluster-vertical-scaling.html.
 */
const CACHE: Declared = {
  rules: {
    engineVersion: { effect: "failover", what: "Redis" },
    nodeType: { effect: "failover", what: "node type" },
    ...none("snapshotRetentionLimit snapshotWindow maintenanceWindow autoMinorVersionUpgrade description tags tagsAll"),
    ...none("notificationTopicArn numCacheClusters securityGroupIds authToken authTokenUpdateStrategy"),
    ...none("applyImmediately finalSnapshotIdentifier region"),
  },
  otherwise: UNKNOWN,
};

/** By https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html; of its other properties users notice nothing. */
const CLUSTER: Declared = {
  rules: { version: { effect: "moves", what: "Kubernetes", isAtOnce: true } },
  otherwise: undefined,
};

const DECLARED: Readonly<Record<string, Declared>> = {
  "aws:rds/instance:Instance": DATABASE,
  "aws:elasticache/replicationGroup:ReplicationGroup": CACHE,
  "aws:eks/cluster:Cluster": CLUSTER,
};

const majorOf = (version: unknown) => (typeof version === "string" ? (version.split(".")[0] ?? "") : "");

/** What users notice of a plan, by what AWS publishes of each changed property and what a drill measured. */
export function plannedNotices(resources: readonly PlannedResource[], config: Config): PlannedNotice[] {
  return resources.flatMap((resource) => {
    const declared = DECLARED[resource.type];
    if (declared === undefined) return [];
    if (resource.action === "replace" || resource.action === "delete") return [goneNotice(resource)];
    return resource.action === "update" ? updateNotices(resource, declared, config) : [];
  });
}

const PLAIN = { measured: null, undoneBy: null, note: null } as const;

function goneNotice({ name, type, action }: PlannedResource): PlannedNotice {
  const effect = { property: null, what: action === "delete" ? "deleted" : "replaced", from: null, to: null } as const;
  return { name, type, ...effect, effect: "gone", when: "at-once", ...PLAIN };
}

function updateNotices(resource: PlannedResource, declared: Declared, config: Config): PlannedNotice[] {
  const { before, after, changes } = resource;
  const properties = new Set(changes.map(({ path }) => /^[^.[]+/.exec(path)?.[0] ?? path));
  return [...properties].sort().flatMap((property) => {
    const change = { from: before[property], to: after[property] };
    const found = declared.rules[property] ?? declared.otherwise;
    const rule = typeof found === "function" ? found(change) : found;
    if (rule === undefined || rule.effect === "none") return [];
    const { effect, what = property, note = null } = rule;
    const notice: PlannedNotice = {
      ...{ name: resource.name, type: resource.type, property, what, effect },
      ...{ from: textOf(change.from), to: textOf(change.to), when: whenOf(rule, after), ...PLAIN, note },
    };
    return [property === "engineVersion" && declared === DATABASE ? ofUpgrade(notice, config) : notice];
  });
}

/** Of a value that is an object, or a secret, the reader of the plan sees elsewhere what may be seen. */
function textOf(value: unknown): string | null {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : null;
}

function whenOf({ effect, isAtOnce }: Rule, { applyImmediately }: Inputs): PlannedNotice["when"] {
  if (effect === "unknown") return "unknown";
  return isAtOnce === true || applyImmediately === true ? "at-once" : "maintenance-window";
}

function ofUpgrade(notice: PlannedNotice, { database, preflight }: Config): PlannedNotice {
  const { from, to } = notice;
  const tried = preflight.restoreTest?.upgrade;
  const seconds = tried?.to === to ? tried?.outageSeconds : undefined;
  const isMajor = majorOf(from) !== majorOf(to);
  return {
    ...notice,
    measured: tried === undefined || seconds === undefined ? null : { seconds, on: tried.on },
    undoneBy: isMajor ? (database.majorUpgrade?.snapshot ?? null) : null,
  };
}
