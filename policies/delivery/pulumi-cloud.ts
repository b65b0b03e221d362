import type { DeliveryConfig } from "../../delivery/config.ts";
import { type Declaration, known, Matcher, matching, optional, type Shape } from "../declared/shape.ts";
import { one } from "./shapes.ts";

type Cloud = NonNullable<DeliveryConfig["pulumiCloud"]>;
type Place = DeliveryConfig["places"][number];

const MAIN = "refs/heads/main";
const TOP = 'cd "$(git rev-parse --show-toplevel)"';
const INSTALL = `${TOP} && npm ci --ignore-scripts && npm rebuild node`;
const POOL = "pulumi-cloud-runners";

/** Deployments of the account's stacks by Pulumi Cloud: on runners of one's own, of main, with the policies. */
export function cloudOf({ pulumiCloud, accountId, places }: DeliveryConfig): Declaration[] {
  if (pulumiCloud === undefined) return [];
  return [
    ...one("pulumiservice:index:AgentPool", POOL, {
      organizationName: pulumiCloud.organization,
      name: `sparki-${accountId}`,
      description: "In the private subnets of Sparki's stacks: reaches the cluster's API and Prometheus",
      forceDestroy: optional(false),
    }),
    ...places.flatMap((place) => [
      ...deploymentsOf(pulumiCloud, place),
      ...taskOf(pulumiCloud, place, "verify", "npx sparki verify"),
      ...taskOf(pulumiCloud, place, "watch", "npx sparki watch --once"),
      ...beginningsOf(pulumiCloud, place),
    ]),
  ];
}

interface Settings {
  readonly name: string;
  readonly project: string;
  readonly stack: Shape;
  readonly directory: string;
  readonly branch: string;
  readonly commands: readonly string[];
  readonly environment: Readonly<Record<string, Shape>>;
  /** As AWS names it, with its logical name. */
  readonly role: readonly [name: string, logical: string];
  readonly hours: number;
  readonly ends: boolean;
  readonly vcs: Readonly<Record<string, Shape>>;
}

function settingsOf({ organization, image }: Cloud, { accountId }: Place, of: Settings): Declaration[] {
  const [role, logical] = of.role;
  const roleARN = known(`arn:aws:iam::${accountId}:role/${role}`, logical);
  const operationContext = {
    preRunCommands: [...of.commands],
    environmentVariables: of.environment,
    oidc: { aws: { roleARN, sessionName: `pulumi-\${deployment.version}`, duration: `${of.hours}h0m0s` } },
    options: {
      shell: "bash",
      skipInstallDependencies: true,
      skipIntermediateDeployments: true,
      deleteAfterDestroy: of.ends,
    },
  };
  return one("pulumiservice:index:DeploymentSettings", of.name, {
    organization,
    project: of.project,
    stack: of.stack,
    agentPoolId: known(matching("the id of the pool", /^[\w/.-]+$/), POOL),
    executorContext: { executorImage: image },
    sourceContext: { git: { branch: of.branch, repoDir: of.directory } },
    vcs: of.vcs,
    cacheOptions: { enable: false },
    operationContext: known(operationContext, logical),
  });
}

/** Both would run a pull request's own code with a role. */
const NO_PULL_REQUEST = { previewPullRequests: false, pullRequestTemplate: false };

function deploymentsOf(cloud: Cloud, place: Place): Declaration[] {
  const { stack, region, repository } = place;
  const { organization, drift } = cloud;
  const ending = cloud.endings.find((each) => each.stack === stack);
  const of = { organization, project: "sparki", stack };
  const review =
    ending?.review === undefined
      ? []
      : [
          `${TOP} && node delivery/review-stack.ts ${stack} ${ending.review.by} ${ending.at.slice(0, 10)} > Pulumi.${stack}.yaml`,
        ];
  return [
    ...settingsOf(cloud, place, {
      name: `pulumi-cloud-deploys-${stack}`,
      project: "sparki",
      stack,
      directory: ".",
      branch: ending?.review === undefined ? MAIN : `refs/heads/${ending.review.branch}`,
      commands: [INSTALL, `${TOP} && node tools/main.ts helm`, ...review],
      environment: { AWS_REGION: region, PULUMI_OPTION_POLICY_PACK: "policies" },
      role: [`deploys-sparki-${stack}`, `roles-deploys-${stack}`],
      hours: 4,
      ends: ending !== undefined,
      vcs: {
        provider: "github",
        repository,
        deployCommits: cloud.deployOnPush.includes(stack),
        ...NO_PULL_REQUEST,
        paths: PATHS,
      },
    }),
    ...one("pulumiservice:index:DriftSchedule", `pulumi-cloud-drift-${stack}`, {
      ...of,
      scheduleCron: drift,
      autoRemediate: false,
    }),
    ...(ending === undefined
      ? []
      : one("pulumiservice:index:TtlSchedule", `pulumi-cloud-ends-${stack}`, {
          ...of,
          timestamp: ending.at,
          deleteAfterDestroy: true,
        })),
    ...one("pulumiservice:index:Environment", `pulumi-cloud-environment-${stack}`, {
      organization,
      project: "sparki",
      name: `${stack}-plans`,
      yaml: known(DEFINITION, `roles-plans-${stack}`),
    }),
  ];
}

/** Which files a push must change to begin a deployment: it begins no other one. */
const PATHS = new Matcher(
  "paths of the repository",
  (value) => Array.isArray(value) && value.length > 0 && value.every((path) => /^[\w./*-]+$/.test(String(path))),
);

/** A policy cannot read the text of an asset. Whose credentials it may open, AWS decides by the planning role's trust. */
const DEFINITION = new Matcher("a text", (value) => typeof value === "object" && value !== null && "text" in value);

const after = (stack: string, task: string) => `${stack}-${task}`;

function taskOf(cloud: Cloud, place: Place, task: string, command: string): Declaration[] {
  const { stack, region, repository } = place;
  const { organization } = cloud;
  const home = `pulumi-cloud-${task}-${stack}`;
  return [
    ...one("pulumiservice:index:Stack", home, {
      organizationName: organization,
      projectName: "sparki-after",
      stackName: after(stack, task),
      forceDestroy: true,
    }),
    ...settingsOf(cloud, place, {
      name: `pulumi-cloud-${task}-settings-${stack}`,
      project: "sparki-after",
      stack: known(after(stack, task), home),
      directory: "delivery/after",
      branch: MAIN,
      commands: [INSTALL, `${TOP} && ${command} --stack ${organization}/sparki/${stack}`],
      environment: { AWS_REGION: region },
      role: [`plans-sparki-${stack}`, `roles-plans-${stack}`],
      hours: 1,
      ends: false,
      vcs: { provider: "github", repository, deployCommits: false, ...NO_PULL_REQUEST },
    }),
  ];
}

/** What begins the tasks: an update that succeeded, and the clock. */
function beginningsOf({ organization }: Cloud, { stack }: Place): Declaration[] {
  return [
    ...one("pulumiservice:index:Webhook", `pulumi-cloud-verified-${stack}`, {
      organizationName: organization,
      projectName: "sparki",
      stackName: stack,
      displayName: "Verify what was deployed",
      format: "pulumi_deployments",
      payloadUrl: `sparki-after/${after(stack, "verify")}`,
      filters: ["update_succeeded"],
      active: true,
    }),
    ...one("pulumiservice:index:DeploymentSchedule", `pulumi-cloud-watched-${stack}`, {
      organization,
      project: "sparki-after",
      stack: after(stack, "watch"),
      pulumiOperation: "update",
      scheduleCron: "*/5 * * * *",
    }),
  ];
}
