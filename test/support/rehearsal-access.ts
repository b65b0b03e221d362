import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ACCESS_VARIABLE } from "../../shared/rehearsal-access.ts";

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** What makes an environment one of a rehearsal: the file with its token, which is used at these origins. */
export function rehearsed(...origins: readonly string[]): Readonly<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "sparki-access-"));
  folders.push(folder);
  const file = join(folder, "access.json");
  writeFileSync(file, JSON.stringify({ token: "t".repeat(32), origins }));
  return { [ACCESS_VARIABLE]: file };
}
