import { existsSync, readFileSync } from "node:fs";
import { request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { DeployError } from "../shared/deploy-error.ts";
import type { ProcessHandle } from "./processes.ts";

export interface WaitOptions {
  readonly limitSeconds: number;
  /** How long it is waited before the next look. @default 0.05 */
  readonly everySeconds?: number;
  /** The server's process: when it ends first, the wait fails at once with its last lines. */
  readonly process?: ProcessHandle;
}

interface Asking {
  readonly ca?: string;
  /** A client's own certificate with its key. */
  readonly cert?: string;
  readonly key?: string;
  readonly headers?: Record<string, string>;
}

/** Resolves once the URL answers 200; `ca` is the PEM that an https server's certificate must be signed by. */
export async function waitForHttp(url: string, options: WaitOptions & Asking): Promise<void> {
  await waitFor(url, async () => (await statusOf(url, options)) === 200, options);
}

/**
 * Resolves once `ready` resolves with true, asked again and again; `what` names it in the error. What `ready` says is missing,
 * in words, counts as not ready and is told in the error.
 */
export async function waitFor(
  what: string,
  ready: () => Promise<boolean | string>,
  options: WaitOptions,
): Promise<void> {
  const until = performance.now() + options.limitSeconds * 1000;
  for (let answer = await ready(); answer !== true; answer = await ready()) {
    if (options.process !== undefined && !options.process.running())
      throw failure(`${options.process.name} ended before ${what} answered`, options.process);
    const missing = answer === false ? "" : `: ${answer}`;
    if (performance.now() > until)
      throw failure(`${what} did not answer within ${options.limitSeconds} s${missing}`, options.process);
    await delay(1000 * (options.everySeconds ?? 0.05));
  }
}

function failure(message: string, handle: ProcessHandle | undefined): DeployError {
  const lines = handle?.logFile === undefined ? [] : lastLines(handle.logFile, 5);
  const hint = handle?.logFile === undefined ? {} : { hint: `see ${handle.logFile}` };
  return new DeployError("SPARKI_OUTSIDE", [message, ...lines].join("\n  "), hint);
}

/** The last lines of a log that are not blank; none when there is no such file. */
export function lastLines(file: string, count: number): readonly string[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, "utf8").split("\n");
  return lines.filter((line) => line.trim() !== "").slice(-count);
}

function statusOf(url: string, { ca, cert, key, headers = {} }: Asking): Promise<number | undefined> {
  return new Promise((resolve) => {
    const options = { agent: false as const, timeout: 2000, headers, ca, cert, key };
    const call = (url.startsWith("https:") ? httpsRequest : httpRequest)(url, options);
    call.once("response", (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    call.once("timeout", () => call.destroy());
    call.once("error", () => resolve(undefined));
    call.end();
  });
}
