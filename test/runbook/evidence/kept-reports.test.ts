import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { EndedDeploy } from "../../../runbook/deploy/release-history.ts";
import { reportFiles } from "../../../runbook/evidence/gather.ts";
import { keptReports } from "../../../runbook/report/report-files.ts";
import { gateResult, gathered, OCTOBER, secondsOf, wholeUpdate } from "../../support/evidence.ts";
import { ranFor, releaseNamed } from "../../support/updates.ts";

const [one, two] = [releaseNamed("1.0"), releaseNamed("2.0")];
const deployed = wholeUpdate(two, "2026-10-02T09:00:00Z");
const ranBack = ranFor(one, "sparki rollback to 1.0: errors");
const back = wholeUpdate(one, "2026-10-04T09:00:00Z", ranBack && { ranBy: ranBack });
const held: EndedDeploy = {
  startedAt: secondsOf("2026-10-05T09:00:00Z"),
  release: "3.0",
  outcome: "held",
  reason: "too few requests: 12 of 4607",
};

describe("reportFiles", () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "sparki-reports-"));
    mkdirSync(join(cwd, "deploys"));
  });
  afterEach(() => rmSync(cwd, { recursive: true }));

  const put = (name: string, changes: object) => {
    const document = { stack: "prod", exitCode: 0, steps: [], reason: "so", gates: [], ...changes };
    writeFileSync(join(cwd, "deploys", name), JSON.stringify(document));
  };
  const promoted = {
    outcome: "promoted",
    release: two,
    gates: [gateResult({ requests: 9 }), { ...gateResult(), looks: [] }],
  };
  const read = async () => {
    const evidence = await gathered([back, deployed]);
    const place = { env: { SPARKI_REHEARSAL_DIRECTORY: "runs" }, cwd, deploysDirectory: join(cwd, "deploys") };
    return reportFiles(keptReports(place), evidence, [held], { cwd, range: OCTOBER });
  };

  it("keeps the reports of a promotion, a rollback and a deploy that ended before it, by the history's own facts", async () => {
    put("prod-20261002T091100-2.0.json", promoted);
    put("prod-20261004T091100-1.0.json", { outcome: "rolled-back", release: one, steps: undefined });
    put("prod-20261005T090900-3.0.json", {
      outcome: "held",
      release: { id: "3.0" },
      reason: "too few requests:\n12 of 4607",
    });
    const { kept, files, apart, gaps } = await read();
    expect(kept.map(({ path, outcome }) => `${path} ${outcome}`)).toEqual([
      "reports/prod-20261002T091100-2.0.json promoted",
      "reports/prod-20261004T091100-1.0.json rolled-back",
      "reports/prod-20261005T090900-3.0.json held",
    ]);
    expect([...files.keys()]).toEqual(kept.map(({ path }) => path));
    expect({ apart, gaps }).toEqual({ apart: [], gaps: [] });
  });

  it.each([
    ["another count of requests", "20261002T091100-2.0", { ...promoted, gates: [gateResult({ requests: 4608 })] }],
    ["no gates", "20261002T091100-2.0", { ...promoted, gates: [] }],
    ["a release that was not deployed then", "20261002T091100-9.9", { ...promoted, release: { id: "9.9" } }],
    ["a time before the update", "20261001T091100-2.0", promoted],
    [
      "an end that the stack does not keep",
      "20261005T090900-3.0",
      { outcome: "held", release: { id: "3.0" }, reason: "other" },
    ],
    ["a rollback at another time", "20261006T091100-1.0", { outcome: "rolled-back", release: one, steps: undefined }],
  ])("leaves out a report with %s, as a rehearsal's has it, and says so", async (_, name, changes) => {
    put(`prod-${name}.json`, changes);
    expect(await read()).toMatchObject({ kept: [], apart: [`prod-${name}.json`], gaps: [] });
  });

  it("takes none of other days, of other stacks, or of rehearsals", async () => {
    put("prod-20261102T091100-2.0.json", promoted);
    put("staging-20261002T091100-2.0.json", { ...promoted, stack: "staging" });
    mkdirSync(join(cwd, "runs", "prod", "report"), { recursive: true });
    const document = { stack: "prod", exitCode: 0, steps: [], reason: "so", ...promoted };
    writeFileSync(join(cwd, "runs", "prod", "report", "prod-20261002T091100-2.0.json"), JSON.stringify(document));
    expect(await read()).toMatchObject({ kept: [], apart: [], gaps: [] });
  });

  it("says of a report that cannot be read that it is missing", async () => {
    writeFileSync(join(cwd, "deploys", "prod-20261002T091100-2.0.json"), '{"stack": "prod", "outco');
    put("prod-20261002T091200-2.0.json", { outcome: "promoted", release: "2.0" });
    const { files, gaps } = await read();
    expect(files.size).toBe(0);
    expect(gaps.map(({ text }) => text)).toEqual([
      expect.stringMatching(/^the report prod-20261002T091100-2\.0\.json cannot be read: /),
      expect.stringMatching(/^the report prod-20261002T091200-2\.0\.json cannot be read: release: /),
    ]);
  });

  it("takes secrets and hidden characters out of what somebody put into a report", async () => {
    const note = "password=hunter2hunter2 \u202ereversed";
    put("prod-20261002T091100-2.0.json", { ...promoted, reason: note });
    const [text = ""] = (await read()).files.values();
    expect(text).toContain('"outcome": "promoted"');
    expect(text).not.toContain("hunter2");
    expect(text).not.toContain("\u202e");
  });
});
