import { duration } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import { type Finding, GROUPS, type Status } from "./check.ts";
import type { PreflightReport } from "./side-by-side.ts";

interface Titled extends Finding {
  readonly title: string;
}

const WIDTH = 80;
const INDENT = 10;

/** A word for each status, so that nothing is told by colour or sign alone. */
const WORDS: Readonly<Record<Status, string>> = { pass: "✓ pass", warn: "! warn", fail: "✗ FAIL", skipped: "- skip" };

/** The checklist as a table for a person: by group, every check with what was found and how to fix it. */
export function preflightText(report: PreflightReport, paint: Paint): string {
  const groups = GROUPS.map((group) => {
    const own = report.checks.filter((check) => check.group === group);
    return own.length === 0 ? [] : ["", paint.strong(group), ...own.flatMap((check) => findingLines(check, paint))];
  });
  return `${[...groups.flat(), "", summary(report, paint)].join("\n")}\n`;
}

/** One finding with its title: a word for its status, the reason, what it rests on, and how to fix it. */
export function findingLines({ status, title, reason, fix, evidence = [] }: Titled, paint: Paint): string[] {
  const word = status === "fail" ? paint.bad(WORDS.fail) : status === "pass" ? paint.good(WORDS.pass) : WORDS[status];
  const [first = "", ...rest] = wrap(`${title}: ${reason}`);
  const fixes = fix === undefined ? [] : wrap(`fix: ${fix}`);
  const told = evidence.flatMap((line) => wrap(`- ${line}`));
  return [`  ${word}  ${first}`, ...[...rest, ...told, ...fixes].map((line) => `${" ".repeat(INDENT)}${line}`)];
}

function summary({ checks, outcome, seconds, stack }: PreflightReport, paint: Paint): string {
  const count = (status: Status) => checks.filter((check) => check.status === status).length;
  const counts = `${count("pass")} passed, ${count("warn")} warned, ${count("skipped")} skipped, ${count("fail")} failed`;
  const verdict =
    outcome === "passed" ? paint.good(`Preflight of ${stack} passed`) : paint.bad(`Preflight of ${stack} failed`);
  const next = outcome === "passed" ? "" : "\nNothing was changed. Fix what failed, then run it again.";
  return `${verdict}: ${counts}, in ${duration(seconds)}.${next}`;
}

/** Lines that fit, beside a finding's indent unless told otherwise; a word that is too long by itself, such as an ARN, is left whole for copying. */
export function wrap(text: string, width = WIDTH - INDENT): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    for (const word of paragraph.split(" ")) {
      const last = lines.at(-1);
      if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
      else lines.push(word);
    }
    return lines;
  });
}
