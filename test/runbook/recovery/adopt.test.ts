import { PassThrough } from "node:stream";
import { type AdoptionOptions, adoptPending } from "../../../runbook/recovery/adopt.ts";
import { pendingCreates } from "../../../runbook/recovery/state-edit.ts";
import { takeOver } from "../../../runbook/recovery/take-over.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { resourcesIn } from "../../../runbook/report/state.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { fakeAws, fakeState } from "../../support/preflight.ts";
import { type FakeEngine, fakeEngine, interruptedState } from "../../support/recovery.ts";

const BUCKET = { type: "aws:s3/bucket:Bucket", name: "logs", inputs: { bucket: "sparki-logs" } };
const DATABASE = { type: "aws:rds/instance:Instance", name: "database", inputs: { identifier: "sparki-prod" } };
const SUBNET = { type: "aws:ec2/subnet:Subnet", name: "private", inputs: {} };
const PASSWORD = { type: "random:index/randomPassword:RandomPassword", name: "auth", inputs: {} };
const arn = (id: string) => ({ resourceArn: `arn:aws:ec2:us-east-1:111122223333:subnet/${id}` });
const tagged = (...ids: string[]) =>
  fakeAws({ "resourcegroupstaggingapi/getResources": { resourceTagMappingLists: ids.map(arn) } });

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
    expect(told).toEqual(["AWS is still making database", "AWS is still making database"]);
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
      message: expect.stringContaining("somebody else has updated the stack meanwhile"),
    });
    expect((await stateOf(engine)).pending).toEqual([]);
  });
});

describe("takeOver", () => {
  let stderr = new PassThrough();
  const target = (engine: FakeEngine) => {
    stderr = new PassThrough();
    const { signal } = new AbortController();
    return { stack: "prod", engine, env: {}, clock: fakeClock(), screen: plainScreen(stderr), signal };
  };

  it("tells what it did", async () => {
    const engine = fakeEngine(interruptedState([BUCKET, PASSWORD]), { "sparki-logs": [{}] });
    await takeOver(target(engine), { aws: tagged(), state: fakeState([]) });
    expect(String(stderr.read())).toMatch(/take over.*\n.*1 exist and are in the state now, 1 will be made again/);
  });

  it("says nothing where every operation ended", async () => {
    await takeOver(target(fakeEngine(interruptedState([]))), { aws: tagged(), state: fakeState([]) });
    expect(stderr.read()).toBeNull();
  });

  it("leaves alone what may be somebody else's update that still runs", async () => {
    const engine = fakeEngine(interruptedState([BUCKET]), { "sparki-logs": [{}] });
    await takeOver(target(engine), { aws: tagged(), state: fakeState([], { lock: { holder: "ann" } }) });
    expect((await stateOf(engine)).pending).toHaveLength(1);
  });
});
