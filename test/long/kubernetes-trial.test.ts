import { KUBERNETES_VERSIONS } from "../../tools/catalog.ts";
import { makeRuns, parsed, type Runs, sparki } from "../support/sparki.ts";

jest.setTimeout(3_600_000);

/** What the API server refuses is in test/engine/kubernetes-trial.test.ts, by the version that every test has. */
describe("sparki upgrades --kubernetes", () => {
  let runs: Runs;

  beforeAll(() => {
    runs = makeRuns();
  });
  afterAll(() => runs.remove());

  it.each(KUBERNETES_VERSIONS)("finds that %s takes every object that the charts render", async (version) => {
    const run = await sparki(["upgrades", "--kubernetes", version, "--stack", "staging", "--json"], runs);
    expect({ code: run.exitCode, said: parsed(run.stdout) }).toMatchObject({
      code: 0,
      said: { kubernetes: version, server: expect.stringMatching(`^${version}\\.`), refused: [], unrendered: [] },
    });
    expect(runs.processes()).toEqual([]);
  });
});
