import { migratedImages, promotionIn, workloadsApart } from "../../../records/promotion.ts";
import { resourcesIn } from "../../../records/state.ts";
import { rememberBegun } from "../../../runbook/deploy/stack-tags.ts";
import {
  findRollbackTarget,
  migratedReleases,
  obstaclesTo,
  obstacleText,
} from "../../../runbook/rollback/rollback-target.ts";
import { type ImageReference, imageText } from "../../../stacks/fields.ts";
import { stackToRollBack } from "../../support/rolling-back.ts";
import { NOTHING_KEPT, recordOf, releaseNamed, resourcesWith, updateOf } from "../../support/updates.ts";

const [one, two, three] = [releaseNamed("1.0"), releaseNamed("2.0"), releaseNamed("3.0", { level: 4, oldest: 4 })];

const workload = (name: string, image: string) => ({
  urn: `urn:pulumi:prod::sparki::sparki:apps:Workload$kubernetes:helm.sh/v3:Release::${name}`,
  type: "kubernetes:helm.sh/v3:Release",
  custom: true,
  inputs: { values: { image } },
});
const migration = (image: string) => ({
  urn: "urn:pulumi:prod::sparki::sparki:apps:ClusterJob$command:local:Command::database-jobs-migrate-run",
  type: "command:local:Command",
  custom: true,
  inputs: { triggers: [image] },
});
const digestOf = (image = "") => image.split("@")[1] ?? "";
const state = (...resources: object[]) => resourcesIn({ deployment: { resources } });

describe("promotionIn", () => {
  it("finds the record, and nothing in a state that has none or another one", () => {
    expect(promotionIn(state(...resourcesWith(one)))?.release).toEqual(one);
    expect(promotionIn(state())).toBeUndefined();
    const [record] = resourcesWith(one);
    expect(promotionIn(state({ ...record, inputs: { input: { release: "1.0" } } }))).toBeUndefined();
    expect(promotionIn(state({ ...record, urn: `${record?.urn}-of-something-else` }))).toBeUndefined();
  });
});

describe("workloadsApart", () => {
  it("names the workloads that another release was given to", () => {
    const resources = state(
      workload("engine-one-box", two.images.engine),
      workload("engine-fleet", one.images.engine),
      workload("web-one-box", one.images.web),
    );
    expect(workloadsApart(resources, recordOf(one))).toEqual(["engine-one-box"]);
    expect(workloadsApart(state(workload("web-fleet", one.images.web)), recordOf(one))).toEqual([]);
  });

  it("takes a workload whose image cannot be read for one that is apart", () => {
    const { inputs: _, ...rest } = workload("web-fleet", "");
    expect(workloadsApart(state(rest), recordOf(one))).toEqual(["web-fleet"]);
  });
});

describe("migratedReleases", () => {
  it("counts failed updates, and a release that died without a record once its migration is in the state", () => {
    const updates = [updateOf(two, one, { result: "failed" }), updateOf(one, one)];
    expect(migratedReleases(updates, state(), { release: three })).toEqual([two, one]);
    expect(migratedReleases(updates, state(migration(three.images.engine)), { release: three })).toEqual([
      two,
      one,
      three,
    ]);
  });

  it("counts what is live, of a stack whose history was lost", () => {
    expect(migratedReleases([], state(...resourcesWith(two)), { release: one })).toEqual([two]);
  });

  const unknown = (found: readonly object[]) => found.filter((each) => "unknown" in each);

  it("does not know what a deploy left that was killed and kept no record, but by its config", () => {
    const killed = [[updateOf(one, one)], state(...resourcesWith(one), migration(three.images.engine))] as const;
    const [strange, ...more] = unknown(migratedReleases(...killed, { release: one }));
    expect(strange).toEqual({
      unknown: expect.stringContaining(`migrated by ${three.images.engine}, which is not the image of any`),
    });
    expect(more).toEqual([]);
    expect(unknown(migratedReleases(...killed, { release: three }))).toEqual([]);
  });

  it("knows what two deployments of different releases left that were killed, by what was begun", () => {
    const four = releaseNamed("4.0", { level: 5, oldest: 2 });
    const state2 = state(...resourcesWith(one), migration(three.images.engine), migration(four.images.engine));
    const begun = [three, four].map(({ id, images, schema }) => ({
      id,
      digest: digestOf(images.engine),
      schema,
      at: 200,
    }));
    const migrated = (of: typeof begun) => migratedReleases([updateOf(one, one)], state2, { release: four, begun: of });
    expect(migrated(begun)).toEqual([one, one, four, begun[0]]);
    expect(unknown(migrated([]))).toEqual([{ unknown: expect.stringContaining(`migrated by ${three.images.engine}`) }]);
  });

  it("counts nothing that was begun and has migrated nothing", () => {
    const begun = [{ id: three.id, digest: digestOf(three.images.engine), schema: three.schema, at: 200 }];
    expect(migratedReleases([updateOf(one, one)], state(), { release: one, begun })).toEqual([one]);
  });

  const unreadable = updateOf(undefined, one, { id: "prod-7", result: "unknown" });

  it("does not know what an update did whose release cannot be read, until one after it succeeded", () => {
    const found = migratedReleases([unreadable, updateOf(one, one)], state(), { release: one });
    expect(unknown(found)).toEqual([
      { unknown: expect.stringContaining("the release of update prod-7 cannot be read") },
    ]);
    const later = [updateOf(two, one, { result: "failed" }), unreadable, updateOf(one, one)];
    expect(unknown(migratedReleases(later, state(), { release: one }))).toHaveLength(1);
    const after = [updateOf(two, two), unreadable, updateOf(one, one)];
    expect(unknown(migratedReleases(after, state(), { release: one }))).toEqual([]);
  });
});

describe("migratedImages", () => {
  it("are those of every migration job there is, and of nothing else", () => {
    const jobs = state(migration(one.images.engine), migration(two.images.engine), workload("engine-fleet", "x"));
    expect(migratedImages(jobs)).toEqual([one.images.engine, two.images.engine]);
    const begun = { ...migration("x"), inputs: { triggers: ["x", "x"] } };
    expect(migratedImages(state(begun, migration("x")))).toEqual(["x"]);
    expect(migratedImages(state({ ...migration("x"), inputs: { triggers: "x" } }))).toEqual([]);
  });
});

describe("findRollbackTarget", () => {
  const live = { resources: resourcesWith(two), updates: [updateOf(two, two), updateOf(one, one)] };

  it("finds the release that was promoted before the one to be left, while that is live", async () => {
    const { target } = stackToRollBack(live);
    expect(await findRollbackTarget(target, { release: two }, two)).toMatchObject({ promoted: { release: one } });
    expect(await findRollbackTarget(target, { release: two }, three)).toEqual({ obstacle: "2.0 is live now, not 3.0" });
  });

  it("finds none past migrations that an update was running when it died", async () => {
    const pending_operations = [{ type: "creating", resource: migration(three.images.engine) }];
    const exportState = async () => ({ version: 3, deployment: { resources: live.resources, pending_operations } });
    const { target } = stackToRollBack({ ...live, engine: { exportState } });
    const obstacle = expect.stringMatching(/which is not the image of any known release; .*: roll forward instead$/);
    expect(await findRollbackTarget(target, { release: two }, two)).toEqual({ obstacle });
    const contracted = { obstacle: expect.stringContaining("release 3.0 supports none below 4") };
    expect(await findRollbackTarget(target, { release: three }, two)).toEqual(contracted);
    await rememberBegun(target.engine, three, 100);
    expect(await findRollbackTarget(target, { release: two }, two)).toEqual(contracted);
  });
});

describe("obstaclesTo", () => {
  const target = (missing: readonly string[], unknown: readonly string[] = []) => ({
    keep: async () => NOTHING_KEPT,
    registry: {
      find: async (image: ImageReference) => {
        const reference = imageText(image);
        if (missing.includes(reference)) return { kind: "missing" } as const;
        return unknown.includes(reference)
          ? ({ kind: "unknown", reason: "401" } as const)
          : ({ kind: "there" } as const);
      },
    },
  });

  it("finds none where the images are there and the schema fits", async () => {
    const obstacles = await obstaclesTo({ release: one }, target([]), { resources: [] }, [two]);
    expect(obstacleText(obstacles)).toBeUndefined();
  });

  it("finds the images that are gone, those of the end-to-end tests apart", async () => {
    const { engine, e2e } = one.images;
    const obstacles = await obstaclesTo({ release: one }, target([engine, e2e]), { resources: [] }, []);
    expect(obstacleText(obstacles)).toBe(`its registry no longer has ${engine}`);
  });

  it("goes on where the registry does not tell, and says so", async () => {
    const obstacles = await obstaclesTo({ release: one }, target([], [one.images.web]), { resources: [] }, []);
    expect(obstacleText(obstacles)).toBeUndefined();
    expect(obstacles.unknown).toEqual([`${one.images.web}: 401`]);
  });

  it("says to roll forward past a contracted schema", async () => {
    expect(obstacleText(await obstaclesTo({ release: one }, target([]), { resources: [] }, [three]))).toMatch(
      /roll forward instead$/,
    );
  });
});
