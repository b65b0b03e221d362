import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { ComparisonDocument } from "./compare-run.ts";
import { type PropertyDifference, type StepDifference, toolTitle, versionText } from "./comparison.ts";
import { shortType } from "./plan-text.ts";

/** Of a step's inputs, and of the packages that are no SDK; the document has all. */
const MOST_SHOWN = 10;

/** A comparison for a terminal: the versions, what differs and why, and the verdict. */
export function comparisonText(document: ComparisonDocument, paint: Paint): string {
  const lines = [
    "",
    paint.strong(`Two plans for ${document.stack}, from one state`),
    ...factLines(document),
    ...section(paint, "Versions that differ", versionLines(document)),
    ...stepLines(document, paint),
    ...section(paint, "Charts that come to other objects", renderedLines(document)),
    ...section(paint, "Policies", policyLines(document)),
    "",
    verdictLine(document, paint),
    `Next:    ${nextCommand(document)}`,
  ];
  return `${lines.map(inColumns).join("\n")}\n`;
}

function section(paint: Paint, title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ["", paint.strong(title), ...lines];
}

function factLines({ before, now, files, policies, versions, steps, verdict }: ComparisonDocument): string[] {
  const here = now.commit === null ? "this checkout as it is" : `commit ${short(now.commit)}`;
  const { pack, checks } = policies;
  const isSamePack = pack.from.hash === pack.to.hash;
  const [packBefore = "none", packNow = "none"] = [pack.from.version, pack.to.version];
  const version = packBefore === packNow ? packNow : `${packBefore} → ${packNow}`;
  const known = [
    ["Before", `${before.name}, commit ${short(`${before.commit}`)}`],
    ["Now", [here, ...now.gaps].join("; ")],
    ...(versions.length === 0 ? [["Versions", `the same: ${toolsText(now.versions)}`]] : []),
    ["Program", filesText([...files.program, ...files.command])],
    ["Config", filesText(files.config)],
    [
      "Policy pack",
      `${version}, ${isSamePack ? "the same files" : "other files"}; ${counted(policies.policies)} policies, ${counted(checks)} checks`,
    ],
  ];
  const different = steps.different.length;
  const counts = verdict === "not-compared" ? [] : [["Steps", `${steps.same} the same in both, ${different} not`]];
  const rows = [...known, ...counts];
  const width = Math.max(...rows.map(([what = ""]) => what.length));
  return rows.map(([what = "", value]) => `  ${what.padEnd(width)}  ${value}`);
}

function toolsText(tools: ComparisonDocument["now"]["versions"]): string {
  const told = Object.entries(tools).map(
    ([name, { used, pinned }]) => `${toolTitle(name)} ${used ?? pinned ?? "unknown"}`,
  );
  return [...told, "and all packages"].join(", ");
}

function short(commit: string): string {
  return commit.slice(0, 12);
}

function counted({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? `${to}` : `${from} → ${to}`;
}

function filesText(names: readonly string[]): string {
  return names.length === 0 ? "the same" : shownOf(names).join(", ");
}

function shownOf(lines: readonly string[]): string[] {
  const rest = lines.length - MOST_SHOWN;
  return [...lines.slice(0, MOST_SHOWN), ...(rest > 0 ? [`and ${rest} more`] : [])];
}

function versionLines({ versions }: ComparisonDocument): string[] {
  const packages = versions.filter(({ kind }) => kind === "package");
  const others = versions.filter(({ kind }) => kind !== "package");
  return [...others.map(versionText), ...shownOf(packages.map(versionText))].map((line) => `  ${line}`);
}

/** The steps that differ, those with the same reason together. */
function stepLines({ steps }: ComparisonDocument, paint: Paint): string[] {
  const groups = [...Map.groupBy(steps.different, ({ because }) => because.text)];
  return groups.flatMap(([why, group]) =>
    section(
      paint,
      sentence(why),
      group.flatMap((step) => linesOf(step)),
    ),
  );
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}

function linesOf(step: StepDifference): string[] {
  const { name, type, properties, because } = step;
  const shown = shownOf(properties.map((each) => propertyText(each, because.text)));
  return [`  ${name} (${shortType(type)}): ${actionText(step)}`, ...shown.map((line) => `    ${line}`)];
}

/** What the two sides do with a resource, such as `update before, replace now because of engine`. */
export function actionText({ before, now }: Pick<StepDifference, "before" | "now">): string {
  const did = (side: StepDifference["now"]) => {
    if (side === undefined) return "nothing";
    return `${side.action}${side.replacedFor.length > 0 ? ` because of ${side.replacedFor.join(", ")}` : ""}`;
  };
  return did(before) === did(now) ? `${did(now)} on both sides` : `${did(before)} before, ${did(now)} now`;
}

function propertyText(
  { path, before = "not set", now = "not set", because }: PropertyDifference,
  common: string,
): string {
  return `${path}: ${before} → ${now}${because.text === common ? "" : `; ${because.text}`}`;
}

function renderedLines({ rendered }: ComparisonDocument): string[] {
  return rendered.map(({ release, because }) => `  ${release}; ${because.text}`);
}

function policyLines({ policies }: ComparisonDocument): string[] {
  const { verdicts, violations, because } = policies;
  if (because === undefined) return [];
  const violated = ([which, found]: readonly [string, typeof violations.onlyNow]) =>
    found.map(({ policy, level, message }) => `  only ${which}: ${policy} (${level}): ${message}`);
  const told = (
    [
      ["before", violations.onlyBefore],
      ["now", violations.onlyNow],
    ] as const
  ).flatMap(violated);
  const counts = verdicts.map(({ policy, from = "none", to = "none" }) => `  ${policy}: passed/failed ${from} → ${to}`);
  return [...told, ...shownOf(counts), `  ${because.text}`];
}

function verdictLine({ verdict, steps, before, now, policies, rendered }: ComparisonDocument, paint: Paint): string {
  if (verdict === "same") return `Verdict: ${paint.good("no differences: both would do the same")}`;
  if (verdict === "not-compared") {
    const failed = [[before.name, before] as const, ["this checkout", now] as const].filter(([, side]) => side.failure);
    const told = failed.map(([name, { outcome, failure }]) => `the preview by ${name} ${outcome}: ${failure}`);
    return `Verdict: ${paint.bad(`the steps were not compared: ${told.join("; ")}`)}`;
  }
  const all = [...steps.different, ...rendered].map(({ because }) => because);
  const reasons = [...all, ...(policies.because === undefined ? [] : [policies.because])];
  const unexplained = reasons.filter(({ cause }) => cause === "unexplained").length;
  const rest = unexplained === 0 ? "all are explained" : `${unexplained} not explained`;
  return `Verdict: ${paint.bad(`they differ, so a person decides; ${rest}`)}`;
}

function nextCommand({ stack, before, verdict }: ComparisonDocument): string {
  if (verdict === "not-compared") return `fix that, then npx sparki plan --compare ${before.name} --stack ${stack}`;
  return `npx sparki plan --stack ${stack}`;
}
