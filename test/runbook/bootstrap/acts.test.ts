import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACTS, type ActPorts, deliveredId } from "../../../runbook/bootstrap/acts.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { ACCOUNT, BUCKET, exported, phaseContext } from "../../support/phases.ts";
import { realFiles } from "../../support/preflight.ts";

const DELIVERY_KEY = "awskms://alias/pulumi-secrets-sparki-delivery?region=us-east-1";
const POLICIES = join(import.meta.dirname, "..", "..", "..", "policies", "delivery", "pack");
const PACK = join(import.meta.dirname, "..", "..", "..", "policies", "pack");
const looks = { "s3/getBucket": { bucket: `sparki-state-${ACCOUNT}` } };

/** What Pulumi tells of a preview that the policies judged. */
const JUDGED =
  "Policies:\n    \u2705 sparki-delivery@v1.0.0 (local: policies/delivery/pack)\n\nResources:\n    + 87 to create\n";

interface Opened {
  readonly hasFolder?: boolean;
  readonly fails?: string;
  /** What Pulumi says of a preview. */
  readonly previewed?: string;
  /** What AWS has, by the function that looks it up. */
  readonly looks?: Readonly<Record<string, unknown>>;
}

describe("the acts of sparki bootstrap", () => {
  let home: string;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "sparki-home-"));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  const folder = () => `file://${home}/prod`;

  /** With a folder that has delivery's state, unless it is told that there is none. */
  function open(pulumi: Readonly<Record<string, object>>, more: Opened = {}) {
    const { hasFolder = true, fails, previewed = JUDGED, looks: has = looks } = more;
    if (hasFolder) mkdirSync(join(home, "prod", ".pulumi"), { recursive: true });
    const backends = { states: BUCKET, folder: folder(), folderPath: join(home, "prod") };
    const ran: string[] = [];
    const packs: string[] = [];
    const answers = { ...pulumi };
    const ports: ActPorts = {
      context: phaseContext({ looks: has, backends, pulumi: answers, files: realFiles }),
      ...{ signal: new AbortController().signal, say: () => undefined, agree: async () => undefined },
      scratch: join(home, "scratch"),
      timeScale: 0.001,
      run: async (_, backend, args) => {
        const place = backend === BUCKET ? "bucket" : "folder";
        ran.push(`${place}: ${args.slice(0, 2).join(" ")}`);
        if (fails !== undefined && args[0] === fails) throw new DeployError("SPARKI_OUTSIDE", `${fails} failed`);
        // What was moved is then in the bucket.
        if (args[1] === "import") answers[`sparki-delivery ${BUCKET} stack export`] = exported(87);
        if (["preview", "up"].includes(args[0] ?? "")) packs.push(args[args.indexOf("--policy-pack") + 1] ?? "none");
        return args[0] === "preview" ? previewed : "";
      },
    };
    return { ran, ports, packs };
  }
  const inFolder = () => ({ [`sparki-delivery ${folder()} stack export`]: exported(87) });
  const moved = { [`sparki-delivery ${BUCKET} stack export`]: exported(87, DELIVERY_KEY) };

  it("move the state, and delete the folder only after a preview without changes", async () => {
    const { ran, ports } = open(inFolder());
    await ACTS.state?.(ports);
    expect(ran).toEqual([
      ...["bucket: stack init", "folder: stack export", "bucket: stack import"],
      ...["bucket: stack change-secrets-provider", "bucket: preview --stack"],
    ]);
    expect(existsSync(join(home, "prod"))).toBe(false);
  });

  it("keep the folder where the preview shows a change", async () => {
    const { ports } = open(inFolder(), { fails: "preview" });
    await expect(ACTS.state?.(ports)).rejects.toMatchObject({ message: "preview failed" });
    expect(existsSync(join(home, "prod"))).toBe(true);
  });

  it("keep the folder where the bucket has fewer resources than it", async () => {
    const fewer = { [`sparki-delivery ${BUCKET} stack export`]: exported(3, DELIVERY_KEY) };
    const { ports } = open({ ...inFolder(), ...fewer });
    await expect(ACTS.state?.(ports)).rejects.toMatchObject({ code: "SPARKI_HELD" });
    expect(existsSync(join(home, "prod"))).toBe(true);
  });

  it("only prove the move where the state is in the bucket already", async () => {
    const { ran, ports } = open({ ...inFolder(), ...moved });
    await ACTS.state?.(ports);
    expect(ran).toEqual(["bucket: preview --stack"]);
    expect(existsSync(join(home, "prod"))).toBe(false);
  });

  it("never create a second delivery beside one whose state is not here", async () => {
    const { ran, ports } = open({}, { hasFolder: false });
    await expect(ACTS.delivery?.(ports)).rejects.toMatchObject({
      code: "SPARKI_HELD",
      hint: expect.stringContaining("on the machine on which it was begun"),
    });
    expect(ran).toEqual([]);
  });

  it("update delivery where its state is, once that is the bucket", async () => {
    const { ran, ports } = open(moved, { hasFolder: false });
    const { run } = ports;
    const own = { ...ports, run: (...asked: Parameters<typeof run>) => answered(run, asked, exported(87).stdout) };
    await ACTS.delivery?.(own);
    expect(ran).toEqual(["bucket: stack export", "bucket: preview --stack", "bucket: up --stack"]);
  });

  it("judge by delivery's policies what is previewed, what is applied and what proves a move", async () => {
    const { packs, ports } = open(moved, { hasFolder: false });
    const { run } = ports;
    await ACTS.delivery?.({ ...ports, run: (...asked) => answered(run, asked, exported(87).stdout) });
    await ACTS.state?.(ports);
    expect(packs).toEqual([POLICIES, POLICIES, POLICIES]);
    expect(existsSync(POLICIES)).toBe(true);
  });

  it.each([
    ["nothing of policies", "Resources:\n    + 87 to create\n"],
    ["another pack", JUDGED.replace("sparki-delivery@", "sparki@")],
    ["a resource of that name", "    + sparki-delivery@v1.0.0 created\n"],
  ])("apply nothing where Pulumi tells of %s", async (_title, previewed) => {
    const { ran, ports } = open(moved, { hasFolder: false, previewed });
    const { run } = ports;
    const own = { ...ports, run: (...asked: Parameters<typeof run>) => answered(run, asked, exported(87).stdout) };
    await expect(ACTS.delivery?.(own)).rejects.toMatchObject({
      code: "SPARKI_HELD",
      message: expect.stringContaining("does not say that"),
    });
    expect(ran).not.toContainEqual(expect.stringContaining("up"));
  });

  describe("for the network", () => {
    const state = (names: Readonly<Record<string, string>>, pending: readonly object[] = []) => {
      const resources = Object.entries(names).map(([name, type]) => {
        return {
          urn: `urn:pulumi:prod::sparki::${type}::${name}`,
          type,
          custom: true,
          id: name,
          inputs: {},
          outputs: { id: name },
        };
      });
      return JSON.stringify({ version: 3, deployment: { resources, pending_operations: pending } });
    };
    const VPC = { "network-vpc": "aws:ec2/vpc:Vpc", "keys-logs": "aws:kms/key:Key" };
    const judged = JUDGED.replace("sparki-delivery@", "sparki@");

    /** With a stack that has these resources; what the program was told comes with what was run. */
    function withStack(kept: string, previewed = judged) {
      const { ran, ports, packs } = open({ [`sparki ${BUCKET} stack export`]: { stdout: kept } }, { previewed });
      const told: unknown[] = [];
      const { run } = ports;
      const own: ActPorts = {
        ...ports,
        run: (...asked) => {
          if (["preview", "up"].includes(asked[2][0] ?? "")) told.push([asked[0], asked[3]]);
          return answered(run, asked, kept);
        },
      };
      return { ran, packs, told, ports: own };
    }

    it("preview and apply the program up to its network, judged by the deployment's policies", async () => {
      const { ran, packs, told, ports } = withStack(state(VPC));
      await ACTS.network?.(ports);
      expect(ran).toEqual(["stack export", "preview --stack", "up --stack"].map((each) => `bucket: ${each}`));
      expect(packs).toEqual([PACK, PACK]);
      expect(told).toEqual([1, 2].map(() => ["sparki", { SPARKI_LAST_PART: "network" }]));
    });

    it("never end a program with its network that has made more: Pulumi would delete the rest", async () => {
      const { ran, ports } = withStack(state({ ...VPC, "database-instance": "aws:rds/instance:Instance" }));
      await expect(ACTS.network?.(ports)).rejects.toMatchObject({
        code: "SPARKI_HELD",
        message: expect.stringContaining("database-instance"),
        hint: expect.stringContaining("npx sparki deploy --stack prod"),
      });
      expect(ran).toEqual([]);
    });

    it("apply nothing that the deployment's own policies did not judge", async () => {
      const { ran, ports } = withStack(state(VPC), JUDGED);
      await expect(ACTS.network?.(ports)).rejects.toMatchObject({ code: "SPARKI_HELD" });
      expect(ran).not.toContainEqual(expect.stringContaining("up"));
    });

    it("take over first what a killed update had begun to create", async () => {
      const type = "aws:cloudwatch/logGroup:LogGroup";
      const urn = `urn:pulumi:prod::sparki::${type}::network-flow-logs`;
      const resource = { urn, type, custom: true, inputs: { name: "/sparki/prod/vpc-flow-logs" } };
      const { ran, ports } = withStack(state(VPC, [{ type: "creating", resource }]));
      await ACTS.network?.(ports);
      expect(ran.slice(-2)).toEqual(["bucket: preview --stack", "bucket: up --stack"]);
      expect(ran).toContain("bucket: refresh --stack");
    });
  });

  it("take over by its id what a killed update created, and forget what AWS has not", async () => {
    const urn = "urn:pulumi:prod::sparki-delivery::aws:iam/policy:Policy::roles-deploys-prod-guard";
    const policy = { urn, type: "aws:iam/policy:Policy", custom: true, inputs: { name: "deploys-sparki-prod-guard" } };
    const left = {
      version: 3,
      deployment: { resources: [], pending_operations: [{ type: "creating", resource: policy }] },
    };
    const { ran, ports } = open(inFolder());
    const { run } = ports;
    const imports: string[] = [];
    const own: ActPorts = {
      ...ports,
      run: async (...asked) => {
        const file = asked[2][asked[2].indexOf("--file") + 1] ?? "";
        if (asked[2][1] === "import") imports.push(readFileSync(file, "utf8"));
        return answered(run, asked, JSON.stringify(left));
      },
    };
    await ACTS.delivery?.(own);
    expect(ran).toEqual(
      [
        "stack export",
        "stack import",
        "refresh --stack",
        "stack export",
        "stack import",
        "preview --stack",
        "up --stack",
      ].map((each) => `folder: ${each}`),
    );
    const id = `arn:aws:iam::${ACCOUNT}:policy/deploys-sparki-prod-guard`;
    expect(JSON.parse(imports[0] ?? "")).toMatchObject({ deployment: { resources: [{ urn, id }] } });
    expect(JSON.parse(imports[1] ?? "")).toMatchObject({ deployment: { pending_operations: [] } });
    expect(existsSync(join(home, "scratch"))).toBe(false);
  });

  it("look for it only once a provider that lived on can create nothing more", async () => {
    const type = "aws:iam/role:Role";
    const resource = { urn: `urn:pulumi:prod::sparki-delivery::${type}::r`, type, custom: true, inputs: { name: "r" } };
    const at = (time: string) =>
      JSON.stringify({
        version: 3,
        deployment: { manifest: { time }, resources: [], pending_operations: [{ type: "creating", resource }] },
      });
    const slept = async (time: string) => {
      const { ports } = open(inFolder());
      const { run, context } = ports;
      const seconds: number[] = [];
      const clock = { ...context.clock, sleep: async (each: number) => void seconds.push(each) };
      const own = { ...ports, context: { ...context, clock } };
      await ACTS.delivery?.({ ...own, run: (...asked) => answered(run, asked, at(time)) });
      return seconds;
    };
    const now = open(inFolder()).ports.context.clock.now() * 1000;
    expect(await slept(new Date(now - 3000).toISOString())).toEqual([7]);
    expect(await slept(new Date(now - 60_000).toISOString())).toEqual([]);
  });

  it.each([
    ["take over", { id: "d1" }, ["stack export", "stack import", "refresh --stack", "stack export", "stack import"]],
    ["create again, where AWS has none,", undefined, ["stack export", "stack import", "stack export", "stack import"]],
  ])("%s what an account has only one of", async (_title, found, steps) => {
    const type = "aws:guardduty/detector:Detector";
    const urn = `urn:pulumi:prod::sparki-delivery::${type}::account-guardduty`;
    const pending = [{ type: "creating", resource: { urn, type, custom: true, inputs: { enable: true } } }];
    const left = JSON.stringify({ version: 3, deployment: { resources: [], pending_operations: pending } });
    const { ran, ports } = open(inFolder(), { looks: { ...looks, "guardduty/getDetector": found } });
    const { run } = ports;
    await ACTS.delivery?.({ ...ports, run: (...asked) => answered(run, asked, left) });
    expect(ran).toEqual([...steps, "preview --stack", "up --stack"].map((each) => `folder: ${each}`));
  });
});

/** Runs it, and writes what an export would into the file that it names. */
async function answered(run: ActPorts["run"], asked: Parameters<ActPorts["run"]>, state: string): Promise<string> {
  const [, , args] = asked;
  if (args[1] === "export") writeFileSync(args[args.indexOf("--file") + 1] ?? "", state);
  return run(...asked);
}

describe("deliveredId", () => {
  const place = { accountId: ACCOUNT, region: "us-east-1" };
  it.each([
    ["aws:s3/bucketVersioning:BucketVersioning", { bucket: "b" }, "b"],
    ["aws:iam/rolePolicy:RolePolicy", { role: "r", name: "n" }, "r:n"],
    ["aws:budgets/budget:Budget", { name: "sparki-monthly" }, `${ACCOUNT}:sparki-monthly`],
    ["aws:cloudtrail/trail:Trail", { name: "sparki" }, `arn:aws:cloudtrail:us-east-1:${ACCOUNT}:trail/sparki`],
    ["aws:codebuild/webhook:Webhook", { projectName: "sparki-runner" }, "sparki-runner"],
    ["aws:kms/key:Key", { description: "a key" }, undefined],
    ["aws:iam/role:Role", {}, undefined],
  ])("is of %s with %j: %s", (type, inputs, id) => {
    expect(deliveredId({ type, inputs }, place)).toBe(id);
  });
});
