import { hasMigrated, promotionIn, workloadsApart } from "../../../runbook/deploy/promotion.ts";
import { resourcesIn } from "../../../runbook/report/state.ts";
import { migratedReleases, obstaclesTo, obstacleText } from "../../../runbook/rollback/way-back.ts";
import { releaseNamed, resourcesWith, updateOf } from "../../support/updates.ts";

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
    expect(workloadsApart(resources, one)).toEqual(["engine-one-box"]);
    expect(workloadsApart(state(workload("web-fleet", one.images.web)), one)).toEqual([]);
  });

  it("takes a workload whose image cannot be read for one that is apart", () => {
    const { inputs: _, ...rest } = workload("web-fleet", "");
    expect(workloadsApart(state(rest), one)).toEqual(["web-fleet"]);
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
    expect(hasMigrated(state(migration(one.images.engine)), three)).toBe(false);
  });
});

describe("obstaclesTo", () => {
  const target = (missing: readonly string[], unknown: readonly string[] = []) => ({
    registry: {
      find: async (reference: string) => {
        if (missing.includes(reference)) return { kind: "missing" } as const;
        return unknown.includes(reference)
          ? ({ kind: "unknown", reason: "401" } as const)
          : ({ kind: "there" } as const);
      },
    },
  });

  it("finds none where the images are there and the schema fits", async () => {
    const obstacles = await obstaclesTo(one, target([]), [two]);
    expect(obstacleText(obstacles)).toBeUndefined();
  });

  it("finds the images that are gone, those of the end-to-end tests apart", async () => {
    const { engine, e2e } = one.images;
    const obstacles = await obstaclesTo(one, target([engine, e2e]), []);
    expect(obstacleText(obstacles)).toBe(`its registry no longer has ${engine}`);
  });

  it("goes on where the registry does not tell, and says so", async () => {
    const obstacles = await obstaclesTo(one, target([], [one.images.web]), []);
    expect(obstacleText(obstacles)).toBeUndefined();
    expect(obstacles.unknown).toEqual([`${one.images.web}: 401`]);
  });

  it("says to roll forward past a contracted schema", async () => {
    expect(obstacleText(await obstaclesTo(one, target([]), [three]))).toMatch(/roll forward instead$/);
  });
});
