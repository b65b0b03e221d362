import { parse, parseAllDocuments } from "yaml";
import { z } from "zod";
import { render, workloadTrials } from "../charts.ts";
import { type Check, fail, pass, skipped } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const secretSchema = z.object({ arn: z.string() });
/** The names of a secret's keys; its values go no further than here. */
const keysSchema = z.object({ secretString: z.string() }).transform(({ secretString }) => keysOf(secretString));
const classSchema = z.object({
  kind: z.literal("SecretProviderClass"),
  spec: z.object({ parameters: z.object({ objects: z.string() }) }),
});
const objectsSchema = z.array(z.object({ objectName: z.string(), jmesPath: z.array(z.object({ path: z.string() })) }));

const VERSION = "aws:secretsmanager/secretVersion:SecretVersion";

interface Arns {
  readonly database: string | undefined;
  readonly cache: string | undefined;
}

export const secrets: Check = {
  id: "secrets",
  group: "Application",
  title: "Secrets",
  proves: "Secrets Manager has the secrets that the charts mount, with the keys that they use.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const { resources } = await context.state.read();
    const names = namesOf(context);
    const isMade = (name: string) =>
      resources.some(({ type, inputs }) => type === "aws:secretsmanager/secret:Secret" && inputs.name === name);
    if (!isMade(names.cache)) return skipped("no secrets yet: the deployment creates them");
    if (!isMade(names.database)) return skipped(`${names.database} belongs to a rotation that the deployment creates`);
    const arns = await findArns(context);
    const fix = `pulumi refresh --stack ${context.stack}, then deploy; a value is set with aws secretsmanager put-secret-value`;
    const { database, cache } = arns;
    if (database === undefined || cache === undefined) {
      const missing = Object.entries(names).filter(
        ([key]) => arns[key === "cache" ? "cache" : "database"] === undefined,
      );
      return fail(`${missing.map(([, name]) => name).join(" and ")} does not exist`, fix);
    }
    const mounted = await mountedKeys(context, { database, cache }, signal);
    // A deployment that stopped before it gave a secret its value gives it when it continues.
    const valued = [...mounted].filter(([arn]) =>
      resources.some(({ type, inputs }) => type === VERSION && inputs.secretId === arn),
    );
    const problems = await Promise.all(valued.map(([arn, keys]) => problemOf(context, arn, keys)));
    const found = problems.flatMap((problem) => problem ?? []);
    if (found.length > 0) return fail(found.join(", "), fix);
    if (valued.length < mounted.size) return skipped("a secret has no value yet: the deployment sets it");
    return pass(`${mounted.size} secrets with ${[...mounted.values()].flatMap((keys) => [...keys]).join(", ")}`);
  },
};

async function findArns(context: PreflightContext): Promise<Arns> {
  const find = (name: string) => context.aws.find("secretsmanager/getSecret", { name }, secretSchema);
  const names = namesOf(context);
  const [database, cache] = await Promise.all([find(names.database), find(names.cache)]);
  return { database: database?.arn, cache: cache?.arn };
}

/** What the engine's pods mount: the present application user's secret, and the cache's. */
function namesOf({ stack, config }: PreflightContext) {
  const application = `sparki/${stack}/database/application-${config.database.passwordsSince}`;
  return { database: application, cache: `sparki/${stack}/cache` } as const;
}

/** By secret, the keys that the rendered chart mounts from it. */
async function mountedKeys(
  context: PreflightContext,
  arns: Readonly<Record<keyof Arns, string>>,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const [trial] = workloadTrials(context, "engine");
  if (trial === undefined) throw new Error("the engine's chart has no track");
  const { database = {}, cache = {} } = trial.values;
  const values = {
    ...trial.values,
    database: Object.assign({}, database, { secretArn: arns.database }),
    cache: Object.assign({}, cache, { secretArn: arns.cache }),
  };
  const { code, stdout, stderr } = await render(context, { ...trial, values }, signal);
  if (code !== 0) throw new Error(`the engine's chart does not render: ${stderr.trim()}`);
  const mounted = new Map<string, Set<string>>();
  for (const document of parseAllDocuments(stdout)) {
    const found = classSchema.safeParse(document.toJS());
    if (!found.success) continue;
    for (const { objectName, jmesPath } of objectsSchema.parse(parse(found.data.spec.parameters.objects))) {
      const keys = mounted.get(objectName) ?? new Set();
      for (const { path } of jmesPath) keys.add(path);
      mounted.set(objectName, keys);
    }
  }
  return mounted;
}

async function problemOf(
  context: PreflightContext,
  arn: string,
  keys: ReadonlySet<string>,
): Promise<string | undefined> {
  const wanted = { secretId: arn, versionStage: "AWSCURRENT" };
  const has = await context.aws.find("secretsmanager/getSecretVersion", wanted, keysSchema);
  const name = arn.split(":secret:").at(-1);
  if (has === undefined) return `${name} has no value`;
  const missing = [...keys].filter((key) => !has.includes(key));
  return missing.length === 0 ? undefined : `${name} lacks ${missing.join(" and ")}`;
}

function keysOf(secret: string): string[] {
  try {
    const value: unknown = JSON.parse(secret);
    return typeof value === "object" && value !== null ? Object.keys(value) : [];
  } catch {
    return [];
  }
}
