import { markdownCode, markdownText } from "../../shared/text/markup.ts";
import type { Evidence, InForce, RestoreTests, UpdateEvidence } from "./evidence.ts";

/** The evidence as auditors read it: `evidence.md` of the archive. */
export function evidencePage(evidence: Evidence): string {
  const { stack, from, to, isRehearsal, gaps, limits } = evidence;
  return [
    `# Evidence of ${markdownText(stack)}, ${from} to ${to}`,
    "",
    `Days are in UTC, both included. ${SUMMARY}`,
    ...(isRehearsal
      ? ["", "**This is from a rehearsal on one machine: it is not evidence of a production system.**"]
      : []),
    "",
    "## What is missing",
    "",
    ...list(
      gaps.map(({ text }) => text),
      "Nothing that should have been recorded is missing.",
    ),
    "",
    "What is never recorded here:",
    "",
    ...list(limits, ""),
    "",
    "## Releases",
    "",
    beforeText(evidence),
    "",
    ...table(
      ["started", "release", "what", "run by", "approved by", "planned by", "gates", "update"],
      evidence.updates.map(updateRow),
    ),
    ...refusedText(evidence),
    ...(evidence.frozen === null
      ? []
      : ["", `When this was gathered, deployments were refused: ${markdownText(evidence.frozen)}`]),
    ...evidence.updates.flatMap(gatesText),
    "",
    "## Drills",
    "",
    ...drillsText(evidence.drills, "restore test"),
    "",
    ...drillsText(evidence.drills.cache, "restore test of the cache"),
    "",
    "## Rotations",
    "",
    ...list(
      evidence.rotations.map(
        ({ what, since, before, update, at }) =>
          `${at}: ${what}, of ${since} in place of ${before ?? "unknown ones"} (update ${update})`,
      ),
      "No rotation is recorded on these days.",
    ),
    "",
    "## Exemptions",
    "",
    ...exemptionsText(evidence),
    "",
    "## Reports and plans",
    "",
    ...list(
      evidence.reports.kept.map(({ path, release, outcome }) => `${path}: ${release}, ${outcome}`),
      "No report of these updates is on the machine that gathered this.",
    ),
    "",
    ...list(
      [
        ...evidence.plans.kept.map((path) => `${path}: what that plan's hash covers`),
        ...evidence.plans.absent.map((hash) => `the approved plan ${hash} is not on the machine that gathered this`),
      ],
      "No plan was approved on these days.",
    ),
    "",
  ].join("\n");
}

const SUMMARY = "All of it, with every number, is in `evidence.json`; `SHA256SUMS` lists every file.";

function list(texts: readonly string[], none: string): string[] {
  return texts.length === 0 ? [none] : texts.map((text) => `- ${markdownText(text)}`);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return ["No update ran on these days."];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}

function beforeText({ before }: Evidence): string {
  if (before === null) return "The history has no update before these days that succeeded.";
  return `Live when these days began: ${markdownText(before.release ?? "not known")}, since update ${markdownText(before.update)} of ${before.at}.`;
}

function updateRow(update: UpdateEvidence): string[] {
  const { startedAt, release, what, who, approval, update: id } = update;
  const planned = approval === null ? "" : (approval.plannedBy?.name ?? "not recorded");
  return [
    startedAt,
    release?.id ?? "not known",
    what,
    who === null ? "not recorded" : `${who.name} (${who.through})`,
    approval === null ? "not recorded" : `${approval.by.name}, ${approval.at}`,
    approval?.isOwnPlan === true ? `${planned}, who approved it too` : planned,
    countText(update),
    id,
  ].map(markdownText);
}

function countText({ update, gates, gatesRanIn }: UpdateEvidence): string {
  if (gates === null) return "none kept";
  if (gatesRanIn !== update) return `none ran: as in ${gatesRanIn}`;
  const passed = gates.filter(({ verdict }) => verdict === "pass").length;
  return `${passed} of ${gates.length} passed`;
}

function refusedText({ refused }: Evidence): string[] {
  if (refused.length === 0) return [];
  return [
    "",
    "Ended before anything was changed:",
    "",
    ...list(
      refused.map(({ at, release, what, reason }) => `${at}: ${release} ${what}: ${reason}`),
      "",
    ),
  ];
}

function gatesText({ update, release, reason, approval, gates, gatesRanIn }: UpdateEvidence): string[] {
  const ran = gatesRanIn === update ? gates : null;
  const results = (ran ?? []).map(({ gate, objective, verdict, requests, bad, limit, upper }) =>
    [gate, objective, verdict, `${requests}`, `${bad}`, `${limit}`, `${upper}`].map(markdownText),
  );
  return [
    "",
    `### ${markdownText(release?.id ?? "An unknown release")}, update ${markdownText(update)}`,
    "",
    `Became: ${markdownText(reason)}`,
    ...(approval === null ? [] : ["", `Plan: ${markdownCode(approval.hash)}`]),
    ...(ran === null
      ? []
      : ["", ...table(["gate", "objective", "verdict", "requests", "bad", "limit", "at most"], results)]),
  ];
}

function drillsText({ restoreTests, newest }: RestoreTests, what: string): string[] {
  const texts = restoreTests.map(({ on, by, snapshot }) => `${on}: ${snapshot} was restored and read by ${by}`);
  const older = newest === null ? "none is recorded" : `the newest earlier one is of ${newest.on}, by ${newest.by}`;
  return list(texts, markdownText(`No ${what} is recorded on these days; ${older}.`));
}

function exemptionsText({ exemptions, relaxations, resourceApprovals }: Evidence): string[] {
  return list(
    [
      ...exemptions.map(
        (each) =>
          `${each.resource} from ${each.control} until ${each.until}, for ${each.by}: ${each.reason}${ranText(each)}`,
      ),
      ...relaxations.map((each) => `${each.control} is relaxed for the whole stack: ${each.reason}${ranText(each)}`),
      ...resourceApprovals.map(
        (each) => `${each.resource} may be ${each.action}d until ${each.until}, by ${each.by}${ranText(each)}`,
      ),
    ],
    "No exemption, relaxation or approval of a resource was in force.",
  );
}

function ranText({ firstUpdate, lastUpdate, isInForce }: InForce): string {
  return ` (first in update ${firstUpdate}, last in ${lastUpdate}${isInForce ? ", in force at the end" : ""})`;
}
