import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DeployError } from "../shared/deploy-error.ts";
import { markdownText as cell, markdownCode as code } from "../shared/text/markup.ts";
import { stacksIn } from "./affected-stacks.ts";

/** The first line of the one comment on a pull request, by which it is found again. */
export const COMMENT_MARK = "<!-- sparki:plan -->";

/** The first line of a stack's one issue about what was changed by hand. */
export const driftMark = (stack: string): string => `<!-- sparki:drift:${stack} -->`;

/** GitHub takes 65,536 characters of a comment; each stack gets its share of what a few words around them leave. */
const LONGEST = 60_000;
/** Of changes, violations and differences, in each list; the report has them all. */
const MOST_LISTED = 25;

const changeSchema = z.object({ path: z.string(), from: z.string().optional(), to: z.string().optional() });

/** What is read here of the document that `sparki plan --json` writes. */
const planSchema = z.object({
  stack: z.string(),
  fingerprint: z.object({ hash: z.string().regex(/^[0-9a-f]{64}$/) }),
  seal: z.object({ gaps: z.array(z.string()) }),
  outcome: z.string(),
  facts: z.array(z.tuple([z.string(), z.string()])),
  risks: z.array(z.object({ risk: z.string(), title: z.string(), count: z.number() })),
  changes: z.array(z.object({ risk: z.string(), action: z.string(), name: z.string(), type: z.string() })),
  policy: z.object({
    violations: z.array(z.object({ policy: z.string(), level: z.string(), message: z.string() })),
  }),
  /** A line each; a plan of an earlier version names nothing. */
  usersNotice: z.array(z.string()).default([]),
  /** Absent where it was not checked. */
  drift: z
    .array(z.object({ name: z.string(), type: z.string(), isGone: z.boolean(), changes: z.array(changeSchema) }))
    .optional(),
});
type Told = z.infer<typeof planSchema>;

/** What is read here of the document that `sparki plan --compare REF --json` writes. */
const comparedSchema = z.object({
  verdict: z.enum(["same", "different", "not-compared"]),
  versions: z.array(
    z.object({ kind: z.string(), name: z.string(), from: z.string().optional(), to: z.string().optional() }),
  ),
  steps: z.object({
    different: z.array(
      z.object({ name: z.string(), type: z.string(), because: z.object({ cause: z.string(), text: z.string() }) }),
    ),
  }),
  /** With a reason where the policies say something else. */
  policies: z.object({ because: z.unknown().optional() }),
});
type Compared = z.infer<typeof comparedSchema>;

const failureSchema = z.object({
  error: z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() }),
});

/** What is read here of the document that `sparki controls --json` writes. */
const pricedSchema = z.object({
  stack: z.string(),
  cost: z.object({ monthly: z.number().min(0), currency: z.string(), region: z.string(), asOf: z.string() }),
});
/** As AWS's own calculator counts a month. */
const HOURS_A_MONTH = 730;

/** Documents by the stack's name; `undefined` stands for one that was not made. */
type Documents = Readonly<Record<string, unknown>>;

/**
 * What is told of a pull request: every stack's plan or why there is none, under the mark that the comment is found by, what
 * other versions of Pulumi and its providers change, where `sparki plan --compare` has said so, and what a stack of the
 * request's own would cost, where `sparki controls` has.
 */
export function planComment(plans: Documents, runUrl: string, priced?: unknown, compared: Documents = {}): string {
  const end =
    "After the merge the plan is made again, with another hash: that one is approved and deployed, and only that one.";
  return `${COMMENT_MARK}\n${planSummary(plans, runUrl, compared)}\n${reviewPrice(priced)}${end}\n`;
}

function reviewPrice(document: unknown): string {
  const priced = pricedSchema.safeParse(document);
  if (!priced.success) return "";
  const { monthly, currency, region, asOf } = priced.data.cost;
  const hourly = monthly / HOURS_A_MONTH;
  const price = `${hourly.toFixed(2)} ${cell(currency)} an hour, ${(hourly * 24).toFixed(2)} a day, ${monthly.toFixed(2)} a month`;
  const basis = `list prices of ${cell(region)} as of ${cell(asOf)}, without what depends on use`;
  return `A review stack of this request, ${code(priced.data.stack)}, would cost ${price} (${basis}).\n\n`;
}

/** What somebody reads who is to approve a plan. */
export function planSummary(plans: Documents, runUrl: string, compared: Documents = {}): string {
  const stacks = Object.entries(plans);
  const share = Math.floor(LONGEST / Math.max(1, stacks.length));
  const parts = stacks.map(
    ([stack, document]) => `${withinShare(planLines(stack, document, compared[stack]), share).join("\n")}\n`,
  );
  const none = ["No stack's inputs change.\n"];
  const where = `The reports, with every change, are artifacts of [the run](${runUrl}).\n`;
  return ["## Sparki's plan\n", ...(parts.length > 0 ? [...parts, where] : none)].join("\n");
}

/** The lines that fit; the rest is the report's. */
function withinShare(lines: readonly string[], share: number): readonly string[] {
  let length = 0;
  const fitting = lines.filter((line) => {
    length += line.length + 1;
    return length < share;
  });
  return fitting.length === lines.length ? lines : [...fitting, "", "More than fits here: see the report."];
}

function planLines(stack: string, document: unknown, other: unknown): readonly string[] {
  const compared = comparedSchema.safeParse(other).data;
  const plan = planSchema.safeParse(document);
  if (!plan.success) return [`### ${code(stack)}: no plan`, "", ...reasons(document)];
  const { facts, fingerprint, risks, seal } = plan.data;
  const counted = risks.map(({ title, count }) => `${title}: ${count}`);
  const versions = compared === undefined ? [] : [["Other versions", comparedFact(compared)]];
  const risk = ["Risk", counted.join("; ") || "nothing changes"];
  const rows = [risk, ...versions, ...facts, ["Changed by hand", driftFact(plan.data)]];
  return [
    `### ${code(stack)}: ${cell(risks[0]?.title ?? "nothing changes")}`,
    "",
    `Hash ${code(fingerprint.hash)}${seal.gaps.length === 0 ? "" : ", which cannot be approved"}`,
    "",
    "| | |",
    "| --- | --- |",
    ...rows.map(([what = "", value = ""]) => `| ${cell(what)} | ${cell(value)} |`),
    ...list("Policies", violationLines(plan.data)),
    ...list(
      "What users notice",
      plan.data.usersNotice.map((line) => `- ${cell(line)}`),
    ),
    ...list("What changes, the most dangerous first", changeLines(plan.data)),
    ...list("What the plan before would not do, or do otherwise", comparedLines(compared)),
    ...list("Changed by hand", driftLines(plan.data.drift ?? [])),
  ];
}

/** Why there is no plan, in the words of the command where it said something. */
function reasons(document: unknown): readonly string[] {
  const failure = failureSchema.safeParse(document);
  if (!failure.success) return ["No plan was made: the run's log says why."];
  const { code: which, message, hint } = failure.data.error;
  return [`${code(which)}: ${cell(message)}`, ...(hint === null ? [] : ["", `Next: ${code(hint)}`])];
}

/** Pulumi's own versions, and whether a preview with those before would do the same. */
function comparedFact({ versions, verdict, steps: { different }, policies }: Compared): string {
  const own = versions.filter(({ kind }) => kind !== "package");
  const told = own.slice(0, MOST_LISTED).map(({ kind, name, from = "none", to = "none" }) => {
    return `${kind === "plugin" ? "plugin " : ""}${name} ${from} → ${to}`;
  });
  const others = versions.length - told.length;
  const all = [...told, ...(others > 0 ? [counted(others, "other package")] : [])].join(", ") || "none";
  const unexplained = different.filter(({ because }) => because.cause === "unexplained").length;
  const judged = policies.because === undefined ? "" : ", and in what the policies say";
  const verdicts = {
    same: "no difference in what would be done",
    different: `differs in ${counted(different.length, "step")}, ${unexplained} of them not explained${judged}`,
    "not-compared": "not compared, because a preview did not succeed",
  };
  return `${verdicts[verdict]}; versions: ${all}`;
}

function comparedLines(compared: Compared | undefined): readonly string[] {
  const different = compared?.steps.different ?? [];
  return different.map(({ name, type, because }) => `- **${cell(name)}** (${cell(type)}): ${cell(because.text)}`);
}

function driftFact({ drift }: Told): string {
  if (drift === undefined) return "not checked";
  return drift.length === 0 ? "nothing" : resources(drift.length);
}

function resources(count: number): string {
  return counted(count, "resource");
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function violationLines({ policy: { violations } }: Told): readonly string[] {
  return violations.map(({ policy, level, message }) => `- **${cell(policy)}** (${cell(level)}): ${cell(message)}`);
}

function changeLines({ changes }: Told): readonly string[] {
  return changes.map(({ action, name, type }) => `- ${cell(action)} **${cell(name)}** (${cell(type)})`);
}

function driftLines(drift: NonNullable<Told["drift"]>): readonly string[] {
  return drift.map(({ name, type, isGone, changes }) => {
    const told = changes.map(({ path, from = "none", to = "none" }) => code(`${path}: ${from} → ${to}`));
    return `- **${cell(name)}** (${cell(type)}): ${isGone ? "gone" : told.join(", ") || "differs"}`;
  });
}

/** A list that is opened by a click; nothing where it is empty. */
function list(title: string, lines: readonly string[]): readonly string[] {
  if (lines.length === 0) return [];
  const more = lines.length > MOST_LISTED ? [`- and ${lines.length - MOST_LISTED} more`] : [];
  const shown = [...lines.slice(0, MOST_LISTED), ...more];
  return ["", `<details><summary>${title} (${lines.length})</summary>`, "", ...shown, "", "</details>"];
}

/**
 * The text of a stack's issue about what was changed by hand; empty where nothing was. Throws SPARKI_OUTSIDE where that is
 * not known: then an issue that is open stays as it is.
 */
export function driftIssue(document: unknown, runUrl: string): string {
  const plan = planSchema.safeParse(document);
  if (!plan.success || plan.data.drift === undefined) throw unknownDrift();
  const { drift, stack } = plan.data;
  if (drift.length === 0) return "";
  const lines = [
    driftMark(stack),
    `Changed by hand at AWS, and not as the state of ${code(stack)} says: ${resources(drift.length)}.`,
    "",
    ...withinShare(driftLines(drift), LONGEST),
    "",
    "Put the change into the program, or take it back at AWS. Until then a deployment shows it in its plan, and may undo it.",
    `The report is an artifact of [the run](${runUrl}). This issue is closed by the first run that finds no difference.`,
  ];
  return `${lines.join("\n")}\n`;
}

function unknownDrift(): DeployError {
  return new DeployError("SPARKI_OUTSIDE", "whether anything was changed by hand is not known: no plan was made", {
    hint: "npx sparki plan",
  });
}

/** What a job hands on to the next, in the form of GITHUB_OUTPUT: the hash that is approved, and how much it changes. */
export function planOutputs(document: unknown): string {
  const plan = planSchema.safeParse(document);
  if (plan.success) return `hash=${plan.data.fingerprint.hash}\nchanges=${plan.data.changes.length}\n`;
  throw new DeployError("SPARKI_OUTSIDE", "there is no plan to hand on", { hint: "npx sparki plan" });
}

/** A document as it was written; undefined where there is none, or none that can be read. */
function documentIn(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return undefined;
  }
}

function plansIn(stacks: string, folder: string, ending = ""): Documents {
  const documents = stacksIn(stacks).map((stack) => [stack, documentIn(join(folder, `${stack}${ending}.json`))]);
  return Object.fromEntries(documents);
}

function textOf([what, first = "", second = "", third = ""]: readonly string[]): string {
  switch (what) {
    case "comment":
      return planComment(
        plansIn(first, second),
        third,
        documentIn(join(second, "review.json")),
        plansIn(first, second, "-compared"),
      );
    case "summary":
      return planSummary(plansIn(first, second), third);
    case "drift":
      return driftIssue(documentIn(first), second);
    case "outputs":
      return planOutputs(documentIn(first));
    default:
      throw new DeployError("SPARKI_USAGE", `nothing is called ${what}; expected comment, summary, drift or outputs`);
  }
}

// What the workflows tell: `comment STACKS FOLDER URL`, `summary STACKS FOLDER URL`, `drift PLAN URL`, `outputs PLAN`.
if (import.meta.main) process.stdout.write(textOf(process.argv.slice(2)));
