import { PassThrough } from "node:stream";
import type { ClusterJob, HelmRelease } from "../../../io/cluster-lookups.ts";
import type { RecordedEvent } from "../../../records/engine-record.ts";
import { migratedImages } from "../../../records/promotion.ts";
import { resourcesIn } from "../../../records/state.ts";
import { interruptedIn } from "../../../runbook/recovery/state-edit.ts";
import { abandonedOperations, providersSince, Recovery, TakenResources } from "../../../runbook/recovery/take-over.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { stepEvent, urnOf } from "../../support/planning.ts";
import { fakeAws, fakeCluster, fakeState } from "../../support/preflight.ts";
import { type FakeEngine, fakeEngine, interruptedState } from "../../support/recovery.ts";

const BUCKET = { type: "aws:s3/bucket:Bucket", name: "logs" };

function failed(message: string, op: "create" | "update" = "create"): TakenResources {
  const taken = new TakenResources();
  const after = { bucket: "sparki-logs", key: "[secret]", tags: { owner: "[secret]" } };
  const { resourcePreEvent, ...event } = stepEvent({ ...BUCKET, op, after });
  if (resourcePreEvent === undefined) throw new Error("no event");
  const urn = urnOf(BUCKET);
  const said = { urn, severity: "error" as const, message, color: "never", ephemeral: false };
  const diagnosticEvent: RecordedEvent["diagnosticEvent"] = said;
  taken.see({ ...event, diagnosticEvent });
  taken.see({ ...event, resOpFailedEvent: { metadata: resourcePreEvent.metadata, status: 1, steps: 1 } });
  return taken;
}

describe("TakenResources", () => {
  it.each([
    "creating Route 53 Query Logging Configuration: QueryLoggingConfigAlreadyExists: A query logging configuration for this hosted zone already exists",
    "creating IAM Role (x): EntityAlreadyExists: Role with name x already exists.",
    "creating S3 Bucket (x): BucketAlreadyOwnedByYou: ",
    "creating EC2 Route: RouteAlreadyExists: The route identified by 0.0.0.0/0 already exists.",
    "associating: Resource.AlreadyAssociated: the specified association already exists",
    "InvalidPermission.Duplicate: the specified rule is a duplicate",
    'resource sparki-web/web was not successfully created by the Kubernetes API server: configmaps "web" already exists',
    "cannot re-use a name that is still in use",
    "creating ElastiCache Subnet Group: CacheSubnetGroupAlreadyExists: it exists",
  ])("tells of a creation that was refused with %j", (message) => {
    expect(failed(message).found).toMatchObject([{ urn: urnOf(BUCKET), type: BUCKET.type, custom: true }]);
  });

  it.each(["AccessDenied: no", "Throttling: Rate exceeded", "the stack is already locked"])(
    "tells of none that was refused with %j",
    (message) => {
      expect(failed(message).found).toEqual([]);
    },
  );

  const asked = "operation error EKS: CreateCluster, https response error StatusCode";
  it.each([
    [true, `${asked}: 0, RequestID: , request send failed: read: connection reset by peer`],
    [true, `${asked}: 500, RequestID: 6d-1, ServerException: try later`],
    [false, `${asked}: 400, RequestID: 6d-1, InvalidParameterException: no such version`],
    [false, `${asked}: 400, RequestID: 6d-1, api error InvalidParameterCombination: no`],
  ])("says %s whether AWS may have done it after all: %s", (isOpen, message) => {
    expect(failed(message).unanswered).toHaveLength(isOpen ? 1 : 0);
  });

  it("tells of no update, and keeps no input that holds a secret", () => {
    expect(failed("x already exists", "update").found).toEqual([]);
    expect(failed("x already exists").found[0]?.inputs).toEqual({ bucket: "sparki-logs" });
  });
});

const NOW = 1_000_000;
const inputs = { namespace: "sparki-engine", name: "engine-fleet", timeout: 900 };
const FLEET = { type: "kubernetes:helm.sh/v3:Release", name: "engine-fleet", inputs };
const KNOWN = { ...FLEET, id: "sparki-engine/engine-fleet" };
const UPGRADED: HelmRelease = { ...inputs, revision: 4, status: "pending-upgrade", since: NOW - 20 };
const INSTALLED: HelmRelease = { ...inputs, revision: 1, status: "pending-install", since: NOW - 20 };
const nothing = { "resourcegroupstaggingapi/getResources": { resourceTagMappingLists: [] } };

/** A cluster with one release whose operation ends by itself at a time, or never; it notes what happens to it. */
function clusterWith(release: HelmRelease, clock = fakeClock(NOW), endsAt = Number.POSITIVE_INFINITY) {
  const acts: string[] = [];
  let isThere = true;
  const cluster = fakeCluster({
    helmReleases: async () => {
      const now = clock.now() < endsAt ? release : { ...release, status: "deployed" };
      return isThere ? [now] : [];
    },
    forgetOperation: async ({ name, revision, status }) => {
      acts.push(`forgot ${name} ${revision} ${status}`);
      isThere = false;
      return true;
    },
  });
  return { acts, clock, cluster };
}

type Fake = Pick<ReturnType<typeof clusterWith>, "clock" | "cluster"> & { readonly locked?: boolean };

async function takeOver(
  state: unknown,
  { clock, cluster, locked = false }: Fake,
  { providersSince: since }: { readonly providersSince?: number | undefined } = {},
) {
  const stderr = new PassThrough();
  const engine = fakeEngine(state);
  const { signal } = new AbortController();
  const target = { stack: "prod", engine, env: {}, clock, screen: plainScreen(stderr), signal };
  const context = { aws: fakeAws(nothing), cluster, state: fakeState([], locked ? { lock: { holder: "ann" } } : {}) };
  const recovery = new Recovery(target, async () => ({ context, close: async () => {} }), since);
  const failure = await recovery.takeOver(context).catch((error: unknown) => error);
  const { resources = [], pending_operations: pending = [] } = JSON.parse(
    JSON.stringify(await engine.exportEncrypted()),
  ).deployment;
  return {
    failure,
    engine,
    waited: clock.now() - NOW,
    marked: resources.flatMap(({ initErrors }: { initErrors?: string[] }) => initErrors ?? []),
    pending: pending.length,
    text: String(stderr.read() ?? "").replaceAll(/\s+/g, " "),
  };
}

describe("an operation of Helm that was killed", () => {
  it("is waited for until its own limit and the time that Helm needs to note it: whoever carries it out may live", async () => {
    const fake = clusterWith(UPGRADED);
    const { waited, text } = await takeOver(interruptedState([], [KNOWN]), fake);
    expect({ waited, acts: fake.acts }).toEqual({ waited: 910, acts: ["forgot engine-fleet 4 pending-upgrade"] });
    expect(text).toContain("nothing carries it out any more, so it is done again: engine-fleet (pending-upgrade)");
  });

  it.each([
    ["a real minute at least where modelled time runs fast", { timeScale: 0.002 }, 40],
    [
      "Helm's own five minutes where the release states no limit",
      { releases: [{ inputs: { ...inputs, timeout: undefined } }] },
      310,
    ],
    ["the longest limit where nothing is known of it", { releases: [] }, 910],
  ])("is waited for %s", async (_, more, seconds) => {
    const { cluster, clock } = clusterWith(UPGRADED);
    const told: string[] = [];
    const { signal } = new AbortController();
    const records = { cluster, clock, signal, timeScale: 1, releases: [{ inputs }], ...more };
    const abandoned = await abandonedOperations({ ...records, onProgress: (text) => told.push(text) });
    expect({ abandoned, waited: clock.now() - NOW }).toEqual({ abandoned: [UPGRADED], waited: seconds });
    expect(told[0]).toBe(
      `Helm may still be working on engine-fleet (pending-upgrade): waiting ${seconds} s at most (with --abandoned not at all)`,
    );
  });

  it("is no business of ours once it has ended by itself", async () => {
    const fake = clusterWith(UPGRADED, fakeClock(NOW), NOW + 12);
    const { waited, marked } = await takeOver(interruptedState([], [KNOWN]), fake);
    expect({ waited, marked, acts: fake.acts }).toEqual({ waited: 15, marked: [], acts: [] });
  });

  it("is not waited for where its provider is known to have ended", async () => {
    const fake = clusterWith(UPGRADED);
    const { waited, marked } = await takeOver(interruptedState([], [KNOWN]), fake, { providersSince: NOW - 10 });
    expect({ waited, acts: fake.acts.length, marked }).toEqual({
      waited: 0,
      acts: 1,
      marked: ["its update was interrupted"],
    });
  });

  it("is not waited for where a person says so, by whatever clock Helm noted it", async () => {
    const fake = clusterWith({ ...UPGRADED, since: NOW + 86_400 });
    const { waited } = await takeOver(interruptedState([], [KNOWN]), fake, {
      providersSince: providersSince({ abandoned: true }),
    });
    expect({ waited, acts: fake.acts }).toEqual({ waited: 0, acts: ["forgot engine-fleet 4 pending-upgrade"] });
    expect(providersSince({})).toBeUndefined();
  });

  it("is waited for no longer where the cluster's clock is ahead", async () => {
    const fake = clusterWith({ ...UPGRADED, since: NOW + 86_400 });
    expect(await takeOver(interruptedState([], [KNOWN]), fake)).toMatchObject({ waited: 930 });
  });

  it("is installed again where it was a first install, over what that had made", async () => {
    const fake = clusterWith(INSTALLED);
    const { pending, text } = await takeOver(interruptedState([FLEET]), fake, { providersSince: NOW });
    expect({ pending, acts: fake.acts }).toEqual({ pending: 0, acts: ["forgot engine-fleet 1 pending-install"] });
    expect(text).toContain("0 exist and are now in the state, 1 will be created again");
  });

  it.each([
    ["a first install that takes away again what it made is forgotten, and is installed again", [FLEET], [], 1],
    ["what the state has is deleted by who has begun that, and is left alone", [], [KNOWN], 0],
  ] as const)("%s", async (_, pending, known, count) => {
    const fake = clusterWith({ ...INSTALLED, status: "uninstalling" });
    await takeOver(interruptedState(pending, known), fake, { providersSince: NOW });
    expect(fake.acts).toEqual(Array(count).fill("forgot engine-fleet 1 uninstalling"));
  });

  it("is forgotten where an update lost its provider, and so nothing of it is in the state", async () => {
    const web = { type: "kubernetes:core/v1:Namespace", name: "web", id: "sparki-web" };
    const fake = clusterWith(INSTALLED);
    await takeOver(interruptedState([], [web]), fake, { providersSince: NOW });
    expect(fake.acts).toEqual(["forgot engine-fleet 1 pending-install"]);
  });

  it("is found again by the next take-over where this one dies before it has forgotten it", async () => {
    const { clock, cluster } = clusterWith(UPGRADED);
    const forgetOperation = async () => {
      throw new Error("killed");
    };
    const dying = { clock, cluster: { ...cluster, forgetOperation } };
    const first = await takeOver(interruptedState([], [KNOWN]), dying, { providersSince: NOW });
    expect(first).toMatchObject({
      marked: ["its update was interrupted"],
      failure: {
        code: "SPARKI_OUTSIDE",
        message:
          "could not remove Helm's record of engine-fleet in sparki-engine, pending-upgrade at revision 4: killed",
        hint: "run the same command again",
      },
    });
    const living = clusterWith(UPGRADED);
    const second = await takeOver(await first.engine.exportEncrypted(), living, { providersSince: NOW });
    expect(second.marked).toEqual(["its update was interrupted"]);
    expect(living.acts).toHaveLength(1);
  });

  it.each([
    ["somebody holds the stack", interruptedState([], [KNOWN]), true],
    ["the stack has nothing in a cluster yet", interruptedState([]), false],
  ])("is left alone while %s", async (_, state, locked) => {
    const fake = { ...clusterWith(UPGRADED), locked };
    await takeOver(state, fake, { providersSince: NOW });
    expect(fake.acts).toEqual([]);
  });

  it("is left to the checklist where the cluster does not answer", async () => {
    const helmReleases = async () => {
      throw new Error("the Kubernetes API did not answer within 10 s");
    };
    const cluster = fakeCluster({ helmReleases });
    const { failure, text } = await takeOver(interruptedState([], [KNOWN]), { clock: fakeClock(NOW), cluster });
    expect({ failure, text }).toEqual({ failure: undefined, text: "" });
  });
});

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
async function takeOverJobs(engine: FakeEngine, jobs: (seconds: number) => readonly ClusterJob[] | undefined) {
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
    const { told } = await takeOverJobs(engine, () => [job("succeeded")]);
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
    const { waited } = await takeOverJobs(engine, (now) => [job(now < 12 ? "running" : "succeeded")]);
    expect(waited).toBe(15);
    expect((await known(engine)).jobs).toEqual([OLD, { id: "sparki:succeeded", triggers: [NEW] }]);
  });

  it("is waited for no longer than the cluster lets it run", async () => {
    const engine = fakeEngine(interruptedState([migrate(NEW)], [before]));
    const { waited } = await takeOverJobs(engine, () => [job("running")]);
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
    const { waited, told } = await takeOverJobs(engine, jobs);
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
    await takeOverJobs(engine, () => [job("succeeded", CLIENT, "users")]);
    expect((await known(engine)).jobs).toMatchObject([{ id: "sparki:begun", triggers: { length: 4 } }]);
  });

  it("is known however often it is begun and killed, of each release once", async () => {
    let engine = fakeEngine(interruptedState([migrate(NEW)], [before]));
    for (const image of [NEW, NEWER, NEWER]) {
      await takeOverJobs(engine, () => []);
      const state = JSON.parse(JSON.stringify(await engine.exportEncrypted()));
      const { pending_operations } = interruptedState([migrate(image)]).deployment;
      engine = fakeEngine({ ...state, deployment: { ...state.deployment, pending_operations } });
    }
    await takeOverJobs(engine, () => []);
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
      isOver = await takeOverJobs({ ...engine, importState }, () => []).then(
        () => true,
        () => false,
      );
      const { pending_operations: pending = [] } = JSON.parse(
        JSON.stringify(await engine.exportEncrypted()),
      ).deployment;
      expect([...(await known(engine)).images, ...pending]).toContain(NEW);
      await takeOverJobs(engine, () => []);
      expect(await known(engine)).toMatchObject({ jobs: [OLD, AGAIN], interrupted: ["database-jobs-migrate-run"] });
    }
    expect(kills).toBeGreaterThan(1);
  });

  it("leaves a command that runs nothing in the cluster to be made again", async () => {
    const guard = { type: TYPE, name: "destroy-guard", inputs: { create: "true", delete: "exit 1" } };
    const engine = fakeEngine(interruptedState([guard]));
    await takeOverJobs(engine, () => {
      throw new Error("not asked");
    });
    expect((await known(engine)).jobs).toEqual([]);
  });
});
