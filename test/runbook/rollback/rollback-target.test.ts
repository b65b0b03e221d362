import fc from "fast-check";
import { migratedImages, promotionIn, workloadsApart } from "../../../records/promotion.ts";
import { resourcesIn } from "../../../records/state.ts";
import { rollbackMessage, type Update } from "../../../records/update.ts";
import { rememberBegun } from "../../../runbook/deploy/stack-tags.ts";
import {
  chooseGoal,
  findRollbackTarget,
  type Goal,
  migratedReleases,
  obstaclesTo,
  obstacleText,
  type Situation,
  schemaObstacle,
} from "../../../runbook/rollback/rollback-target.ts";
import { type ImageReference, imageText } from "../../../stacks/fields.ts";
import type { Release } from "../../../stacks/schema.ts";
import { stackToRollBack } from "../../support/rolling-back.ts";
import { NOTHING_KEPT, recordOf, releaseNamed, resourcesWith, updateOf } from "../../support/updates.ts";

const [a, b, c] = [releaseNamed("a"), releaseNamed("b"), releaseNamed("c")];

const situation = (
  live: Release | undefined,
  updates: Update[],
  apart: string[] = [],
  left: Partial<Pick<Situation, "interrupted" | "ranJobsOf" | "deploymentsBegun">> = {},
): Situation => ({
  live: live && recordOf(live),
  updates,
  apart,
  interrupted: [],
  ranJobsOf: [],
  ...left,
});
const deployed = (release: Release) => updateOf(release, release);
const failed = (release: Release, live: Release | undefined) => updateOf(release, live, { result: "failed" });
const back = (release: Release, changes: Partial<Update> = {}) =>
  updateOf(release, release, { message: rollbackMessage(release, "errors"), ...changes });

const told = (goal: Goal) => {
  if (goal.kind === "release") return `back to ${goal.promoted.release.id}`;
  return goal.kind === "nothing" ? `nothing, ${goal.release.id} is there` : "none";
};

describe("chooseGoal", () => {
  it.each<[string, Situation, string]>([
    ["nothing was ever promoted", situation(undefined, [failed(a, undefined)], ["engine-one-box"]), "none"],
    ["only one release was ever promoted", situation(a, [deployed(a)]), "none"],
    ["the second release is live", situation(b, [deployed(b), deployed(a)]), "back to a"],
    ["the live one was deployed twice", situation(b, [deployed(b), deployed(b), deployed(a)]), "back to a"],
    [
      "the third was refused on its one-box",
      situation(b, [failed(c, b), deployed(b), deployed(a)], ["engine-one-box"]),
      "back to b",
    ],
    [
      "a deploy died and left no record of itself",
      situation(b, [deployed(b), deployed(a)], ["engine-one-box"]),
      "back to b",
    ],
    [
      "a deploy died in the middle of a change, which the state does not show yet",
      situation(b, [deployed(b), deployed(a)], [], { interrupted: ["engine-one-box"] }),
      "back to b",
    ],
    [
      "a deploy died between its migrations and its one-box",
      situation(b, [deployed(b), deployed(a)], [], { ranJobsOf: [c.images.engine ?? ""] }),
      "nothing, b is there",
    ],
    [
      "a deploy died before anything of it is in the state",
      situation(b, [deployed(b), deployed(a)], [], { deploymentsBegun: [{ id: "c", at: 161 }] }),
      "nothing, b is there",
    ],
    [
      "what is live was promoted by who does not forget the deploys that died before it",
      situation(b, [deployed(b), deployed(a)], [], { deploymentsBegun: [{ id: "c", at: 90 }] }),
      "back to a",
    ],
    [
      "the deploy that promoted what is live died while it verified that",
      situation(b, [deployed(b), deployed(a)], [], { deploymentsBegun: [{ id: "b", at: 99 }] }),
      "back to a",
    ],
    [
      "rolling back from a promoted release died in the middle of a change",
      situation(b, [back(a, { result: "failed" }), deployed(b), deployed(a)], [], { interrupted: ["engine-fleet"] }),
      "back to a",
    ],
    ["failed deploys lie between", situation(c, [deployed(c), failed(c, b), failed(c, b), deployed(b)]), "back to b"],
    ["it has just gone back", situation(b, [back(b), failed(c, b), deployed(b), deployed(a)]), "nothing, b is there"],
    ["it went back by hand", situation(a, [back(a), deployed(b), deployed(a)]), "nothing, a is there"],
    [
      "a deploy failed before its one-box, after rolling back",
      situation(b, [failed(c, b), back(b), deployed(b), deployed(a)]),
      "nothing, b is there",
    ],
    [
      "a new release came after rolling back",
      situation(c, [deployed(c), back(b), deployed(b), deployed(a)]),
      "back to b",
    ],
    [
      "the same release came again after rolling back",
      situation(b, [deployed(b), back(a), deployed(b), deployed(a)]),
      "back to a",
    ],
    [
      "rolling back from a promoted release failed half-way",
      situation(c, [back(b, { result: "failed" }), deployed(c), deployed(b)], ["engine-fleet"]),
      "back to b",
    ],
    ["the cutover failed after the promotion", situation(c, [failed(c, c), deployed(b)]), "back to b"],
    [
      "a deploy was refused before its one-box: what is live is good",
      situation(b, [failed(c, b), deployed(b), deployed(a)]),
      "nothing, b is there",
    ],
    [
      "what the last update was cannot be read",
      situation(b, [updateOf(undefined, b, { result: "unknown" }), deployed(b), deployed(a)]),
      "nothing, b is there",
    ],
  ])("when %s", async (_, found, expected) => {
    expect(told(await chooseGoal(found))).toBe(expected);
  });

  it.each<[string, Situation, string, string]>([
    ["an older one", situation(c, [deployed(c), deployed(b), deployed(a)]), "a", "back to a"],
    ["the one that is live", situation(c, [deployed(c), deployed(b)]), "c", "nothing, c is there"],
    [
      "the live one while a bad one is out",
      situation(b, [failed(c, b), deployed(b)], ["engine-one-box"]),
      "b",
      "back to b",
    ],
    [
      "the live one in the middle of a deploy that died",
      situation(b, [deployed(b), deployed(a)], [], { interrupted: ["engine-one-box"] }),
      "b",
      "back to b",
    ],
    ["one that was never promoted", situation(b, [failed(c, b), deployed(b)]), "c", "none"],
    ["one that nobody knows", situation(b, [deployed(b)]), "x", "none"],
  ])("when told to roll back to %s", async (_, found, to, expected) => {
    expect(told(await chooseGoal(found, { to }))).toBe(expected);
  });

  it.each<[string, Situation]>([
    ["after a deploy that was refused before its one-box", situation(b, [failed(c, b), deployed(b), deployed(a)])],
    ["while another deploy is half-way", situation(b, [failed(c, b), deployed(b), deployed(a)], ["engine-one-box"])],
    ["after rolling back to it", situation(b, [back(b), failed(c, b), deployed(b), deployed(a)])],
  ])("leaves a live release that is bad, %s", async (_, found) => {
    expect(told(await chooseGoal(found, { isLiveBad: true }))).toBe("back to a");
  });

  it.each<[string, Situation, string]>([
    ["its proof was cut off", situation(a, [back(a), deployed(b), deployed(a)]), "back to a"],
    ["its update was, and left no record", situation(c, [deployed(c), deployed(b)], ["engine-fleet"]), "back to b"],
    ["it changed nothing before it ended", situation(c, [deployed(c), deployed(b), deployed(a)]), "back to b"],
    ["nobody promoted it that is known", situation(c, [back(c), deployed(c)]), "back to c"],
  ])("goes to the release of a rollback again that was never proven: %s", async (_, found, expected) => {
    const unproven = expected === "back to c" ? "x" : expected.slice(-1);
    expect(told(await chooseGoal(found, { unproven }))).toBe(expected);
  });

  it("goes to a named release that is live, where a rollback was never proven", async () => {
    const found = situation(b, [deployed(b), deployed(a)]);
    expect(told(await chooseGoal(found, { to: "b", unproven: "a" }))).toBe("back to b");
  });

  describe("by the record alone, as where a bucket keeps the state and a person ran the updates (W110)", () => {
    const byRecord = (live: Release, earlier: readonly Release[], left: readonly Release[], updates: Update[]) => ({
      ...situation(live, updates),
      live: {
        ...recordOf(live),
        earlier: [...earlier.map(recordOf), ...left.map((each) => ({ ...recordOf(each), left: true as const }))],
      },
    });
    const unknown = (release: Release, changes: Partial<Update> = {}) =>
      updateOf(release, undefined, { ranBy: undefined, promotion: async () => undefined, ...changes });
    const past = [unknown(c), unknown(b), unknown(a)];

    it.each<[string, Situation, Parameters<typeof chooseGoal>[1], string]>([
      ["what was promoted before", byRecord(c, [b, a], [], past), {}, "back to b"],
      ["an older one by its name", byRecord(c, [b, a], [], past), { to: "a" }, "back to a"],
      ["what a rollback left, by its name only", byRecord(b, [a], [c], past), { to: "c" }, "back to c"],
      ["what was promoted before what a rollback left", byRecord(b, [a], [c], past), { isLiveBad: true }, "back to a"],
      ["nothing where all else was left", byRecord(a, [], [c, b], past), { isLiveBad: true }, "none"],
      [
        "the release of a rollback that did not end",
        byRecord(c, [b, a], [], [back(b, { result: "failed", promotion: async () => undefined }), ...past]),
        {},
        "back to b",
      ],
    ])("goes to %s", async (_, found, wish, expected) => {
      expect(told(await chooseGoal(found, wish))).toBe(expected);
    });
  });

  it("says why", async () => {
    const goal = await chooseGoal(situation(b, [failed(c, b)], ["engine-one-box"]));
    expect(goal.reason).toBe("engine-one-box would replace it, but it is what was last promoted");
  });
});

describe("schemaObstacle", () => {
  const schema = (level: number, oldest: number) => releaseNamed(`${level}.${oldest}`, { level, oldest });

  it.each<[string, Release, Release[], boolean]>([
    ["its own migrations reach the database's level", schema(3, 2), [schema(3, 3)], false],
    ["later ones only added", schema(2, 1), [schema(3, 1), schema(4, 1)], false],
    ["what was taken away is only what older code needed", schema(2, 2), [schema(3, 2)], false],
    ["a later one supports nothing that it knows", schema(2, 1), [schema(3, 3)], true],
    ["a later one may have taken away what its oldest level needs", schema(2, 1), [schema(3, 2)], true],
    [
      "the one that contracted failed: its migrations ran all the same",
      schema(2, 1),
      [schema(2, 1), schema(3, 3)],
      true,
    ],
    ["nothing was migrated", schema(2, 1), [], false],
  ])("when %s", (_, target, migrated, isRefused) => {
    expect(schemaObstacle(target, migrated) !== undefined).toBe(isRefused);
  });

  it("names the level, the release that contracted and the levels of the target's code", () => {
    expect(schemaObstacle(schema(2, 1), [schema(4, 3), schema(3, 2)])).toBe(
      "the database is at schema level 4, and release 4.3 supports none below 3; 2.1 is code for levels 1 to 2",
    );
  });

  it("never becomes possible again by what is migrated later, and does not care for order", () => {
    const release = fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
      .map(([one, other]) => schema(Math.max(one, other), Math.min(one, other)));
    fc.assert(
      fc.property(release, fc.array(release), release, (target, migrated, later) => {
        const before = schemaObstacle(target, migrated) !== undefined;
        const after = schemaObstacle(target, [later, ...migrated]) !== undefined;
        const reversed = schemaObstacle(target, migrated.toReversed()) !== undefined;
        return (!before || after) && before === reversed;
      }),
    );
  });
});

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
