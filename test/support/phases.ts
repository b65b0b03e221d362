import { parseDelivery } from "../../delivery/config.ts";
import type { CommandOutput } from "../../io/child-command.ts";
import type { Finding } from "../../runbook/preflight/check.ts";
import type { PhaseCheck, PhaseContext } from "../../runbook/preflight/phases/context.ts";
import { fakeContext } from "./preflight.ts";

export const ACCOUNT = "111122223333";
export const BUCKET = `s3://sparki-state-${ACCOUNT}?region=us-east-1`;
export const FOLDER = "file:///home/ada/.sparki-delivery/prod";

export const RUNNER = {
  stack: "prod",
  vpcId: "vpc-0a1b2c3d4e5f67890",
  subnetIds: ["subnet-0a1b2c3d4e5f67890"],
  securityGroupId: "sg-0a1b2c3d4e5f67890",
  connectionArn: `arn:aws:codeconnections:us-east-1:${ACCOUNT}:connection/0a1b2c3d-0000-1111-2222-333344445555`,
};

/** Delivery's config of production's account, some of its keys replaced. */
export function deliveryWith(changes: Readonly<Record<string, unknown>> = {}) {
  const keys = {
    owner: "platform-engineering",
    accountId: ACCOUNT,
    region: "us-east-1",
    stacks: ["prod"],
    state: {},
    breakGlass: { principals: [`arn:aws:iam::${ACCOUNT}:user/one`] },
    alarms: { emails: ["ada@example.org", "bob@example.org"] },
    budget: { monthlyUsd: 2500 },
    watch: { cloudTrail: true, guardDuty: false, config: false },
    ...changes,
  };
  const raw = Object.entries(keys).map(([key, value]) => [
    `sparki-delivery:${key}`,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseDelivery(Object.fromEntries(raw), "prod");
}

type Changes = Parameters<typeof fakeContext>[0] &
  Partial<Pick<PhaseContext, "delivered" | "backends" | "nodeVersion" | "shellPulumi">> & {
    /** What Pulumi answers, by the start of `project backend args`; it has no stack of any other name. */
    pulumi?: Readonly<Record<string, Partial<CommandOutput>>>;
  };

/** The context of a step's checks, in which nothing exists but what a test gives it. */
export function phaseContext(changes: Changes = {}): PhaseContext {
  const { pulumi = {}, delivered, backends, nodeVersion, shellPulumi, ...parts } = changes;
  return {
    ...fakeContext(parts),
    fullName: "prod",
    delivered: delivered ?? (() => ({ stack: "prod", config: deliveryWith() })),
    backends: backends ?? { states: BUCKET, folder: FOLDER, folderPath: "/home/ada/.sparki-delivery/prod" },
    pulumi: async (project, backend, args) => {
      const asked = `${project} ${backend} ${args.join(" ")}`;
      const found = Object.keys(pulumi).find((key) => asked.startsWith(key));
      return { code: 6, stdout: "", stderr: "no stack", ...(found !== undefined && { code: 0, ...pulumi[found] }) };
    },
    shellPulumi: shellPulumi ?? (async () => ({ code: 0, stdout: "v3.255.0\n", stderr: "" })),
    nodeVersion: nodeVersion ?? "24.11.0",
  };
}

/** What Pulumi answers of the deployment's own stack once its network is there. */
export function networkOf(network: object): NonNullable<Changes["pulumi"]> {
  const stack = { urn: "urn:pulumi:prod::sparki::pulumi:pulumi:Stack::sparki-prod", type: "pulumi:pulumi:Stack" };
  const resources = [{ ...stack, custom: false, inputs: {}, outputs: { network } }];
  return { [`sparki ${BUCKET} stack export`]: { stdout: JSON.stringify({ version: 3, deployment: { resources } }) } };
}

/** Runs one check of a step to its finding. */
export function see(check: PhaseCheck, context: PhaseContext): Promise<Finding> {
  return check.run(context, new AbortController().signal);
}

/** A state as `pulumi stack export` writes it. */
export function exported(count: number, url?: string) {
  const resources = Array.from({ length: count }, (_, index) => ({
    urn: `urn:pulumi:prod::sparki-delivery::aws:kms/key:Key::key-${index}`,
    type: "aws:kms/key:Key",
    custom: true,
    inputs: {},
    outputs: {},
  }));
  const secrets_providers =
    url === undefined ? { type: "passphrase", state: { salt: "v1:x" } } : { type: "cloud", state: { url } };
  return { stdout: JSON.stringify({ version: 3, deployment: { secrets_providers, resources } }) };
}
