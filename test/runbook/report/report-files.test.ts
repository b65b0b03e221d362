import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reportLine, writeReport } from "../../../runbook/report/report-files.ts";

const REPORTED = {
  stack: "prod",
  release: "2026.11.1",
  document: { outcome: "promoted" },
  page: (madeAt: string) => `<p>${madeAt}</p>`,
};

describe("writeReport", () => {
  const cwd = mkdtempSync(join(tmpdir(), "sparki-reports-"));
  const place = { directory: join(cwd, ".sparki", "deploys"), at: 1_795_442_400, cwd };
  const said: string[] = [];
  const write = async (directory: string) => writeReport(REPORTED, { ...place, directory }, (line) => said.push(line));
  afterAll(() => rmSync(cwd, { recursive: true }));

  it("writes a page and a document named by stack, time and release, for their owner alone", async () => {
    const path = await write(place.directory);
    expect(path).toBe(".sparki/deploys/prod-20261123T140000-2026.11.1.html");
    const html = join(cwd, `${path}`);
    const json = html.replace(/html$/, "json");
    expect(readFileSync(html, "utf8")).toContain("2026-11-23T14:00:00.000Z");
    expect(JSON.parse(readFileSync(json, "utf8"))).toEqual(REPORTED.document);
    expect([html, json].map((file) => statSync(file).mode & 0o777)).toEqual([0o600, 0o600]);
  });

  it("keeps no secret, control or command to CI of outside text in the document", async () => {
    const release = "2026.11.2";
    const words = "::error::x\u001b[2J\u202e postgres://sparki:hunter2hunter2@db/x";
    const document = { outcome: words, steps: [{ error: words, password: "hunter2hunter2", seconds: 3 }] };
    await writeReport({ ...REPORTED, release, document }, place, (line) => said.push(line));
    const text = readFileSync(join(place.directory, `prod-20261123T140000-${release}.json`), "utf8");
    const safe = ": :error::x postgres://[secret]@db/x";
    expect(JSON.parse(text)).toEqual({ outcome: safe, steps: [{ error: safe, password: "[secret]", seconds: 3 }] });
  });

  it("keeps the newest 500 reports of a folder", async () => {
    const directory = join(cwd, "many");
    mkdirSync(directory);
    for (let each = 1; each <= 1002; each++) {
      writeFileSync(join(directory, `old-${each}.json`), "");
      utimesSync(join(directory, `old-${each}.json`), each, each);
    }
    await write(directory);
    const left = readdirSync(directory);
    expect([left.length, left.includes("old-5.json"), left.includes("old-4.json")]).toEqual([1000, true, false]);
    expect(left.filter((name) => name.startsWith("prod-"))).toHaveLength(2);
  });

  it("says why it could not, and throws nothing", async () => {
    writeFileSync(join(cwd, "file"), "");
    expect(await write(join(cwd, "file", "reports"))).toBeNull();
    expect(said).toEqual([expect.stringMatching(/^ {2}! the report could not be written to .*reports: /)]);
  });
});

describe("reportLine", () => {
  it("is the path, or nothing", () => {
    expect([reportLine("a.html"), reportLine(null)]).toEqual(["\nReport: a.html\n", ""]);
  });
});
