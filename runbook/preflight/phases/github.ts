import { z } from "zod";
import { environmentOf } from "../../../delivery/documents.ts";
import { withoutNumbers } from "../../../delivery/places.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import type { StackOutputs } from "../../../stacks/outputs.ts";
import { type Finding, fail, pass, skipped } from "../check.ts";
import { askGitHub, type GitHubAnswer, pageByPage, pageOf } from "../checks/code.ts";
import { askedByCli, drillingRoleOf, rolesOf } from "./account.ts";
import type { PhaseCheck, PhaseContext } from "./context.ts";
import { ownNetworkOf } from "./states.ts";

const environmentsPage = pageOf(
  "environments",
  z.object({
    name: z.string(),
    protection_rules: z.array(z.object({ type: z.string() })).default([]),
    deployment_branch_policy: z.object({}).nullish(),
  }),
);
const variablesPage = pageOf("variables", z.object({ name: z.string(), value: z.string() }));
type Variables = z.infer<typeof variablesPage>["items"];
const workflowsPage = pageOf("workflows", z.object({ path: z.string(), state: z.string() }));

/** As Pulumi names stacks here. */
const STACK = /^[a-z][a-z0-9-]*$/;

const HELP = "docs/delivery.md, Setting it up";

/** Asks about the repository that deploys the stack; throws SPARKI_OUTSIDE where nothing can be known of it. */
async function ask<T>(context: PhaseContext, path: string, schema: z.ZodType<T>, signal: AbortSignal): Promise<T> {
  const repository = repositoryOf(context);
  return toldBy(await askGitHub(context, path, schema, signal, repository), `${path} of ${repository}`);
}

/** GitHub gives no more variables in one answer, whatever is asked for. */
const PAGE = 30;
const MOST_PAGES = 50;

/** All that a list of GitHub's has, page after page; throws SPARKI_OUTSIDE for one that does not end. */
async function listed<T>(
  context: PhaseContext,
  path: string,
  schema: z.ZodType<{ readonly total: number; readonly items: readonly T[] }>,
  signal: AbortSignal,
): Promise<readonly T[]> {
  const repository = repositoryOf(context);
  const answer = await pageByPage(
    (page) => askGitHub(context, `${path}?per_page=${PAGE}&page=${page}`, schema, signal, repository),
    MOST_PAGES,
  );
  const { items, isEnded } = toldBy(answer, `${path} of ${repository}`);
  if (isEnded) return items;
  throw new DeployError("SPARKI_OUTSIDE", `GitHub's list of ${path} does not end within ${MOST_PAGES} pages`);
}

function toldBy<T>(answer: GitHubAnswer<T>, what: string): T {
  if (answer.kind === "value") return answer.value;
  const reason = answer.kind === "cannot ask" ? answer.reason : `GitHub shows no ${what} to this token`;
  throw new DeployError("SPARKI_OUTSIDE", reason, {
    hint: 'export GITHUB_TOKEN="$(gh auth token)" of an account that administers the repository',
  });
}

function variablesAt(context: PhaseContext, path: string, signal: AbortSignal): Promise<Variables> {
  return listed(context, path, variablesPage, signal);
}

function repositoryOf({ stack, delivered }: PhaseContext): string {
  const found = delivered().config.places.find((place) => place.stack === stack)?.repository;
  if (found !== undefined) return found;
  throw new DeployError("SPARKI_CONFIG", `delivery's config does not name ${stack}`);
}

const subjectSchema = z.object({ use_default: z.boolean(), sub_claim_prefix: z.string().optional() });

export const subject: PhaseCheck = {
  id: "github-subject",
  group: "Application",
  title: "Subject of GitHub's tokens",
  proves: "GitHub's tokens name the repository as the roles trust it: by its name, or with GitHub's own numbers too.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const path = "actions/oidc/customization/sub";
    const { use_default, sub_claim_prefix: begins } = await ask(context, path, subjectSchema, signal);
    const { stack: delivery, config } = context.delivered();
    const repository = repositoryOf(context);
    if (!use_default)
      return fail(
        `the tokens of ${repository} have a subject of their own form, which no role trusts; expected GitHub's default`,
        `gh api --method PUT repos/${repository}/${path} -F use_default=true`,
      );
    if (begins === undefined) return skipped(`GitHub does not tell how the tokens of ${repository} name it`);
    const named = begins.replace(/^repo:/, "");
    const numbered = config.places.find((place) => place.repository === repository)?.numbered;
    if (named === repository || named === numbered) return pass(`tokens begin with ${begins}, which the roles trust`);
    const found = `the tokens of ${repository} begin with ${begins}; the roles trust ${[repository, ...(numbered === undefined ? [] : [numbered])].map((each) => `repo:${each}`).join(" and ")}`;
    if (withoutNumbers(named) !== repository)
      return fail(
        found,
        `write it as GitHub does in sparki:runbookUrl of Pulumi.${context.stack}.yaml: ${withoutNumbers(named)}`,
      );
    return fail(
      found,
      `write into delivery/Pulumi.${delivery}.yaml: sparki-delivery:repositories: [${named}], then: npm run deploying-role, and npx sparki bootstrap --stack ${context.stack}, which applies it`,
    );
  },
};

export const environment: PhaseCheck = {
  id: "github-environment",
  group: "Application",
  title: "GitHub's environment",
  proves:
    "The stack's environment in GitHub has required reviewers, is limited to chosen branches, and names the deploying role.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const { stack, config } = context;
    const name = environmentOf(stack);
    const environments = await listed(context, "environments", environmentsPage, signal);
    const found = environments.find((each) => each.name === name);
    if (found === undefined) return fail(`${repositoryOf(context)} has no environment ${name}`, HELP);
    const variables = await variablesAt(context, `environments/${name}/variables`, signal);
    const role = valueIn(variables, "SPARKI_DEPLOY_ROLE");
    const { deploys } = rolesOf(stack, config.accountId);
    const wrong = [
      ...(found.protection_rules.some(({ type }) => type === "required_reviewers")
        ? []
        : ["has no required reviewers"]),
      ...(found.deployment_branch_policy ? [] : ["is open to every branch"]),
      ...(role === deploys ? [] : [`has SPARKI_DEPLOY_ROLE ${role ?? "not set"}; expected ${deploys}`]),
    ];
    return wrong.length === 0 ? pass(`${name} deploys as ${deploys}`) : fail(`${name} ${wrong.join(", ")}`, HELP);
  },
};

export const variables: PhaseCheck = {
  id: "github-variables",
  group: "Application",
  title: "GitHub's variables",
  proves: "The repository's variables name the stack, the role that plans it, and the backend of the states.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const { stack, config, backends } = context;
    const found = await variablesAt(context, "actions/variables", signal);
    const stacks = json(valueIn(found, "SPARKI_STACKS"));
    const { plans } = rolesOf(stack, config.accountId);
    const roles = entriesIn(valueIn(found, "SPARKI_PLAN_ROLES"));
    const backend = valueIn(found, "PULUMI_BACKEND_URL");
    const isKept = backends.states.startsWith("https:") ? !backend : backend === backends.states;
    const wrong = [
      ...(Array.isArray(stacks) && stacks.includes(stack) ? [] : [`SPARKI_STACKS does not name ${stack}`]),
      // It may be left out: then pull requests do not plan the stack.
      ...(roles[stack] === undefined || roles[stack] === plans
        ? []
        : [`SPARKI_PLAN_ROLES has ${JSON.stringify(roles[stack])} for ${stack}; expected ${plans}`]),
      ...(isKept ? [] : [`PULUMI_BACKEND_URL is ${backend || "not set"}; expected ${backends.states}`]),
    ];
    return wrong.length === 0
      ? pass(`SPARKI_STACKS, SPARKI_PLAN_ROLES and PULUMI_BACKEND_URL fit ${stack}`)
      : fail(wrong.join("; "), HELP);
  },
};

const WORKFLOWS = ".github/workflows/";
/** Those that GitHub begins by the clock, and stops by itself: in a fork, and in a public repository nobody writes to. */
const BY_THE_CLOCK = ["drift.yml", "drill.yml", "nightly.yml", "watch.yml"];

export const workflows: PhaseCheck = {
  id: "github-workflows",
  group: "Application",
  title: "GitHub's workflows",
  proves:
    "GitHub runs each of the repository's workflows: it stops those with a clock by itself in a fork, and after 60 days without a commit.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const found = (await listed(context, "actions/workflows", workflowsPage, signal))
      .filter(({ path, state }) => path.startsWith(WORKFLOWS) && state !== "deleted")
      .map(({ path, state }) => ({ name: path.slice(WORKFLOWS.length), state }));
    const stopped = found.filter(({ state }) => state !== "active");
    const unknown = BY_THE_CLOCK.filter((each) => !found.some(({ name }) => name === each));
    const repository = repositoryOf(context);
    if (stopped.length > 0)
      return fail(
        `GitHub does not run ${stopped.map(({ name, state }) => `${name} (${state})`).join(", ")}`,
        stopped.map(({ name }) => `gh workflow enable ${name} --repo ${repository}`).join(" && "),
      );
    return unknown.length === 0
      ? pass(`${found.length} workflows are active`)
      : fail(
          `${repository} has no ${unknown.join(", ")} that GitHub would run`,
          `they are known once they are on the default branch, and Actions is on: https://github.com/${repository}/actions`,
        );
  },
};

const roleSchema = z.object({ arn: z.string() });
const stacksSchema = z.array(z.string()).catch([]);

export const drills: PhaseCheck = {
  id: "github-drills",
  group: "Application",
  title: "Variable of the restore drills",
  proves:
    "The repository's variable SPARKI_DRILL_ROLES names the role that drills, for every stack. The stack's own exists, and its cluster lets it in.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const { stack, config, aws } = context;
    const found = await variablesAt(context, "actions/variables", signal);
    const text = valueIn(found, "SPARKI_DRILL_ROLES");
    const expected = drillingRoleOf(stack, config.accountId);
    if (!text)
      return fail(
        "SPARKI_DRILL_ROLES is not set, so drill.yml skips every drill",
        `gh variable set SPARKI_DRILL_ROLES --body '${JSON.stringify({ [stack]: expected })}', with every stack in it: ${HELP}`,
      );
    const roles = entriesIn(text);
    const others = stacksSchema.parse(json(valueIn(found, "SPARKI_STACKS"))).filter((each) => each !== stack);
    // Another stack may be in another account: only the name of its role is known here.
    const isNamed = (other: string) => new RegExp(`^arn:aws:iam::\\d{12}:role/drills-sparki-${other}$`);
    const wrong = [
      ...(roles[stack] === expected
        ? []
        : [`SPARKI_DRILL_ROLES has ${JSON.stringify(roles[stack] ?? null)} for ${stack}; expected ${expected}`]),
      ...others
        .filter((other) => !STACK.test(other) || !isNamed(other).test(String(roles[other])))
        .map(
          (other) => `SPARKI_DRILL_ROLES has ${JSON.stringify(roles[other] ?? null)} for ${other}, which drills too`,
        ),
    ];
    if (wrong.length > 0) return fail(wrong.join("; "), HELP);
    const name = expected.slice(expected.lastIndexOf("/") + 1);
    if ((await aws.find("iam/getRole", { name }, roleSchema)) === undefined)
      return fail(`there is no role ${name}`, `npx sparki bootstrap --stack ${stack}, which makes it`);
    return config.cluster.administrators.includes(expected)
      ? pass(`${stack} drills as ${expected}`)
      : fail(
          `${expected} is not in sparki:cluster.administrators: the cluster would refuse the drill's Job`,
          `edit Pulumi.${stack}.yaml: add it to sparki:cluster.administrators, and deploy`,
        );
  },
};

const connectionSchema = z.object({ Connection: z.object({ ConnectionStatus: z.string() }) });
const projectsSchema = z.object({
  projects: z.array(
    z.object({
      vpcConfig: z
        .object({ vpcId: z.string().optional(), securityGroupIds: z.array(z.string()).default([]) })
        .optional(),
    }),
  ),
});

export const runner: PhaseCheck = {
  id: "runner",
  group: "Infrastructure",
  title: "Runner of GitHub's jobs",
  proves:
    "The CodeBuild project of the runner is in the stack's network and in the runner's group, and its connection to GitHub is confirmed.",
  timeLimitSeconds: 120,
  run: async (context, signal) => {
    const { stack, config, delivered } = context;
    const { stack: name, config: delivery } = delivered();
    const own = await ownNetworkOf(context, signal);
    if (own === undefined) return fail(`${stack} has no network yet`, `npx sparki bootstrap --stack ${stack}`);
    const wanted = delivery.runner;
    const toWrite = `write into delivery/Pulumi.${name}.yaml: ${settingsFor(stack, own)}`;
    if (wanted === undefined || wanted.stack !== stack)
      return fail(`sparki-delivery:runner is not set for ${stack} in delivery/Pulumi.${name}.yaml`, toWrite);
    const differs = (["vpcId", "subnetIds", "securityGroupId"] as const).filter(
      (key) => String([wanted[key]].flat().sort()) !== String([own[key]].flat().sort()),
    );
    if (differs.length > 0)
      return fail(`sparki-delivery:runner has another ${differs.join(", ")} than the network of ${stack}`, toWrite);
    const region = ["--region", config.region];
    const connection = ["codeconnections", "get-connection", "--connection-arn", wanted.connectionArn, ...region];
    const project = ["codebuild", "batch-get-projects", "--names", `sparki-${stack}`, ...region];
    const [{ Connection }, { projects }] = await Promise.all([
      askedByCli(context, connection, signal).then((answer) => connectionSchema.parse(answer)),
      askedByCli(context, project, signal).then((answer) => projectsSchema.parse(answer)),
    ]);
    if (Connection.ConnectionStatus !== "AVAILABLE")
      return fail(
        `the connection is ${Connection.ConnectionStatus}; expected AVAILABLE`,
        "confirm it in AWS's console: Developer Tools, Settings, Connections",
      );
    return judged(projects[0]?.vpcConfig, own, stack, name);
  },
};

type Place = z.infer<typeof projectsSchema>["projects"][number]["vpcConfig"];

function judged(found: Place, own: StackOutputs["network"], stack: string, name: string): Finding {
  const fix = `pulumi up --cwd delivery --stack ${name} --policy-pack policies/delivery/pack`;
  const { vpcId, securityGroupIds = [] } = found ?? {};
  if (vpcId === undefined) return fail(`there is no CodeBuild project sparki-${stack} in a network`, fix);
  if (vpcId !== own.vpcId) return fail(`sparki-${stack} is in ${vpcId}; expected ${own.vpcId}`, fix);
  const groups = securityGroupIds.join(", ") || "none";
  return groups === own.securityGroupId
    ? pass(`sparki-${stack} in ${vpcId}, its connection is confirmed`)
    : fail(`sparki-${stack} has the security groups ${groups}; expected ${own.securityGroupId}`, fix);
}

/** The runner's settings of this stack, as one line of YAML; the connection is what a person has to make. */
function settingsFor(stack: string, { vpcId, subnetIds, securityGroupId }: StackOutputs["network"]): string {
  const ids = `vpcId: ${vpcId}, subnetIds: [${subnetIds.join(", ")}], securityGroupId: ${securityGroupId}`;
  return `sparki-delivery:runner: {stack: ${stack}, ${ids}, connectionArn: CONNECTION_ARN}`;
}

export const runnerVariable: PhaseCheck = {
  id: "runner-variable",
  group: "Application",
  title: "Variable of the runner",
  proves: "The repository's variable SPARKI_RUNNERS names the runner of the stack.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const { stack } = context;
    const found = await variablesAt(context, "actions/variables", signal);
    const label = entriesIn(valueIn(found, "SPARKI_RUNNERS"))[stack];
    const expected = `codebuild-sparki-${stack}-{0}-{1}`;
    return label === expected
      ? pass(`${stack} runs on ${expected}`)
      : fail(
          `SPARKI_RUNNERS has ${JSON.stringify(label ?? null)} for ${stack}; expected ${JSON.stringify(expected)}`,
          HELP,
        );
  },
};

function valueIn(all: Variables, name: string): string | undefined {
  return all.find((each) => each.name === name)?.value;
}

function entriesIn(text: string | undefined): Readonly<Record<string, unknown>> {
  return z.record(z.string(), z.unknown()).catch({}).parse(json(text));
}

function json(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
}
