import {
  deliveryState,
  deployedByCi,
  ownNetwork,
  ownStack,
  promoted,
  stateOnceThere,
} from "../../../../runbook/preflight/phases/states.ts";
import { BUCKET, exported, FOLDER, networkOf, phaseContext, see } from "../../../support/phases.ts";
import { configWith, fakeFiles, promotionOf } from "../../../support/preflight.ts";

const DELIVERY_KEY = "awskms://alias/pulumi-secrets-sparki-delivery?region=us-east-1";
const OWN_KEY = "awskms://alias/pulumi-secrets-sparki-prod?region=us-east-1";
const looks = { "s3/getBucket": { bucket: "sparki-state-111122223333" } };
const inBucket = `sparki-delivery ${BUCKET} stack export`;
const inFolder = `sparki-delivery ${FOLDER} stack export`;

describe("deliveryState", () => {
  it("passes a state in the bucket, encrypted by its key, of which no folder has a copy", async () => {
    const context = phaseContext({ looks, pulumi: { [inBucket]: exported(87, DELIVERY_KEY) } });
    expect(await see(deliveryState, context)).toMatchObject({ status: "pass", reason: expect.stringContaining("87") });
  });

  it.each([
    ["there is no bucket", {}, {}, "is not in s3://sparki-state-111122223333"],
    ["the bucket has no such stack", looks, {}, "is not in s3://sparki-state-111122223333"],
    ["the stack is empty", looks, { [inBucket]: exported(0) }, "is empty"],
    ["the stack was never updated", looks, { [inBucket]: { stdout: '{"version":3,"deployment":null}' } }, "is empty"],
    ["a passphrase encrypts it", looks, { [inBucket]: exported(87) }, "encrypted by passphrase; expected awskms"],
  ])("fails where %s", async (_, found, pulumi, reason) => {
    const result = await see(deliveryState, phaseContext({ looks: found, pulumi }));
    expect(result).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });

  it("fails while the folder has a copy: the move is not proven", async () => {
    const files = fakeFiles({ "/home/ada/.sparki-delivery/prod/.pulumi/meta.yaml": "version: 1" });
    const pulumi = { [inBucket]: exported(87, DELIVERY_KEY), [inFolder]: exported(87) };
    const found = await see(deliveryState, phaseContext({ looks, files, pulumi }));
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining("is still there") });
  });

  it("is unknown where the backend does not answer, and says what Pulumi said", async () => {
    const pulumi = { [inBucket]: { code: 255, stderr: "error: AccessDenied" } };
    await expect(see(deliveryState, phaseContext({ looks, pulumi }))).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("AccessDenied"),
    });
  });
});

describe("ownStack", () => {
  const there = { [`sparki ${BUCKET} stack export`]: exported(0, OWN_KEY) };
  const file = (provider: string) =>
    fakeFiles({ "/project/Pulumi.prod.yaml": `secretsprovider: ${provider}\nconfig: {}` });

  it("passes a stack in the bucket whose config names its own key", async () => {
    const context = phaseContext({ pulumi: there, files: file(OWN_KEY) });
    expect(await see(ownStack, context)).toMatchObject({ status: "pass" });
  });

  it.each([
    ["there is no stack", {}, OWN_KEY, "there is no stack prod"],
    ["the config names another key", there, DELIVERY_KEY, `names ${DELIVERY_KEY}; expected ${OWN_KEY}`],
    [
      "the state is encrypted by another key",
      { [`sparki ${BUCKET} stack export`]: exported(3, DELIVERY_KEY) },
      OWN_KEY,
      `encrypted by ${DELIVERY_KEY}`,
    ],
  ])("fails where %s", async (_, pulumi, provider, reason) => {
    const found = await see(ownStack, phaseContext({ pulumi, files: file(provider) }));
    expect(found).toMatchObject({ status: "fail", reason: expect.stringContaining(reason) });
  });
});

describe("ownNetwork", () => {
  it("passes once an update has told where a runner stands, and not before", async () => {
    const network = { vpcId: "vpc-1", subnetIds: ["subnet-1", "subnet-2"], securityGroupId: "sg-1" };
    expect(await see(ownNetwork, phaseContext({ pulumi: networkOf(network) }))).toMatchObject({
      status: "pass",
      reason: "vpc-1, with 2 private subnets and the runner's group",
    });
    const empty = { [`sparki ${BUCKET} stack export`]: exported(0, OWN_KEY) };
    for (const pulumi of [{}, networkOf({ vpcId: "vpc-1" }), empty])
      expect(await see(ownNetwork, phaseContext({ pulumi }))).toMatchObject({
        status: "fail",
        reason: "prod has no network yet",
        fix: "npx sparki bootstrap --stack prod",
      });
  });
});

describe("promoted", () => {
  it("passes once the state has a promotion record, and not before", async () => {
    const { release } = configWith({});
    const state = (resources: readonly object[]) => ({
      [`sparki ${BUCKET} stack export`]: { stdout: JSON.stringify({ deployment: { resources } }) },
    });
    const found = await see(promoted, phaseContext({ pulumi: state([promotionOf(release)]) }));
    expect(found).toMatchObject({ status: "pass", reason: `${release.id} is promoted` });
    expect(await see(promoted, phaseContext({ pulumi: state([]) }))).toMatchObject({ status: "fail" });
  });
});

describe("deployedByCi", () => {
  const { release } = configWith({});
  function history(...through: readonly string[]) {
    const updates = through.map((each) => {
      const who = { name: "ada", through: each, run: "https://github.com/run/1" };
      const record = { by: "sparki deploy", release: release.id, at: "2026-11-23T12:00:00Z", who, approval: null };
      return {
        ...{ kind: "update", startTime: "2026-11-23T12:00:00Z", endTime: "2026-11-23T12:30:00Z", result: "succeeded" },
        config: {
          "sparki:release": { objectValue: release },
          "sparki-run:record": { value: JSON.stringify(record) },
        },
      };
    });
    return phaseContext({ pulumi: { [`sparki ${BUCKET} stack history`]: { stdout: JSON.stringify(updates) } } });
  }

  it.each([
    ["passes where the newest was a workflow's", ["GitHub Actions", "this machine"], "pass"],
    ["fails where the newest was a person's", ["this machine", "GitHub Actions"], "fail"],
    ["fails where there is none", [], "fail"],
  ])("%s", async (_, through, status) => {
    expect(await see(deployedByCi, history(...through))).toMatchObject({ status });
  });
});

describe("stateOnceThere", () => {
  const place = { states: BUCKET, accountId: "111122223333" };
  const refused = async () => {
    throw new Error("NoSuchBucket");
  };

  it("is empty before there is a bucket, without asking a backend that cannot answer", async () => {
    const state = stateOnceThere(phaseContext({ state: { read: refused, lock: refused } }), place);
    expect(await state.read()).toEqual({ resources: [], pending: [] });
    expect(await state.lock()).toBeUndefined();
  });

  it("is the backend's own afterwards, and on Pulumi Cloud", async () => {
    const context = phaseContext({ looks, state: { read: refused, lock: refused } });
    await expect(stateOnceThere(context, place).read()).rejects.toThrow("NoSuchBucket");
    const cloud = { ...place, states: "https://api.pulumi.com" };
    const other = phaseContext({ state: { read: refused, lock: refused } });
    await expect(stateOnceThere(other, cloud).read()).rejects.toThrow("NoSuchBucket");
  });
});
