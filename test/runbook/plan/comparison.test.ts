import { type ComparedPlan, type ComparedSide, compared, comparedPlanIn } from "../../../runbook/plan/comparison.ts";
import { makePlan } from "../../../runbook/plan/make-plan.ts";
import type { Versions } from "../../../runbook/plan/versions.ts";
import { EXIT } from "../../../shared/deploy-error.ts";
import { documentText } from "../../../shared/text/output.ts";
import { type Planned, plannedProject, type Recorded } from "../../support/planning.ts";

const LISTENER = { type: "aws:lb/listener:Listener", name: "edge-lb-https" };
const PASSWORD = { type: "random:index/randomPassword:RandomPassword", name: "cache-token" };
const VERSIONS: Versions = {
  tools: { pulumi: { pinned: "3.255.0", used: "3.255.0" } },
  packages: { "@pulumi/aws": "7.48.0", "@pulumi/random": "4.21.2" },
  plugins: { aws: "7.48.0", random: "4.21.2" },
};
const NEWER_AWS: Versions = {
  ...VERSIONS,
  packages: { ...VERSIONS.packages, "@pulumi/aws": "7.49.0" },
  plugins: { ...VERSIONS.plugins, aws: "7.49.0" },
};

interface SideOptions extends Partial<Recorded> {
  readonly versions?: Versions;
  /** Files of the program by their content's hash, beside those that both sides have. */
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: Readonly<Record<string, string>>;
}

/** A plan as its own `sparki` writes it, of a preview that told of these steps. */
async function side({ versions = VERSIONS, files = {}, config = {}, ...recorded }: SideOptions): Promise<ComparedSide> {
  const made = await makePlan(plannedProject({ steps: [], ...recorded }));
  const plan = planIn({ ...JSON.parse(documentText(made)), fingerprint: made.fingerprint });
  const { parts } = plan.fingerprint;
  const program = { entries: { ...parts.program.entries, ...files } };
  const own = { ...parts, program, config: { entries: { ...parts.config.entries, ...config } } };
  return { plan: { ...plan, fingerprint: { parts: own } }, versions, packVersion: "1.0.0" };
}

function planIn(document: unknown): ComparedPlan {
  const plan = comparedPlanIn(document);
  if ("problem" in plan) throw new Error(plan.problem);
  return plan;
}

const update = (after: Planned["after"], more: Partial<Planned> = {}): Planned => {
  return {
    ...LISTENER,
    op: "update",
    before: { sslPolicy: "one", port: 443 },
    after: { port: 443, ...after },
    ...more,
  };
};

async function differences(before: SideOptions, now: SideOptions) {
  return compared(await side(before), await side(now));
}

describe("compared", () => {
  it("finds no difference where both would do the same, whatever the versions are", async () => {
    const steps = [update({ sslPolicy: "two" })];
    expect(await differences({ steps }, { steps, versions: NEWER_AWS })).toMatchObject({
      verdict: "same",
      exitCode: EXIT.done.code,
      steps: { same: 1, different: [] },
      versions: [
        { kind: "sdk", from: "7.48.0", to: "7.49.0" },
        { kind: "plugin", from: "7.48.0", to: "7.49.0" },
      ],
    });
  });

  it("lists a step of one side with its inputs, from what is live", async () => {
    const found = await differences(
      {},
      { steps: [update({ sslPolicy: "two" })], files: { "infra/load-balancer.ts": "other" } },
    );
    expect(found).toMatchObject({
      verdict: "different",
      exitCode: EXIT.refused.code,
      files: { program: ["infra/load-balancer.ts"] },
    });
    expect(found.steps).toMatchObject({
      same: 0,
      different: [
        {
          ...LISTENER,
          before: undefined,
          now: { action: "update" },
          properties: [{ path: "sslPolicy", before: "one", now: "two" }],
          because: {
            cause: "program",
            text: "from the program's files (infra/load-balancer.ts): nothing else differs",
          },
        },
      ],
    });
  });

  it("lists of a step of both sides the inputs that they set to other values, and no other", async () => {
    const [before, now] = [
      { steps: [update({ sslPolicy: "two", a: "1" })] },
      { steps: [update({ sslPolicy: "three", a: "1" })] },
    ];
    const { steps } = await differences(before, { ...now, config: { "sparki:edge": "other" } });
    expect(steps.different).toMatchObject([
      { properties: [{ path: "sslPolicy", before: "two", now: "three" }], because: { cause: "config" } },
    ]);
  });

  it("compares two creations by every input, without the names that each preview makes up", async () => {
    const create = (name: string, length: number): Planned => ({
      ...PASSWORD,
      op: "create",
      after: { name, keepers: { length } },
    });
    const [before, now] = [[create("cache-token-1234abc", 20)], [create("cache-token-7654cba", 30)]];
    const { steps } = await differences({ steps: before }, { steps: now, versions: NEWER_AWS });
    expect(steps.different).toMatchObject([{ properties: [{ path: "keepers.length", before: "20", now: "30" }] }]);
  });

  it.each([
    ["nothing", {}, "unexplained", /^not explained: nothing that the previews are made from differs/],
    [
      "the versions",
      { versions: NEWER_AWS },
      "versions",
      /^from the versions \(@pulumi\/aws 7.48.0 → 7.49.0, plugin aws/,
    ],
    ["the program", { files: { "apps/a.ts": "x" } }, "program", /apps\/a.ts/],
    ["sparki's own code", { files: { "runbook/a.ts": "x" } }, "command", /runbook\/a.ts/],
    ["the config", { config: { "sparki:dns": "x" } }, "config", /sparki:dns/],
    ["a file that nothing is deployed from", { files: { "docs/a.md": "x", ".npmrc": "x" } }, "unexplained", /nothing/],
    [
      "program and versions",
      { files: { "apps/a.ts": "x" }, versions: NEWER_AWS },
      "unexplained",
      /^not explained: it may be from the versions .* and the program's files/,
    ],
    [
      "a lock file with its versions",
      { files: { "package-lock.json": "x" }, versions: NEWER_AWS },
      "versions",
      /nothing else differs$/,
    ],
    ["a lock file without them", { files: { "package-lock.json": "x" } }, "program", /package-lock.json/],
  ] as const)("explains a difference where %s differs", async (_, more, cause, text) => {
    const { steps } = await differences({}, { steps: [update({ sslPolicy: "two" })], ...more });
    expect(steps.different[0]?.because).toEqual({ cause, text: expect.stringMatching(text) });
  });

  it("says which provider cannot be the reason", async () => {
    const steps: Planned[] = [{ ...PASSWORD, op: "update", before: { length: 1 }, after: { length: 2 } }];
    const found = await differences({}, { steps, files: { "apps/a.ts": "x" }, versions: NEWER_AWS });
    expect(found.steps.different[0]?.because).toEqual({
      cause: "unexplained",
      text: expect.stringContaining("; @pulumi/random is the same on both sides"),
    });
  });

  it("knows a default of a newer provider from an input that the program gives, though both differ", async () => {
    const after = { sslPolicy: "two", tcpIdleTimeoutSeconds: 350, __defaults: ["tcpIdleTimeoutSeconds"] };
    const now = { steps: [update(after)], files: { "infra/load-balancer.ts": "x" }, versions: NEWER_AWS };
    const { steps } = await differences({}, now);
    expect(steps.different[0]?.properties).toMatchObject([
      { path: "sslPolicy", because: { cause: "unexplained" } },
      {
        path: "tcpIdleTimeoutSeconds",
        before: undefined,
        now: "350",
        because: {
          cause: "default",
          text: "a default that the provider fills in, not the program: @pulumi/aws 7.48.0 → 7.49.0, plugin aws 7.48.0 → 7.49.0",
        },
      },
    ]);
  });

  it("knows what another provider does with the same inputs", async () => {
    const replaced = update({ sslPolicy: "two" }, { op: "replace", keys: ["sslPolicy"] });
    const now = { steps: [replaced], files: { "apps/a.ts": "x" }, versions: NEWER_AWS };
    const { steps } = await differences({ steps: [update({ sslPolicy: "two" })] }, now);
    expect(steps.different).toMatchObject([
      {
        before: { action: "update", replacedFor: [] },
        now: { action: "replace", replacedFor: ["sslPolicy"] },
        properties: [],
        because: { cause: "provider", text: expect.stringContaining("@pulumi/aws 7.48.0 → 7.49.0") },
      },
    ]);
  });

  it("is not certain of the same inputs where a plan shows them in part", async () => {
    const text = "x".repeat(200);
    const replaced = update({ text }, { op: "replace", keys: ["text"] });
    const now = { steps: [replaced], files: { "apps/a.ts": "x" }, versions: NEWER_AWS };
    const { steps } = await differences({ steps: [update({ text })] }, now);
    expect(steps.different[0]?.because.cause).toBe("unexplained");
  });

  it.each([
    ["the program gave it before", { op: "update", after: { idle: 60 } }, undefined],
    ["it is live in another value, and nobody says whose that was", undefined, 60],
  ] as const)("does not call a provider's default the reason where %s", async (_, other, live) => {
    const before = { sslPolicy: "one", ...(live !== undefined && { idle: live }) };
    const step = (after: object, defaults: string[]): Planned => {
      return { ...LISTENER, op: "update", before, after: { sslPolicy: "two", ...after, __defaults: defaults } };
    };
    const now = { steps: [step({ idle: 350 }, ["idle"])], files: { "apps/a.ts": "x" }, versions: NEWER_AWS };
    const { steps } = await differences({ steps: other === undefined ? [] : [step(other.after, [])] }, now);
    const idle = steps.different[0]?.properties.find(({ path }) => path === "idle");
    expect(idle?.because.cause).toBe("unexplained");
  });

  it("finds a difference that a plan does not show, and shows nothing of it", async () => {
    const long = (end: string) => `${"x".repeat(200)}${end}`;
    const [before, now] = [update({ text: long("secret-one") }), update({ text: long("secret-two") })];
    const found = await differences({ steps: [before] }, { steps: [now], files: { "apps/a.ts": "x" } });
    expect(found.steps.different).toMatchObject([
      {
        properties: [],
        because: { cause: "program", text: expect.stringMatching(/^it differs in what a plan does not show/) },
      },
    ]);
    expect(JSON.stringify(found)).not.toMatch(/secret-(one|two)/);
  });

  it("shows no secret's value of what is created", async () => {
    const env = [{ name: "DB_PASSWORD", value: "hunter2" }];
    const created = (more: object) => ({
      ...PASSWORD,
      op: "create" as const,
      after: { env, password: "hunter3", ...more },
    });
    const found = await differences({ steps: [created({ a: 1 })] }, { steps: [created({ a: 2 })] });
    expect(JSON.stringify(await side({ steps: [created({})] }))).not.toMatch(/hunter/);
    expect(found.steps.different[0]?.properties).toMatchObject([{ path: "a", before: "1", now: "2" }]);
  });

  it("does not take a tool that ran alike for a reason", async () => {
    const pinned = { ...VERSIONS, tools: { pulumi: { pinned: "3.256.0", used: "3.255.0" } } };
    const found = await differences(
      {},
      { steps: [update({ sslPolicy: "two" })], files: { "apps/a.ts": "x" }, versions: pinned },
    );
    expect(found.steps.different[0]?.because.cause).toBe("program");
    expect(found.versions).toMatchObject([{ name: "pulumi", ranAs: "3.255.0" }]);
  });

  it("explains nothing for certain where the cloud has changed in between", async () => {
    const drift: Planned[] = [{ ...LISTENER, op: "update", before: { port: 1 }, after: { port: 2 } }];
    const resources = [
      { urn: "urn:pulumi:staging::sparki::a:b:C::d", type: "a:b:C", custom: true, inputs: {}, outputs: {} },
    ];
    const now = { resources, drift, steps: [update({ sslPolicy: "two" })], files: { "apps/a.ts": "x" } };
    const { steps } = await differences({ resources }, now);
    expect(steps.different[0]?.because).toEqual({
      cause: "unexplained",
      text: expect.stringContaining("what was changed by hand is not the same in both previews"),
    });
  });

  it("knows the providers of the components that a resource is a part of", async () => {
    const found = await differences(
      {},
      { steps: [update({ sslPolicy: "two" })], files: { "apps/a.ts": "x" }, versions: NEWER_AWS },
    );
    expect(found.steps.different[0]?.because.text).not.toContain("is the same on both sides");
    const { plan } = await side({ steps: [{ ...LISTENER, op: "update", before: { a: 1 }, after: { a: 2 } }] });
    const inside = (text: string) => text.replaceAll("aws:lb/", "sparki:infra:Cluster$eks:index:Cluster$aws:lb/");
    const entries = JSON.parse(inside(JSON.stringify(plan.fingerprint.parts.plan.entries)));
    const parts = { ...plan.fingerprint.parts, plan: { entries } };
    const newerEks = { ...VERSIONS, packages: { ...VERSIONS.packages, "@pulumi/eks": "4.4.0" } };
    const eks = { plan: { ...plan, fingerprint: { parts } }, versions: newerEks, packVersion: undefined };
    const { steps } = compared(await side({ files: { "apps/a.ts": "x" } }), eks);
    expect(steps.different[0]?.because.text).not.toContain("is the same on both sides");
  });
});

describe("compared, of policies", () => {
  const violation = { policy: "s01", level: "advisory", resource: "a", message: "[S01] not so" };
  const judged = (verdict: string, violations = [violation]) => {
    return { policy: { checked: 3, verdicts: { s01: verdict }, violations } };
  };

  it("names verdicts and violations that differ, and the pack's files as their reason", async () => {
    const [before, now] = [judged("3/0", []), judged("2/1")];
    const found = await differences({ result: before }, { result: now, files: { "policies/stack.ts": "x" } });
    expect(found).toMatchObject({ verdict: "different", exitCode: EXIT.refused.code });
    expect(found.policies).toMatchObject({
      verdicts: [{ policy: "s01", from: "3/0", to: "2/1" }],
      violations: { onlyBefore: [], onlyNow: [violation] },
      because: { cause: "program", text: "from the policy pack's files (policies/stack.ts): nothing else differs" },
    });
    expect(found.policies.pack.from.hash).not.toBe(found.policies.pack.to.hash);
  });

  it("is not certain where what they judge differs too", async () => {
    const now = { result: judged("2/1"), files: { "policies/stack.ts": "x", "apps/a.ts": "x" } };
    const { policies } = await differences({ result: judged("3/0", []) }, now);
    expect(policies.because?.cause).toBe("unexplained");
  });
});

describe("compared, where a preview did not succeed", () => {
  const failed = { outcome: "failed", failure: "it broke" } as const;
  const refused = {
    policy: { checked: 1, violations: [{ policy: "s01", level: "mandatory", resource: "a", message: "no" }] },
  };

  it.each([
    ["is refused by a policy", { ...failed, ...refused }, EXIT.refused.code],
    ["finds its config wrong", { ...failed, code: "SPARKI_CONFIG" as const }, EXIT.usage.code],
    ["could not end", failed, EXIT.outside.code],
  ])("compares no steps of one that %s, and ends as its plan would", async (_, result, exitCode) => {
    const steps = [update({ sslPolicy: "two" })];
    expect(await differences({ steps }, { result })).toMatchObject({
      verdict: "not-compared",
      exitCode,
      steps: { different: [] },
    });
    expect(await differences({ result }, { steps })).toMatchObject({ verdict: "not-compared", exitCode });
  });
});

describe("comparedPlanIn", () => {
  it("says what in a document is not as expected", () => {
    expect(comparedPlanIn({ outcome: "done" })).toEqual({ problem: expect.stringMatching(/^outcome: /) });
    expect(comparedPlanIn("nothing")).toEqual({ problem: expect.stringContaining("expected object") });
  });

  it("compares with a plan of an earlier sparki, which told no inputs and no defaults", async () => {
    const create: Planned = { ...PASSWORD, op: "create", after: { length: 20 } };
    const now = await side({ steps: [create] });
    const earlier = async (after: object) => {
      const document = await side({ steps: [{ ...create, after: { ...after } }] });
      const changes = document.plan.changes.map(({ inputs: _, defaults: __, ...change }) => change);
      return { ...document, plan: planIn({ ...document.plan, changes }) };
    };
    expect(compared(await earlier({ length: 20 }), now).steps).toEqual({ same: 1, different: [] });
    expect(compared(await earlier({ length: 30 }), now).steps.different).toMatchObject([
      { before: { action: "create" }, now: { action: "create" }, properties: [] },
    ]);
  });
});
