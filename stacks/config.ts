import { createHash } from "node:crypto";
import type { z } from "zod";
import { DeployError } from "../shared/deploy-error.ts";
import { type ConfigProblem, expectation, mustBeSecret, problemsOf } from "./config-problems.ts";
import { imageReference, imageText } from "./fields.ts";
import { configSchema, type StackConfig } from "./schema.ts";
import { ofServices, SERVICE_NAMES, type ServiceName } from "./services.ts";
import { boundaryArn } from "./stack-name.ts";

const NAMESPACE = "sparki";

/**
 * Parses raw Pulumi config (`sparki:key` to text or JSON text); depends on its arguments alone, so that commands check a
 * file without an engine. `plain` names the keys that are known to stand there unencrypted: a secret among them is a
 * problem. `now` is the time in milliseconds that days of the past are told from those to come by.
 */
export function parseConfig(
  raw: Readonly<Record<string, string>>,
  stack: string,
  plain: readonly string[] = [],
  now = Date.now(),
): StackConfig {
  const values = withTokenSince(ownValues(raw));
  const parsed = configSchema.safeParse(values, { error: expectation });
  const issues = parsed.success
    ? [...laterDays(parsed.data, now), ...othersBoundary(parsed.data, stack)]
    : parsed.error.issues;
  const problems = [
    ...plainSecrets(raw, stack, plain),
    ...nameProblems(stack, values.accountId),
    ...problemsOf(issues, { schema: configSchema, values, stack }),
  ];
  if (parsed.success && problems.length === 0) return parsed.data;
  throw configError(problems, stack);
}

const DAY_MILLISECONDS = 86_400_000;

/** Days on which something happened, as the config says, and that have not begun anywhere in the world yet. */
function laterDays({ database, cache, preflight }: StackConfig, now: number): z.core.$ZodIssue[] {
  const latest = new Date(now + DAY_MILLISECONDS).toISOString().slice(0, 10);
  const days = [
    [["database", "passwordsSince"], database.passwordsSince, "the passwords were made"],
    [["cache", "authTokenSince"], cache.authTokenSince, "the token was made"],
    [["preflight", "restoreTest", "on"], preflight.restoreTest?.on, "the snapshot was restored"],
    [
      ["preflight", "restoreTest", "upgrade", "on"],
      preflight.restoreTest?.upgrade?.on,
      "the upgrade was tried on a copy",
    ],
    [["preflight", "cacheRestoreTest", "on"], preflight.cacheRestoreTest?.on, "the cache's snapshot was restored"],
  ] as const;
  return days
    .filter(([, day]) => day !== undefined && day > latest)
    .map(([path, input, what]) => ({
      code: "custom",
      path: [...path],
      input,
      message: `the day on which ${what}, today or earlier`,
    }));
}

/** The role that deploys may make roles under its own stack's boundary alone: another one would be refused late, by AWS. */
function othersBoundary({ permissionsBoundary, accountId }: StackConfig, stack: string): z.core.$ZodIssue[] {
  const own = boundaryArn({ stack, accountId });
  if (permissionsBoundary === undefined || permissionsBoundary === own) return [];
  const message = `${own}, the stack's own boundary, or nothing`;
  return [{ code: "custom", path: ["permissionsBoundary"], input: permissionsBoundary, message }];
}

/**
 * The raw config of an earlier program as this one reads it: services that came since are absent, with an image and sizes
 * that nothing uses.
 */
export function fromEarlierProgram(raw: Readonly<Record<string, string>>): Record<string, string> {
  const values = ownValues(raw);
  const absent = SERVICE_NAMES.filter((name) => !(name in values));
  const { release } = values;
  if (absent.length === 0 || typeof release !== "object" || release === null || !("images" in release))
    return { ...raw };
  const { e2e } = Object(release.images);
  const unused = (name: ServiceName) =>
    imageText({ ...imageReference(String(e2e)), digest: `sha256:${digestOf(`absent ${name}`)}` });
  const images = { ...ofServices(absent, unused), ...Object(release.images) };
  return {
    ...raw,
    ...Object.fromEntries(absent.map((name) => [`${NAMESPACE}:${name}`, JSON.stringify(UNUSED_SIZES)])),
    [`${NAMESPACE}:release`]: JSON.stringify({ ...release, images }),
    [`${NAMESPACE}:absent`]: JSON.stringify(absent),
  };
}

/** A Redis token without a day is as old as the database's passwords. */
function withTokenSince(values: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { cache, database } = values;
  if (typeof cache !== "object" || cache === null || "authTokenSince" in cache) return values;
  const { passwordsSince } = Object(database);
  return { ...values, cache: { ...cache, authTokenSince: passwordsSince } };
}

const UNUSED_SIZES = { replicas: 200, maxReplicas: 200 };

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The refusal of a stack's config with every problem, each with its repair. */
export function configError(problems: readonly ConfigProblem[], stack: string): DeployError {
  const lines = problems.flatMap(({ text, repair }) => [`  ${text}`, `    ${repair}`]);
  const count = `${problems.length} ${problems.length === 1 ? "problem" : "problems"} in the config of stack ${stack}`;
  return new DeployError("SPARKI_CONFIG", [count, ...lines].join("\n"), {
    hint: "correct the config, then run the same command again",
  });
}

/** Secrets in plain text; their values are never told. */
function plainSecrets(raw: Readonly<Record<string, string>>, stack: string, plain: readonly string[]): ConfigProblem[] {
  return plain
    .filter((key) => mustBeSecret(key, raw[key] ?? ""))
    .map((key) => ({
      text: `${key} is in plain text; expected a secret, encrypted`,
      repair: `Run: pulumi config set --secret --stack ${stack} ${key} (it asks for the value), and replace the secret itself: it was readable`,
    }));
}

/** Names that the program makes of the stack's own. */
function nameProblems(stack: string, account: unknown): ConfigProblem[] {
  const repair = `Choose another name for the stack: pulumi stack init <name>, with its config in Pulumi.<name>.yaml`;
  const shown = JSON.stringify(stack);
  if (!STACK_NAME.test(stack)) {
    const expected = "a name of lower-case letters, digits and single dashes that begins with a letter, such as prod";
    return [{ text: `the stack's name is ${shown}; expected ${expected}`, repair }];
  }
  const accountId = typeof account === "string" && account.length === 12 ? account : "0".repeat(12);
  return derivedNames(stack, accountId)
    .filter(({ name, limit }) => name.length > limit)
    .slice(0, 1)
    .map(({ what, name, limit }) => ({
      text: `the stack's name is ${shown}; expected at most ${longestStackName()} characters: ${what} would be ${name}, of ${name.length} characters, and AWS takes ${limit}`,
      repair,
    }));
}

function ownValues(raw: Readonly<Record<string, string>>): Record<string, unknown> {
  const own = Object.entries(raw).filter(([key]) => key.startsWith(`${NAMESPACE}:`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(NAMESPACE.length + 1), decode(value)]));
}

/** Objects, lists, booleans and nothing are stored as JSON; text such as an account id must stay text. */
export function decode(value: string): unknown {
  if (!/^([[{]|true$|false$|null$)/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** A name at AWS, Kubernetes or Grafana that the program makes of the stack's name. */
interface DerivedName {
  readonly what: string;
  readonly name: string;
  readonly limit: number;
}

const LONGEST_TRACK = "engine-one-box";

/**
 * The names whose limits a stack's name can pass, of each kind the longest that the program makes; a test compares
 * them with what the program asks for. Limits are of AWS's API references.
 */
export function derivedNames(stack: string, accountId: StackConfig["accountId"]): DerivedName[] {
  return [
    { what: "a target group", name: `sparki-${stack}-${LONGEST_TRACK}`, limit: 32 },
    { what: "the load balancer", name: `sparki-${stack}`, limit: 32 },
    { what: "the cache's replication group", name: `sparki-${stack}-cache`, limit: 40 },
    { what: "a dashboard's uid", name: `sparki-${stack}-${LONGEST_DASHBOARD}`, limit: 40 },
    { what: "the database's instance", name: `sparki-${stack}-database`, limit: 63 },
    { what: "the bucket of access logs", name: `sparki-${stack}-access-logs-${accountId}`, limit: 63 },
    { what: "an IAM role", name: `sparki-${stack}-database-monitoring`, limit: 64 },
    { what: "the cluster", name: `sparki-${stack}`, limit: 100 },
    { what: "the web firewall", name: `sparki-${stack}`, limit: 128 },
    { what: "the key that signs the zone", name: `sparki_${stack}`, limit: 128 },
  ];
}

const LONGEST_DASHBOARD = "reliability";

/** The longest name that a stack may have. */
export function longestStackName(): number {
  return Math.min(...derivedNames("", "1".repeat(12)).map(({ name, limit }) => limit - name.length));
}

/**
 * What a stack may be called: AWS takes no other characters in every one of these names, and none of two dashes in a
 * row or one at the end (ElastiCache, RDS).
 */
const STACK_NAME = /^[a-z]([a-z0-9]|-(?=[a-z0-9]))*$/;
