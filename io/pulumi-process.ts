import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { format } from "node:util";
import type { PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { SemVer } from "semver";
import { KILLED } from "../records/engine-record.ts";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { servePrivately } from "../tools/callers.ts";
import { onSecondSignal } from "./signals.ts";

/** The CLI's exit code for a stack that the backend does not have. */
export const STACK_NOT_FOUND = 6;

type Output = (text: string) => void;

/** What the CLI wrote until it ended well. */
interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

/**
 * Thrown when the CLI ends with another exit code than 0, a backend's refusal for one; the Automation API's own error
 * loses the code.
 */
export class PulumiExit extends DeployError {
  readonly exitCode: number;

  constructor(exitCode: number, stderr: string) {
    const ended = exitCode === KILLED ? "pulumi was killed while it worked" : `pulumi ended with ${exitCode}`;
    const reason = reasonIn(stderr) || ended;
    super("SPARKI_OUTSIDE", reason, { hint: backendHint(reason) });
    this.name = "PulumiExit";
    this.exitCode = exitCode;
  }
}

/** What to run next when the CLI could not ask its backend; without a login whoami would fail in the same way. */
export function backendHint(reason: string): string {
  return /PULUMI_ACCESS_TOKEN|\blog(ged)? ?in\b|unauthorized/i.test(reason)
    ? "pulumi login, or export PULUMI_ACCESS_TOKEN; then run the same command again"
    : "pulumi whoami --verbose";
}

/**
 * The document that the CLI wrote, without the lines around it in which it, or what it asks AWS by, tells of something else.
 * Throws SPARKI_OUTSIDE where there is none, and shows nothing of it: a state has secrets.
 */
export function documentIn(written: string, command: string): unknown {
  const lines = written.split("\n");
  const end = lines.findLastIndex((line) => /[\]}]\s*$/.test(line)) + 1;
  const begins = [...lines.keys()].filter((index) => index < end && /^[[{]/.test(lines[index] ?? ""));
  for (const text of [written, ...begins.map((begin) => lines.slice(begin, end).join("\n"))])
    try {
      return JSON.parse(text);
    } catch {
      // The next line may be where it begins.
    }
  throw new DeployError("SPARKI_OUTSIDE", `pulumi ${command} wrote no JSON document`, { hint: `pulumi ${command}` });
}

/** Why the CLI failed, from its first error on; what it was doing before, such as logging in, is left out. */
export function reasonIn(stderr: string): string {
  return stderr.replace(/^(?:.*\n)*?error: /, "").trim();
}

/**
 * The Pulumi CLI for the Automation API, in a process group of its own: a terminal's Ctrl-C then reaches only us,
 * and the engine gets exactly one SIGINT, which lets what is in flight finish (a second one would not).
 */
export function pulumiProcess(cli: string, version: string): PulumiProcess {
  const running = new Set<ChildProcess>();
  const kill = () => {
    for (const child of running) child.kill("SIGKILL");
  };
  const runWith = runner(cli, running);
  const run: PulumiProcess["run"] = (...run) => runWith(undefined, ...run);
  return { command: cli, version: new SemVer(version), kill, run, runWith };
}

export interface PulumiProcess extends PulumiCommand {
  /**
   * Rejects with a PulumiExit when the CLI ends with another exit code than 0, and with the signal's reason when it was
   * aborted before the CLI began.
   */
  run(
    args: readonly string[],
    cwd: string,
    env: Record<string, string>,
    onOutput?: Output,
    onError?: Output,
    signal?: AbortSignal,
  ): Promise<Ended>;
  /** The same with this text on its standard input, which no argument and no file shows. */
  runWith(input: string | undefined, ...run: Parameters<PulumiProcess["run"]>): Promise<Ended>;
  /** Ends what runs without letting it save anything, as a crash of the machine would. */
  kill(): void;
}

function runner(cli: string, running: Set<ChildProcess>): PulumiProcess["runWith"] {
  return async (input, args, cwd, env, onOutput, onError, signal) => {
    signal?.throwIfAborted();
    const child = spawn(cli, [...args, "--non-interactive"], {
      cwd,
      env: { ...env, PULUMI_AUTOMATION_API: "true" },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    running.add(child);
    // Why it did not read all of it, its exit tells.
    child.stdin.on("error", () => {}).end(input);
    const interrupt = () => child.kill("SIGINT");
    signal?.addEventListener("abort", interrupt, { once: true });
    const forget = onSecondSignal(() => child.kill("SIGKILL"), unlocking(args));
    const stdout = collect(child.stdout, onOutput);
    const stderr = collect(child.stderr, onError);
    return new Promise<Ended>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => {
        signal?.removeEventListener("abort", interrupt);
        forget();
        running.delete(child);
        if (code === 0) resolve({ stdout: stdout(), stderr: stderr(), code: 0 });
        else reject(new PulumiExit(code ?? KILLED, stderr()));
      });
    });
  };
}

/** These hold the stack's lock while they run; one that is killed leaves it. */
const LOCKING: ReadonlySet<string | undefined> = new Set(["up", "destroy", "refresh", "import"]);

/** The command that takes away the lock that these arguments would leave; undefined where they take none. */
function unlocking(args: readonly string[]): string | undefined {
  const place = args.indexOf("--stack");
  return LOCKING.has(args[0]) && place > 0 ? `pulumi cancel --stack ${args[place + 1]}` : undefined;
}

function collect(stream: NodeJS.ReadableStream, tell: Output | undefined): () => string {
  const chunks: string[] = [];
  stream.setEncoding("utf8").on("data", (chunk: string) => {
    chunks.push(chunk);
    tell?.(chunk);
  });
  return () => chunks.join("");
}

/** What the program in this process says on the console, by its severity. */
type Listener = (severity: "info" | "warning" | "error", message: string) => void;

let listener: Listener | undefined;
let installed: Promise<void> | undefined;

/**
 * Lets this process host a Pulumi program while `work` runs: what the program, and the SDK where it cannot reach the
 * engine (inside a hook it cannot), write to the console goes to `tell`, because stdout is the command's own.
 */
export async function hostProgram<T>(tell: Listener, work: () => Promise<T>): Promise<T> {
  installed ??= install();
  await installed;
  listener = tell;
  try {
    return await work();
  } finally {
    listener = undefined;
  }
}

/**
 * Stays for good, because an update that stops early takes its monitor away while the program may still be asking it.
 * Those answers come late, nobody waits for them, and they are no failure of their own: the engine has told what was.
 */
async function install(): Promise<void> {
  // Loaded here, beside what hosts a program: most commands host none.
  servePrivately(await import("@grpc/grpc-js"));
  process.on("unhandledRejection", tolerate);
  const { console } = globalThis;
  const severities = { log: "info", info: "info", warn: "warning", error: "error" } as const;
  for (const name of ["log", "info", "warn", "error"] as const) {
    const write = console[name].bind(console);
    console[name] = (...words: unknown[]) => {
      const [severity, message] = parsed(severities[name], format(...words));
      if (isAboutTheMonitor(message)) return;
      if (listener === undefined) write(...words);
      else listener(severity, message);
    };
  }
}

/** The SDK names the severity in the text itself: `info: [runtime] text`. */
function parsed(severity: Parameters<Listener>[0], text: string): Parameters<Listener> {
  const named = /^(info|warning|error): \[runtime\] ([\s\S]*)$/.exec(text);
  const found = (["info", "warning", "error"] as const).find((each) => each === named?.[1]);
  return found === undefined ? [severity, text] : [found, named?.[2] ?? ""];
}

function tolerate(reason: unknown): void {
  if (!isAboutTheMonitor(messageOf(reason))) throw reason;
}

function isAboutTheMonitor(text: string): boolean {
  return /resource monitor (is terminating|shut down)/i.test(text);
}

const HOST_SECONDS = 10;

/** What a language host answers when the engine asks for its version; null where it does not say within ten seconds. */
export async function languageHostVersion(path: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const [grpc, { default: services }, { default: empty }] = await Promise.all([
    import("@grpc/grpc-js"),
    import("@pulumi/pulumi/proto/language_grpc_pb.js"),
    import("google-protobuf/google/protobuf/empty_pb.js"),
  ]);
  // The engine's address: nothing is asked of it before a program runs.
  const child = spawn(path, ["127.0.0.1:0"], { env, stdio: ["ignore", "pipe", "ignore"] });
  const limit = new AbortController();
  const options = { signal: limit.signal };
  try {
    const late = delay(HOST_SECONDS * 1000, undefined, options);
    const gone = once(child, "exit", options).then(() => undefined);
    const line = once(createInterface({ input: child.stdout }), "line", options).then(([text]) => `${text}`.trim());
    const port = await Promise.race([line, gone, late]);
    if (port === undefined || !/^\d+$/.test(port)) return null;
    const client = new services.LanguageRuntimeClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const asked = new Promise<string | null>((resolve) => {
      client.getPluginInfo(new empty.Empty(), (error, info) =>
        resolve(error ? null : info.getVersion().replace(/^v/, "") || null),
      );
    });
    return await Promise.race([asked, late.then(() => null)]).finally(() => client.close());
  } catch {
    return null;
  } finally {
    limit.abort();
    child.kill("SIGKILL");
  }
}
