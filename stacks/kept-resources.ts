import { SERVICE_NAMES, TRACK_KINDS } from "./services.ts";

/** A resource by its type and its logical name. */
export interface Named {
  readonly type: string;
  readonly name: string;
}

/** What stays in the account when the stack is destroyed: the final snapshots are unreadable without it. */
const RETAINED = new Set(["aws:kms/key:Key keys-data"]);

/** What had another name, type or parent in a release before; until no stack's state has the old one. */
const RENAMED: ReadonlySet<string> = new Set();

/** What is read and not made: the stack's own outputs. */
const READ = new Set(["pulumi:pulumi:StackReference previous-outputs"]);

/** When a hook may run before a resource changes. */
type Event = "beforeCreate" | "beforeUpdate";

const RELEASE = "kubernetes:helm.sh/v3:Release";
const CHANGES = ["beforeCreate", "beforeUpdate"] as const;

/** What never changes unless its gate has passed: without the hook nothing would judge it. */
const GATED = new Set([
  ...SERVICE_NAMES.flatMap((service) => TRACK_KINDS.map((kind) => `${RELEASE} ${service}-${kind}`)),
  "pulumi:index:Stash promotion-record",
  "aws:route53/record:Record cutover-record",
]);

/** What waits, or keeps something, by a hook. */
const HOOKED: Readonly<Record<string, readonly Event[]>> = {
  ...Object.fromEntries([...GATED].map((key) => [key, CHANGES])),
  "pulumi:providers:kubernetes cluster-kubernetes": ["beforeCreate"],
  "aws:elasticache/replicationGroup:ReplicationGroup cache-redis": ["beforeUpdate"],
  ...Object.fromEntries(
    ["users", "migrate", "seed"].map((job) => [`command:local:Command database-jobs-${job}-run`, ["beforeCreate"]]),
  ),
};

const keyOf = ({ type, name }: Named) => `${type} ${name}`;

/** Whether a resource may take the place of another one of the stack, by an alias. */
export function mayBeRenamed(resource: Named): boolean {
  return RENAMED.has(keyOf(resource));
}

/** Whether a resource may stay behind when it is deleted from the stack. */
export function mayBeRetained(resource: Named): boolean {
  return RETAINED.has(keyOf(resource));
}

/** Whether a resource may be one that the program reads and that someone else made. */
export function mayBeRead(resource: Named): boolean {
  return READ.has(keyOf(resource));
}

/** The events before which a hook of the program may run for a resource. */
export function hooksOf(resource: Named): readonly Event[] {
  return Object.hasOwn(HOOKED, keyOf(resource)) ? (HOOKED[keyOf(resource)] ?? []) : [];
}

/** The events before which a gate has to judge a resource. */
export function gatesOf(resource: Named): readonly Event[] {
  return GATED.has(keyOf(resource)) ? CHANGES : [];
}
