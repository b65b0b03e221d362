import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { DeployError } from "../shared/deploy-error.ts";
import { TOKEN_HEADER } from "../shared/rehearsal-access.ts";
import type { CloudOptions } from "./cloud.ts";
import { MARK_VARIABLE } from "./processes.ts";

/** What the parent tells the cloud's process. */
export type CloudRequest = { readonly start: CloudOptions } | { readonly stop: true };

export interface StartedCloud {
  /** What a client of the cloud needs in its environment, but for PATH. */
  readonly environment: Readonly<Record<string, string>>;
  /** The control API's address. */
  readonly url: string;
  readonly kubeconfigFile: string;
  readonly prometheusUrl: string;
  /** What each request to the control API and to Prometheus carries. */
  readonly token: string;
  /** Of its loopback network, 127.<slot>.0.0/16. */
  readonly slot: number;
  readonly readySeconds: number;
}

/** Why the cloud did not start, and what to do about it where that is known. */
export interface FailedStart {
  readonly message: string;
  readonly hint?: string | undefined;
}

/** What the cloud's process answers to a start. */
export type CloudAnswer = { readonly started: StartedCloud } | { readonly failed: FailedStart };

/** The simulated cloud in a process of its own, so that it and the engine's program each have a core. */
export interface CloudProcess extends StartedCloud {
  /** Asks the control API; throws SPARKI_OUTSIDE with the cloud's last words when it is gone. */
  ask(method: "GET" | "POST", path: string, body?: unknown): Promise<unknown>;
  /** Ends it with all its processes. */
  stop(): Promise<void>;
  /** Ends it at once; its own processes die with it. */
  kill(): void;
}

const STOP_SECONDS = 20;

/** Starts the cloud; rejects with its own reason, and nothing left running, when it cannot start. */
export async function startCloudProcess(options: CloudOptions, signal: AbortSignal): Promise<CloudProcess> {
  const log = join(options.runDirectory, "logs", "cloud.log");
  const child = spawnCloud(options.runDirectory, log);
  const stop = () => stopChild(child);
  const abort = () => void stop();
  signal.addEventListener("abort", abort, { once: true });
  try {
    child.send({ start: options } satisfies CloudRequest);
    const started = await answerOf(child, log);
    const ask = (method: "GET" | "POST", path: string, body?: unknown) =>
      askCloud(started, { method, path, body }, log);
    return { ...started, ask, stop, kill: () => child.kill("SIGKILL") };
  } catch (error) {
    await stop();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

function spawnCloud(runDirectory: string, log: string): ChildProcess {
  mkdirSync(join(runDirectory, "logs"), { recursive: true });
  const output = openSync(log, "a");
  try {
    return spawn(process.execPath, [join(import.meta.dirname, "main.ts")], {
      stdio: ["ignore", output, output, "ipc"],
      detached: true,
      env: { ...process.env, [MARK_VARIABLE]: runDirectory },
    });
  } finally {
    closeSync(output);
  }
}

async function answerOf(child: ChildProcess, log: string): Promise<StartedCloud> {
  const limit = new AbortController();
  const options = { signal: limit.signal };
  const gone = once(child, "exit", options).then((): [CloudAnswer] => {
    return [{ failed: { message: `it ended: ${lastWords(log)}` } }];
  });
  try {
    const [answer]: CloudAnswer[] = await Promise.race([once(child, "message", options), gone]);
    if (answer !== undefined && "started" in answer) return answer.started;
    const message = `the simulated cloud did not start: ${answer?.failed.message}`;
    throw new DeployError("SPARKI_OUTSIDE", message, { hint: answer?.failed.hint ?? `see ${log}` });
  } finally {
    gone.catch(() => undefined);
    limit.abort();
  }
}

async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, "exit");
  if (child.connected) child.send({ stop: true } satisfies CloudRequest);
  const limit = new AbortController();
  const late = delay(STOP_SECONDS * 1000, "late", { signal: limit.signal }).catch(() => undefined);
  if ((await Promise.race([exited, late])) === "late") child.kill("SIGKILL");
  limit.abort();
  await exited;
}

interface Question {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

async function askCloud(
  { url, token }: Pick<StartedCloud, "url" | "token">,
  { method, path, body }: Question,
  log: string,
): Promise<unknown> {
  const content = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { [TOKEN_HEADER]: token, "content-type": "application/json" };
  const response = await fetch(`${url}${path}`, { method, headers, ...content }).catch((cause: unknown) => {
    throw new DeployError("SPARKI_OUTSIDE", `the simulated cloud has ended: ${lastWords(log)}`, {
      cause,
      hint: `see ${log}`,
    });
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  throw new DeployError("SPARKI_OUTSIDE", `the simulated cloud refused ${method} ${path}: ${JSON.stringify(answer)}`);
}

function lastWords(log: string): string {
  try {
    const lines = readFileSync(log, "utf8").trim().split("\n");
    return lines.findLast((line) => /^\w*Error\b.*: /.test(line)) ?? (lines.at(-1) || "its log is empty");
  } catch {
    return "it left no log";
  }
}
