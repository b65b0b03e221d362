import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolPath } from "./tool.ts";

const root = mkdtempSync(join(tmpdir(), "sparki-tool-"));
afterAll(() => rmSync(root, { recursive: true }));

function executable(...path: readonly string[]): string {
  const file = join(root, ...path);
  mkdirSync(join(file, ".."), { recursive: true });
  writeFileSync(file, "", { mode: 0o755 });
  return file;
}

const cached = (version: string) => executable("cache", "sparki-deploy", "tools", "a-tool", version, "a-tool");
const [, newest] = [cached("3.9.1"), cached("3.19.0"), cached("2.20.0")];
const onPath = executable("bin", "a-tool");
const environment = { XDG_CACHE_HOME: join(root, "cache"), PATH: join(root, "bin") };

describe("toolPath", () => {
  it("takes what the environment names before everything else", () => {
    expect(toolPath("a-tool", { ...environment, SPARKI_TOOL_A_TOOL: "/named" })).toBe("/named");
  });

  it("takes the one on PATH before a cached one", () => {
    expect(toolPath("a-tool", environment)).toBe(onPath);
  });

  it("takes the newest cached version, by number and not by letter", () => {
    expect(toolPath("a-tool", { ...environment, PATH: "" })).toBe(newest);
  });

  it("says where it looked when there is none", () => {
    expect(() => toolPath("no-tool", environment)).toThrow(
      "no no-tool: checked SPARKI_TOOL_NO_TOOL, on PATH and below",
    );
  });
});
