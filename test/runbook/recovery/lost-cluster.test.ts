import { PassThrough } from "node:stream";
import {
  type ClusterLoss,
  type ClusterRecoveryOptions,
  clusterLossIn,
  clusterRecoveryText,
  recoverCluster,
  recoveryIntent,
} from "../../../runbook/recovery/lost-cluster.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { type AwsAnswers, configWith, fakeAws } from "../../support/preflight.ts";
import { fakeEngine } from "../../support/recovery.ts";

const config = configWith({});
const ARN = `arn:aws:eks:${config.region}:${config.accountId}:cluster/sparki-prod`;
const CLUSTER = "aws:eks/cluster:Cluster";

interface Part {
  readonly type: string;
  readonly name: string;
  readonly id?: string;
  /** Of components around it, as the URN has them. */
  readonly inside?: string;
  readonly needs?: readonly string[];
  readonly [other: string]: unknown;
}

const urnOf = ({ type, name, inside }: Pick<Part, "type" | "name" | "inside">) =>
  `urn:pulumi:prod::sparki::${inside === undefined ? "" : `${inside}$`}${type}::${name}`;

const JOBS = "sparki:apps:DatabaseJobs$sparki:apps:ClusterJob";
const PROVIDER = { type: "pulumi:providers:kubernetes", name: "cluster-kubernetes", id: "p1" } as const;
const PARTS: readonly Part[] = [
  { type: "pulumi:pulumi:Stack", name: "sparki-prod", outputs: { kubeconfig: "secret", promotion: "kept", url: "u" } },
  { type: "sparki:infra:Cluster", name: "cluster", custom: false },
  { type: "aws:ec2/vpc:Vpc", name: "network-vpc", id: "vpc-1" },
  {
    type: CLUSTER,
    name: "cluster-eks-eksCluster",
    id: "sparki-prod",
    protect: true,
    outputs: { arn: ARN, vpcConfig: { clusterSecurityGroupId: "sg-eks" } },
  },
  { type: "aws:eks/accessEntry:AccessEntry", name: "admin", id: "sparki-prod:arn", needs: ["cluster-eks-eksCluster"] },
  { type: "aws:eks/addon:Addon", name: "cluster-secrets-store", id: "sparki-prod:addon" },
  { type: "aws:eks/podIdentityAssociation:PodIdentityAssociation", name: "engine-association", id: "a-1" },
  { ...PROVIDER, needs: ["cluster-eks-eksCluster"] },
  { type: "pulumi:providers:aws", name: "aws", id: "p2" },
  { type: "aws:rds/instance:Instance", name: "database-instance", id: "db-1", protect: true },
  {
    type: "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    name: "database-access-from-cluster",
    id: "sgr-1",
    needs: ["cluster-eks-eksCluster", "network-vpc"],
  },
  {
    type: "kubernetes:core/v1:Namespace",
    name: "sparki-engine",
    id: "sparki-engine",
    provider: `${urnOf(PROVIDER)}::p1`,
  },
  {
    type: "command:local:Command",
    name: "database-jobs-migrate-run",
    inside: JOBS,
    id: "c1",
    needs: ["sparki-engine"],
  },
  { type: "kubernetes:helm.sh/v3:Release", name: "engine-fleet", id: "sparki-engine/engine-fleet" },
  { type: "pulumi:index:Stash", name: "promotion-record", id: "s1", needs: ["engine-fleet"] },
  { type: "aws:route53/record:Record", name: "cutover-record", id: "r1", needs: ["promotion-record"] },
  { type: "command:local:Command", name: "destroy-guard", id: "c2", needs: ["engine-fleet", "database-instance"] },
];
const LOST = [
  "cluster-eks-eksCluster",
  "admin",
  "cluster-secrets-store",
  "engine-association",
  "sparki-engine",
  "database-jobs-migrate-run",
  "engine-fleet",
  "promotion-record",
];
const KEPT = ["network-vpc", "database-instance", "database-access-from-cluster", "cutover-record", "destroy-guard"];

function stateOf(parts: readonly Part[], pending: readonly { readonly operation: string; readonly part: Part }[] = []) {
  const urns = new Map(parts.map((part) => [part.name, urnOf(part)]));
  const made = ({ name, inside, needs, ...part }: Part) => ({
    ...{
      urn: urnOf({ type: part.type, name, ...(inside !== undefined && { inside }) }),
      custom: true,
      inputs: { of: name },
      outputs: { name },
    },
    ...part,
    ...(needs && {
      dependencies: needs.map((each) => urns.get(each)),
      propertyDependencies: { all: needs.map((each) => urns.get(each)), none: null },
    }),
  });
  return {
    version: 3,
    deployment: {
      manifest: {},
      resources: parts.map(made),
      pending_operations: pending.map(({ operation, part }) => ({ type: operation, resource: made(part) })),
    },
  };
}

// biome-ignore lint/suspicious/noExplicitAny: a state as its file has it.
const resourcesOf = (state: any): any[] => state.deployment.resources;
const names = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name);
const named = (state: unknown, name: string) => resourcesOf(state).find(({ urn }) => urn.endsWith(`::${name}`));

describe("clusterLossIn", () => {
  it("takes out what EKS deletes with a cluster, what was and ran in it, its way in and the promotion record, and keeps the rest", () => {
    const loss = clusterLossIn(stateOf(PARTS));
    expect(names(loss.lost)).toEqual(LOST);
    expect(names(loss.kept)).toEqual(KEPT);
    expect([loss.unknown, loss.halfReplaced]).toEqual([[], []]);
    expect(loss.cluster).toEqual({ name: "sparki-prod", arn: ARN, securityGroupId: "sg-eks" });
    expect(resourcesOf(loss.state).map(({ urn }) => urn.split("::").at(-1))).toEqual([
      ...["sparki-prod", "cluster", "network-vpc", "aws"],
      ...["database-instance", "database-access-from-cluster", "cutover-record", "destroy-guard"],
    ]);
  });

  it("leaves what it keeps as it is, its protection too, and has it wait only for what is there", () => {
    const before = stateOf(PARTS);
    const { state } = clusterLossIn(before);
    for (const name of KEPT) {
      const { dependencies: _, propertyDependencies: __, ...kept } = named(before, name);
      expect(named(state, name)).toMatchObject(kept);
    }
    const vpc = named(before, "network-vpc").urn;
    expect(named(state, "database-access-from-cluster")).toMatchObject({
      dependencies: [vpc],
      propertyDependencies: { all: [vpc], none: null },
    });
    expect(JSON.stringify(state)).not.toMatch(/eks|kubernetes|promotion-record/);
  });

  it("takes the kubeconfig out of the stack's outputs, and leaves there what was promoted", () => {
    expect(named(clusterLossIn(stateOf(PARTS)).state, "sparki-prod").outputs).toEqual({ promotion: "kept", url: "u" });
  });

  it("finds nothing more when it is done again", () => {
    const { state } = clusterLossIn(stateOf(PARTS));
    expect(clusterLossIn(state)).toMatchObject({ cluster: undefined, lost: [], unknown: [] });
    expect(clusterLossIn(state).state).toBe(state);
  });

  it("still finds what was in a cluster that somebody has taken out of the state alone", () => {
    const loss = clusterLossIn(
      stateOf(PARTS.filter(({ type }) => type !== CLUSTER).map(({ needs: _, ...part }) => part)),
    );
    expect([loss.cluster, names(loss.lost)]).toEqual([undefined, LOST.slice(1)]);
  });

  it("does not know of a kind that needs what is lost, however far, whether it died with that", () => {
    const rule = {
      type: "aws:lb/trustStore:TrustStore",
      name: "trust",
      id: "t-1",
      needs: ["database-access-from-cluster"],
    };
    const command = { type: "command:local:Command", name: "warm-up", id: "c3", needs: ["engine-fleet"] };
    const inside = {
      type: "aws:ec2/vpc:Vpc",
      name: "inner",
      id: "i-1",
      parent: urnOf({ type: CLUSTER, name: "cluster-eks-eksCluster" }),
    };
    const free = { type: "aws:lb/trustStore:TrustStore", name: "free", id: "t-2", needs: ["network-vpc"] };
    const loss = clusterLossIn(stateOf([...PARTS, rule, command, inside, free]));
    expect(names(loss.unknown)).toEqual(["trust", "warm-up", "inner"]);
    expect(names(loss.kept)).toContain("free");
  });

  it("keeps what an update was making when it died, marked to be looked for, and forgets what it made in the cluster", () => {
    const queue = { type: "aws:ec2/subnet:Subnet", name: "network-late", needs: ["cluster-eks-eksCluster"] };
    const pending = [
      { operation: "creating", part: queue },
      { operation: "creating", part: { type: "kubernetes:core/v1:ConfigMap", name: "late-map" } },
      { operation: "updating", part: { type: "aws:rds/instance:Instance", name: "database-instance", id: "db-1" } },
      { operation: "updating", part: { type: "kubernetes:helm.sh/v3:Release", name: "engine-fleet", id: "x" } },
    ];
    const loss = clusterLossIn(stateOf(PARTS, pending));
    expect(names(loss.lost)).toContain("late-map");
    expect(named(loss.state, "network-late")).toMatchObject({ id: "sparki:never-confirmed", dependencies: [] });
    expect(named(loss.state, "database-instance")).toMatchObject({ initErrors: ["its update was interrupted"] });
    expect(named(loss.state, "late-map")).toBeUndefined();
    expect(loss.halfReplaced).toEqual([]);
  });

  it("says what was half replaced: its two resources have to be told apart first", () => {
    const pending = [{ operation: "creating", part: { type: "aws:ec2/vpc:Vpc", name: "network-vpc" } }];
    expect(clusterLossIn(stateOf(PARTS, pending)).halfReplaced).toEqual(["network-vpc"]);
  });
});

const GONE: AwsAnswers = {
  "index/getCallerIdentity": { accountId: config.accountId },
  "index/getRegion": { region: config.region },
  "eks/getCluster": undefined,
  "eks/getClusters": { names: ["another"] },
  "ec2/getSecurityGroups": { ids: ["sg-eks"] },
};

function recoveryOf(state: unknown, looks: AwsAnswers = {}, changes: Partial<ClusterRecoveryOptions> = {}) {
  const engine = fakeEngine(state);
  const imports: unknown[] = [];
  const asked: string[] = [];
  const shown: ClusterLoss[] = [];
  const counted = {
    ...engine,
    importState: async (next: unknown) => {
      imports.push(next);
      await engine.importState(next);
    },
  };
  const options: ClusterRecoveryOptions = {
    ...{ stack: "prod", config, engine: counted, aws: fakeAws({ ...GONE, ...looks }) },
    state: { lock: async () => undefined },
    clock: fakeClock(),
    screen: plainScreen(new PassThrough()),
    signal: new AbortController().signal,
    show: (loss) => shown.push(loss),
    agree: async (question) => void asked.push(question),
    ...changes,
  };
  return { options, engine, imports, asked, shown };
}

describe("recoverCluster", () => {
  it("takes a lost cluster out of the state in one import, once somebody agreed to what was shown", async () => {
    const { options, engine, imports, asked, shown } = recoveryOf(stateOf(PARTS));
    expect(await recoverCluster(options)).toMatchObject({
      ...{ stack: "prod", exitCode: 0, outcome: "recovered", reason: null, kept: KEPT.length, leftGroup: "sg-eks" },
      cluster: { name: "sparki-prod", arn: ARN },
      next: "npx sparki deploy --stack prod",
    });
    expect([imports.length, asked.length, names(shown[0]?.lost ?? [])]).toEqual([1, 1, LOST]);
    expect(clusterLossIn(await engine.exportEncrypted()).lost).toEqual([]);
  });

  it("has nothing to do where the state names nothing of a cluster, and asks neither AWS nor a person", async () => {
    const { state } = clusterLossIn(stateOf(PARTS));
    const { options, imports, asked } = recoveryOf(state, { "eks/getCluster": new Error("not to be asked") });
    expect(await recoverCluster(options)).toMatchObject({ exitCode: 0, outcome: "unchanged", lost: [], cluster: null });
    expect([imports, asked]).toEqual([[], []]);
  });

  it.each([
    ["ACTIVE", "exists at AWS: it is not lost", "npx sparki status"],
    ["CREATING", "exists at AWS: it is not lost", "npx sparki status"],
    ["UPDATING", "exists at AWS: it is not lost", "npx sparki status"],
    ["DELETING", "is being deleted", "aws eks wait cluster-deleted"],
    ["FAILED", "is FAILED at AWS; expected ACTIVE", "aws eks describe-cluster"],
    ["A NEW WORD", "is A NEW WORD at AWS; expected ACTIVE", "aws eks describe-cluster"],
  ])("refuses a cluster that is %s, and touches nothing", async (status, reason, next) => {
    const { options, imports, asked } = recoveryOf(stateOf(PARTS), { "eks/getCluster": { status } });
    const document = await recoverCluster(options);
    expect(document).toMatchObject({ exitCode: 1, outcome: "refused", lost: [] });
    expect(document.reason).toContain(reason);
    expect(document.next).toContain(next);
    expect([imports, asked]).toEqual([[], []]);
  });

  const denied = new DeployError("SPARKI_OUTSIDE", "AWS did not answer: AccessDenied");
  it.each([
    ["does not let it ask for the cluster", { "eks/getCluster": denied }, "SPARKI_OUTSIDE", "AccessDenied"],
    ["does not let it list clusters", { "eks/getClusters": denied }, "SPARKI_OUTSIDE", "AccessDenied"],
    ["does not list clusters", { "eks/getClusters": undefined }, "SPARKI_OUTSIDE", "does not list clusters"],
    ["lists what it says is gone", { "eks/getClusters": { names: ["sparki-prod"] } }, "SPARKI_OUTSIDE", "lists it"],
    ["does not say who asks", { "index/getCallerIdentity": undefined }, "SPARKI_USAGE", "account undefined"],
    ["knows another account", { "index/getCallerIdentity": { accountId: "999" } }, "SPARKI_USAGE", "account 999"],
    ["is asked in another region", { "index/getRegion": { region: "xx-1" } }, "SPARKI_USAGE", "in xx-1"],
  ])("throws where AWS %s, and touches nothing", async (_, looks, code, words) => {
    const { options, imports, asked } = recoveryOf(stateOf(PARTS), looks);
    await expect(recoverCluster(options)).rejects.toMatchObject({ code, message: expect.stringContaining(words) });
    expect([imports, asked]).toEqual([[], []]);
  });

  it.each([
    ["another account", ARN.replace(config.accountId, "999988887777")],
    ["another region", ARN.replace(config.region, "eu-west-9")],
    ["no ARN", undefined],
  ])("throws SPARKI_CONFIG for a state whose cluster is of %s, before AWS is asked", async (_, arn) => {
    const parts = PARTS.map((part) => (part.type === CLUSTER ? { ...part, outputs: { arn } } : part));
    const { options, imports } = recoveryOf(stateOf(parts), { "index/getCallerIdentity": new Error("asked") });
    await expect(recoverCluster(options)).rejects.toMatchObject({ code: "SPARKI_CONFIG" });
    expect(imports).toEqual([]);
  });

  it("throws SPARKI_USAGE where nothing was ever deployed", async () => {
    const { options } = recoveryOf(stateOf([]));
    await expect(recoverCluster(options)).rejects.toMatchObject({ code: "SPARKI_USAGE" });
  });

  it("refuses a state with a kind that it does not know, and one that is half replaced", async () => {
    const strange = { type: "aws:lb/trustStore:TrustStore", name: "trust", id: "t-1", needs: ["engine-fleet"] };
    const { options, imports, asked } = recoveryOf(stateOf([...PARTS, strange]));
    const document = await recoverCluster(options);
    expect(document).toMatchObject({ exitCode: 1, outcome: "refused" });
    expect(document.reason).toContain("trust (aws:lb/trustStore:TrustStore)");
    const half = recoveryOf(
      stateOf(PARTS, [{ operation: "creating", part: { type: "aws:ec2/vpc:Vpc", name: "network-vpc" } }]),
    );
    expect((await recoverCluster(half.options)).reason).toContain("while it replaced network-vpc");
    expect([...imports, ...asked, ...half.imports, ...half.asked]).toEqual([]);
  });

  it("throws while somebody holds the stack, before it asks and after somebody agreed", async () => {
    const holder = { holder: "ada@laptop", since: undefined };
    const first = recoveryOf(stateOf(PARTS), {}, { state: { lock: async () => holder } });
    await expect(recoverCluster(first.options)).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
    expect(first.asked).toEqual([]);
    let asks = 0;
    const lock = async () => (++asks > 1 ? holder : undefined);
    const late = recoveryOf(stateOf(PARTS), {}, { state: { lock } });
    await expect(recoverCluster(late.options)).rejects.toMatchObject({
      message: expect.stringContaining("ada@laptop"),
    });
    expect([late.asked.length, late.imports]).toEqual([1, []]);
  });

  it("throws where the state moved while somebody thought about it, and writes over nobody's update", async () => {
    const { options, engine, imports } = recoveryOf(stateOf(PARTS));
    const moved = stateOf([...PARTS, { type: "aws:s3/bucket:Bucket", name: "logs", id: "logs" }]);
    const agree = () => engine.importState(moved);
    await expect(recoverCluster({ ...options, agree })).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("another update has changed the stack meanwhile"),
    });
    expect(imports).toEqual([]);
    expect(named(await engine.exportEncrypted(), "logs")).toBeDefined();
  });

  it("refuses where the cluster is there by the time that somebody agrees", async () => {
    let isThere = false;
    const looks = { "eks/getCluster": () => (isThere ? { status: "ACTIVE" } : undefined) };
    const agree = async () => {
      isThere = true;
    };
    const { options, imports } = recoveryOf(stateOf(PARTS), looks, { agree });
    expect(await recoverCluster(options)).toMatchObject({ exitCode: 1, outcome: "refused" });
    expect(imports).toEqual([]);
  });

  it("changes nothing where nobody agrees, and where it is interrupted by then", async () => {
    const no = recoveryOf(stateOf(PARTS), {}, { agree: () => Promise.reject(new Error("not confirmed")) });
    await expect(recoverCluster(no.options)).rejects.toThrow("not confirmed");
    const interruption = new AbortController();
    const agree = async () => interruption.abort();
    const ended = recoveryOf(stateOf(PARTS), {}, { signal: interruption.signal, agree });
    await expect(recoverCluster(ended.options)).rejects.toThrow();
    expect([...no.imports, ...ended.imports]).toEqual([]);
  });

  it.each([
    ["before", "recovered"],
    ["after", "unchanged"],
  ] as const)("goes on where it was killed %s its one import", async (moment, outcome) => {
    const { options, engine } = recoveryOf(stateOf(PARTS));
    const dying = {
      ...engine,
      importState: async (next: unknown) => {
        if (moment === "after") await engine.importState(next);
        throw new Error("killed");
      },
    };
    await expect(recoverCluster({ ...options, engine: dying })).rejects.toThrow("killed");
    expect((await recoverCluster(options)).outcome).toBe(outcome);
    expect(clusterLossIn(await engine.exportEncrypted()).lost).toEqual([]);
  });
});

describe("what a person reads", () => {
  const { paint } = plainScreen(new PassThrough());

  it("says what is lost for good, what is kept by its name, and that nothing is live until the next deployment", () => {
    const told = recoveryIntent("prod", clusterLossIn(stateOf(PARTS))).replaceAll(/\s+/g, " ");
    for (const words of [
      "sparki-prod of prod does not exist any more",
      "8 resources",
      "1 Release",
      "database db-1",
      "network vpc-1",
      "in one step, and nothing at AWS",
      "Nothing is live until",
    ])
      expect(told).toContain(words);
  });

  it("tells how it ended and what comes next, with the group that AWS may have left", async () => {
    const { options } = recoveryOf(stateOf(PARTS));
    const told = clusterRecoveryText(await recoverCluster(options), paint).replaceAll(/\s+/g, " ");
    expect(told).toContain("cluster of prod: recovered (exit 0)");
    expect(told).toContain("aws ec2 delete-security-group --group-id sg-eks");
    expect(told).toContain("next npx sparki deploy --stack prod");
    const refused = recoveryOf(stateOf(PARTS), { "eks/getCluster": { status: "ACTIVE" } });
    expect(clusterRecoveryText(await recoverCluster(refused.options), paint)).toContain(
      "reason   the cluster sparki-prod exists",
    );
  });
});
