import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname, "..", "..");
const urlOf = (file: string) => pathToFileURL(join(ROOT, file)).href;

/** What a tool whose work is that text ends with. */
function ended(work: string) {
  const script = `
    import { command } from ${JSON.stringify(urlOf("tools/command.ts"))};
    import { DeployError } from ${JSON.stringify(urlOf("shared/deploy-error.ts"))};
    await command(${work});`;
  const { status, stderr } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
    encoding: "utf8",
  });
  return { status, stderr };
}

describe("command", () => {
  it("ends with what the work comes to", () => {
    expect(ended("async () => 1")).toEqual({ status: 1, stderr: "" });
  });

  it("tells a failure with what to do about it, and ends with its exit code", () => {
    const failing = `async () => { throw new DeployError("SPARKI_OUTSIDE", "no python3", { hint: "install Python" }); }`;
    expect(ended(failing)).toEqual({ status: 4, stderr: "no python3\n  install Python\n" });
  });

  it("lets Ctrl-C end the work", () => {
    const waiting = `async (signal) => {
      const ended = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      const timer = setTimeout(() => {}, 60_000);
      process.kill(process.pid, "SIGINT");
      return ended.finally(() => clearTimeout(timer));
    }`;
    expect(ended(waiting)).toEqual({ status: 4, stderr: "ended by SIGINT\n" });
  });
});
