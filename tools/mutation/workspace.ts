import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { temporaryFolder } from "../temporary-folders.ts";

const ROOT = join(import.meta.dirname, "..", "..");
/** What the policies' unit tests import. */
const COPIED = [
  "apps/charts",
  "aws",
  "Pulumi.prod.yaml",
  "policies",
  "shared",
  "stacks",
  "rehearsal/provider",
  "tools",
  "test/aws",
  "test/longest-first.ts",
  "test/policies",
  "test/support",
  "jest.config.mjs",
  "test/longest-first.ts",
];

interface JestReport {
  readonly testResults: readonly {
    readonly name: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** A copy of the policies and their tests, in which sources may be changed. */
export class Workspace {
  readonly directory = temporaryFolder("mutants");

  readonly #tests: string;

  /** @param files of policies whose tests run; all when there is none */
  constructor(files: readonly string[] = []) {
    this.#tests = files.length === 0 ? "[^/]+" : `(${files.join("|")})`;
    for (const path of COPIED) {
      mkdirSync(join(this.directory, path, ".."), { recursive: true });
      cpSync(join(ROOT, path), join(this.directory, path), { recursive: true });
    }
    symlinkSync(join(ROOT, "node_modules"), join(this.directory, "node_modules"));
  }

  writeFile(name: string, source: string): void {
    writeFileSync(join(this.directory, "policies", `${name}.ts`), source);
  }

  /** Runs the policies' tests; gives how many of each test file failed. @throws when a file could not run at all. */
  failures(): Map<string, number> {
    const report = join(this.directory, "report.json");
    // The tests beside the policies; those of the judging, further down, are no policy's.
    const args = [
      `test/policies/${this.#tests}[.]test[.]ts$`,
      "--selectProjects",
      "unit",
      "--json",
      `--outputFile=${report}`,
      "--silent",
    ];
    const jest = spawnSync(join(ROOT, "node_modules", ".bin", "jest"), args, { cwd: this.directory, encoding: "utf8" });
    const { testResults }: JestReport = JSON.parse(readFileSync(report, "utf8"));
    return new Map(
      testResults.map(({ name, assertionResults }) => {
        if (assertionResults.length === 0) throw new Error(`${basename(name)} did not run:\n${jest.stderr}`);
        return [basename(name, ".test.ts"), assertionResults.filter(({ status }) => status === "failed").length];
      }),
    );
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
