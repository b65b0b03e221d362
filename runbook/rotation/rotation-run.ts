import { readFileSync, statSync } from "node:fs";
import { z } from "zod";
import type { Counts } from "../../gates/objective.ts";
import type { TokenAnswers } from "../../io/cache-tokens.ts";
import { writeWhole } from "../../io/whole-file.ts";
import type { Clock } from "../../shared/clock.ts";
import { DeployError, EXIT, messageOf } from "../../shared/deploy-error.ts";
import { writeSetting } from "../preflight/stack-file.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { Rotation, RotationStep } from "./rotation.ts";

/** What a deployment of a rotation came to, as `sparki deploy --json` says it. */
export interface StepDeploy {
  readonly exitCode: number;
  readonly outcome: string;
  readonly reason: string;
}

interface StepDone {
  readonly title: string;
  readonly deploy: StepDeploy;
  /** What Redis said to the tokens afterwards; null where it was not asked. */
  readonly tokens: TokenAnswers | null;
}

/** The document of `sparki rotate WHAT --json`. */
interface RotationDocument {
  readonly stack: string;
  readonly what: Rotation["what"];
  readonly outcome: "rotated" | "stopped" | "not-proven" | "wrong";
  readonly exitCode: number;
  readonly reason: string;
  readonly since: string;
  readonly before: string | null;
  /** Whether it went on with what an earlier command had begun. */
  readonly resumed: boolean;
  readonly steps: readonly StepDone[];
  /** Users' requests from its beginning to its end, and those that failed; a text says why that is not known. */
  readonly requests: Counts | string;
  readonly next: string | null;
}

export interface RotationPorts {
  readonly clock: Clock;
  /** The stack's config, which is changed before each deployment. */
  readonly file: string;
  /** Runs `sparki deploy`; a person is asked after the plan unless it is agreed. */
  deploy(isAgreed: boolean): Promise<StepDeploy>;
  /** Asks Redis with both tokens. */
  askWithTokens(): Promise<TokenAnswers>;
  /** Users' requests since a time, and the bad ones among them, or why they are not known. */
  requestsSince(time: number): Promise<Counts | string>;
  /** Tells people what begins. */
  say(text: string): void;
}

interface Stop extends Pick<RotationDocument, "outcome" | "exitCode" | "reason"> {}

/**
 * Rotates a secret: changes the config, deploys by the existing way, and asks whether what must work works, one step after
 * the other. It ends at the first step that is not done; the same command goes on from there.
 */
export async function runRotation(
  stack: string,
  rotation: Rotation,
  isAgreed: boolean,
  ports: RotationPorts,
): Promise<RotationDocument> {
  const startedAt = ports.clock.now();
  const steps: StepDone[] = [];
  let stop: Stop | undefined;
  for (const step of rotation.steps) {
    ports.say(`step ${steps.length + 1} of ${rotation.steps.length}: ${step.title}`);
    // What is agreed is the rotation: a half of it is no state to stay in.
    const done = await take(step, isAgreed || steps.length > 0, ports);
    steps.push(done);
    stop = stopAfter(step, done);
    if (stop !== undefined) break;
  }
  const requests = await ports.requestsSince(startedAt);
  const { what, since, before, isResumed } = rotation;
  const rotated = { outcome: "rotated", exitCode: EXIT.done.code, reason: rotation.afterwards } as const;
  const next = stop === undefined ? null : `npx sparki rotate ${what} --stack ${stack}, which continues`;
  return { stack, what, ...(stop ?? rotated), since, before, resumed: isResumed, steps, requests, next };
}

async function take(step: RotationStep, isAgreed: boolean, ports: RotationPorts): Promise<StepDone> {
  const before = readFileSync(ports.file, "utf8");
  for (const setting of step.settings) writeSetting(ports.file, setting);
  const deploy = await ports.deploy(isAgreed);
  const { title } = step;
  // Not confirmed, or wrong from the start: nothing was touched, so nothing remains of it.
  if (deploy.exitCode === EXIT.usage.code) writeWhole(ports.file, { content: before, mode: statSync(ports.file).mode });
  if (deploy.exitCode !== EXIT.done.code || step.answers === undefined) return { title, deploy, tokens: null };
  const tokens = await ports.askWithTokens().catch((error: unknown): TokenAnswers => {
    const unknown = { state: "unknown", said: messageOf(error) } as const;
    return { present: unknown, before: unknown };
  });
  return { title, deploy, tokens };
}

/** Why the rotation ends after a step; undefined where it goes on. */
function stopAfter({ answers }: RotationStep, { deploy, tokens }: StepDone): Stop | undefined {
  if (deploy.exitCode !== EXIT.done.code)
    return { outcome: "stopped", exitCode: deploy.exitCode, reason: `the deployment: ${deploy.reason}` };
  if (answers === undefined || tokens === null) return undefined;
  const names = { present: "the new token", before: "the token before" } as const;
  for (const token of ["present", "before"] as const) {
    const [{ state, said }, expected] = [tokens[token], answers[token]];
    if (state === expected) continue;
    const reason = `${names[token]} is ${state === "unknown" ? "not proven" : state} by Redis; expected ${expected}: ${said}`;
    return state === "unknown"
      ? { outcome: "not-proven", exitCode: EXIT.held.code, reason }
      : { outcome: "wrong", exitCode: EXIT.refused.code, reason };
  }
  return undefined;
}

const deploySchema = z.object({ exitCode: z.number(), outcome: z.string(), reason: z.string() });
const failureSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** What `sparki deploy --json` wrote; throws where it wrote no document. */
export function stepDeploy(code: number | null, stdout: string): StepDeploy {
  const document = documentIn(stdout);
  const done = deploySchema.safeParse(document);
  if (done.success) return done.data;
  const failed = failureSchema.safeParse(document);
  if (failed.success && code !== null) {
    const { message } = failed.data.error;
    return { exitCode: code, outcome: "stopped", reason: message };
  }
  throw new DeployError("SPARKI_OUTSIDE", `the deployment ended with ${code ?? "a signal"} and without a document`, {
    hint: "run the same command again: it continues",
  });
}

function documentIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What a rotation will do, before anything is changed. */
export function intentText(stack: string, { what, since, before, isResumed, steps, afterwards }: Rotation): string {
  const from = before === null ? "" : ` in place of that of ${before}`;
  const head = isResumed
    ? `This finishes the rotation of ${what} of ${stack} that was begun: the secret of ${since}${from}.`
    : `This rotates ${what} of ${stack}: a secret of ${since}${from}.`;
  const lines = steps.map(({ title, settings }, index) => {
    const set = settings.map(({ section, key, value }) => `${section}.${key} ${String(value)}`).join(", ");
    return `  ${index + 1}. ${title}${set === "" ? "" : ` (${set})`}`;
  });
  return [head, "Each step changes the stack's config and is a deployment through the gates:", ...lines]
    .concat(`Afterwards ${afterwards}. No request is lost; those of users are counted.`)
    .join("\n");
}

/** What a rotation came to, for a person. */
export function rotationText(document: RotationDocument, file: string, paint: Paint): string {
  const { stack, what, outcome, exitCode, reason, since, steps, requests, next } = document;
  const isDone = exitCode === EXIT.done.code;
  const colour = isDone ? paint.good : paint.bad;
  const lines = steps.flatMap(({ title, deploy, tokens }) => {
    const mark = deploy.exitCode === EXIT.done.code ? paint.good("✓") : paint.bad("✗");
    const asked =
      tokens === null ? [] : [`    Redis: new token ${tokens.present.state}, token before ${tokens.before.state}`];
    return [`  ${mark} ${title}: ${deploy.outcome}`, ...asked];
  });
  const counted =
    typeof requests === "string" ? `not known: ${requests}` : `${requests.bad} of ${requests.requests} failed`;
  const after = isDone ? [`  commit   ${file}`] : [`  next     ${next}`];
  return `${inColumns(
    [
      `${paint.strong(stack)}: ${what} of ${since}: ${colour(outcome)} (exit ${exitCode})`,
      ...lines,
      `  reason   ${reason}`,
      `  requests ${counted}, of users, during the rotation`,
      ...after,
    ].join("\n"),
  )}\n`;
}
