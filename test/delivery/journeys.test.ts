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
  github: github(
    { pull_request: { number: 5, user: { login: "alexarno" }, head: { repo: { full_name: from } } } },
    "refs/pull/5/merge",
    actor,
  ),
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
    const { review, ...others } = results(runs);
    expect([review, new Set(Object.values(others))]).toEqual(["skipped", new Set(["success"])]);
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

  const COMPARED = {
    verdict: "different",
    policies: {},
    versions: [{ kind: "sdk", name: "@pulumi/aws", from: "7.48.0", to: "7.49.0" }],
    steps: {
      different: [
        {
          name: "edge-lb-https",
          type: "aws:lb/listener:Listener",
          because: { cause: "versions", text: "from the versions" },
        },
      ],
    },
  };

  it.each([
    ["package-lock.json", 0, "success"],
    ["tools/catalog.ts", 1, "success"],
    ["package-lock.json", 4, "failure"],
  ])(
    "of other versions, in %s, is compared with what it goes into, where exit %i is a %s",
    (file, exitCode, result) => {
      begin([file], { plan: plan(ONE), now: ONE, compared: { exitCode, document: COMPARED } });
      const runs = runner.run("pull-request.yml", pullRequest());
      expect(runner.calls.filter((call) => call.includes("--compare"))).toEqual([
        ["plan", "--stack", "staging", "--compare", "HEAD^1", "--json"],
        ["plan", "--stack", "prod", "--compare", "HEAD^1", "--json"],
      ]);
      expect(runs.find(({ name }) => name === "plan prod")).toMatchObject({ result, exitCode: exitCode === 4 ? 4 : 0 });
      expect(runner.github.comments[0]?.body).toMatch(
        /\| Other versions \| differs in 1 step, 0 of them not explained; versions: @.?pulumi\/aws 7\.48\.0 → 7\.49\.0 \|/,
      );
    },
  );

  it("of the same versions is compared with nothing", () => {
    begin(["index.ts", "package.json"], { plan: plan(ONE), now: ONE });
    runner.run("pull-request.yml", pullRequest());
    expect(runner.calls.flat()).not.toContain("--compare");
    expect(runner.github.comments[0]?.body).not.toContain("Other versions");
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
    const rest = { affected: "skipped", plan: "skipped", review: "skipped", comment: "skipped" };
    expect(results(runs)).toEqual({ checks: "success", ...rest });
    expect(runner.calls).toEqual([]);
    expect(rolesOf(runs)).toEqual([]);
    expect(new Set(runs.map(({ runner: label }) => label))).toEqual(new Set(["ubuntu-24.04", ""]));
  });
});

describe("a review stack", () => {
  const reviewing = { ...vars, SPARKI_REVIEW_ORGANIZATION: "sparki" };
  const secrets = { PULUMI_ACCESS_TOKEN: "the token" };
  const controls = {
    stack: "pr-5",
    cost: { monthly: 475.09, currency: "USD", region: "us-east-1", asOf: "2026-06-30" },
  };
  const own = { ...pullRequest(), vars: reviewing, secrets };

  it("has its price in the pull request's comment, found without a role", () => {
    begin(["index.ts"], { plan: plan(ONE), now: ONE, controls });
    const runs = runner.run("pull-request.yml", own);
    expect(runs.find(({ name }) => name === "review")).toMatchObject({
      result: "success",
      roles: [],
      runner: "ubuntu-24.04",
    });
    expect(runner.calls.filter(([command]) => command === "controls")).toEqual([
      ["controls", "--stack", "pr-5", "--json"],
    ]);
    expect(runner.github.comments[0]?.body).toContain(
      "A review stack of this request, `pr-5`, would cost 0.65 USD an hour, 15.62 a day, 475.09 a month",
    );
  });

  it("that cannot be priced leaves the plans in the comment, and the run red", () => {
    begin(["index.ts"], { plan: plan(ONE), now: ONE, controls: {}, exitCodes: { controls: 4 } });
    const runs = runner.run("pull-request.yml", own);
    expect(results(runs)).toMatchObject({ review: "failure", comment: "success" });
    expect(runner.github.comments[0]?.body).toContain(ONE);
    expect(runner.github.comments[0]?.body).not.toContain("A review stack");
  });

  const ended = (changes: object = {}) => runner.run("review.yml", { ...own, ...changes });

  it("is destroyed by Pulumi Cloud once the request is merged or closed, from main", () => {
    begin([], { plan: plan(ONE), now: ONE });
    expect(ended()).toMatchObject([{ result: "success", roles: [], environment: "" }]);
    const [[command, url, body = "", authorization] = []] = runner.calls;
    expect([command, url, authorization]).toEqual([
      "curl",
      "https://api.pulumi.com/api/stacks/sparki/sparki/pr-5/deployments",
      "Authorization: token the token",
    ]);
    expect(JSON.parse(body)).toEqual({
      operation: "destroy",
      inheritSettings: true,
      sourceContext: { git: { branch: "refs/heads/main" } },
    });
  });

  it.each([
    [200, "success", 0],
    [404, "success", 0],
    [401, "failure", 4],
    [500, "failure", 4],
    [0, "failure", 4],
  ])("of which Pulumi Cloud says %i ends the run as a %s", (status, result, exitCode) => {
    begin([], { plan: plan(ONE), now: ONE, status });
    expect(ended()).toMatchObject([{ result, exitCode }]);
  });

  it.each([
    ["a fork's request", { ...pullRequest("stranger/sparki-deploy"), vars: reviewing, secrets }],
    ["Dependabot's request", { ...pullRequest(REPOSITORY, "dependabot[bot]"), vars: reviewing, secrets }],
    ["a repository that is not set up", { vars }],
  ])("is neither priced nor asked for by %s", (_, changes) => {
    begin(["index.ts"], { plan: plan(ONE), now: ONE, controls });
    expect(results(ended(changes))).toEqual({ destroy: "skipped" });
    expect(results(runner.run("pull-request.yml", { ...own, ...changes })).review).toBe("skipped");
    expect(runner.calls.filter(([command]) => command !== "plan")).toEqual([]);
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

describe("a drill by the clock", () => {
  const roles = { staging: "arn:aws:iam::444455556666:role/drills", prod: "arn:aws:iam::111122223333:role/drills" };
  const drilling = { ...push(), vars: { ...vars, SPARKI_DRILL_ROLES: JSON.stringify(roles) } };
  const drill = (exitCodes = {}) => {
    runner.answer({ plan: plan(ONE), now: ONE, exitCodes });
    return runner.run("drill.yml", drilling);
  };
  const issues = () => runner.github.issues.map(({ state, title }) => [state, title]);

  it("restores the database and the cache of each stack, by the role that drills, on the stack's own runner", () => {
    begin([], { plan: plan(ONE), now: ONE });
    const runs = drill();
    expect(new Set(Object.values(results(runs)))).toEqual(new Set(["success"]));
    expect(runner.calls.map(([command, ...rest]) => [command, ...rest.slice(0, 4)].join(" "))).toEqual([
      "drill restore --stack staging --yes",
      "drill restore cache --stack staging",
      "drill restore --stack prod --yes",
      "drill restore cache --stack prod",
    ]);
    expect(runner.calls.every((call) => call.includes("--yes") && call.includes("--json"))).toBe(true);
    expect(rolesOf(runs)).toEqual([roles.staging, roles.prod]);
    expect(runs.find(({ name }) => name === "drill prod")?.runner).toBe("codebuild-sparki-prod-7-1");
    expect(issues()).toEqual([]);
  });

  it.each([1, 3, 4])("that ends with %i is red, drills the cache all the same, and opens one issue", (code) => {
    begin([], { plan: plan(ONE), now: ONE });
    expect(results(drill({ drill: code }))).toEqual({
      ...{ "drill staging": "failure", "drill prod": "failure", issue: "success" },
    });
    expect(runner.calls).toHaveLength(4);
    drill({ drill: code });
    expect(issues()).toEqual([["open", "A restore drill did not pass"]]);
    drill();
    expect(issues()).toEqual([["closed", "A restore drill did not pass"]]);
  });

  it("does nothing where no role is named for it, and on another branch", () => {
    begin([], { plan: plan(ONE), now: ONE });
    const skipped = { drill: "skipped", issue: "skipped" };
    expect(results(runner.run("drill.yml", push()))).toEqual(skipped);
    expect(results(runner.run("drill.yml", { ...drilling, github: github({}, "refs/heads/x") }))).toEqual(skipped);
    expect(runner.calls).toEqual([]);
    expect(issues()).toEqual([]);
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
