import { diskFailure } from "../../io/disk.ts";
import { DeployError, exitCodeOf, messageOf } from "../../shared/deploy-error.ts";
import { inColumns } from "./columns.ts";

/** A hint that is copied into a shell stays one line, however long. */
const COMMAND = /^(npx|npm|pulumi) /;

/** What a person reads of a failure: `CODE: message`, then the next command; a stack trace only when asked for. */
export function failureText(error: unknown, debug: boolean): string {
  const { code, message, hint } = describe(error);
  const lines = [inColumns(`${code}: ${message}`)];
  if (hint !== undefined) lines.push(COMMAND.test(hint) ? `Next: ${hint}` : inColumns(`Next: ${hint}`));
  if (debug) lines.push(...stacks(error));
  return `${lines.join("\n")}\n`;
}

/** The same failure as the one JSON document of `--json`. */
export function failureDocument(error: unknown): unknown {
  const { code, message, hint } = describe(error);
  return { error: { code, message, hint: hint ?? null }, exitCode: exitCodeOf(error) };
}

/** A mistake in the command line, from the argument parser's own message; the hint is the help of the command, if one is named. */
export function usageFailure(message: string, command?: string): DeployError {
  const text = message.replace(/^error: /, "").replace(/\n\((.*)\)$/, ". $1");
  return new DeployError("SPARKI_USAGE", text, { hint: ["npx sparki", command, "--help"].filter(Boolean).join(" ") });
}

function describe(error: unknown): { code: string; message: string; hint: string | undefined } {
  const isOwn = error instanceof DeployError && error.code !== "SPARKI_OUTSIDE";
  const told = (isOwn ? undefined : diskFailure(error, { cwd: process.cwd(), env: process.env })) ?? error;
  if (told instanceof DeployError) return { code: told.code, message: told.message, hint: told.hint };
  const message = messageOf(error);
  return { code: "SPARKI_OUTSIDE", message, hint: "run it again with --debug to see where this came from" };
}

function stacks(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return [error.stack ?? error.message, ...(error.cause === undefined ? [] : ["caused by", ...stacks(error.cause)])];
}
