import { PassThrough } from "node:stream";
import type { ClusterJob } from "../../../io/cluster-lookups.ts";
import { migratedImages } from "../../../records/promotion.ts";
import { resourcesIn } from "../../../records/state.ts";
import { interruptedIn } from "../../../runbook/recovery/state-edit.ts";
import { Recovery } from "../../../runbook/recovery/take-over.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { fakeAws, fakeCluster, fakeState } from "../../support/preflight.ts";
import { type FakeEngine, fakeEngine, interruptedState } from "../../support/recovery.ts";

const TYPE = "command:local:Command";
const [LIVE, NEW, NEWER, CLIENT] = ["engine@sha256:a", "engine@sha256:b", "engine@sha256:c", "client@sha256:d"];
const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "x" };
const inputsOf = (...triggers: string[]) => ({ create: "node io/run-job.ts", stdin: secret, triggers });
const migrate = (...triggers: string[]) => ({
  type: TYPE,
  name: "database-jobs-migrate-run",
  inputs: inputsOf(...triggers),
});
const before = { ...migrate(LIVE), id: "run-1" };
const job = (state: ClusterJob["state"], image = NEW, name = "migrate"): ClusterJob => ({
  name,
  namespace: "sparki-engine",
  image,
  state,
});

/** A take-over in a cluster whose jobs are `jobs`' answer at each time it is asked. */
async function takeOver(engine: FakeEngine, jobs: (seconds: number) => readonly ClusterJob[] | undefined) {
  const clock = fakeClock();
  const screen = new PassThrough();
  const target = {
    ...{ stack: "prod", engine, env: {}, clock },
    screen: plainScreen(screen),
    signal: new AbortController().signal,
  };
  const cluster = fakeCluster({ jobs: async () => jobs(clock.now()) });
  const context = { aws: fakeAws({}), cluster, state: fakeState([]) };
  await new Recovery(target, async () => ({ context, close: async () => {} })).takeOver(context);
  return { waited: clock.now(), told: String(screen.read()).replaceAll(/\s+/g, " ") };
}

/** What a state says of its jobs, and what a rollback makes of it. */
async function known(engine: FakeEngine) {
  const exported = await engine.exportEncrypted();
  const resources = resourcesIn(exported);
  return {
    jobs: resources.map(({ id, inputs, delete: isOld }) => ({
      id,
      triggers: inputs.triggers,
      ...(isOld && { isOld }),
    })),
    images: migratedImages(resources),
    interrupted: interruptedIn(exported),
  };
}

const OLD = { id: "run-1", triggers: [LIVE], isOld: true };
const AGAIN = { id: "sparki:begun", triggers: [NEW, NEW] };

describe("a job that was being run when its update was killed", () => {
  it("is taken over as it is where the cluster has carried it to its end, with its secrets as they were", async () => {
    const engine = fakeEngine(interruptedState([migrate(NEW)], [before]));
    const { told } = await takeOver(engine, () => [job("succeeded")]);
    expect(await known(engine)).toEqual({
      jobs: [OLD, { id: "sparki:succeeded", triggers: [NEW] }],
      images: [LIVE, NEW],
      interrupted: [],
    });
    expect(resourcesIn(await engine.exportEncrypted()).at(-1)).toMatchObject({
      inputs: inputsOf(NEW),
      outputs: { ...inputsOf(NEW), stdout: "", stderr: "" },
    });
    expect(told).toContain("database-jobs-migrate-run has succeeded");
  });

  it("is waited for while it runs", async () => {
    const engine = fakeEngine(interruptedState([migrate(NEW)], [before]));
    const { waited } = await takeOver(engine, (now) => [job(now < 12 ? "running" : "succeeded")]);
    expect(waited).toBe(15);
    expect((await known(engine)).jobs).toEqual([OLD, { id: "sparki:succeeded", triggers: [NEW] }]);
  });

  it("is waited for no longer than the cluster lets it run", async () => {
    const engine = fakeEngine(interruptedState([migrate(NEW)], [before]));
    const { waited } = await takeOver(engine, () => [job("running")]);
    expect({ waited, jobs: (await known(engine)).jobs }).toEqual({ waited: 660, jobs: [OLD, AGAIN] });
  });

  it.each([
    ["it failed", () => [job("failed")]],
    ["it is not there", () => []],
    ["the one that is there is another release's", () => [job("succeeded", LIVE)]],
    ["another one of its image succeeded", () => [job("succeeded", NEW, "seed")]],
    ["there is no cluster", () => undefined],
    [
      "the cluster does not answer",
      () => {
        throw new Error("ECONNREFUSED");
      },
    ],
  ])("stays in the state as one that runs again where %s, so that what may have run is known", async (_, jobs) => {
    const engine = fakeEngine(interruptedState([migrate(NEW)], [before]));
    const { waited, told } = await takeOver(engine, jobs);
    expect({ waited, ...(await known(engine)) }).toEqual({
      waited: 0,
      jobs: [OLD, AGAIN],
      images: [LIVE, NEW],
      interrupted: ["database-jobs-migrate-run"],
    });
    expect(told).toMatch(/is to run again|so they are to run again: ECONNREFUSED/);
  });

  it("runs again where its image alone does not say what it ran for", async () => {
    const users = { ...migrate(CLIENT, "sparki_application_20261101"), name: "database-jobs-users-run" };
    const engine = fakeEngine(interruptedState([users]));
    await takeOver(engine, () => [job("succeeded", CLIENT, "users")]);
    expect((await known(engine)).jobs).toMatchObject([{ id: "sparki:begun", triggers: { length: 4 } }]);
  });

  it("is known however often it is begun and killed, of each release once", async () => {
    let engine = fakeEngine(interruptedState([migrate(NEW)], [before]));
    for (const image of [NEW, NEWER, NEWER]) {
      await takeOver(engine, () => []);
      const state = JSON.parse(JSON.stringify(await engine.exportEncrypted()));
      const { pending_operations } = interruptedState([migrate(image)]).deployment;
      engine = fakeEngine({ ...state, deployment: { ...state.deployment, pending_operations } });
    }
    await takeOver(engine, () => []);
    const { jobs, images } = await known(engine);
    expect(jobs).toEqual([OLD, { ...AGAIN, isOld: true }, { id: "sparki:begun", triggers: [NEWER, NEWER] }]);
    expect(images).toEqual([LIVE, NEW, NEWER]);
  });

  it("is known at every step at which a take-over is killed itself", async () => {
    let kills = 0;
    for (let isOver = false; !isOver; kills++) {
      const engine = fakeEngine(interruptedState([migrate(NEW)], [before]));
      let steps = 0;
      const importState: FakeEngine["importState"] = async (state) => {
        await engine.importState(state);
        if (steps++ === kills) throw new Error("killed");
      };
      isOver = await takeOver({ ...engine, importState }, () => []).then(
        () => true,
        () => false,
      );
      const { pending_operations: pending = [] } = JSON.parse(
        JSON.stringify(await engine.exportEncrypted()),
      ).deployment;
      expect([...(await known(engine)).images, ...pending]).toContain(NEW);
      await takeOver(engine, () => []);
      expect(await known(engine)).toMatchObject({ jobs: [OLD, AGAIN], interrupted: ["database-jobs-migrate-run"] });
    }
    expect(kills).toBeGreaterThan(1);
  });

  it("leaves a command that runs nothing in the cluster to be made again", async () => {
    const guard = { type: TYPE, name: "destroy-guard", inputs: { create: "true", delete: "exit 1" } };
    const engine = fakeEngine(interruptedState([guard]));
    await takeOver(engine, () => {
      throw new Error("not asked");
    });
    expect((await known(engine)).jobs).toEqual([]);
  });
});
