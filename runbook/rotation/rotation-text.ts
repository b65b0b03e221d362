import { EXIT } from "../../shared/deploy-error.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { Rotation } from "./rotation.ts";
import type { RotationDocument } from "./rotation-run.ts";

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
