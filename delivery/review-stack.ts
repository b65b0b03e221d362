import { readFileSync } from "node:fs";
import { join } from "node:path";
import { isSeq, parseDocument } from "yaml";
import { DeployError } from "../shared/deploy-error.ts";
import { boundaryArn } from "../stacks/stack-name.ts";

const ROOT = join(import.meta.dirname, "..");
/** The stack whose config a review stack's begins with. */
const LIKE = "staging";

/** The number of the pull request whose stack it is; undefined for every other stack. AWS's names leave room for 7 digits. */
export function pullRequestOf(stack: string): number | undefined {
  const number = /^pr-([1-9]\d{0,6})$/.exec(stack)?.[1];
  return number === undefined ? undefined : Number(number);
}

/** Who has it, and the last day on which it may be changed or destroyed. */
export interface Review {
  readonly by: string;
  /** Such as 2026-12-04. */
  readonly until: string;
}

/** The smallest sizes that the program, the policies and the price list know. AWS gives no cluster fewer than two zones. */
const SMALLEST: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "sparki:network": { cidr: "10.42.0.0/16", natGateways: "one" },
  "sparki:database": {
    ...{ instanceClass: "db.t4g.medium", storageGib: 20, maxStorageGib: 30, multiZone: false, backupDays: 7 },
  },
  "sparki:cache": { nodeType: "cache.t4g.small", replicas: 1, snapshotDays: 1 },
  "sparki:engine": { replicas: 2, maxReplicas: 2 },
  "sparki:web": { replicas: 2, maxReplicas: 2 },
  "sparki:floor": { zones: 2, replicas: 2, backupDays: 7 },
};
const ZONES = 2;

/** Relaxed by name, because it is there for days and holds no one's data. */
const RELAXATIONS = [
  { control: "S24", reason: "a review stack holds no customer data: its database is in one zone" },
  { control: "D07", reason: "a review stack may lose outgoing traffic with the zone of its one NAT gateway" },
];
/** What holds data, and may be deleted until the review ends. */
const DELETED = ["database-*", "cache-*", "keys-*", "edge-*"];

/** Encrypted for another stack: a review stack tells no one, and pulls no private image by a secret. */
const SECRETS = [
  "slackWebhook",
  "slackToken",
  "pagerdutyKey",
  "opsgenieKey",
  "heartbeatUrl",
  "imagePullSecret",
  "onCall",
];

/**
 * The text of the config file of a pull request's own stack: staging's of this commit with the smallest sizes, data and the
 * way out in one zone, relaxations by name, and no protection from deletion. Throws SPARKI_USAGE for another stack's name.
 */
export function reviewConfig(
  stack: string,
  { by, until }: Review,
  like = readFileSync(join(ROOT, `Pulumi.${LIKE}.yaml`), "utf8"),
): string {
  if (pullRequestOf(stack) === undefined) throw usage(`the stack is ${JSON.stringify(stack)}; expected pr-<number>`);
  if (!/^2\d{3}-\d\d-\d\d$/.test(until))
    throw usage(`the last day is ${JSON.stringify(until)}; expected one such as 2026-12-04`);
  if (!/^@[\w-]+$/.test(by))
    throw usage(`the person is ${JSON.stringify(by)}; expected a handle at GitHub such as @alexarno`);
  const file = parseDocument(like);
  const set = (key: string, value: unknown) => file.setIn(["config", `sparki:${key}`], file.createNode(value));
  const listAt = (...place: string[]): unknown[] => {
    const found: unknown = file.getIn(["config", ...place]);
    return isSeq(found) ? found.toJSON() : [];
  };
  const accountId = String(file.getIn(["config", "sparki:accountId"]));
  for (const [key, sizes] of Object.entries(SMALLEST))
    for (const [name, size] of Object.entries(sizes)) file.setIn(["config", key, name], size);
  file.setIn(["config", "sparki:network", "zones"], listAt("sparki:network", "zones").slice(0, ZONES));
  const rolesOf = (name: string, ...tasks: string[]) =>
    tasks.map((does) => `arn:aws:iam::${accountId}:role/${does}-sparki-${name}`);
  // Nothing is drilled there: its data is nobody's.
  const likes = rolesOf(LIKE, "deploys", "plans", "drills");
  const people = listAt("sparki:cluster", "administrators").filter((arn) => !likes.includes(String(arn)));
  // The planning role verifies after each deployment by Pulumi Cloud, and makes a job for it.
  file.setIn(["config", "sparki:cluster", "administrators"], [...people, ...rolesOf(stack, "deploys", "plans")]);
  file.deleteIn(["config", "sparki:cluster", "readers"]);
  for (const secret of SECRETS) file.deleteIn(["config", `sparki:${secret}`]);
  for (const key of ["encryptionsalt", "encryptedkey", "secretsprovider"]) file.delete(key);
  set("domain", `${stack}.${file.getIn(["config", "sparki:domain"])}`);
  set("permissionsBoundary", boundaryArn({ stack, accountId }));
  set("production", false);
  set("protection", false);
  set("relaxations", RELAXATIONS);
  set(
    "approvals",
    DELETED.map((resource) => ({ resource, action: "delete", by, until })),
  );
  return file.toString({ lineWidth: 0 });
}

function usage(message: string): DeployError {
  const hint = "node delivery/review-stack.ts pr-123 @alexarno 2026-12-04 > Pulumi.pr-123.yaml";
  return new DeployError("SPARKI_USAGE", message, { hint });
}

// Run: node delivery/review-stack.ts pr-123 @alexarno 2026-12-04 > Pulumi.pr-123.yaml
if (import.meta.main) {
  const [stack = "", by = "", until = ""] = process.argv.slice(2);
  process.stdout.write(reviewConfig(stack, { by, until }));
}
