import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  chartContentIn,
  contentHash,
  KEPT_VARIABLE,
  keptInputs,
  restoredValues,
  valuesHash,
} from "../../../records/helm-release.ts";
import { resourcesIn } from "../../../records/state.ts";
import { decodeRelease, type StoredRelease } from "../../../records/stored-release.ts";
import { type KeepSources, openKeep } from "../../../runbook/release/keep.ts";
import { chartFilesIn, filesHash } from "../../../shared/chart-files.ts";
import { helmSecret } from "../../support/helm-secrets.ts";
import { recordOf, releaseNamed } from "../../support/updates.ts";

const ROOT = join(import.meta.dirname, "../../..");
const VALUES = { image: "engine@sha256:1", replicas: 3, track: "fleet" };

describe("openKeep", () => {
  let project: string;
  let promotedChart: string;
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "sparki-keep-"));
    for (const folder of ["promoted", "apps/charts/engine"])
      cpSync(join(ROOT, "apps/charts/engine"), join(project, folder), { recursive: true });
    promotedChart = join(project, "promoted");
  });
  afterEach(() => rmSync(project, { recursive: true }));

  const breakChart = () => {
    const file = join(project, "apps/charts/engine/templates/deployment.yaml");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll("/health", "/nowhere"));
  };
  const promoted = () => ({
    ...recordOf(releaseNamed("2.0")),
    helm: {
      "engine-fleet": {
        revision: 2,
        chart: filesHash(chartFilesIn(promotedChart)),
        content: contentHash(chartContentIn(promotedChart)),
        values: valuesHash(VALUES),
      },
    },
  });
  const revision = (number: number, chart: string, values: Record<string, unknown> = VALUES, manifest = "") =>
    decodeRelease(helmSecret({ name: "engine-fleet", revision: number, chart, values, manifest }));
  const keeping = (stored: readonly StoredRelease[] | undefined, changes: Partial<KeepSources> = {}) =>
    openKeep({
      helmStore: () => ({ revisions: async () => stored }),
      history: async () => undefined,
      projectDirectory: project,
      keptDirectory: project,
      ...changes,
    });

  it("restores chart and values from the revision that was promoted, and leaves the broken chart here alone (W31)", async () => {
    breakChart();
    const broken = revision(3, join(project, "apps/charts/engine"), { ...VALUES, replicas: 1 });
    const { releases, missing } = await keeping([broken, revision(2, promotedChart, VALUES, "kind: Service\n")])(
      promoted(),
      [],
    );
    const kept = releases["engine-fleet"];
    expect(missing).toEqual([]);
    expect(kept).toMatchObject({ values: VALUES, source: "revision 2 in the cluster", manifest: "kind: Service\n" });
    expect(kept?.chart).toMatch(/^\/.*\/\.sparki\/charts\/engine-[0-9a-f]{16}$/);
    expect(contentHash(chartContentIn(kept?.chart ?? ""))).toBe(promoted().helm["engine-fleet"].content);
  });

  it("needs no copy of a chart that is here as it was promoted", async () => {
    const { releases } = await keeping([revision(2, promotedChart)])(promoted(), []);
    expect(releases["engine-fleet"]).toMatchObject({ chart: "./apps/charts/engine", source: "unchanged here" });
  });

  it("takes a chart that Helm has no more from git, when its hash is the recorded one", async () => {
    breakChart();
    const other = revision(7, join(project, "apps/charts/engine"));
    const files = chartFilesIn(promotedChart);
    const history: KeepSources["history"] = async (_chart, isIt) =>
      isIt(files) ? { files, commit: "c".repeat(40) } : undefined;
    const { releases, missing } = await keeping([other], { history })(promoted(), []);
    expect(missing).toEqual([]);
    expect(releases["engine-fleet"]).toMatchObject({ source: "git commit cccccccccccc", manifest: undefined });
  });

  it.each([
    [
      "is of another chart",
      () => [revision(2, join(project, "apps/charts/engine"))],
      "its chart is neither in the cluster",
    ],
    ["has other values", () => [revision(2, promotedChart, { replicas: 9 })], "its values were not stored"],
    ["is gone", () => [], "its values were not stored"],
    ["cannot be asked for", () => undefined, "there is no cluster to ask"],
  ])("says what is missing where the revision %s", async (_, stored, reason) => {
    breakChart();
    const { missing } = await keeping(stored())(promoted(), []);
    expect(missing).toEqual([expect.stringMatching(new RegExp(`^engine-fleet: .*${reason}`))]);
  });

  it("says of a promotion without recorded charts that these stay, and calls nothing missing", async () => {
    const kept = await keeping([])(recordOf(releaseNamed("1.0")), []);
    expect(kept).toMatchObject({
      releases: {},
      missing: [],
      note: expect.stringContaining("are left as deployed"),
    });
  });

  it.each([
    ["as promoted and deployed", "deployed", VALUES, VALUES, true],
    ["failed", "failed", VALUES, VALUES, false],
    ["given other values", "deployed", { replicas: 1 }, VALUES, false],
    ["left with other values by a failed upgrade (W53)", "deployed", VALUES, { replicas: 1 }, false],
  ])("leaves a release alone that is %s: %s", async (_, status, inputs, outputs, isUntouched) => {
    const resource = {
      urn: "urn:pulumi:prod::sparki::kubernetes:helm.sh/v3:Release::engine-fleet",
      type: "kubernetes:helm.sh/v3:Release",
      inputs: { chart: "./apps/charts/engine", values: inputs },
      outputs: { values: outputs, status: { status } },
    };
    const resources = resourcesIn({ deployment: { resources: [resource] } });
    const { releases } = await keeping([revision(2, promotedChart)])(promoted(), resources);
    expect(releases["engine-fleet"]?.state !== undefined).toBe(isUntouched);
  });
});

describe("restoredValues", () => {
  it("takes back what is the release's, and takes addresses and networks as they are now", () => {
    const kept = { replicas: 3, database: { host: "old", port: 5432 }, network: { cidrs: ["a"] }, zones: 2 };
    const platform = { database: { host: "new", port: 5433, extra: 1 }, network: { cidrs: ["a", "b"] }, zones: 3 };
    expect(restoredValues(kept, platform)).toEqual({
      replicas: 3,
      database: { host: "new", port: 5433 },
      network: { cidrs: ["a", "b"] },
      zones: 3,
    });
  });
});

describe("keptInputs", () => {
  it("is undefined in every update but one that rolls back", () => {
    expect(keptInputs("engine-fleet", { [KEPT_VARIABLE]: "/nowhere" })).toBeUndefined();
    expect(keptInputs("engine-fleet", { [KEPT_VARIABLE]: "/nowhere", SPARKI_ROLLBACK: "false" })).toBeUndefined();
    expect(keptInputs("engine-fleet", { SPARKI_ROLLBACK: "true" })).toBeUndefined();
  });
});
