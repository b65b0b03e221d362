import type { RollbackDocument } from "../deploy/deploy-document.ts";
import type { RequestedRollback } from "../rollback/requested-rollback.ts";
import { gatesSection } from "./deploy-html-gates.ts";
import { duration } from "./duration.ts";
import { factTable, type Link, linksSection, nowSection, page, section, text, toned } from "./page.ts";
import { TIMELINE_STYLE, timelinePicture } from "./timeline-picture.ts";
import { toneOf, toneOfEnd } from "./tones.ts";
import { afterRollback } from "./what-now.ts";

interface RollbackPage {
  /** ISO 8601. */
  readonly madeAt: string;
  readonly links: readonly Link[];
}

/** A rollback that somebody asked for as one HTML page, the outcome first, of the same kind as a deploy's. */
export function rollbackHtml(
  done: RequestedRollback & { readonly stack: string },
  { madeAt, links }: RollbackPage,
): string {
  const { stack, release, previous, outcome, exitCode, reason, rollback } = done;
  const target = release === null ? "nothing" : release.id;
  const facts: [string, string][] = [
    ["Gone back to", release === null ? target : `${target}, commit ${release.gitSha}`],
    ["Live before", previous === null ? "nothing" : `${previous.id}, commit ${previous.gitSha}`],
    ["Exit code", `${exitCode}`],
    ["Made", madeAt],
  ];
  const body = [
    `<h1>Rollback of ${text(stack)} to ${text(target)}: <span class="${toneOfEnd(outcome, exitCode)}">${outcome}</span></h1>`,
    `<p>${text(reason)}</p>`,
    nowSection(afterRollback({ stack, outcome, exitCode, release: target, previous: previous?.id })),
    factTable("At a glance", facts),
    ...(rollback === null ? [] : [section("What was done, and its proof", goneBackHtml(rollback))]),
    ...linksSection(links),
  ];
  return page(`Rollback of ${stack} to ${target}: ${outcome}`, body, TIMELINE_STYLE);
}

/** What a way back changed, how long that took, and what proves that it serves again. */
export function goneBackHtml({ verdict, reason, seconds, steps, gates }: RollbackDocument): string {
  return `<p>${toned(toneOf(verdict), verdict)} after ${duration(seconds)}: ${text(reason)}</p>${timelinePicture(steps)}${gatesSection(gates)}`;
}
