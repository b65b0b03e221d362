import { rmSync } from "node:fs";
import {
  COMMENT_MARK,
  driftIssue,
  driftMark,
  planComment,
  planOutputs,
  planSummary,
} from "../../delivery/plan-comment.ts";
import { compared, comparedPlanIn } from "../../runbook/plan/comparison.ts";
import { makePlan } from "../../runbook/plan/make-plan.ts";
import { deployCommand, planWords } from "../../runbook/plan/plan.ts";
import { documentText } from "../../shared/text/output.ts";
import { type Planned, plannedProject, type Recorded, urnOf } from "../support/planning.ts";

const RUN = "https://github.com/alexarno/sparki-deploy/actions/runs/1";
const DATABASE = { type: "aws:rds/instance:Instance", name: "database-instance" };
const steps: readonly Planned[] = [
  { op: "create", type: "aws:ec2/vpc:Vpc", name: "network-vpc", after: { cidr: "10.0.0.0/16" } },
  { op: "replace", ...DATABASE, before: { zone: "a" }, after: { zone: "b", password: "hunter2" }, keys: ["zone"] },
];
const state = { resources: [{ urn: urnOf(DATABASE), type: DATABASE.type, custom: true }] };
const drift: readonly Planned[] = [{ op: "update", ...DATABASE, before: { size: 1 }, after: { size: 2 } }];
const violation = { policy: "stateful-kept", level: "mandatory", resource: DATABASE.name, message: "is replaced" };

/** What `sparki plan --json` writes of it. */
async function documentOf(recorded: Recorded) {
  const target = plannedProject(recorded);
  try {
    const plan = await makePlan(target);
    const document: unknown = JSON.parse(
      documentText({ ...plan, ...planWords(plan), files: {}, next: deployCommand(plan) }),
    );
    return { plan, document };
  } finally {
    rmSync(target.projectDirectory, { recursive: true });
  }
}

describe("planComment", () => {
  it("tells risk, price, policies, duration, what happens if it fails, and the hash", async () => {
    const approvals = [{ resource: DATABASE.name, action: "replace", by: "@alexarno", until: "2027-11-28" } as const];
    const { plan, document } = await documentOf({ steps, ...state, approvals });
    const text = planComment({ staging: document }, RUN);
    expect(text).toContain("| Risk | Replaces or deletes what holds data: 1; Creates: 1 |");
    expect(text).toContain("### `staging`: Replaces or deletes what holds data");
    for (const [what] of planWords(plan).facts) expect(text).toContain(`| ${what} | `);
    for (const what of ["Policies", "Monthly price", "Duration", "If it fails"]) expect(text).toContain(`| ${what} | `);
    expect(text).toContain(`\`${plan.fingerprint.hash}\``);
    expect(text).toContain(RUN);
  });

  it("says what users notice, where anything is", async () => {
    const resized = {
      op: "update" as const,
      ...DATABASE,
      before: { instanceClass: "a" },
      after: { instanceClass: "b" },
    };
    const { document } = await documentOf({ steps: [resized], ...state });
    expect(planComment({ staging: document }, RUN)).toContain(
      "database-instance: instance class a → b, nobody reaches it",
    );
    const nothing = await documentOf({ steps: [] });
    expect(planComment({ staging: nothing.document }, RUN)).not.toContain("What users notice");
  });

  it("begins with the mark by which the workflow finds it again", async () => {
    const { document } = await documentOf({ steps });
    expect(planComment({ staging: document }, RUN).startsWith(`${COMMENT_MARK}\n`)).toBe(true);
    expect(planSummary({ staging: document }, RUN)).not.toContain("<!--");
  });

  it("tells every stack's plan in one comment, and of a stack without one the reason", async () => {
    const { document } = await documentOf({ steps });
    const failure = {
      error: { code: "SPARKI_CONFIG", message: "no such stack", hint: "pulumi stack init" },
      exitCode: 2,
    };
    const text = planComment({ staging: document, prod: failure, other: undefined }, RUN);
    expect(text).toContain("### `staging`: ");
    expect(text).toContain("### `prod`: no plan\n\n`SPARKI_CONFIG`: no such stack\n\nNext: `pulumi stack init`");
    expect(text).toContain("### `other`: no plan\n\nNo plan was made");
  });

  it("tells what other versions would do otherwise, and why", async () => {
    const approvals = [{ resource: DATABASE.name, action: "replace", by: "@alexarno", until: "2027-11-28" } as const];
    const { plan, document } = await documentOf({ steps, ...state, approvals });
    const older = await documentOf({ steps: steps.slice(0, 1), ...state, approvals });
    const versions = { tools: {}, packages: { "@pulumi/aws": "7.48.0", zod: "4.0.0" }, plugins: {} };
    const newer = { ...versions, packages: { "@pulumi/aws": "7.49.0", zod: "4.1.0" } };
    const [one, other] = [older.document, document].map((each) => comparedPlanIn(each));
    if (one === undefined || other === undefined || "problem" in one || "problem" in other) throw new Error("no plans");
    const sides = [
      { plan: one, versions, packVersion: undefined },
      { plan: other, versions: newer, packVersion: undefined },
    ] as const;
    const told = (compared: unknown) => planComment({ staging: document }, RUN, undefined, { staging: compared });
    const text = told(JSON.parse(documentText(compared(...sides))));
    expect(text).toMatch(
      /\| Other versions \| differs in 1 step, 0 of them not explained; versions: @.?pulumi\/aws 7\.48\.0 → 7\.49\.0, 1 other package \|/,
    );
    expect(text).toMatch(/- \*\*database-instance\*\* \(aws:rds\/instance:Instance\): from the versions \(/);
    expect(text).toContain(plan.fingerprint.hash);
    const judged = { ...other, policy: { ...other.policy, verdicts: { s01: "2/1" } } };
    const otherwise = compared(sides[1], { ...sides[1], plan: judged });
    expect(told(JSON.parse(documentText(otherwise)))).toContain(
      "differs in 0 steps, 0 of them not explained, and in what the policies say;",
    );
    const same = JSON.parse(documentText(compared(sides[1], sides[1])));
    expect(told(same)).toContain("| Other versions | no difference in what would be done; versions: none |");
    expect(told({ error: {} })).not.toContain("Other versions");
  });

  it("says so where no stack's inputs change", () => {
    expect(planComment({}, RUN)).toContain("No stack's inputs change.");
  });

  it("names what policies refuse and what was changed by hand", async () => {
    const { document } = await documentOf({
      steps,
      ...state,
      drift,
      result: { policy: { checked: 9, violations: [violation] } },
    });
    const text = planComment({ staging: document }, RUN);
    expect(text).toContain("- **stateful-kept** (mandatory): is replaced");
    expect(text).toContain("| Changed by hand | 1 resource |");
    expect(text).toContain("- **database-instance** (aws:rds/instance:Instance): `size: 1 → 2`");
  });

  it("holds no secret's value, and nothing from a plan that GitHub would obey", async () => {
    const name = "<img src=x> @alexarno [x](https://x.test) `a` |";
    const { document } = await documentOf({ steps: [...steps, { op: "create", type: "a:b/c:D", name, after: {} }] });
    const text = planComment({ staging: document }, RUN);
    expect(text).not.toContain("hunter2");
    for (const part of [/<img/, /@alexarno/, /(?<!\\)\[x(?<!\\)\]/, /(?<!\\)`a\\?`/]) expect(text).not.toMatch(part);
  });

  it("fits into what GitHub takes of a comment, however much changes", async () => {
    const many = Array.from({ length: 400 }, (_, index): Planned => {
      return { op: "create", type: "a:b/c:D", name: `${"x".repeat(3_000)}-${index}`, after: {} };
    });
    const { document } = await documentOf({ steps: many });
    const text = planComment({ staging: document, prod: document }, RUN);
    expect(text.length).toBeLessThan(65_536);
    expect(text).toContain("More than fits here: see the report.");
  });
});

describe("planComment with a review stack's price", () => {
  const cost = { monthly: 475.09, currency: "USD", region: "us-east-1", asOf: "2026-06-30" };

  it("tells it by the hour, the day and the month, with the list that it is from", () => {
    expect(planComment({}, RUN, { stack: "pr-5", cost })).toContain(
      "`pr-5`, would cost 0.65 USD an hour, 15.62 a day, 475.09 a month (list prices of us-east-1 as of 2026-06-30, ",
    );
  });

  it("holds nothing from it that GitHub would obey", () => {
    const name = "<img src=x> @alexarno [x](https://x.test)";
    const text = planComment({}, RUN, { stack: name, cost: { ...cost, region: name, currency: name } });
    for (const part of [/<img/, /[^`]@alexarno/, /(?<!\\)\[x(?<!\\)\]/])
      expect(text.replace(/`.*?`/g, "``")).not.toMatch(part);
  });

  it.each([
    undefined,
    {},
    { error: { code: "SPARKI_OUTSIDE", message: "x", hint: null } },
    { stack: "pr-5", cost: {} },
  ])("says nothing of it where the document is %j", (document) => {
    expect(planComment({}, RUN, document)).toBe(planComment({}, RUN));
  });
});

describe("driftIssue", () => {
  it("tells what differs, under the stack's mark", async () => {
    const { document } = await documentOf({ steps, ...state, drift });
    const text = driftIssue(document, RUN);
    expect(text.startsWith(`${driftMark("staging")}\n`)).toBe(true);
    expect(text).toContain("- **database-instance** (aws:rds/instance:Instance): `size: 1 → 2`");
  });

  it("is empty where nothing differs, so that the issue is closed", async () => {
    expect(driftIssue((await documentOf({ steps, ...state })).document, RUN)).toBe("");
  });

  it.each([undefined, {}, { error: { code: "SPARKI_OUTSIDE", message: "x", hint: null }, exitCode: 4 }])(
    "refuses to say that nothing differs when the document is %j",
    (document) => {
      expect(() => driftIssue(document, RUN)).toThrow("is not known");
    },
  );

  it("refuses it too when the comparison was not made", async () => {
    const { plan } = await documentOf({ steps });
    expect(() => driftIssue({ ...plan, ...planWords(plan), drift: undefined }, RUN)).toThrow("is not known");
  });
});

describe("planOutputs", () => {
  it("hands on the plan's own hash, and how many changes it has", async () => {
    const { plan, document } = await documentOf({ steps });
    expect(planOutputs(document)).toBe(`hash=${plan.fingerprint.hash}\nchanges=2\n`);
  });

  it("hands on no hash that is none, which could write outputs of its own", async () => {
    const { plan } = await documentOf({ steps });
    const fingerprint = { ...plan.fingerprint, hash: "a\nchanges=0" };
    expect(() => planOutputs({ ...plan, ...planWords(plan), fingerprint })).toThrow("no plan to hand on");
    expect(() => planOutputs(undefined)).toThrow("no plan to hand on");
  });
});
