import { PassThrough } from "node:stream";
import { resourcesIn } from "../../../records/state.ts";
import { type AdoptionOptions, adoptPending } from "../../../runbook/recovery/adopt.ts";
import { pendingCreates } from "../../../runbook/recovery/state-edit.ts";
import { Recovery } from "../../../runbook/recovery/take-over.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { SUCCEEDED } from "../../support/planning.ts";
import { fakeAws, fakeCluster, fakeState } from "../../support/preflight.ts";
import { type FakeEngine, fakeEngine, interruptedState } from "../../support/recovery.ts";

const BUCKET = { type: "aws:s3/bucket:Bucket", name: "logs", inputs: { bucket: "sparki-logs" } };
const DATABASE = { type: "aws:rds/instance:Instance", name: "database", inputs: { identifier: "sparki-prod" } };
const SUBNET = { type: "aws:ec2/subnet:Subnet", name: "private", inputs: {} };
const PASSWORD = { type: "random:index/randomPassword:RandomPassword", name: "auth", inputs: {} };
const arn = (id: string) => ({ resourceArn: `arn:aws:ec2:us-east-1:111122223333:subnet/${id}` });
const tagged = (...ids: string[]) =>
  fakeAws({ "resourcegroupstaggingapi/getResources": { resourceTagMappingLists: ids.map(arn) } });

const OWNED = {
  "resourcegroupstaggingapi/getResources": { resourceTagMappingLists: [{ resourceArn: "arn:aws:s3:::sparki-logs" }] },
};
type Context = Parameters<Recovery["takeOver"]>[0];

async function adopt(engine: FakeEngine, more: Partial<AdoptionOptions> = {}) {
  const { signal } = new AbortController();
  const fixed = { stack: "prod", clock: fakeClock(), timeScale: 1, signal, onProgress: () => {} };
  return adoptPending(await engine.exportEncrypted(), { engine, aws: tagged(), ...fixed, ...more });
}

async function stateOf(engine: FakeEngine) {
  const exported = await engine.exportEncrypted();
  return { pending: pendingCreates(exported), resources: resourcesIn(exported) };
}

describe("adoptPending", () => {
  it("takes what exists into the state, and leaves the rest to be made again", async () => {
    const state = interruptedState([BUCKET, SUBNET, PASSWORD]);
    const engine = fakeEngine(state, { "subnet-1": [{ arn: "a" }] });
    expect(await adopt(engine, { aws: tagged("subnet-1") })).toEqual({
      adopted: ["private"],
      madeAgain: ["logs", "auth"],
    });
    const { pending, resources } = await stateOf(engine);
    expect(pending).toEqual([]);
    expect(resources).toMatchObject([{ type: SUBNET.type, id: "subnet-1", outputs: { arn: "a" } }]);
  });

  it("reads nothing but what it takes over", async () => {
    const known = { type: "aws:ec2/vpc:Vpc", name: "vpc", id: "vpc-1" };
    const engine = fakeEngine(interruptedState([BUCKET], [known]), { "sparki-logs": [{}], "vpc-1": [{}] });
    await adopt(engine);
    expect(engine.refreshes).toEqual([["urn:pulumi:prod::sparki::aws:s3/bucket:Bucket::logs"]]);
  });

  it("waits until AWS has finished what takes minutes", async () => {
    const engine = fakeEngine(interruptedState([DATABASE]), {
      "sparki-prod": [{}, { endpoint: "" }, { endpoint: "db.example:5432" }],
    });
    const clock = fakeClock();
    const told: string[] = [];
    const found = await adopt(engine, { clock, onProgress: (text) => told.push(text) });
    expect(found).toEqual({ adopted: ["database"], madeAgain: [] });
    expect(clock.now()).toBe(30);
    expect(told).toEqual(["AWS is still creating database", "AWS is still creating database"]);
  });

  it("waits an hour at most, and can then be asked again", async () => {
    const engine = fakeEngine(interruptedState([DATABASE]), { "sparki-prod": [{}] });
    await expect(adopt(engine)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("AWS has not finished database"),
    });
  });

  it("refuses two that claim to be the same one, and changes nothing", async () => {
    const engine = fakeEngine(interruptedState([SUBNET]));
    await expect(adopt(engine, { aws: tagged("subnet-1", "subnet-2") })).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: "subnet-1 and subnet-2 both claim to be private (aws:ec2/subnet:Subnet); expected one",
    });
    expect((await stateOf(engine)).pending).toHaveLength(1);
  });

  it.each(["PendingDeletion", "PendingReplicaDeletion", undefined])(
    "takes the key that is in use, beside one of a stack that was destroyed, which KMS lists for a month as %s",
    async (keyState) => {
      const KEY = { type: "aws:kms/key:Key", name: "data", inputs: {} };
      const arnOf = (id: string) => `arn:aws:kms:us-east-1:111122223333:key/${id}`;
      const resourceTagMappingLists = ["old", "new"].map((id) => ({ resourceArn: arnOf(id) }));
      const aws = fakeAws({
        "resourcegroupstaggingapi/getResources": { resourceTagMappingLists },
        "kms/getKey": ({ keyId }: { keyId: string }) => {
          if (keyId === arnOf("new")) return { keyState: "Enabled" };
          return keyState === undefined ? undefined : { keyState };
        },
      });
      const engine = fakeEngine(interruptedState([KEY]), { new: [{}] });
      expect(await adopt(engine, { aws })).toEqual({ adopted: ["data"], madeAgain: [] });
      expect((await stateOf(engine)).resources).toMatchObject([{ type: KEY.type, id: "new" }]);
    },
  );

  it("never takes the one that a replacement was to replace, and lets that be deleted", async () => {
    const old = { type: SUBNET.type, name: SUBNET.name, id: "subnet-old" };
    const engine = fakeEngine(interruptedState([SUBNET], [old]), { "subnet-new": [{}] });
    await adopt(engine, { aws: tagged("subnet-old", "subnet-new") });
    const exported = JSON.parse(JSON.stringify(await engine.exportEncrypted()));
    expect(exported.deployment.resources.map(({ id }: { id: string }) => id)).toEqual(["subnet-old", "subnet-new"]);
  });

  it("writes over nobody's update", async () => {
    const engine = fakeEngine(interruptedState([SUBNET]));
    const aws = tagged("subnet-1");
    const meanwhile: typeof aws.find = async (name, args, schema) => {
      await engine.importState(interruptedState([]));
      return aws.find(name, args, schema);
    };
    await expect(adopt(engine, { aws: { find: meanwhile } })).rejects.toMatchObject({
      message: expect.stringContaining("another update has changed the stack meanwhile"),
    });
    expect((await stateOf(engine)).pending).toEqual([]);
  });
});

describe("a take-over that is killed itself", () => {
  const TIME = "2026-11-28T12:00:00Z";
  const ASSOCIATION = {
    type: "aws:ec2/routeTableAssociation:RouteTableAssociation",
    name: "private-a",
    inputs: { subnetId: "subnet-1", routeTableId: "rtb-1" },
  };
  const QUERY_LOG = { type: "aws:route53/queryLog:QueryLog", name: "query-log", inputs: { zoneId: "Z" } };
  const OBJECT = {
    type: "kubernetes:core/v1:ConfigMap",
    name: "web",
    inputs: { metadata: { namespace: "sparki-web", name: "web" } },
  };
  const PENDING = [BUCKET, DATABASE, SUBNET, ASSOCIATION, QUERY_LOG, OBJECT, PASSWORD];
  const CLOUD = {
    "sparki-logs": [{ arn: "b" }],
    "sparki-prod": [{}, { endpoint: "" }, { endpoint: "db:5432" }],
    "subnet-1": [{ arn: "s" }],
    "subnet-1/rtb-1": [{ arn: "a" }],
    "log-1": [{ arn: "q" }],
    "sparki-web/web": [{ kind: "ConfigMap" }],
  };
  const aws = fakeAws({
    "resourcegroupstaggingapi/getResources": { resourceTagMappingLists: [arn("subnet-1")] },
    "route53/listQueryLoggingConfigs": { ids: ["log-1"] },
  });

  /** The same engine, which from its operation of that number on does nothing any more, or does it and never says so. */
  function killedAt(engine: FakeEngine, kill: number, isDone: boolean): FakeEngine {
    let count = 0;
    const step = async <T>(work: () => Promise<T>): Promise<T> => {
      const number = count++;
      if (number < kill) return work();
      if (number === kill && isDone) await work();
      throw new Error("killed");
    };
    return {
      refreshes: engine.refreshes,
      exportEncrypted: () => step(engine.exportEncrypted),
      importState: (state) => step(() => engine.importState(state)),
      refresh: (...args) => step(() => engine.refresh(...args)),
    };
  }

  it("forgets nothing at any of its own steps, and comes to the same when it is begun again", async () => {
    const whole = fakeEngine(interruptedState(PENDING, [], TIME), CLOUD);
    await adopt(whole, { aws });
    const expected = await stateOf(whole);
    expect(expected).toMatchObject({ pending: [], resources: { length: 6 } });
    let steps = 0;
    for (const isDone of [false, true])
      for (let kill = 0, ended = false; !ended; kill++) {
        const engine = fakeEngine(interruptedState(PENDING, [], TIME), CLOUD);
        const dying = killedAt(engine, kill, isDone);
        ended = await adopt(dying, { aws }).then(
          () => true,
          () => false,
        );
        const { pending, resources } = await stateOf(engine);
        for (const { type, name, inputs } of PENDING.slice(0, -1)) {
          const isPending = pending.some((each) => each.name === name);
          const made = resources.find((each) => each.type === type);
          // By its id alone it is known to be unread, and the next one reads it.
          expect({ name, inputs, isSafe: isPending || made?.id !== undefined }).toMatchObject({ isSafe: true });
        }
        await adopt(engine, { aws });
        expect(await stateOf(engine)).toEqual(expected);
        steps++;
      }
    expect(steps).toBeGreaterThan(10);
  });

  it("never takes what it took over before for a resource to be replaced", async () => {
    const read = { ...ASSOCIATION, id: "rtbassoc-1", outputs: { arn: "a" } };
    const engine = fakeEngine(interruptedState([ASSOCIATION], [read]), { "rtbassoc-1": [{ arn: "a" }] });
    await adopt(engine);
    expect(await stateOf(engine)).toMatchObject({ pending: [], resources: [{ id: "rtbassoc-1" }] });
    expect(JSON.stringify(await engine.exportEncrypted())).not.toContain('"delete"');
  });

  it("reads what an earlier version left in the state by its id alone, and forgets what is not there", async () => {
    const half = [
      { ...BUCKET, id: "sparki-logs", outputs: {} },
      { ...SUBNET, id: "subnet-gone", outputs: {} },
    ];
    const engine = fakeEngine(interruptedState([], half), { "sparki-logs": [{ arn: "b" }] });
    expect(await adopt(engine)).toEqual({ adopted: ["logs"], madeAgain: ["private"] });
    expect((await stateOf(engine)).resources).toMatchObject([{ id: "sparki-logs", outputs: { arn: "b" } }]);
  });

  it.each([
    ["a refresh that fails", { outcome: "failed", failure: "ExpiredToken" }, "ExpiredToken"],
    ["Ctrl-C", { outcome: "interrupted", failure: "interrupted" }, "interrupted"],
  ] as const)("forgets nothing of what was being created on %s", async (_, ended, message) => {
    const engine = fakeEngine(interruptedState([BUCKET]), { "sparki-logs": [{ arn: "b" }] });
    const failing: FakeEngine = { ...engine, refresh: async () => ({ ...SUCCEEDED, ...ended }) };
    await expect(adopt(failing)).rejects.toMatchObject({ message: expect.stringContaining(message) });
    expect(await stateOf(engine)).toMatchObject({ pending: [], resources: [{ id: "sparki-logs", outputs: {} }] });
    await adopt(engine);
    expect(await stateOf(engine)).toMatchObject({ pending: [], resources: [{ outputs: { arn: "b" } }] });
  });

  it.each([
    [0.01, 10, "a provider that outlives its engine makes some seconds later"],
    [1, 60, "AWS's list of tags tells of late"],
  ])("waits at the time scale %d for %d s at the most for what %s", async (timeScale, seconds) => {
    const engine = fakeEngine(interruptedState([SUBNET], [], "1970-01-01T00:00:00Z"), { "subnet-1": [{ arn: "s" }] });
    const clock = fakeClock();
    const found = { "resourcegroupstaggingapi/getResources": { resourceTagMappingLists: [arn("subnet-1")] } };
    const find: AdoptionOptions["aws"]["find"] = (name, args, schema) =>
      (clock.now() < 4 ? tagged() : fakeAws(found)).find(name, args, schema);
    expect(await adopt(engine, { aws: { find }, clock, timeScale })).toEqual({ adopted: ["private"], madeAgain: [] });
    expect(clock.now()).toBe(seconds);
  });
});

describe("Recovery", () => {
  let stderr = new PassThrough();
  const target = (engine: FakeEngine) => {
    stderr = new PassThrough();
    const { signal } = new AbortController();
    return { stack: "prod", engine, env: {}, clock: fakeClock(), screen: plainScreen(stderr), signal };
  };
  const takeOver = async (of: ReturnType<typeof target>, context: Context) => {
    await new Recovery(of, async () => ({ context, close: async () => {} })).takeOver(context);
  };
  const taken = ({ type, name, inputs }: { readonly type: string; readonly name: string; readonly inputs: object }) => {
    return [{ urn: `urn:pulumi:prod::sparki::${type}::${name}`, type, custom: true, inputs }];
  };

  it("takes over what an update found there already, where it carries the stack's tags", async () => {
    const engine = fakeEngine(interruptedState([]), { "sparki-logs": [{ arn: "b" }] });
    const context = { aws: fakeAws(OWNED), cluster: fakeCluster(), state: fakeState([]) };
    const recovery = new Recovery(target(engine), async () => ({ context, close: async () => {} }));
    expect(await recovery.adoptTaken(taken(BUCKET))).toEqual(["logs"]);
    expect(await stateOf(engine)).toMatchObject({
      pending: [],
      resources: [{ id: "sparki-logs", outputs: { arn: "b" } }],
    });
  });

  it("takes over nothing that is somebody else's, but what was being created when an update was killed", async () => {
    const cloud = { "sparki-logs": [{ arn: "b" }] };
    const context = { aws: tagged(), cluster: fakeCluster(), state: fakeState([]) };
    const strange = fakeEngine(interruptedState([]), cloud);
    const open = async () => ({ context, close: async () => {} });
    expect(await new Recovery(target(strange), open).adoptTaken(taken(BUCKET))).toEqual([]);
    expect(await stateOf(strange)).toEqual({ pending: [], resources: [] });
    const late = fakeEngine(interruptedState([BUCKET]), {});
    const recovery = new Recovery(target(late), open);
    await recovery.takeOver(context);
    const later = fakeEngine(await late.exportEncrypted(), cloud);
    late.refresh = later.refresh;
    late.exportEncrypted = later.exportEncrypted;
    late.importState = later.importState;
    expect(await recovery.adoptTaken(taken(BUCKET))).toEqual(["logs"]);
  });

  it("finds what a provider had made when it died, though the engine forgot that it was being made", async () => {
    const engine = fakeEngine(interruptedState([]), { "subnet-1": [{ arn: "a" }] });
    const context = { aws: tagged("subnet-1"), cluster: fakeCluster(), state: fakeState([]) };
    const of = target(engine);
    await new Recovery(of, async () => ({ context, close: async () => {} })).adoptUnanswered(taken(SUBNET));
    expect(await stateOf(engine)).toMatchObject({
      pending: [],
      resources: [{ id: "subnet-1", outputs: { arn: "a" } }],
    });
  });

  it("keeps what to ask for in the state where AWS does not answer, for the next command to find", async () => {
    const cloud = { "subnet-1": [{ arn: "s" }], "sparki-logs": [{ arn: "b" }] };
    const known = { type: "aws:ec2/vpc:Vpc", name: "vpc", id: "vpc-1" };
    const engine = fakeEngine(interruptedState([], [known]), cloud);
    const dead = new Recovery(target(engine), async () => {
      throw new Error("connect ECONNREFUSED");
    });
    await dead.adoptUnanswered([...taken(SUBNET), ...taken(BUCKET), ...taken(DATABASE)]);
    expect(String(stderr.read()).replaceAll(/\s+/g, " ")).toContain(
      "looking it up failed: connect ECONNREFUSED; the next deployment looks again",
    );
    const context = { aws: tagged("subnet-1"), cluster: fakeCluster(), state: fakeState([]) };
    await takeOver(target(engine), context);
    const { pending, resources } = await stateOf(engine);
    expect(pending).toEqual([]);
    expect(resources.map(({ id, outputs }) => ({ id, outputs }))).toEqual([
      { id: "vpc-1", outputs: { id: "vpc-1" } },
      { id: "subnet-1", outputs: { arn: "s" } },
      { id: "sparki-logs", outputs: { arn: "b" } },
    ]);
  });

  it("keeps beside it what was being created or changed when the engine died, too", async () => {
    const state = interruptedState([SUBNET, BUCKET], [{ ...BUCKET, id: "sparki-logs" }]);
    state.deployment.pending_operations = state.deployment.pending_operations.map((each) =>
      each.resource.type === BUCKET.type ? { ...each, type: "updating" } : each,
    );
    const engine = fakeEngine(state, { "subnet-1": [{ arn: "s" }] });
    const dead = new Recovery(target(engine), async () => {
      throw new Error("connect ECONNREFUSED");
    });
    await dead.adoptUnanswered(taken(DATABASE));
    await takeOver(target(engine), { aws: tagged("subnet-1"), cluster: fakeCluster(), state: fakeState([]) });
    const { resources } = JSON.parse(JSON.stringify(await engine.exportEncrypted())).deployment;
    expect(resources).toMatchObject([
      { id: "sparki-logs", initErrors: ["its update was interrupted"] },
      { id: "subnet-1", outputs: { arn: "s" } },
    ]);
  });

  it("asks nobody about what the state has", async () => {
    const known = { ...SUBNET, id: "subnet-1" };
    const engine = fakeEngine(interruptedState([], [known]));
    await new Recovery(target(engine), async () => {
      throw new Error("not asked");
    }).adoptUnanswered(taken(SUBNET));
    expect(stderr.read()).toBeNull();
  });

  it("says what it could not look for, and leaves the update's own end to be told", async () => {
    const engine = fakeEngine(interruptedState([]));
    await new Recovery(target(engine), async () => {
      throw new Error("AWS does not answer");
    }).adoptUnanswered(taken(SUBNET));
    expect(String(stderr.read()).replaceAll(/\s+/g, " ")).toContain(
      "private: AWS never confirmed its creation, and looking it up failed: AWS does not answer; the next deployment",
    );
  });

  it.each([
    ["is there", tagged("subnet-1"), ["sparki-logs", "subnet-1"]],
    ["does not exist", tagged(), ["sparki-logs"]],
  ])(
    "forgets neither what was being changed nor what was being created beside it, where that %s",
    async (_, aws, ids) => {
      const state = interruptedState([SUBNET, BUCKET], [{ ...BUCKET, id: "sparki-logs" }]);
      state.deployment.pending_operations = state.deployment.pending_operations.map((each) =>
        each.resource.type === BUCKET.type ? { ...each, type: "updating" } : each,
      );
      const engine = fakeEngine(state, { "subnet-1": [{ arn: "s" }] });
      await takeOver(target(engine), { aws, cluster: fakeCluster(), state: fakeState([]) });
      const { resources } = JSON.parse(JSON.stringify(await engine.exportEncrypted())).deployment;
      expect(resources.map(({ id }: { id: string }) => id)).toEqual(ids);
      expect(resources[0].initErrors).toEqual(["its update was interrupted"]);
    },
  );

  it("tells what it did", async () => {
    const engine = fakeEngine(interruptedState([BUCKET, PASSWORD]), { "sparki-logs": [{}] });
    await takeOver(target(engine), { aws: tagged(), cluster: fakeCluster(), state: fakeState([]) });
    expect(String(stderr.read())).toMatch(/adopt.*\n.*1 exist and are now in the state, 1 will be created again/);
  });

  it.each([
    [
      "reads what Ctrl-C left before AWS had finished it",
      "creating VPC: context canceled while waiting",
      [SUBNET.type],
    ],
    ["does not read what AWS gave up", "creating: unexpected state 'create-failed', wanted 'available'", []],
    ["does not read what is only to be changed again", "its update was interrupted", []],
  ])("%s", async (_, error, read) => {
    const state = interruptedState([], [{ ...SUBNET, id: "subnet-1", outputs: { cidrBlock: "10.0.0.0/24" } }]);
    const resources = state.deployment.resources.map((each) => ({ ...each, initErrors: [error] }));
    const engine = fakeEngine(
      { ...state, deployment: { ...state.deployment, resources } },
      { "subnet-1": [{ arn: "s" }] },
    );
    await takeOver(target(engine), { aws: tagged(), cluster: fakeCluster(), state: fakeState([]) });
    expect(engine.refreshes.flat().map((urn) => urn.split("::").at(-2))).toEqual(read);
  });

  it("says nothing where every operation finished", async () => {
    const context = { aws: tagged(), cluster: fakeCluster(), state: fakeState([]) };
    await takeOver(target(fakeEngine(interruptedState([]))), context);
    expect(stderr.read()).toBeNull();
  });

  it("leaves alone what may be somebody else's update that still runs", async () => {
    const engine = fakeEngine(interruptedState([BUCKET]), { "sparki-logs": [{}] });
    await takeOver(target(engine), {
      aws: tagged(),
      cluster: fakeCluster(),
      state: fakeState([], { lock: { holder: "ann" } }),
    });
    expect((await stateOf(engine)).pending).toHaveLength(1);
  });

  it("has what was being changed changed again, although an update rolls back to what the state says", async () => {
    const known = { ...BUCKET, id: "sparki-logs" };
    const state = interruptedState([BUCKET], [known]);
    state.deployment.pending_operations = state.deployment.pending_operations.map((each) => ({
      ...each,
      type: "updating",
    }));
    const engine = fakeEngine(state);
    const context = { aws: tagged(), cluster: fakeCluster(), state: fakeState([]) };
    for (let times = 0; times < 2; times++) await takeOver(target(engine), context);
    expect(await engine.exportEncrypted()).toMatchObject({
      deployment: { resources: [{ id: "sparki-logs", initErrors: ["its update was interrupted"] }] },
    });
  });
});
