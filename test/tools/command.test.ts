import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ROOT = join(import.meta.dirname, "..", "..");
const text = (file: string) => readFileSync(join(ROOT, file), "utf8");
const urlOf = (file: string) => pathToFileURL(join(ROOT, file)).href;

/** What a tool whose work is that text ends with, its output sent to where the shell's words say. */
function ended(work: string, to = "") {
  const script = `
    import { command } from ${JSON.stringify(urlOf("tools/command.ts"))};
    import { DeployError } from ${JSON.stringify(urlOf("shared/deploy-error.ts"))};
    await command(${work});`;
  const shell = `set -o pipefail; "$0" "$@" ${to}`;
  const argv = ["-c", shell, process.execPath, "--input-type=module", "--eval", script];
  const { status, stderr } = spawnSync("bash", argv, { encoding: "utf8" });
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

  it("ends the work once nothing reads what it prints, in its own time, so that it can undo what it did", () => {
    const work = `async (signal) => {
      const ended = new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
      const timer = setInterval(() => process.stdout.write("line\\n"), 5);
      return ended.finally(() => { clearInterval(timer); process.stderr.write("undone\\n"); });
    }`;
    expect(ended(work, "| head -n 1")).toEqual({ status: 4, stderr: "undone\nended: its output is no longer read\n" });
  });

  it.each(["/dev/full"])("says that what it printed is not whole, where the output goes to %s", (file) => {
    const { status, stderr } = ended(`async () => { process.stdout.write("a document\\n"); return 0; }`, `> ${file}`);
    expect({ status, stderr }).toEqual({
      status: 4,
      stderr: expect.stringContaining("not all output could be written: the disk that it is written to is full\n"),
    });
  });

  it("is what every tool runs in that prints, or it outlives the end of its readers by itself", () => {
    const files = globSync(["tools/**/*.ts", "test/run.ts", "test/aws/mutate.ts"], {
      cwd: ROOT,
    });
    const printing = files.filter(
      (file) => /process\.(stdout|stderr)\.write|console\./.test(text(file)) && file !== "tools/command.ts",
    );
    expect(printing.length).toBeGreaterThan(5);
    expect(printing.filter((file) => !/\b(?:await|void) command\(|^ *outliveReaders\(/m.test(text(file)))).toEqual([]);
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
