import * as pulumi from "@pulumi/pulumi";
import * as pulumiservice from "@pulumi/pulumiservice";
import type { PulumiCloudConfig } from "./config.ts";
import { AFTER, afterStack, environmentName, PROJECT, type Task } from "./documents.ts";
import type { DeliveredPlace } from "./places.ts";
import { DEPLOYING_SECONDS, PLANNING_SECONDS, type Roles } from "./roles.ts";

export interface PulumiCloudArgs extends PulumiCloudConfig {
  readonly accountId: string;
  readonly places: readonly DeliveredPlace[];
  readonly roles: Pick<Roles, "deploying" | "planning">;
}

/** The access token is the administrator's own, `PULUMI_ACCESS_TOKEN`: no input holds it. */
const API = "https://api.pulumi.com";
const MAIN = "refs/heads/main";
/** Every look that the first hour after a promotion needs; outside of the first day it ends at once. */
const WATCH_CRON = "*/5 * * * *";
/** From the repository's top, wherever a deployment's commands begin. */
const TOP = 'cd "$(git rev-parse --show-toplevel)"';
/** As in GitHub's workflows: no package's own script runs but that of `node`. */
const INSTALL = `${TOP} && npm ci --ignore-scripts && npm rebuild node`;
/** What the policies render charts with, of the pinned version. */
const HELM = `${TOP} && node tools/main.ts helm`;

/** Makes `pulumi up` what `pulumi up --policy-pack policies` is: without it an update knows no policy. */
export const WITH_POLICIES = { PULUMI_OPTION_POLICY_PACK: "policies" };

/**
 * Deploys the account's stacks by Pulumi Cloud: plain `pulumi up` of `main`, with the policies, on runners of one's own, by
 * the deploying role; then `sparki verify`, and `sparki watch` by the clock, by the planning role. A pull request's code runs
 * only in its own stack, where one was given to it, and drift is told and never taken back.
 */
export class PulumiCloud extends pulumi.ComponentResource {
  /** A secret: what runners of the pool in the stacks' networks register with. */
  readonly runnerToken: pulumi.Output<string>;

  constructor(name: string, args: PulumiCloudArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:PulumiCloud", name, {}, options);
    // By itself it would ask where PULUMI_BACKEND_URL points: at a bucket, where the delivery's own state is.
    const provider = new pulumiservice.Provider(`${name}-api`, { apiUrl: API }, { parent: this });
    const inside = { parent: this, provider };
    const pool = new pulumiservice.AgentPool(
      `${name}-runners`,
      {
        organizationName: args.organization,
        name: `sparki-${args.accountId}`,
        description: "In the private subnets of Sparki's stacks: reaches the cluster's API and Prometheus",
      },
      inside,
    );
    const made: Made = { inside, name, args, pool };
    for (const place of args.places) {
      createDeployments(made, place);
      createEnvironment(made, place);
      createVerify(made, place);
      createWatch(made, place);
    }
    this.runnerToken = pulumi.secret(pool.tokenValue);
    this.registerOutputs();
  }
}

/** What is common to all that is made. */
interface Made {
  readonly inside: { readonly parent: pulumi.Resource; readonly provider: pulumi.ProviderResource };
  readonly name: string;
  readonly args: PulumiCloudArgs;
  readonly pool: pulumiservice.AgentPool;
}

/** The stack's own deployments, when it is compared with AWS, and its end where one is set. */
function createDeployments(made: Made, { stack, region, repository }: DeliveredPlace): void {
  const { args, name, inside } = made;
  const ending = args.endings.find((each) => each.stack === stack);
  const settings = createSettings(made, {
    name: `${name}-deploys-${stack}`,
    project: PROJECT,
    stack,
    directory: ".",
    ...(ending?.review && { branch: `refs/heads/${ending.review.branch}` }),
    commands: [INSTALL, HELM, ...(ending === undefined ? [] : configCommands(ending))],
    environment: { AWS_REGION: region, ...WITH_POLICIES },
    role: args.roles.deploying[stack],
    seconds: DEPLOYING_SECONDS,
    ends: ending !== undefined,
    vcs: {
      provider: "github",
      repository,
      deployCommits: args.deployOnPush.includes(stack),
      // Both would run a pull request's own code with the role that deploys.
      previewPullRequests: false,
      pullRequestTemplate: false,
      paths: [...deployedPaths(stack)],
    },
  });
  const after = { ...inside, dependsOn: [settings] };
  const of = { organization: args.organization, project: PROJECT, stack };
  new pulumiservice.DriftSchedule(
    `${name}-drift-${stack}`,
    { ...of, scheduleCron: args.drift, autoRemediate: false },
    after,
  );
  if (ending !== undefined)
    new pulumiservice.TtlSchedule(
      `${name}-ends-${stack}`,
      { ...of, timestamp: ending.at, deleteAfterDestroy: true },
      after,
    );
}

/** A pull request's stack has no file in the repository: its deployments write it, for what is reviewed. */
function configCommands({ stack, at, review }: PulumiCloudConfig["endings"][number]): readonly string[] {
  if (review === undefined) return [];
  const words = `${stack} ${review.by} ${at.slice(0, 10)}`;
  return [`${TOP} && node delivery/review-stack.ts ${words} > Pulumi.${stack}.yaml`];
}

/** Credentials of the planning role for an hour, for whom Pulumi Cloud lets open the environment. */
function createEnvironment({ inside, name, args }: Made, { stack, region }: DeliveredPlace): void {
  const roleArn = args.roles.planning[stack];
  if (roleArn === undefined) return;
  new pulumiservice.Environment(
    `${name}-environment-${stack}`,
    {
      organization: args.organization,
      project: PROJECT,
      name: environmentName(stack),
      yaml: pulumi.output(roleArn).apply((arn) => new pulumi.asset.StringAsset(environmentText(arn, region))),
    },
    inside,
  );
}

/** An environment's definition: `pulumi env run` gives a command what stands under `environmentVariables`. */
function environmentText(roleArn: string, region: string): string {
  const login = { oidc: { roleArn, sessionName: "sparki-plans", duration: `${PLANNING_SECONDS / 3600}h` } };
  const environmentVariables = {
    AWS_ACCESS_KEY_ID: `\${aws.login.accessKeyId}`,
    AWS_SECRET_ACCESS_KEY: `\${aws.login.secretAccessKey}`,
    AWS_SESSION_TOKEN: `\${aws.login.sessionToken}`,
    AWS_REGION: region,
  };
  // JSON is YAML.
  return JSON.stringify(
    { values: { aws: { login: { "fn::open::aws-login": login } }, environmentVariables } },
    null,
    2,
  );
}

/** `sparki verify` once an update has succeeded: a deployment of a stack of its own, which the webhook begins. */
function createVerify(made: Made, place: DeliveredPlace): void {
  const { args, name, inside } = made;
  const settings = createTask(made, place, "verify", "npx sparki verify");
  new pulumiservice.Webhook(
    `${name}-verified-${place.stack}`,
    {
      organizationName: args.organization,
      projectName: PROJECT,
      stackName: place.stack,
      displayName: "Verify what was deployed",
      format: "pulumi_deployments",
      payloadUrl: `${AFTER}/${afterStack(place.stack, "verify")}`,
      filters: ["update_succeeded"],
      active: true,
    },
    { ...inside, dependsOn: [settings] },
  );
}

/** `sparki watch --once` by the clock. */
function createWatch(made: Made, place: DeliveredPlace): void {
  const { args, name, inside } = made;
  const settings = createTask(made, place, "watch", "npx sparki watch --once");
  new pulumiservice.DeploymentSchedule(
    `${name}-watched-${place.stack}`,
    {
      organization: args.organization,
      project: AFTER,
      stack: afterStack(place.stack, "watch"),
      pulumiOperation: "update",
      scheduleCron: WATCH_CRON,
    },
    { ...inside, dependsOn: [settings] },
  );
}

/** A stack whose deployments run one command by the planning role. */
function createTask(made: Made, { stack, region, repository }: DeliveredPlace, task: Task, command: string) {
  const { args, name, inside } = made;
  const { organization } = args;
  const own = afterStack(stack, task);
  const home = new pulumiservice.Stack(
    `${name}-${task}-${stack}`,
    { organizationName: organization, projectName: AFTER, stackName: own, forceDestroy: true },
    inside,
  );
  return createSettings(made, {
    name: `${name}-${task}-settings-${stack}`,
    project: AFTER,
    stack: home.stackName,
    directory: "delivery/after",
    commands: [INSTALL, `${TOP} && ${command} --stack ${organization}/${PROJECT}/${stack}`],
    environment: { AWS_REGION: region },
    role: args.roles.planning[stack],
    seconds: PLANNING_SECONDS,
    ends: false,
    vcs: {
      provider: "github",
      repository,
      deployCommits: false,
      previewPullRequests: false,
      pullRequestTemplate: false,
    },
  });
}

interface Settings {
  readonly name: string;
  readonly project: string;
  readonly stack: pulumi.Input<string>;
  /** Of its `Pulumi.yaml`, below the repository's top. */
  readonly directory: string;
  /** @default main */
  readonly branch?: string;
  readonly commands: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly role: pulumi.Input<string> | undefined;
  readonly seconds: number;
  /** The stack is forgotten once it is destroyed. */
  readonly ends: boolean;
  readonly vcs: NonNullable<pulumiservice.DeploymentSettingsArgs["vcs"]>;
}

function createSettings({ inside, args, pool }: Made, settings: Settings): pulumiservice.DeploymentSettings {
  const { role } = settings;
  if (role === undefined) throw new RangeError(`no role for ${settings.name}`);
  return new pulumiservice.DeploymentSettings(
    settings.name,
    {
      organization: args.organization,
      project: settings.project,
      stack: settings.stack,
      agentPoolId: pool.agentPoolId,
      executorContext: { executorImage: args.image },
      sourceContext: { git: { branch: settings.branch ?? MAIN, repoDir: settings.directory } },
      vcs: settings.vcs,
      // What others could fill does not come in.
      cacheOptions: { enable: false },
      operationContext: {
        preRunCommands: [...settings.commands],
        environmentVariables: { ...settings.environment },
        oidc: {
          aws: {
            roleARN: role,
            // CloudTrail then tells which deployment it was.
            sessionName: `pulumi-\${deployment.version}`,
            duration: `${settings.seconds / 3600}h0m0s`,
          },
        },
        options: {
          shell: "bash",
          skipInstallDependencies: true,
          skipIntermediateDeployments: true,
          deleteAfterDestroy: settings.ends,
        },
      },
    },
    inside,
  );
}

/** What a deployment of the stack is made from: the same as GitHub's workflows go by (affected-stacks.ts). */
export function deployedPaths(stack: string): readonly string[] {
  const folders = ["apps", "aws", "delivery", "gates", "infra", "io", "policies", "records", "runbook", "shared"];
  const files = [
    ...["Pulumi.yaml", `Pulumi.${stack}.yaml`, "index.ts", "package.json", "package-lock.json", "tsconfig.json"],
    ...[".dependency-cruiser.mjs", ".gitattributes", ".gitignore", ".npmrc", "drill.yaml"],
  ];
  return [...files, ...[...folders, "stacks", "tools"].map((folder) => `${folder}/**`)];
}
