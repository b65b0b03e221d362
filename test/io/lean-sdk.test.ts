import { execFileSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** What a process of this project's own Node prints that imports the lean SDK first. */
function printed(program: string): string {
  const args = ["--import", "./io/lean-sdk.ts", "--input-type=module", "--eval", program];
  return execFileSync(process.execPath, args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

describe("the lean SDK", () => {
  it("loads neither TypeScript's compiler nor npm's resolver with the SDK and its automation", () => {
    const files: string[] = JSON.parse(
      printed(`
        import { createRequire } from "node:module";
        await import("@pulumi/pulumi");
        await import("@pulumi/pulumi/automation/index.js");
        const { cache } = createRequire(import.meta.url);
        console.log(JSON.stringify(Object.values(cache).flatMap(({ filename, exports }) => Object.keys(exports).length > 0 ? [filename] : [])));
      `),
    );
    expect(files.filter((file) => file.includes("/@pulumi/pulumi/")).length).toBeGreaterThan(50);
    expect(files.filter((file) => /\/(typescript|@npmcli|pacote)\//.test(file))).toEqual([]);
  });

  it("says what is missing to a program that ships a function all the same", () => {
    const program = `
      import { runtime } from "@pulumi/pulumi";
      await runtime.serializeFunction(() => 1).then(() => console.log("shipped"), ({ message }) => console.log(message));
    `;
    expect(printed(program)).toContain("io/lean-sdk.ts left out what Pulumi needs to ship a function to the cloud");
  });
});
