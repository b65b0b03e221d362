import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type * as pulumi from "@pulumi/pulumi";
import { boundaryArn } from "../../stacks/stack-name.ts";
import { PolicyEngine } from "../support/policy-engine.ts";
import { document } from "../support/policy-examples.ts";
import { Provider, Registered } from "../support/policy-program.ts";
import { stackConfig } from "../support/policy-stack.ts";

const PACK = join(import.meta.dirname, "..", "..", "policies", "pack");
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const tags = { project: "sparki", stack: "prod", owner: "platform-engineering" };
const own = { tags: { release: "2026.11.1" } };

const KEY_POLICY = JSON.stringify({
  Version: "2012-10-17",
  Statement: [
    { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" },
  ],
});

/** Declared resources that meet every control but for what is said of the role's policy. */
async function granting(
  policy: (logs: Registered) => pulumi.Input<string>,
  defaultTags = JSON.stringify({ tags: { ...tags, "managed-by": "pulumi" } }),
): Promise<void> {
  const provider = new Provider("aws", "aws", {
    region: "us-east-1",
    allowedAccountIds: JSON.stringify(["111122223333"]),
    defaultTags,
    maxRetries: "10",
  });
  const settings = { deletionWindowInDays: 30, enableKeyRotation: true, policy: KEY_POLICY };
  const description = "Sparki prod: CloudWatch log groups";
  const key = new Registered(
    "aws:kms/key:Key",
    "keys-logs",
    { ...own, ...settings, description },
    {
      provider,
      protect: true,
    },
  );
  const kept = { kmsKeyId: key.arn, retentionInDays: 365, name: "/sparki/prod/vpc-flow-logs" };
  const logs = new Registered(
    "aws:cloudwatch/logGroup:LogGroup",
    "network-flow-logs",
    { ...own, ...kept },
    { provider },
  );
  const Condition = {
    StringEquals: { "aws:SourceAccount": "111122223333" },
    ArnLike: { "aws:SourceArn": "arn:aws:ec2:us-east-1:111122223333:vpc-flow-log/*" },
  };
  const trust = {
    Effect: "Allow",
    Principal: { Service: "vpc-flow-logs.amazonaws.com" },
    Action: "sts:AssumeRole",
    Condition,
  };
  const assumeRolePolicy = JSON.stringify({ Version: "2012-10-17", Statement: [trust] });
  const name = "sparki-prod-flow-logs";
  const role = new Registered(
    "aws:iam/role:Role",
    "network-flow-logs",
    { ...own, name, assumeRolePolicy, permissionsBoundary: boundaryArn({ stack: "prod", accountId: "111122223333" }) },
    { provider },
  );
  new Registered(ROLE_POLICY, "network-flow-logs-policy", { name, role: role.arn, policy: policy(logs) }, { provider });
}

const LOGS = "arn:aws:logs:us-east-1:111122223333:log-group:/sparki/prod/vpc-flow-logs:*";
const least = () => document({ Action: "logs:PutLogEvents", Resource: LOGS });
const leastOfNamed = (logs: Registered) => logs.arn.apply(least);
const full = () => document({ Action: "*", Resource: "*" });

jest.setTimeout(3_600_000);

describe("policies/pack", () => {
  const engines: PolicyEngine[] = [];
  const directories: string[] = [];

  async function open(options: { config?: string; stack?: string; pack?: string } = {}): Promise<PolicyEngine> {
    const engine = await PolicyEngine.open({ config: stackConfig(), pack: "policies/pack", ...options });
    engines.push(engine);
    return engine;
  }

  async function executable(script: string): Promise<string> {
    const directory = await mkdtemp(join(tmpdir(), "sparki-pack-"));
    directories.push(directory);
    const file = join(directory, "pack");
    await writeFile(file, `#!/bin/sh\n${script}\n`);
    await chmod(file, 0o755);
    return file;
  }

  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.close()));
    await Promise.all(directories.splice(0).map((directory) => rm(directory, { recursive: true })));
  });

  it("lets pass what meets every control", async () => {
    const engine = await open();
    const program = () => granting(leastOfNamed);
    expect(await engine.preview(program)).toMatchObject({ succeeded: true, policyEvents: [] });
    expect(await engine.up(program)).toMatchObject({ succeeded: true, policyEvents: [] });
  });

  it("judges in the update what preview could not know, before the resource is made", async () => {
    const engine = await open();
    const program = () => granting((logs) => logs.arn.apply(full));
    expect(await engine.preview(program)).toMatchObject({ succeeded: true });
    const run = await engine.up(program);
    expect(run.succeeded).toBe(false);
    expect(run.policyEvents.map(({ policy }) => policy).sort()).toEqual([
      "declared-only",
      "declared-only",
      "least-privilege",
      "no-full-access",
    ]);
    expect(run.operations).not.toContain(`create ${ROLE_POLICY}`);
  });

  it("stops the deployment when a policy cannot read what it judges, and goes on judging all else", async () => {
    const run = await (await open()).preview(() => granting(leastOfNamed, "no JSON"));
    expect(run).toMatchObject({ succeeded: false });
    const said = run.policyEvents.filter(({ policy }) => policy === "everything-tagged");
    expect(said.map(({ message }) => message).join("\n")).toContain("tags.project");
    expect(run.diagnostics).not.toContain("Error validating");
  });

  it("stops the deployment when it cannot start", async () => {
    const run = await (await open({ pack: await executable("exit 1") })).preview(() => granting(leastOfNamed));
    expect(run).toMatchObject({ succeeded: false, operations: [] });
  });

  it("stops the deployment when it dies in the midst of an update, before what it has not judged is made (F21)", async () => {
    const directory = await mkdtemp(join(tmpdir(), "sparki-pack-"));
    directories.push(directory);
    const mark = join(directory, "die");
    const dying = `${PACK} "$@" & while [ ! -e ${mark} ]; do sleep 0.05; done; kill -9 $!; rm ${mark}; wait`;
    const engine = await open({ pack: await executable(dying) });
    const afterItsDeath = (logs: Registered) =>
      logs.arn.apply(async () => {
        await writeFile(mark, "");
        await until(() => !existsSync(mark));
        return least();
      });
    const run = await engine.up(() => granting(afterItsDeath));
    expect(run).toMatchObject({ succeeded: false });
    expect(run.operations).toContain("create aws:cloudwatch/logGroup:LogGroup");
    expect(run.operations).not.toContain(`create ${ROLE_POLICY}`);
  });

  it("stops the deployment when the stack's config is wrong", async () => {
    const config = stackConfig({ "sparki:floor": { zones: "many" } });
    const run = await (await open({ config })).preview(() => granting(leastOfNamed));
    expect(run).toMatchObject({ succeeded: false });
    expect(run.diagnostics).toContain("floor.zones is");
  });

  it("stops the deployment when an exemption is not needed", async () => {
    const why = { reason: "the runbook names 5432", by: "@alexarno" };
    const exemption = { control: "S32", resource: "none-*", ...why, until: inThirtyDays() };
    const run = await (await open({ config: stackConfig({ "sparki:exemptions": [exemption] }) })).preview(() =>
      granting(leastOfNamed),
    );
    expect(run.succeeded).toBe(false);
    expect(run.policyEvents.map(({ message }) => message).join()).toContain(
      'exemption of S32 on "none-*" excuses nothing',
    );
  });

  it("ends when its engine was killed", async () => {
    const engine = spawn("sh", ["-c", 'policies/pack 127.0.0.1:1 & echo "pid $!"; wait'], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    const said = await firstLines(engine.stdout, 2);
    const pack = Number(/pid (\d+)/.exec(said)?.[1]);
    expect(isRunning(pack)).toBe(true);
    engine.kill("SIGKILL");
    await expect(until(() => !isRunning(pack))).resolves.toBe(true);
  });
});

function inThirtyDays(): string {
  return new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
}

/** The first lines of what a process says: its port comes only once it serves. */
async function firstLines(stream: NodeJS.ReadableStream, count: number): Promise<string> {
  let said = "";
  for await (const chunk of stream) {
    said += String(chunk);
    if (said.trim().split("\n").length >= count) break;
  }
  return said;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function until(holds: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 100 && !holds(); tries++) await setTimeout(100);
  return holds();
}
