import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";

/** One resource as the program asked for it. */
export interface Recorded {
  readonly type: string;
  readonly name: string;
  readonly inputs: Readonly<Record<string, unknown>>;
}

/** Outputs that programs read and that a mock would otherwise leave undefined, by resource type. */
export const OUTPUTS: Readonly<Record<string, (name: string) => Record<string, unknown>>> = {
  "aws:rds/instance:Instance": (name) => ({
    address: `${name}.rds.test`,
    masterUserSecrets: [{ secretArn: "arn:aws:secretsmanager:us-east-1:111122223333:secret:rds-db" }],
  }),
  "aws:elasticache/replicationGroup:ReplicationGroup": (name) => ({ primaryEndpointAddress: `${name}.cache.test` }),
  "aws:kms/key:Key": (name) => ({ keyId: `${name}-id` }),
  "aws:acm/certificate:Certificate": () => ({
    domainValidationOptions: [
      { resourceRecordName: "_x.prod.sparki.tools", resourceRecordType: "CNAME", resourceRecordValue: "_y.acm.test" },
    ],
  }),
  "pulumiservice:index:AgentPool": (name) => ({ agentPoolId: `${name}-pool`, tokenValue: "recorded token" }),
  "eks:index:Cluster": () => ({
    nodeSecurityGroupId: "sg-cluster",
    kubeconfigJson: "{}",
    eksCluster: { name: "sparki-prod" },
  }),
};

/** What functions answer that programs go by. */
const CALLS: Readonly<Record<string, Record<string, unknown>>> = {
  "aws:index/getAvailabilityZones:getAvailabilityZones": {
    names: ["us-east-1a", "us-east-1b", "us-east-1c"],
    zoneIds: ["use1-az1", "use1-az2", "use1-az4"],
  },
};

interface Surroundings {
  /** The stack's outputs as the last update left them. @default there was none */
  readonly before?: Readonly<Record<string, unknown>>;
  /** @default "prod" */
  readonly stack?: string;
  /** Is filled with what each resource waits for. */
  readonly waits?: Map<string, readonly string[]>;
}

/** Runs a program against a recorder instead of an engine: no provider, no network, every input kept. */
export async function record(
  program: () => void | Promise<void>,
  { before = {}, stack = "prod", waits }: Surroundings = {},
): Promise<Recorded[]> {
  const recorded: Recorded[] = [];
  if (waits !== undefined) recordWaits(waits);
  answerHookRegistrations();
  await pulumi.runtime.setMocks(
    {
      newResource: ({ type, name, inputs }) => {
        recorded.push({ type, name, inputs });
        const arn = `arn:aws:test:us-east-1:111122223333:${name}`;
        const own = type === "pulumi:pulumi:StackReference" ? { outputs: before } : OUTPUTS[type]?.(name);
        return { id: `${name}-id`, state: { arn, name, ...inputs, ...own } };
      },
      call: ({ token }) => CALLS[token] ?? {},
    },
    "sparki",
    stack,
    false,
    "organization",
  );
  // Of children that another process makes, which are not recorded: the mock engine says that it cannot.
  Object.assign(Object(Reflect.get(globalThis, "globalStore")), { supportsTransforms: true });
  await program();
  await pulumi.runtime.disconnect();
  return recorded;
}

/** The one resource of a type with that name; fails the test when there is none. */
export function find(recorded: readonly Recorded[], type: string, name?: string): Recorded {
  const found = recorded.find((each) => each.type === type && (name === undefined || each.name === name));
  if (found === undefined) {
    const there = recorded.map((each) => `${each.type} ${each.name}`).join("\n");
    throw new Error(`no ${type} ${name ?? ""} among:\n${there}`);
  }
  return found;
}

function recordWaits(waits: Map<string, readonly string[]>): void {
  const nameOf = (urn: string) => urn.slice(urn.lastIndexOf("::") + 2);
  const register = MockMonitor.prototype.registerResource;
  MockMonitor.prototype.registerResource = function (request, callback) {
    waits.set(request.getName(), request.getDependenciesList().map(nameOf));
    return register.call(this, request, callback);
  };
}

/** The SDK's mock engine knows no hooks: registering one would reject. */
export function answerHookRegistrations(): void {
  const answer = (_request: unknown, callback: (error: null, response: object) => void) => callback(null, {});
  Object.assign(MockMonitor.prototype, { registerResourceHook: answer, registerErrorHook: answer });
}
