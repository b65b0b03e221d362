import { FACTS, type Facts, RULES, type Rule } from "../gates/tree.ts";
import { PHASES, type Phase, VERDICTS } from "../gates/verdict.ts";

const PHASE_WORDS: Readonly<Record<Phase, string>> = {
  preflight: "Checks before anything is changed",
  infrastructure: "The account's resources are created",
  database: "Migrations and seed data",
  "one-box": "One pod of the new release next to the old fleet",
  fleet: "The new release everywhere, not yet recorded as live",
  cutover: "Names point to the new release",
  promoted: "The release is live and watched",
  rollback: "The rollback to the last verified release, and its proof",
};

const FACT_WORDS: Readonly<Record<keyof Facts, readonly [yes: string, no: string]>> = {
  timeLeft: ["before the deadline", "after the deadline"],
  canRollBack: ["a verified release to roll back to", "no release to roll back to"],
  hasState: ["a database or cache exists", "nothing holds data"],
  destroyRequested: ["destruction requested", "no destruction requested"],
  rollbackTried: ["already rolled back once", "not rolled back yet"],
  settling: ["in the first 5 minutes", "after the first 5 minutes"],
  highErrors: ["over 1 % failing", "at most 1 % failing"],
  sustained: ["for 5 minutes", "for less than 5 minutes"],
};

/** The page as Markdown with a Mermaid picture; the same rules always give the same text. */
export function treePage(): string {
  return [
    "# What happens next: the decision tree",
    "",
    "Generated from the rules in `gates/tree.ts` by `node docs/generate.ts decision-tree`; a test keeps it current.",
    "",
    "In every state exactly one rule holds. A phase's verdict is the worst of its checks: `fail` (proven bad),",
    "`error` (could not check), `inconclusive` (not proven yet) or `pass` (proven good).",
    "",
    "```mermaid",
    ...picture(),
    "```",
    ...PHASES.flatMap(section),
    "",
  ].join("\n");
}

function section(phase: Phase): string[] {
  const rows = VERDICTS.flatMap((verdict) =>
    rulesOf(phase)
      .filter((rule) => rule.verdicts.includes(verdict))
      .map((rule) => `| ${verdict} | ${conditions(rule)} | ${actionOf(rule)} | ${rule.reason} |`),
  );
  return [
    "",
    `## ${phase}`,
    `${PHASE_WORDS[phase]}.`,
    "",
    "| verdict | when | then | because |",
    "|---|---|---|---|",
    ...rows,
  ];
}

function rulesOf(phase: Phase): Rule[] {
  return RULES.filter((rule) => rule.phases.includes(phase));
}

function conditions({ when }: Rule): string {
  const words = FACTS.flatMap((fact) => (when[fact] === undefined ? [] : [FACT_WORDS[fact][when[fact] ? 0 : 1]]));
  return words.join(", ") || "always";
}

function actionOf({ action, page }: Rule): string {
  return page ? `**${action}**, page` : `**${action}**`;
}

function picture(): string[] {
  const edges = PHASES.flatMap((phase, index) => edgesOf(phase, PHASES[index + 1]));
  return ["flowchart TD", ...PHASES.map((phase) => `  ${nodeOf(phase)}["${phase}"]`), ...ENDS, ...edges];
}

const ENDS = [
  '  hold(["hold: nothing more is changed"])',
  '  stop(["stop"])',
  '  destroy(["destroy what was created"])',
  '  escalate(["escalate: page a person"])',
  '  done(["watched to the end"])',
];

function nodeOf(phase: Phase): string {
  return `p_${phase.replace("-", "_")}`;
}

/** One edge per target, with all verdicts that lead there; waiting leads back to the same phase and is left out. */
function edgesOf(phase: Phase, next: Phase | undefined): string[] {
  const verdicts = new Map<string, Set<string>>();
  for (const rule of rulesOf(phase).filter(({ action }) => action !== "wait")) {
    const target = targetOf(rule, phase, next);
    verdicts.set(target, new Set([...(verdicts.get(target) ?? []), ...rule.verdicts]));
  }
  return [...verdicts].map(([target, from]) => {
    const label = VERDICTS.filter((verdict) => from.has(verdict)).join(", ");
    return `  ${nodeOf(phase)} -->|${label}| ${target}`;
  });
}

function targetOf({ action }: Rule, phase: Phase, next: Phase | undefined): string {
  if (action === "rollback") return nodeOf("rollback");
  if (action !== "proceed") return action;
  return phase === "promoted" || next === undefined ? "done" : nodeOf(next);
}
