import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { chartEntries, programEntries } from "../../../runbook/plan/program-files.ts";

const FILES = {
  "index.ts": 'import { a } from "./infra/a.ts";\nimport type { C } from "./stacks/c.ts";\n',
  "infra/a.ts": 'import fs from "node:fs";\nexport { b } from "../gates/b.ts";\n',
  "gates/b.ts": "export const b = 1;\n",
  "stacks/c.ts": "export type C = 1;\n",
  "runbook/report/unused.ts": "",
  "runbook/io/run-job.ts": 'import { d } from "./d.ts";\n',
  "runbook/io/d.ts": "export const d = 1;\n",
  "policies/main.ts": "",
  "policies/pack": "exec node --import ./judging/lean-sdk.ts main.ts\n",
  "policies/judging/lean-sdk.ts": 'import { e } from "../../stacks/e.ts";\n',
  "policies/package.json": "{}",
  "stacks/e.ts": "export const e = 1;\n",
  "package.json": "{}",
  "package-lock.json": "{}",
  "Pulumi.yaml": "name: sparki\n",
  "apps/charts/engine/Chart.yaml": "version: 1\n",
};

describe("files of a project", () => {
  let project: string;
  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), "sparki-files-"));
    for (const [file, text] of Object.entries(FILES)) {
      mkdirSync(dirname(join(project, file)), { recursive: true });
      writeFileSync(join(project, file), text);
    }
  });
  afterEach(() => rmSync(project, { recursive: true }));

  it("are those that the program and its policies run or are set by, and none that nothing imports", () => {
    const expected = Object.keys(FILES).filter((file) => !/unused|charts/.test(file));
    expect(Object.keys(programEntries(project)).sort()).toEqual(expected.sort());
  });

  it.each(["gates/b.ts", "policies/judging/lean-sdk.ts", "policies/package.json", "package.json"])(
    "show a change of %s",
    (changed) => {
      const before = programEntries(project);
      writeFileSync(join(project, changed), "{}\n");
      const after = programEntries(project);
      expect(Object.keys(before).filter((file) => after[file] !== before[file])).toContain(changed);
    },
  );

  it("are kept apart from those of the charts", () => {
    expect(Object.keys(chartEntries(project))).toEqual(["engine/Chart.yaml"]);
  });
});

describe("programEntries", () => {
  it("reaches every layer of this repository's deployment, and not its rehearsal", () => {
    const files = Object.keys(programEntries(join(import.meta.dirname, "..", "..", "..")));
    for (const file of [
      "apps/workload.ts",
      "infra/database.ts",
      "stacks/schema.ts",
      "gates/gate.ts",
      "policies/all.ts",
    ])
      expect(files).toContain(file);
    expect(files.filter((file) => file.startsWith("rehearsal/"))).toEqual([]);
  });
});
