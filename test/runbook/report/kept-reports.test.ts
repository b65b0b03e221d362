import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keptReports } from "../../../runbook/report/report-files.ts";

describe("keptReports", () => {
  let cwd: string;
  beforeEach(() => {
    cwd = mkdtempSync(join(tmpdir(), "sparki-reports-"));
  });
  afterEach(() => rmSync(cwd, { recursive: true }));

  const put = (folder: string, name: string, content: string) => {
    mkdirSync(join(cwd, folder), { recursive: true });
    writeFileSync(join(cwd, folder, name), content);
  };
  const kept = () =>
    keptReports({ env: { SPARKI_REHEARSAL_DIRECTORY: "runs" }, cwd, deploysDirectory: join(cwd, "deploys") });
  const ended = (more: object = {}) =>
    JSON.stringify({ stack: "prod", outcome: "promoted", exitCode: 0, reason: "all gates passed", ...more });

  it("finds none where nothing was ever deployed or rehearsed", () => {
    expect(kept()).toEqual([]);
  });

  it("tells of each when, what, how it ended and where its page is, the newest first", () => {
    put("runs/prod/report", "prod-20261123T183619-2026.11.1.json", ended({ scenario: "upgrade", steps: [] }));
    put("runs/prod/report", "prod-20261123T183619-2026.11.1.html", "<html>");
    put("deploys", "prod-20261124T080000-1.0-rc-2.json", ended({ steps: [], outcome: "held", exitCode: 3 }));
    put("deploys", "my-eu-west-1-20261122T080000-1.0.json", ended({ stack: "my-eu-west-1", outcome: "rolled-back" }));
    expect(kept()).toEqual([
      {
        at: "2026-11-24T08:00:00Z",
        kind: "deploy",
        stack: "prod",
        release: "1.0-rc-2",
        scenario: null,
        outcome: "held",
        exitCode: 3,
        reason: "all gates passed",
        page: null,
        document: "deploys/prod-20261124T080000-1.0-rc-2.json",
      },
      expect.objectContaining({
        at: "2026-11-23T18:36:19Z",
        kind: "rehearsal",
        scenario: "upgrade",
        page: "runs/prod/report/prod-20261123T183619-2026.11.1.html",
      }),
      expect.objectContaining({ kind: "rollback", stack: "my-eu-west-1", release: "1.0", outcome: "rolled-back" }),
    ]);
  });

  it.each([
    ["cut short", '{"stack": "pr'],
    ["of another form", '{"stack": "prod", "outcome": 7}'],
  ])("tells of a report that is %s that it cannot be read, and of the others all the same", (_, content) => {
    put("deploys", "prod-20261124T080000-1.0.json", content);
    put("deploys", "prod-20261125T080000-1.1.json", ended({ steps: [] }));
    put("deploys", "notes.txt", "not a report");
    const found = kept();
    expect(found.map(({ release, outcome }) => [release, outcome])).toEqual([
      ["1.1", "promoted"],
      ["1.0", null],
    ]);
    expect(found[1]).toMatchObject({
      stack: "prod",
      exitCode: null,
      reason: expect.stringMatching(/^it cannot be read: /),
    });
  });
});
