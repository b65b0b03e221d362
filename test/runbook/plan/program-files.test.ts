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
  "policies/main.ts": 'await import("./all.ts");\n',
  "policies/all.ts": "",
  "policies/pack": "exec node main.ts\n",
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

  it("are those that the program and its policies import, and none that nothing imports", () => {
    const expected = Object.keys(FILES).filter((file) => !/unused|charts/.test(file));
    expect(Object.keys(programEntries(project)).sort()).toEqual(expected.sort());
  });

  it("show a change of one", () => {
    const before = programEntries(project);
    writeFileSync(join(project, "gates/b.ts"), "export const b = 2;\n");
    const after = programEntries(project);
    expect(Object.keys(after).filter((file) => after[file] !== before[file])).toEqual(["gates/b.ts"]);
  });

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
