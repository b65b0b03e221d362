import { execFileSync, spawnSync } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");

/** What a process of this project's own Node prints that imports the lean SDK first. */
function printed(program: string): string {
  const args = ["--import", "./io/lean-sdk.ts", "--input-type=module", "--eval", program];
  return execFileSync(process.execPath, args, { cwd: ROOT, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

function printedBy(program: string, environment: Readonly<Record<string, string>> = {}) {
  const args = ["--import", "./io/lean-sdk.ts", "--input-type=module", "--eval", program];
  const { status, stdout } = spawnSync(process.execPath, args, {
    cwd: ROOT,
    encoding: "utf8",
    env: { ...process.env, ...environment },
  });
  return { status, stdout };
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

  it.each([
    ["writes down no stack of a promise", {}, false],
    ["does so where leaks are looked for", { PULUMI_DEBUG_PROMISE_LEAKS: "true" }, true],
  ])("%s", (_, environment, isWritten) => {
    const program = `
      import debuggable from "@pulumi/pulumi/runtime/debuggable.js";
      const promise = new Promise(() => undefined);
      debuggable.debuggablePromise(promise, "a call");
      console.log(promise._debugCtx, promise._debugStackTrace.includes("    at "), Error.stackTraceLimit);
      process.exitCode = 3;
    `;
    expect(printedBy(program, environment)).toEqual({ status: 3, stdout: `a call ${isWritten} 10\n` });
  });

  it("says so of a promise that nothing has settled when the program ends", () => {
    const program = `
      import debuggable from "@pulumi/pulumi/runtime/debuggable.js";
      debuggable.debuggablePromise(new Promise(() => undefined), "a call");
    `;
    expect(printedBy(program).status).toBe(1);
  });
});
