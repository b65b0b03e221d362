import { type Answers, GithubRunner, type JobRun } from "../support/github-runner.ts";

const [ONE, OTHER] = ["a".repeat(64), "b".repeat(64)];
const REPOSITORY = "alexarno/sparki-deploy";
const DEPLOYS = "arn:aws:iam::111122223333:role/deploys";
const PLANS = { staging: "arn:aws:iam::444455556666:role/plans", prod: "arn:aws:iam::111122223333:role/plans" };
const vars = {
  SPARKI_STACKS: '["staging", "prod"]',
  SPARKI_PLAN_ROLES: JSON.stringify(PLANS),
  SPARKI_RUNNERS: '{"prod": "codebuild-sparki-prod-{0}-{1}"}',
  SPARKI_DEPLOY_ROLE: DEPLOYS,
};

function github(event: object, ref = "refs/heads/main", actor = "alexarno") {
  const run = { run_id: "7", run_attempt: "1", server_url: "https://github.com", token: "token" };
  return { ...run, repository: REPOSITORY, ref, actor, event: JSON.parse(JSON.stringify(event)) };
}

const pullRequest = (from = REPOSITORY, actor = "alexarno") => ({
  github: github({ pull_request: { number: 5, head: { repo: { full_name: from } } } }, "refs/pull/5/merge", actor),
  vars: from === REPOSITORY ? vars : {},
  secrets: {},
});
const push = (ref?: string) => ({ github: github({}, ref), vars, secrets: {} });

interface Drifted {
  readonly name: string;
  readonly type: string;
  readonly isGone: boolean;
  readonly changes: readonly object[];
}

function plan(hash: string, { changes = 1, drift = [] }: { changes?: number; drift?: readonly Drifted[] } = {}) {
  const change = { risk: "update", action: "update", name: "database-instance", type: "aws:rds/instance:Instance" };
  const document = {
    stack: "prod",
    fingerprint: { hash },
    seal: { gaps: [] },
    outcome: "succeeded",
    facts: [["Monthly price", "10.00 → 12.00 USD"]],
    risks: [{ risk: "update", title: "Updates in place", count: changes }],
    changes: Array.from({ length: changes }, () => change),
    policy: { violations: [] },
    drift,
  };
  return { exitCode: 0, document };
}

const REFUSED = {
  exitCode: 2,
  document: { error: { code: "SPARKI_CONFIG", message: "no domain", hint: null }, exitCode: 2 },
};

let runner: GithubRunner;

function begin(changed: readonly string[], answers: Answers): void {
  runner = new GithubRunner(changed);
  runner.answer(answers);
}

afterEach(() => runner.remove());

const results = (runs: readonly JobRun[]) => Object.fromEntries(runs.map(({ name, result }) => [name, result]));
const commands = () => runner.calls.map(([command, , stack]) => `${command} ${stack}`);
const rolesOf = (runs: readonly JobRun[]) => runs.flatMap(({ roles }) => roles);

describe("a pull request", () => {
  it("has each stack planned that it affects, with the role that plans, on the stack's own runner", () => {
    begin(["index.ts"], { plan: plan(ONE), now: ONE });
    const runs = runner.run("pull-request.yml", pullRequest());
    expect(new Set(runs.map(({ result }) => result))).toEqual(new Set(["success"]));
    expect(commands()).toEqual(["plan staging", "plan prod"]);
    expect(rolesOf(runs)).toEqual([PLANS.staging, PLANS.prod]);
    expect(runs.find(({ name }) => name === "plan prod")?.runner).toBe("codebuild-sparki-prod-7-1");
    expect(runs.find(({ name }) => name === "plan staging")?.runner).toBe("ubuntu-24.04");
  });

  it("has one comment, which tells the newest plan, however often it is pushed to", () => {
    begin(["index.ts"], { plan: plan(ONE), now: ONE });
    runner.run("pull-request.yml", pullRequest());
    runner.answer({ plan: plan(OTHER), now: OTHER });
    runner.run("pull-request.yml", pullRequest());
    expect(runner.github.comments).toHaveLength(1);
    expect(runner.github.comments[0]?.body).toContain(OTHER);
    expect(runner.github.comments[0]?.body).not.toContain(ONE);
  });

  it("of one stack's config has that stack planned alone", () => {
    begin(["Pulumi.prod.yaml"], { plan: plan(ONE), now: ONE });
    runner.run("pull-request.yml", pullRequest());
    expect(commands()).toEqual(["plan prod"]);
  });

  it("that moves an input to where none is has the stacks planned that lose it", () => {
    runner = new GithubRunner([], { "policies/network.ts": "docs/network.md" });
    runner.answer({ plan: plan(ONE), now: ONE });
    runner.run("pull-request.yml", pullRequest());
    expect(commands()).toEqual(["plan staging", "plan prod"]);
  });

  it("that changes no stack's inputs has no plan and no comment", () => {
    begin(["docs/plan.md"], { plan: plan(ONE), now: ONE });
    const runs = runner.run("pull-request.yml", pullRequest());
    expect(results(runs)).toMatchObject({ checks: "success", plan: "skipped", comment: "success" });
    expect(runner.github.comments).toEqual([]);
  });

  it("whose plan cannot be made is red, and the comment says why", () => {
    begin(["Pulumi.prod.yaml"], { plan: REFUSED, now: ONE });
    const runs = runner.run("pull-request.yml", pullRequest());
    expect(runs.find(({ name }) => name === "plan prod")).toMatchObject({ result: "failure", exitCode: 2 });
    expect(runner.github.comments[0]?.body).toContain("`SPARKI_CONFIG`: no domain");
  });

  it.each([
    ["of a fork", pullRequest("stranger/sparki-deploy")],
    ["of a fork, were the variables there", { ...pullRequest("stranger/sparki-deploy"), vars }],
    ["of Dependabot", pullRequest(REPOSITORY, "dependabot[bot]")],
  ])("%s is checked, and gets no plan, no role and no runner of ours", (_, contexts) => {
    begin(["index.ts"], { plan: plan(ONE), now: ONE });
    const runs = runner.run("pull-request.yml", contexts);
    expect(results(runs)).toEqual({ checks: "success", affected: "skipped", plan: "skipped", comment: "skipped" });
    expect(runner.calls).toEqual([]);
    expect(rolesOf(runs)).toEqual([]);
    expect(new Set(runs.map(({ runner: label }) => label))).toEqual(new Set(["ubuntu-24.04", ""]));
  });
});

describe("a merge", () => {
  it("deploys the very hash that the plan before it has, staging first, in the environment and with its role", () => {
    begin([], { plan: plan(ONE), now: ONE });
    const runs = runner.run("deploy.yml", push());
    expect(commands()).toEqual(["plan staging", "deploy staging", "plan prod", "deploy prod"]);
    const deployments = runner.calls.filter(([command]) => command === "deploy");
    for (const call of deployments) expect(call.slice(3, 6)).toEqual(["--approved", ONE, "--yes"]);
    expect(runs.map(({ name, environment, roles }) => [name, environment, roles])).toEqual([
      ["staging/plan", "", [PLANS.staging]],
      ["staging/deploy", "staging", [DEPLOYS]],
      ["prod/plan", "", [PLANS.prod]],
      ["prod/deploy", "production", [DEPLOYS]],
    ]);
  });

  it("does not deploy what has changed since the plan: sparki's refusal ends the run, and production is not touched", () => {
    begin([], { plan: plan(ONE), now: OTHER });
    const runs = runner.run("deploy.yml", push());
    expect(runs.find(({ name }) => name === "staging/deploy")).toMatchObject({ result: "failure", exitCode: 1 });
    expect(commands()).toEqual(["plan staging", "deploy staging"]);
  });

  it.each([3, 4, 5])("carries on exit code %i of a deployment", (exitCode) => {
    begin([], { plan: plan(ONE), now: ONE, exitCodes: { deploy: exitCode } });
    const runs = runner.run("deploy.yml", push());
    expect(runs.find(({ name }) => name === "staging/deploy")).toMatchObject({ result: "failure", exitCode });
    expect(commands()).not.toContain("plan prod");
  });

  it("deploys nothing without a plan", () => {
    begin([], { plan: REFUSED, now: ONE });
    expect(results(runner.run("deploy.yml", push()))).toMatchObject({
      "staging/plan": "failure",
      "staging/deploy": "skipped",
    });
    expect(commands()).toEqual(["plan staging"]);
  });

  it("asks for no approval where nothing changes", () => {
    begin([], { plan: plan(ONE, { changes: 0 }), now: ONE });
    const runs = runner.run("deploy.yml", push());
    expect(commands()).toEqual(["plan staging", "plan prod"]);
    expect(runs.filter(({ environment }) => environment !== "")).toEqual([]);
  });

  it("holds one group a stack from the plan on, the same for two merges and for a rollback", () => {
    begin([], { plan: plan(ONE, { changes: 0 }), now: ONE });
    const [first, second] = [runner.run("deploy.yml", push()), runner.run("deploy.yml", push())];
    const groups = (runs: readonly JobRun[]) => runs.map(({ group }) => group);
    expect(groups(first)).toEqual(["sparki-staging", "sparki-staging", "sparki-prod", "sparki-prod"]);
    expect(groups(second)).toEqual(groups(first));
    expect(groups(rollBack({}))).toEqual(["sparki-prod"]);
  });

  it("into another branch deploys nothing, and neither does a repository that is not set up", () => {
    begin([], { plan: plan(ONE), now: ONE });
    runner.run("deploy.yml", push("refs/heads/other"));
    runner.run("deploy.yml", { ...push(), vars: {} });
    expect(runner.calls).toEqual([]);
  });
});

function rollBack({ reason = "errors", to = "", ref = "refs/heads/main" }): readonly JobRun[] {
  return runner.run("rollback.yml", { ...push(ref), inputs: { stack: "prod", reason, to } });
}

describe("a rollback by hand", () => {
  it("rolls back in the stack's environment, with the role that deploys, and carries on how it ended", () => {
    begin([], { plan: plan(ONE), now: ONE, exitCodes: { rollback: 5 } });
    expect(rollBack({})).toMatchObject([{ environment: "production", roles: [DEPLOYS], exitCode: 5 }]);
    expect(runner.calls).toEqual([["rollback", "--stack", "prod", "--yes", "--json"]]);
  });

  it("rolls back to the release that is named, whatever its name holds", () => {
    begin([], { plan: plan(ONE), now: ONE });
    rollBack({ to: '2026.11.1"; touch here #' });
    expect(runner.calls[0]?.slice(0, 5)).toEqual(["rollback", "--stack", "prod", "--to", '2026.11.1"; touch here #']);
  });

  it.each([{ reason: " \t" }, { ref: "refs/heads/other" }])("changes nothing with %j", (given) => {
    begin([], { plan: plan(ONE), now: ONE });
    rollBack(given);
    expect(runner.calls).toEqual([]);
  });
});

describe("a morning", () => {
  const drifted = [
    { name: "cache", type: "aws:elasticache/replicationGroup:ReplicationGroup", isGone: true, changes: [] },
  ];
  const onlyProd = { ...push(), vars: { ...vars, SPARKI_STACKS: '["prod"]' } };
  const morning = (answers: Partial<Answers>) => {
    runner.answer({ plan: plan(ONE), now: ONE, ...answers });
    return results(runner.run("drift.yml", onlyProd));
  };
  const issues = () => runner.github.issues.map(({ state, title }) => [state, title]);

  it("opens one issue while something differs, changes it, and closes it once nothing does", () => {
    begin([], { plan: plan(ONE), now: ONE });
    morning({ plan: plan(ONE, { drift: drifted }) });
    morning({ plan: plan(ONE, { drift: [...drifted, ...drifted] }) });
    expect(issues()).toEqual([["open", "prod was changed by hand"]]);
    expect(runner.github.issues[0]?.body).toContain("2 resources");
    morning({});
    expect(issues()).toEqual([["closed", "prod was changed by hand"]]);
    morning({ plan: plan(ONE, { drift: drifted }) });
    expect(issues().map(([state]) => state)).toEqual(["closed", "open"]);
  });

  it("leaves the issue as it is when nothing could be compared, and is red", () => {
    begin([], { plan: plan(ONE), now: ONE });
    morning({ plan: plan(ONE, { drift: drifted }) });
    expect(morning({ plan: REFUSED })).toEqual({ "look prod": "failure", "issue prod": "failure" });
    expect(issues().map(([state]) => state)).toEqual(["open"]);
  });

  it.each([
    [0, "success"],
    [3, "success"],
    [1, "failure"],
    [5, "failure"],
  ])("with a stack whose status ends with %i is a %s", (status, result) => {
    begin([], { plan: plan(ONE), now: ONE });
    expect(morning({ exitCodes: { status } })["look prod"]).toBe(result);
  });
});
