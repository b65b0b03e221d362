import { existsSync, readdirSync, readFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { resourcesIn, type StateResource } from "../records/state.ts";
import { DeployError } from "../shared/deploy-error.ts";
import { type StackName, stackNameIn } from "../stacks/stack-name.ts";
import { isAlive } from "../tools/lock.ts";
import type { AwsLookups } from "./aws-lookups.ts";
import type { CommandRunner } from "./child-command.ts";
import { backendFolder } from "./history.ts";
import { backendHint, reasonIn, STACK_NOT_FOUND } from "./pulumi-process.ts";

const PROJECT = "sparki";

export interface StackState {
  /** Empty before the first deployment. */
  readonly resources: readonly StateResource[];
  /** What an interrupted update had begun and nobody knows the end of. */
  readonly pending: readonly PendingOperation[];
}

export interface PendingOperation {
  readonly operation: string;
  readonly urn: string;
}

/** Who holds the stack, as far as the backend tells. */
export interface StateLock {
  readonly holder: string;
  /** ISO 8601; undefined where the backend does not say. */
  readonly since: string | undefined;
}

/** The stack's saved state, read without taking its lock. */
export interface StackStateReader {
  /** Read once; the same answer afterwards. */
  read(): Promise<StackState>;
  /** Undefined when nobody holds the stack. */
  lock(): Promise<StateLock | undefined>;
}

const pendingSchema = z.object({
  deployment: z
    .object({
      pending_operations: z.array(z.object({ type: z.string(), resource: z.object({ urn: z.string() }) })).nullish(),
    })
    .nullish(),
});
const lockSchema = z.object({ pid: z.number(), username: z.string(), hostname: z.string(), timestamp: z.string() });
const stacksSchema = z.array(z.object({ name: z.string(), updateInProgress: z.boolean().optional() }));
const keysSchema = z.object({ keys: z.array(z.string()) });

/** Reads through the Pulumi CLI, in the project's folder and with its backend, whichever that is. */
export function openStackState(
  pulumi: CommandRunner,
  cwd: string,
  fullName: string,
  aws: AwsLookups,
): StackStateReader {
  const { stack, organization } = stackNameIn(fullName) ?? { stack: fullName, organization: undefined };
  let state: Promise<StackState> | undefined;
  const run = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await pulumi([...args, "--non-interactive"], { cwd });
    if (code === STACK_NOT_FOUND) return undefined;
    if (code === 0) return stdout;
    const reason = reasonIn(stderr);
    throw new DeployError("SPARKI_OUTSIDE", `pulumi ${args[0]}: ${reason}`, { hint: backendHint(reason) });
  };
  const export_ = async (): Promise<StackState> => {
    const text = await run(["stack", "export", "--stack", fullName]);
    if (text === undefined) return { resources: [], pending: [] };
    try {
      const exported: unknown = JSON.parse(text);
      const pending = pendingSchema.parse(exported).deployment?.pending_operations ?? [];
      return {
        resources: resourcesIn(exported),
        pending: pending.map(({ type, resource }) => ({ operation: type, urn: resource.urn })),
      };
    } catch (cause) {
      throw new DeployError("SPARKI_OUTSIDE", `pulumi stack export printed no state of ${fullName}`, {
        hint: `pulumi stack export --stack ${fullName}, and see docs/recovery.md for a state that is damaged or lost`,
        cause,
      });
    }
  };
  return {
    read: () => {
      state ??= export_();
      return state;
    },
    lock: async () => {
      const { url } = z.object({ url: z.string() }).parse(JSON.parse((await run(["whoami", "--json"])) ?? "{}"));
      if (url.startsWith("file:")) return lockInFolder(url, cwd, stack);
      if (url.startsWith("s3:")) return lockInBucket(url, stack, aws);
      const of = organization === undefined ? [] : ["--organization", organization];
      return lockInCloud((await run(["stack", "ls", "--json", "--project", PROJECT, ...of])) ?? "[]", {
        stack,
        organization,
      });
    },
  };
}

/** Where the DIY backends keep a stack's locks, a JSON file for each holder. */
function lockPath(stack: string): string {
  return `.pulumi/locks/organization/${PROJECT}/${stack}`;
}

function lockInFolder(url: string, cwd: string, stack: string): StateLock | undefined {
  const folder = join(backendFolder(url, cwd), lockPath(stack));
  const file = existsSync(folder) ? readdirSync(folder).find((name) => name.endsWith(".json")) : undefined;
  if (file === undefined) return undefined;
  const { pid, username, hostname, timestamp } = lockSchema.parse(JSON.parse(readFileSync(join(folder, file), "utf8")));
  return { holder: `${username}@${hostname} (process ${pid})`, since: timestamp };
}

/** A bucket tells that there is a lock; whose it is stays in the object, which only `pulumi` itself reads. */
async function lockInBucket(url: string, stack: string, aws: AwsLookups): Promise<StateLock | undefined> {
  const { hostname: bucket, pathname } = new URL(url);
  const prefix = [...pathname.split("/").filter(Boolean), lockPath(stack)].join("/");
  const found = await aws.find("s3/getObjects", { bucket, prefix: `${prefix}/` }, keysSchema);
  const key = found?.keys.find((each) => each.endsWith(".json"));
  return key === undefined ? undefined : { holder: `s3://${bucket}/${key}`, since: undefined };
}

/** In the project's folder only the stacks of the own organization have a bare name; other organizations' have a prefix. */
function lockInCloud(
  listed: string,
  { stack, organization }: Pick<StackName, "stack" | "organization">,
): StateLock | undefined {
  const own = stacksSchema.parse(JSON.parse(listed)).find(({ name }) => {
    const listedAs = stackNameIn(name);
    const isOwn = listedAs?.organization === undefined || listedAs.organization === organization;
    return listedAs?.stack === stack && isOwn;
  });
  return own?.updateInProgress ? { holder: "an update on Pulumi Cloud", since: undefined } : undefined;
}

/** The stack whose config is read, by the Pulumi CLI in the project's folder. */
interface ConfiguredStack {
  readonly pulumi: CommandRunner;
  readonly projectDirectory: string;
  /** As the backend knows it. */
  readonly fullName: string;
}

const ABSENT = /configuration key .* not found/i;

/**
 * A value of a stack's config, in plain text if it is a secret; undefined where the config has none. Throws SPARKI_OUTSIDE
 * for one that cannot be read, a secret without its passphrase for one: that is no config without it.
 */
export async function configValue(
  { fullName, projectDirectory, pulumi }: ConfiguredStack,
  key: string,
): Promise<string | undefined> {
  const asked = ["config", "get", key, "--stack", fullName, "--non-interactive"];
  const { code, stderr, stdout } = await pulumi(asked, { cwd: projectDirectory });
  if (code === 0) return stdout.trim() || undefined;
  if (code === STACK_NOT_FOUND || ABSENT.test(stderr)) return undefined;
  const reason = reasonIn(stderr).split("\n")[0] ?? "";
  throw new DeployError("SPARKI_OUTSIDE", `${key} of stack ${fullName} cannot be read: ${reason}`, {
    hint: /passphrase|decrypt/i.test(reason)
      ? "export PULUMI_CONFIG_PASSPHRASE_FILE=<file>, then run the same command again"
      : backendHint(reason),
  });
}

/** Of a backend without a service; Pulumi Cloud does not say who. */
const HOLDER = /created by (\S+)@(\S+) \(pid (\d+)\) at (\S+)/;

const LOCKED = /the stack is currently locked by|another update is currently in progress/i;

/** Somebody else's update holds the stack: nothing was changed. */
export class StackLocked extends DeployError {
  /** Whether its holder was a process of this machine that has ended: nobody works on the stack. */
  readonly isAbandoned: boolean;

  constructor(message: string, { hint, isAbandoned }: { readonly hint: string; readonly isAbandoned: boolean }) {
    super("SPARKI_OUTSIDE", message, { hint });
    this.isAbandoned = isAbandoned;
  }
}

/** The failure that the CLI's words for a locked stack stand for; undefined for everything else that it says. */
export function lockFailure(
  message: string,
  stack: string,
  isGone: (pid: number, host: string) => boolean = isGoneHere,
): StackLocked | undefined {
  if (!LOCKED.test(message)) return undefined;
  const [, user, host = "", pid, since] = HOLDER.exec(message) ?? [];
  const who = user === undefined ? "another update" : `${user}@${host} (process ${pid}) since ${since}`;
  const gone = pid !== undefined && isGone(Number(pid), host);
  return new StackLocked(
    `stack ${stack} is locked by ${who}${gone ? ", which is no longer running on this machine" : ""}; expected no other deployment to it`,
    {
      isAbandoned: gone,
      hint: gone
        ? `pulumi cancel --stack ${stack}, then run the same command again`
        : `wait until it ends; only if it is no longer running: pulumi cancel --stack ${stack}`,
    },
  );
}

/** True for a process of this machine that has ended; nothing is known of other machines'. */
function isGoneHere(pid: number, host: string): boolean {
  return host === hostname() && !isAlive(pid);
}
