import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makePlan } from "../../../runbook/plan/make-plan.ts";
import { type Plan, planExitCode, planSummary } from "../../../runbook/plan/plan.ts";
import { planHtml, planMarkdown, writePlan } from "../../../runbook/plan/plan-files.ts";
import { riskOf } from "../../../runbook/plan/planned.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { type Planned, plannedProject, type Recorded, urnOf } from "../../support/planning.ts";

const DATABASE = { type: "aws:rds/instance:Instance", name: "database-instance" };
const ROLE = { type: "aws:iam/role:Role", name: "engine-role" };
const steps: readonly Planned[] = [
  { op: "create", type: "aws:ec2/vpc:Vpc", name: "network-vpc", after: { cidr: "10.0.0.0/16" } },
  { op: "update", ...ROLE, before: { policy: "a" }, after: { policy: "<b>" } },
  { op: "replace", ...DATABASE, before: { zone: "a" }, after: { zone: "b", password: "hunter2" }, keys: ["zone"] },
  { op: "same", type: "aws:s3/bucket:Bucket", name: "logs", before: {}, after: {} },
];
const APPROVED = {
  resource: DATABASE.name,
  action: "replace",
  by: "@alexarno",
  until: "2027-11-28",
} as const;
const violation = {
  policy: "stateful-kept",
  level: "mandatory",
  resource: "database-instance",
  message: "is replaced",
};
const files = { html: "a.html", markdown: "a.md", json: "a.json" };

async function planOf(recorded: Recorded): Promise<{ plan: Plan; written: Readonly<Record<string, string>> }> {
  const target = plannedProject({ approvals: [APPROVED], ...recorded });
  try {
    const plan = await makePlan(target);
    const { html, json, markdown } = await writePlan(target.projectDirectory, plan);
    const read = (file: string) => readFileSync(join(target.projectDirectory, file), "utf8");
    return { plan, written: { html: read(html), json: read(json), markdown: read(markdown) } };
  } finally {
    rmSync(target.projectDirectory, { recursive: true });
  }
}

const state = { resources: [{ urn: urnOf(DATABASE), type: DATABASE.type, custom: true }] };
const drift: readonly Planned[] = [
  { op: "delete", ...ROLE, before: {} },
  { op: "update", ...DATABASE, before: { size: 1 }, after: { size: 2 } },
  { op: "update", type: "pulumi:pulumi:StackReference", name: "previous-outputs", before: {}, after: { a: 1 } },
];

describe("makePlan", () => {
  it("puts the most dangerous changes first and counts what stays", async () => {
    const { plan } = await planOf({ steps });
    expect(plan.changes.map(({ risk, name }) => [risk, name])).toEqual([
      ["stateful", "database-instance"],
      ["security", "engine-role"],
      ["create", "network-vpc"],
    ]);
    expect(plan.unchanged).toBe(1);
  });

  it("shows what was changed by hand, and nothing of what Pulumi itself keeps", async () => {
    const { plan } = await planOf({ steps, drift, ...state });
    expect(plan.drift).toMatchObject([
      { name: "engine-role", isGone: true, changes: [] },
      { name: "database-instance", isGone: false, changes: [{ path: "size", from: "1", to: "2" }] },
    ]);
  });

  it("says in every document what users notice, and what is not known", async () => {
    const resized = {
      op: "update" as const,
      ...DATABASE,
      before: { instanceClass: "a", odd: 1 },
      after: { instanceClass: "b", odd: 2 },
    };
    const { plan, written } = await planOf({ steps: [resized] });
    expect(plan.notices.map(({ property, effect }) => [property, effect])).toEqual([
      ["instanceClass", "outage"],
      ["odd", "unknown"],
    ]);
    expect(Object(JSON.parse(written.json ?? "")).notices).toEqual(plan.notices);
    for (const text of [written.html, written.markdown, planSummary(plan, files, plainScreen(process.stderr).paint)]) {
      expect(text?.toLowerCase()).toContain("users notice");
      expect(text?.replaceAll(/\s+/g, " ")).toContain("not known whether users notice");
    }
    const nothing = await planOf({ steps: [] });
    expect(nothing.plan.notices).toEqual([]);
    expect(nothing.written.markdown).toContain("Nothing of the database, the cache and the cluster");
  });

  it("tells what the changes cost a month", async () => {
    const gateway = { type: "aws:ec2/natGateway:NatGateway", name: "nat", after: {} };
    const { plan } = await planOf({ steps: [{ ...gateway, op: "create" }] });
    expect(plan.monthlyCost.from).toBeUndefined();
    expect(plan.monthlyCost.to).toBeGreaterThan(30);
  });

  it("asks nothing of the cloud before there is anything in it", async () => {
    expect((await planOf({ steps, drift })).plan.drift).toEqual([]);
  });
});

describe("the reports", () => {
  it("hold no secret's value", async () => {
    const { written } = await planOf({ steps });
    for (const text of Object.values(written)) expect(text).not.toContain("hunter2");
  });

  it("keep no secret, control or command to CI of outside text in the document, and the fingerprint as it is", async () => {
    const words = "::error::x\u001b[2J\u202e postgres://sparki:hunter2hunter2@db/x";
    const { plan, written } = await planOf({
      steps,
      result: { policy: { checked: 9, violations: [{ ...violation, message: words }] } },
    });
    const document = JSON.parse(written.json ?? "");
    expect(written.json).not.toMatch(/hunter2|\\u001b|\u202e|"::error/);
    expect(document.policy.violations[0].message).toBe(": :error::x postgres://[secret]@db/x");
    expect(document.fingerprint).toEqual(plan.fingerprint);
  });

  it("need no network and no script", async () => {
    const { written } = await planOf({ steps });
    expect(written.html).not.toMatch(/<script|<link|<img|\bsrc=|url\(|@import|https?:/);
    expect(written.html).toMatch(/<html lang="en">.*<meta name="viewport"[^>]*>.*<title>/s);
  });

  it("show text as it is, whatever is in it", async () => {
    const { plan } = await planOf({ steps });
    expect(planHtml(plan)).toContain("a → &lt;b&gt;");
    expect(planHtml(plan)).not.toContain("<b>");
    expect(planMarkdown(plan)).toContain("`policy: a → <b>`");
  });

  it("leave a long difference of manifests to the HTML, so that the Markdown fits a comment", async () => {
    const { plan } = await planOf({ steps });
    const diff = "+  long: line\n".repeat(5000);
    const long = {
      ...plan,
      helm: [
        {
          release: "engine-fleet",
          diff,
          added: 5000,
          removed: 0,
          note: undefined,
          live: undefined,
          objects: [],
          callouts: [],
        },
      ],
    };
    expect(planMarkdown(long).length).toBeLessThan(10_000);
    expect(planMarkdown(long)).toContain("Manifests of engine-fleet (+5000 −0)");
    expect(planHtml(long).length).toBeGreaterThan(diff.length);
  });

  it("tell images, drift, violations and the command to deploy just this", async () => {
    const result = { policy: { checked: 9, violations: [violation] } };
    const { plan } = await planOf({ steps, drift, ...state, result });
    for (const text of [planHtml(plan), planMarkdown(plan)]) {
      expect(text).toContain("sha256:b099ca69b2d92a13b4b6e5dd13bbf272d8990c7fb6593c2ee01c4b3c85e9f2fe");
      expect(text).toContain("size: 1 → 2");
      expect(text).toContain("is replaced");
      expect(text).toContain("Price a month");
      expect(text).toContain("data transfer: to the internet");
      expect(text).toContain(`npx sparki deploy --stack staging --approved ${plan.fingerprint.hash}`);
    }
  });
});

describe("planSummary", () => {
  const { paint } = plainScreen(process.stderr);

  it("ends with the hash and the next command", async () => {
    const { plan } = await planOf({ steps });
    expect(planSummary(plan, files, paint).trimEnd()).toMatch(
      /Report: a\.html\nHash: {3}[0-9a-f]{64}\nNext: {3}npx sparki deploy --stack staging --approved [0-9a-f]{64}$/,
    );
  });

  it("offers no deployment of what the preview refused", async () => {
    const { plan } = await planOf({ steps, result: { outcome: "failed", failure: "no credentials" } });
    const summary = planSummary(plan, files, paint);
    expect(summary).not.toMatch(/npx sparki deploy|Hash:|Changes {2}|Monthly price|Duration/);
    expect(summary).toContain("failed: no credentials");
    expect(summary.trimEnd()).toMatch(/Next: {3}fix that, then npx sparki plan --stack staging$/);
  });
});

describe("planExitCode", () => {
  it.each([
    [0, {}],
    [1, { outcome: "failed", policy: { checked: 1, violations: [violation] } }],
    [2, { outcome: "failed", failure: "gate could never decide", code: "SPARKI_CONFIG" }],
    [4, { outcome: "failed", failure: "no credentials" }],
  ] as const)("is %d for %j", async (exitCode, result) => {
    expect(planExitCode((await planOf({ steps, result })).plan)).toBe(exitCode);
  });
});

describe("riskOf", () => {
  it.each([
    ["delete", "aws:kms/key:Key", "stateful"],
    ["replace", "aws:elasticache/replicationGroup:ReplicationGroup", "stateful"],
    ["delete", "aws:route53/zone:Zone", "stateful"],
    ["replace", "aws:lb/listener:Listener", "disruptive"],
    ["delete", "aws:iam/role:Role", "disruptive"],
    ["replace", "command:local:Command", "update"],
    ["create", "aws:iam/rolePolicy:RolePolicy", "security"],
    ["update", "aws:ec2/securityGroup:SecurityGroup", "security"],
    ["create", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "security"],
    ["update", "aws:s3/bucketPolicy:BucketPolicy", "security"],
    ["update", "kubernetes:networking.k8s.io/v1:NetworkPolicy", "security"],
    ["update", "aws:rds/instance:Instance", "update"],
    ["create", "aws:rds/instance:Instance", "create"],
    ["same", "aws:kms/key:Key", undefined],
  ] as const)("of a %s of %s is %s", (action, type, risk) => {
    expect(riskOf({ action, type })).toBe(risk);
  });
});
