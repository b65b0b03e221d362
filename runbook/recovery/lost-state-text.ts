import { EXIT } from "../../shared/deploy-error.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { RebuiltState } from "./lost-state.ts";

const HEADS: Readonly<Record<RebuiltState["outcome"], string>> = {
  rebuilt: "the state is rebuilt; the next update changes nothing that exists",
  unchanged: "the state has all that exists",
  differs: "the state has what was found; what differs is for people to read",
};

/** What a rebuilt state consists of, and what the next update does, for a person. */
export function rebuiltText(stack: string, rebuilt: RebuiltState, next: string, paint: Paint): string {
  const { outcome, exitCode, resources, before, imported, remade, missing, foreign, changes, unclaimed } = rebuilt;
  const colour = exitCode === EXIT.done.code ? paint.good : paint.bad;
  const lines = [
    `${colour(outcome)} ${stack}: ${HEADS[outcome]}`,
    `  resources  ${resources} of the program: ${before} were in the state, ${imported.length} imported, ${remade.length} to make again, ${missing.length} missing, ${foreign.length} of others`,
    ...remade.map(({ name, type, why }) => `  again    ${name} (${type}): ${why}`),
    ...missing.map(({ name, type }) => `  missing  ${name} (${type}): the next update creates it`),
    ...foreign.map(({ name, type, id }) => `  foreign  ${name} (${type}): ${id} has the tags of another owner`),
    ...changes.map(({ name, type, action, paths }) => `  ${action}  ${name} (${type}): ${paths.join(", ")}`),
    ...unclaimed.map((arn) => `  unclaimed  ${arn}: it has the stack's tags, and the program does not know it`),
    `  next     ${next}`,
  ];
  return `${inColumns(lines.join("\n"))}\n`;
}
