import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "../../..");
/** Where text may come from outside; the rehearsal's own processes write to files that nobody reads live. */
const FOLDERS = ["runbook", "io", "records", "shared", "apps", "gates", "infra", "stacks", "policies"];
const files = FOLDERS.flatMap((folder) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => `${folder}/${file}`),
);
const having = (pattern: RegExp) => files.filter((file) => pattern.test(readFileSync(join(ROOT, file), "utf8"))).sort();

describe("text from outside", () => {
  it("reaches the process's streams only through an Output, which makes it safe", () => {
    expect(
      having(/process\s*\.\s*std(out|err)\b|\bconsole\s*\.\s*(log|info|warn|error|debug)\b|from "node:console"/),
    ).toEqual([
      // Hand the streams to what opens an Output on them.
      "io/run-job.ts",
      "runbook/sparki.ts",
    ]);
  });

  it("is written as it is only where an environment of a rehearsal is told", () => {
    expect(having(/\bwriteOwn\b/)).toEqual([
      "runbook/commands/cloud.ts",
      "runbook/rehearse/rehearsal-session.ts",
      "shared/text/output.ts",
    ]);
  });

  it("is drawn on a terminal only by the screen", () => {
    expect(having(/\bdrawingOn\b/)).toEqual(["runbook/report/screen.ts", "shared/text/output.ts"]);
  });
});
