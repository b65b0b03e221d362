import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, matchesGlob } from "node:path";
import { PassThrough } from "node:stream";
import * as pulumi from "@pulumi/pulumi";
import { parse } from "yaml";
import { affectedStacks } from "../../delivery/affected-stacks.ts";
import { AFTER, PROJECT } from "../../delivery/documents.ts";
import { deployedPaths, PulumiCloud, type PulumiCloudArgs } from "../../delivery/pulumi-cloud.ts";
import { loadCommands, runCommandLine } from "../../runbook/command-line.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { find, type Recorded, record } from "../support/recorder.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const ACCOUNT = "111122223333";
const IMAGE = `ghcr.io/alexarno/deployments@sha256:${"a1".repeat(32)}`;
const ROLES = {
  deploying: { prod: pulumi.output(`arn:aws:iam::${ACCOUNT}:role/deploys-sparki-prod`) },
  planning: { prod: pulumi.output(`arn:aws:iam::${ACCOUNT}:role/plans-sparki-prod`) },
};
const PROD = {
  ...{ stack: "prod", accountId: ACCOUNT, region: "us-east-1", domain: "prod.sparki.tools" },
  repository: "alexarno/sparki-deploy",
};
const CONFIG = {
  ...{ organization: "sparki", identityProvider: "make" as const, image: IMAGE, deployOnPush: [], drift: "17 5 * * *" },
  endings: [],
} satisfies Partial<PulumiCloudArgs>;

/** The token that runners register with, as it was told at last. */
let token: pulumi.Output<string> | undefined;

function recorded(changes: Partial<PulumiCloudArgs> = {}): Promise<Recorded[]> {
  return record(() => {
    const own = { accountId: ACCOUNT, places: [PROD], roles: ROLES };
    token = new PulumiCloud("cloud", { ...CONFIG, ...changes, ...own }).runnerToken;
  });
}

const SETTINGS = "pulumiservice:index:DeploymentSettings";
const INSTALL = 'cd "$(git rev-parse --show-toplevel)" && npm ci --ignore-scripts && npm rebuild node';
const OPTIONS = { shell: "bash", skipInstallDependencies: true, skipIntermediateDeployments: true };

let all: Recorded[] = [];
beforeAll(async () => {
  all = await recorded();
});

/** Every command that a deployment runs before its operation. */
const commandsOf = (made: readonly Recorded[]) =>
  made
    .filter(({ type }) => type === SETTINGS)
    .flatMap(({ inputs }): string[] => Object(inputs.operationContext).preRunCommands);

describe("PulumiCloud", () => {
  it("deploys main of the stack's repository by the deploying role, with the policies, on the account's own runners", () => {
    expect(find(all, SETTINGS, "cloud-deploys-prod").inputs).toEqual({
      organization: "sparki",
      project: "sparki",
      stack: "prod",
      agentPoolId: "cloud-runners-pool",
      executorContext: { executorImage: IMAGE },
      sourceContext: { git: { branch: "refs/heads/main", repoDir: "." } },
      vcs: {
        provider: "github",
        repository: "alexarno/sparki-deploy",
        deployCommits: false,
        previewPullRequests: false,
        pullRequestTemplate: false,
        paths: deployedPaths("prod"),
      },
      cacheOptions: { enable: false },
      operationContext: {
        preRunCommands: [INSTALL, 'cd "$(git rev-parse --show-toplevel)" && node tools/main.ts helm'],
        environmentVariables: { AWS_REGION: "us-east-1", PULUMI_OPTION_POLICY_PACK: "policies" },
        oidc: {
          aws: {
            roleARN: `arn:aws:iam::${ACCOUNT}:role/deploys-sparki-prod`,
            sessionName: `pulumi-\${deployment.version}`,
            duration: "4h0m0s",
          },
        },
        options: { ...OPTIONS, deleteAfterDestroy: false },
      },
    });
  });

  it("runs no pull request's code, whichever stack a push deploys", async () => {
    const pushed = await recorded({ deployOnPush: ["prod"] });
    const ways = pushed
      .filter(({ type }) => type === SETTINGS)
      .map(({ inputs: { stack, vcs } }) => {
        const { deployCommits, previewPullRequests, pullRequestTemplate } = Object(vcs);
        return [stack, deployCommits, previewPullRequests, pullRequestTemplate];
      });
    expect(ways.sort()).toEqual([
      ["prod", true, false, false],
      ["prod-verify", false, false, false],
      ["prod-watch", false, false, false],
    ]);
  });

  it("looks for drift by the config's clock, and never takes it back", async () => {
    const own = { organization: "sparki", project: "sparki", stack: "prod" };
    const drift = (made: readonly Recorded[]) => find(made, "pulumiservice:index:DriftSchedule").inputs;
    expect(drift(all)).toEqual({ ...own, scheduleCron: "17 5 * * *", autoRemediate: false });
    expect(drift(await recorded({ drift: "0 */6 * * *" }))).toMatchObject({ scheduleCron: "0 */6 * * *" });
  });

  it("destroys only the stack whose end is set, then", async () => {
    const ttl = "pulumiservice:index:TtlSchedule";
    expect(all.some(({ type }) => type === ttl)).toBe(false);
    const made = await recorded({ endings: [{ stack: "prod", at: "2026-12-24T18:00:00Z" }] });
    expect(find(made, ttl).inputs).toEqual({
      ...{ organization: "sparki", project: "sparki", stack: "prod" },
      ...{ timestamp: "2026-12-24T18:00:00Z", deleteAfterDestroy: true },
    });
    expect(find(made, SETTINGS, "cloud-deploys-prod").inputs.operationContext).toMatchObject({
      options: { deleteAfterDestroy: true },
    });
  });

  it("deploys a pull request's own stack from its branch, with a config that its deployments write", async () => {
    const review = { branch: "feature/x", by: "@alexarno" };
    const made = await recorded({ endings: [{ stack: "prod", at: "2026-12-04T18:00:00Z", review }] });
    const { inputs } = find(made, SETTINGS, "cloud-deploys-prod");
    expect(inputs.sourceContext).toEqual({ git: { branch: "refs/heads/feature/x", repoDir: "." } });
    const last: string = Object(inputs.operationContext).preRunCommands.at(-1);
    expect(last).toBe(
      'cd "$(git rev-parse --show-toplevel)" && node delivery/review-stack.ts prod @alexarno 2026-12-04 > Pulumi.prod.yaml',
    );
    for (const task of ["verify", "watch"])
      expect(find(made, SETTINGS, `cloud-${task}-settings-prod`).inputs.sourceContext).toMatchObject({
        git: { branch: "refs/heads/main" },
      });
  });

  it("verifies after each update, by a deployment of the stack beside it that the update's success begins", () => {
    expect(find(all, "pulumiservice:index:Stack", "cloud-verify-prod").inputs).toEqual({
      ...{ organizationName: "sparki", projectName: "sparki-after", stackName: "prod-verify", forceDestroy: true },
    });
    expect(find(all, "pulumiservice:index:Webhook").inputs).toEqual({
      organizationName: "sparki",
      projectName: "sparki",
      stackName: "prod",
      displayName: "Verify what was deployed",
      format: "pulumi_deployments",
      payloadUrl: "sparki-after/prod-verify",
      filters: ["update_succeeded"],
      active: true,
    });
  });

  it("watches every five minutes", () => {
    expect(find(all, "pulumiservice:index:DeploymentSchedule").inputs).toEqual({
      ...{ organization: "sparki", project: "sparki-after", stack: "prod-watch" },
      ...{ pulumiOperation: "update", scheduleCron: "*/5 * * * *" },
    });
  });

  it.each([
    ["verify", "npx sparki verify --stack sparki/sparki/prod"],
    ["watch", "npx sparki watch --once --stack sparki/sparki/prod"],
  ])("runs %s by the role that plans, in the same network, from main", (task, command) => {
    expect(find(all, SETTINGS, `cloud-${task}-settings-prod`).inputs).toMatchObject({
      project: "sparki-after",
      stack: `prod-${task}`,
      agentPoolId: "cloud-runners-pool",
      sourceContext: { git: { branch: "refs/heads/main", repoDir: "delivery/after" } },
      operationContext: {
        preRunCommands: [INSTALL, `cd "$(git rev-parse --show-toplevel)" && ${command}`],
        environmentVariables: { AWS_REGION: "us-east-1" },
        oidc: { aws: { roleARN: `arn:aws:iam::${ACCOUNT}:role/plans-sparki-prod`, duration: "1h0m0s" } },
      },
    });
  });

  it("has commands that bash can read and that sparki's own parser takes", async () => {
    const commands = commandsOf(all);
    expect(commands).toHaveLength(6);
    for (const command of commands)
      expect([command, spawnSync("bash", ["-n"], { input: command }).status]).toEqual([command, 0]);
    const calls = commands.filter((each) => each.includes("npx sparki"));
    expect(calls).toHaveLength(2);
    for (const command of calls) {
      const argv = (command.split("npx sparki ")[1] ?? "").split(" ");
      const [stdout, stderr] = [new PassThrough(), new PassThrough()];
      const ports = { stdout, stderr, clock: fakeClock(), env: {}, cwd: ROOT, signal: new AbortController().signal };
      const loaded = await loadCommands(argv);
      const idle = async () => loaded.map((each) => ({ ...each, run: async () => ({ exitCode: 0, json: undefined }) }));
      expect([command, await runCommandLine(argv, ports, idle)]).toEqual([command, 0]);
    }
  });

  it("gives who may open the ESC environment an hour of the role that plans, and holds no credential", async () => {
    const { inputs } = find(all, "pulumiservice:index:Environment");
    expect(inputs).toMatchObject({ organization: "sparki", project: "sparki", name: "prod-plans" });
    const asset: unknown = inputs.yaml;
    if (!(asset instanceof pulumi.asset.StringAsset)) throw new Error(`the definition is ${JSON.stringify(asset)}`);
    expect(parse(await asset.text)).toEqual({
      values: {
        aws: {
          login: {
            "fn::open::aws-login": {
              oidc: {
                roleArn: `arn:aws:iam::${ACCOUNT}:role/plans-sparki-prod`,
                sessionName: "sparki-plans",
                duration: "1h",
              },
            },
          },
        },
        environmentVariables: {
          AWS_ACCESS_KEY_ID: `\${aws.login.accessKeyId}`,
          AWS_SECRET_ACCESS_KEY: `\${aws.login.secretAccessKey}`,
          AWS_SESSION_TOKEN: `\${aws.login.sessionToken}`,
          AWS_REGION: "us-east-1",
        },
      },
    });
  });

  it("tells the runners' token as a secret, and asks Pulumi Cloud itself with no token in its inputs", async () => {
    expect(await pulumi.isSecret(token ?? pulumi.output(""))).toBe(true);
    const provider = find(all, "pulumi:providers:pulumiservice");
    expect(provider.inputs).toEqual({ apiUrl: "https://api.pulumi.com" });
    expect(JSON.stringify(all)).not.toContain("recorded token");
  });

  it("names projects that are there", () => {
    const nameIn = (file: string) => parse(readFileSync(join(ROOT, file), "utf8")).name;
    expect(nameIn("Pulumi.yaml")).toBe(PROJECT);
    expect(nameIn("delivery/after/Pulumi.yaml")).toBe(AFTER);
    expect(existsSync(join(ROOT, "policies", "PulumiPolicy.yaml"))).toBe(true);
  });
});

describe("deployedPaths", () => {
  const { stdout } = spawnSync("git", ["ls-files"], { cwd: ROOT, encoding: "utf8" });
  const files = [...stdout.split("\n").filter(Boolean), "Pulumi.review.yaml"];

  it("are the files by which GitHub's workflows say that the stack is affected, and no other", () => {
    expect(files.length).toBeGreaterThan(500);
    const matched = files.filter((file) => deployedPaths("prod").some((path) => matchesGlob(file, path)));
    expect(matched).toEqual(files.filter((file) => affectedStacks([file], ["prod"]).length > 0));
  });
});
