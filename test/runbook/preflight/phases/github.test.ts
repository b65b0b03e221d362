import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  drills,
  environment,
  runner,
  runnerVariable,
  subject,
  variables,
  workflows,
} from "../../../../runbook/preflight/phases/github.ts";
import { ACCOUNT, BUCKET, deliveryWith, networkOf, phaseContext, RUNNER, see } from "../../../support/phases.ts";
import { configWith } from "../../../support/preflight.ts";

const API = "GET https://api.github.com/repos/alexarno/sparki-deploy";
const DEPLOYS = `arn:aws:iam::${ACCOUNT}:role/deploys-sparki-prod`;
const PLANS = `arn:aws:iam::${ACCOUNT}:role/plans-sparki-prod`;
const GOOD = {
  name: "production",
  protection_rules: [{ type: "required_reviewers" }],
  deployment_branch_policy: { protected_branches: true, custom_branch_policies: false },
};
const listed = (all: Readonly<Record<string, string>>) => {
  const found = Object.entries(all).map(([name, value]) => ({ name, value }));
  return { body: { total_count: found.length, variables: found } };
};
const tokens = { github: "a token" };
const WORKFLOWS = join(import.meta.dirname, "../../../../.github/workflows");

function environments(found: readonly object[], role = DEPLOYS) {
  const web = {
    [`${API}/environments?`]: { body: { total_count: found.length, environments: found } },
    [`${API}/environments/production/variables`]: listed({ SPARKI_DEPLOY_ROLE: role }),
  };
  return phaseContext({ tokens, web });
}
const withVariables = (all: Readonly<Record<string, string>>) =>
  phaseContext({ tokens, web: { [`${API}/actions/variables`]: listed(all) } });

describe("GitHub's settings", () => {
  it("are unknown without a token, and where GitHub shows nothing to it", async () => {
    for (const check of [subject, environment, variables, workflows, drills, runnerVariable]) {
      await expect(see(check, phaseContext())).rejects.toMatchObject({
        message: expect.stringContaining("GITHUB_TOKEN is not set"),
        hint: expect.stringContaining("gh auth token"),
      });
      const absent = phaseContext({ tokens, web: { [API]: { status: 404 } } });
      await expect(see(check, absent)).rejects.toMatchObject({ message: expect.stringContaining("to this token") });
    }
  });

  const numbered = "alexarno@1234/sparki-deploy@5678";
  const subjects = (body: object, repositories: readonly string[] = []) =>
    phaseContext({
      tokens,
      web: { [`${API}/actions/oidc/customization/sub`]: { body } },
      delivered: () => ({ stack: "prod", config: deliveryWith({ repositories }) }),
    });

  it.each([
    ["by its name", "repo:alexarno/sparki-deploy", []],
    ["by its numbers", `repo:${numbered}`, [numbered]],
    ["still by its name", "repo:alexarno/sparki-deploy", [numbered]],
  ])("pass tokens that name the repository %s, as the roles trust it", async (_, prefix, repositories) => {
    const context = subjects({ use_default: true, sub_claim_prefix: prefix }, repositories);
    expect(await see(subject, context)).toMatchObject({ status: "pass" });
  });

  it.each([
    [
      "numbers that the roles do not trust",
      subjects({ use_default: true, use_immutable_subject: false, sub_claim_prefix: `repo:${numbered}` }),
      "begin with repo:alexarno@1234/sparki-deploy@5678; the roles trust repo:alexarno/sparki-deploy",
      "sparki-delivery:repositories: [alexarno@1234/sparki-deploy@5678]",
    ],
    [
      "other numbers",
      subjects({ use_default: true, sub_claim_prefix: `repo:${numbered}` }, ["alexarno@1/sparki-deploy@2"]),
      "the roles trust repo:alexarno/sparki-deploy and repo:alexarno@1/sparki-deploy@2",
      "sparki-delivery:repositories: [alexarno@1234/sparki-deploy@5678]",
    ],
    [
      "other letters",
      subjects({ use_default: true, sub_claim_prefix: "repo:AlexArno/sparki-deploy" }),
      "begin with repo:AlexArno/sparki-deploy",
      "sparki:runbookUrl of Pulumi.prod.yaml: AlexArno/sparki-deploy",
    ],
    [
      "a form of their own",
      subjects({ use_default: false, include_claim_keys: ["repository_id"] }),
      "have a subject of their own form",
      "-F use_default=true",
    ],
  ])("fail tokens whose subject has %s", async (_, context, reason, fix) => {
    expect(await see(subject, context)).toMatchObject({
      status: "fail",
      reason: expect.stringContaining(reason),
      fix: expect.stringContaining(fix),
    });
  });

  it("say that GitHub does not tell how its tokens name the repository", async () => {
    expect(await see(subject, subjects({ use_default: true }))).toMatchObject({ status: "skipped" });
  });

  it("pass an environment with reviewers, limited branches and the stack's role", async () => {
    expect(await see(environment, environments([GOOD]))).toMatchObject({ status: "pass" });
  });

  it.each([
    ["is not there", environments([{ ...GOOD, name: "staging" }]), "has no environment production"],
    ["has no reviewers", environments([{ ...GOOD, protection_rules: [] }]), "no required reviewers"],
    ["is open", environments([{ ...GOOD, deployment_branch_policy: null }]), "is open to every branch"],
    ["names another role", environments([GOOD], PLANS), `SPARKI_DEPLOY_ROLE ${PLANS}; expected ${DEPLOYS}`],
  ])("fail an environment that %s", async (_, context, reason) => {
    const found = await see(environment, context);
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  const right = {
    SPARKI_STACKS: '["staging", "prod"]',
    SPARKI_PLAN_ROLES: JSON.stringify({ prod: PLANS }),
    PULUMI_BACKEND_URL: BUCKET,
  };

  it("pass variables that fit, and those without a planning role for the stack", async () => {
    expect(await see(variables, withVariables(right))).toMatchObject({ status: "pass" });
    expect(await see(variables, withVariables({ ...right, SPARKI_PLAN_ROLES: "{}" }))).toMatchObject({
      status: "pass",
    });
  });

  it.each([
    [{ SPARKI_STACKS: '["staging"]' }, "SPARKI_STACKS does not name prod"],
    [{ SPARKI_STACKS: "prod" }, "SPARKI_STACKS does not name prod"],
    [{ SPARKI_PLAN_ROLES: JSON.stringify({ prod: DEPLOYS }) }, `expected ${PLANS}`],
    [{ PULUMI_BACKEND_URL: "" }, "PULUMI_BACKEND_URL is not set"],
  ])("fail variables with %j", async (changes, reason) => {
    const found = await see(variables, withVariables({ ...right, ...changes }));
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  it("read lists to their last page, of which GitHub gives 30 variables at most", async () => {
    const page = (number: number, body: object) => ({
      [`${API}/actions/variables?per_page=30&page=${number}`]: { body },
    });
    const others = Array.from({ length: 30 }, (_, index) => ({ name: `OTHER_${index}`, value: "x" }));
    const last = Object.entries(right).map(([name, value]) => ({ name, value }));
    const web = {
      ...page(1, { total_count: 33, variables: others }),
      ...page(2, { total_count: 33, variables: last }),
    };
    expect(await see(variables, phaseContext({ tokens, web }))).toMatchObject({ status: "pass" });
    const many = [...Array(40)].map((_, index) => ({ ...GOOD, name: `preview-${index}` }));
    const environmentsAt = (number: number, found: readonly object[]) => ({
      [`${API}/environments?per_page=30&page=${number}`]: { body: { total_count: 41, environments: found } },
    });
    const paged = {
      ...environmentsAt(1, many.slice(0, 30)),
      ...environmentsAt(2, [...many.slice(30), GOOD]),
      [`${API}/environments/production/variables`]: listed({ SPARKI_DEPLOY_ROLE: DEPLOYS }),
    };
    expect(await see(environment, phaseContext({ tokens, web: paged }))).toMatchObject({ status: "pass" });
  });

  it("do not read a list that has no end", async () => {
    const web = {
      [`${API}/actions/variables`]: { body: { total_count: 9999, variables: [{ name: "OTHER", value: "x" }] } },
    };
    await expect(see(variables, phaseContext({ tokens, web }))).rejects.toMatchObject({
      message: "GitHub's list of actions/variables does not end within 50 pages",
    });
  });

  describe("of workflows", () => {
    const at = (changes: Readonly<Record<string, string | undefined>>) => {
      const files = { "deploy.yml": "active", ...clocks, ...changes };
      const own = Object.entries(files).flatMap(([name, state]) =>
        state === undefined ? [] : [{ path: `.github/workflows/${name}`, state }],
      );
      const all = [...own, { path: "dynamic/dependabot/dependabot-updates", state: "disabled_manually" }];
      return phaseContext({
        tokens,
        web: { [`${API}/actions/workflows`]: { body: { total_count: all.length, workflows: all } } },
      });
    };
    const clocks = Object.fromEntries(
      readdirSync(WORKFLOWS)
        .filter((name) => readFileSync(join(WORKFLOWS, name), "utf8").includes("cron:"))
        .map((name) => [name, "active"]),
    );

    it("pass where GitHub runs each of the project's, whatever else of GitHub's own it lists", async () => {
      expect(Object.keys(clocks)).toHaveLength(4);
      expect(await see(workflows, at({ "old.yml": "deleted" }))).toMatchObject({ status: "pass" });
    });

    it.each(["disabled_inactivity", "disabled_fork", "disabled_manually"])("fail where one is %s", async (state) => {
      expect(await see(workflows, at({ "drill.yml": state }))).toEqual({
        status: "fail",
        reason: `GitHub does not run drill.yml (${state})`,
        fix: "gh workflow enable drill.yml --repo alexarno/sparki-deploy",
      });
    });

    it.each(Object.keys(clocks))("fail where GitHub does not know %s, which a clock begins", async (name) => {
      expect(await see(workflows, at({ [name]: undefined }))).toMatchObject({
        status: "fail",
        reason: expect.stringContaining(`has no ${name}`),
      });
    });
  });

  it("take the runner's label for the stack and no other", async () => {
    const label = (text: string) => withVariables({ SPARKI_RUNNERS: JSON.stringify({ prod: text }) });
    expect(await see(runnerVariable, label("codebuild-sparki-prod-{0}-{1}"))).toMatchObject({ status: "pass" });
    expect(await see(runnerVariable, label("ubuntu-latest"))).toMatchObject({ status: "fail" });
    expect(await see(runnerVariable, withVariables({}))).toMatchObject({ status: "fail" });
  });
});

describe("drills", () => {
  const role = (stack: string) =>
    `arn:aws:iam::${stack === "prod" ? ACCOUNT : "444455556666"}:role/drills-sparki-${stack}`;
  const both = { prod: role("prod"), staging: role("staging") };
  const { cluster } = configWith({});
  const administrators = cluster.administrators.filter((arn) => arn !== role("prod"));
  const unknown = configWith({ cluster: { ...cluster, administrators } });
  const of = (roles: unknown, { exists = true, config = configWith({}) } = {}) =>
    phaseContext({
      tokens,
      config,
      looks: { "iam/getRole": exists ? { arn: role("prod") } : undefined },
      web: {
        [`${API}/actions/variables`]: listed({
          SPARKI_STACKS: '["staging", "prod"]',
          ...(roles !== undefined && { SPARKI_DRILL_ROLES: typeof roles === "string" ? roles : JSON.stringify(roles) }),
        }),
      },
    });

  it("passes where every stack has its role, and the stack's own exists and may enter the cluster", async () => {
    expect(await see(drills, of(both))).toEqual({ status: "pass", reason: `prod drills as ${role("prod")}` });
  });

  it.each([
    ["nothing is set", of(undefined), "SPARKI_DRILL_ROLES is not set, so drill.yml skips every drill"],
    ["it is empty, which GitHub treats alike", of(""), "is not set"],
    ["it is no JSON", of("drills-sparki-prod"), "has null for prod"],
    ["it has no role for the stack", of({ staging: role("staging") }), `has null for prod; expected ${role("prod")}`],
    ["it has another stack's role", of({ ...both, prod: role("staging") }), `expected ${role("prod")}`],
    ["it has the planning role", of({ ...both, prod: PLANS }), `has "${PLANS}" for prod`],
    ["another stack is left out", of({ prod: role("prod") }), "has null for staging, which drills too"],
    ["another stack has a role of another name", of({ ...both, staging: DEPLOYS }), "for staging, which drills too"],
    ["the role does not exist", of(both, { exists: false }), "there is no role drills-sparki-prod"],
    ["the cluster does not know it", of(both, { config: unknown }), "is not in sparki:cluster.administrators"],
  ])("fails where %s", async (_, context, reason) => {
    const found = await see(drills, context);
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  it("says how the variable is set", async () => {
    const { fix } = await see(drills, of(undefined));
    expect(fix).toContain(`gh variable set SPARKI_DRILL_ROLES --body '{"prod":"${role("prod")}"}'`);
  });
});

describe("runner", () => {
  const delivered = () => ({ stack: "prod", config: deliveryWith({ runner: RUNNER }) });
  const { vpcId, subnetIds, securityGroupId } = RUNNER;
  const IN_PLACE = { vpcId, securityGroupIds: [securityGroupId] };
  const pulumi = networkOf({ vpcId, subnetIds, securityGroupId });
  function answered(ConnectionStatus: string, vpcConfig?: object) {
    const none = async () => ({ code: 1, stdout: "", stderr: "" });
    const aws = async ([service]: readonly string[]) => {
      const projects = vpcConfig === undefined ? [] : [{ vpcConfig }];
      const answer = service === "codebuild" ? { projects } : { Connection: { ConnectionStatus } };
      return { code: 0, stdout: JSON.stringify(answer), stderr: "" };
    };
    return phaseContext({ delivered, pulumi, commands: { aws, helm: none, git: none } });
  }

  it.each([
    ["has no network to stand in", phaseContext({ delivered }), "prod has no network yet"],
    ["is not configured", phaseContext({ pulumi }), "sparki-delivery:runner is not set"],
    [
      "is configured for another network",
      phaseContext({ delivered, pulumi: networkOf({ vpcId, subnetIds: ["subnet-1"], securityGroupId: "sg-1" }) }),
      "another subnetIds, securityGroupId than the network of prod",
    ],
    ["has a connection that nobody confirmed", answered("PENDING", IN_PLACE), "is PENDING; expected AVAILABLE"],
    ["has no project", answered("AVAILABLE"), "no CodeBuild project sparki-prod"],
    ["is in another network", answered("AVAILABLE", { ...IN_PLACE, vpcId: "vpc-1" }), `expected ${vpcId}`],
    ["is in another group", answered("AVAILABLE", { vpcId }), `security groups none; expected ${securityGroupId}`],
  ])("fails where it %s", async (_, context, reason) => {
    const found = await see(runner, context);
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  it("passes where the project is in the network and the connection confirmed", async () => {
    expect(await see(runner, answered("AVAILABLE", IN_PLACE))).toMatchObject({ status: "pass" });
  });

  it("says what to write where it is not configured, with the network's own ids", async () => {
    expect(await see(runner, phaseContext({ pulumi }))).toMatchObject({
      fix: expect.stringContaining(
        `{stack: prod, vpcId: ${vpcId}, subnetIds: [${subnetIds}], securityGroupId: ${securityGroupId}`,
      ),
    });
  });

  it("is unknown where AWS refuses to say", async () => {
    const refused = async () => ({ code: 254, stdout: "", stderr: "\nAccessDenied\n" });
    const context = phaseContext({ delivered, pulumi, commands: { aws: refused, helm: refused, git: refused } });
    await expect(see(runner, context)).rejects.toMatchObject({ message: expect.stringContaining("AccessDenied") });
  });
});
