import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CommandProvider } from "../../../rehearsal/command/provider.ts";
import type { Path, Properties } from "../../../rehearsal/provider/properties.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";

/** A killed process may stay in the table until someone collects it. */
function runs(pid: string): boolean {
  const { stdout } = spawnSync("ps", ["-o", "stat=", "-p", pid], { encoding: "utf8" });
  return stdout.trim() !== "" && !stdout.startsWith("Z");
}

describe("CommandProvider", () => {
  let directory: string;
  let provider: CommandProvider;
  let lines: string[];
  let cancel: AbortController;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "sparki-command-"));
    provider = new CommandProvider({ directory, environment: { PATH: "/usr/bin:/bin", INHERITED: "yes" } });
    lines = [];
    cancel = new AbortController();
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  const about = () => ({
    ...{ type: "command:local:Command", name: "job", urn: "urn", signal: cancel.signal },
    session: { config: {}, signal: cancel.signal },
    log: (severity: string, message: string) => void lines.push(`${severity} ${message}`),
  });
  const create = (inputs: Properties, secrets: readonly Path[] = [], preview = false) =>
    provider.create({ ...about(), inputs, preview, timeoutSeconds: 0, secrets });
  const update = (inputs: Properties, olds: Properties) =>
    provider.update({
      ...about(),
      id: "x",
      olds,
      oldInputs: olds,
      inputs,
      preview: false,
      timeoutSeconds: 0,
      secrets: [],
    });

  it("really runs the command, and gives what it wrote without the last line break", async () => {
    const { properties } = await create({ create: "pwd; echo problem >&2; echo two" });
    expect(properties).toMatchObject({ stdout: `${directory}\ntwo`, stderr: "problem" });
  });

  it("passes environment, standard input, directory and interpreter on", async () => {
    const inputs = { stdin: "in", environment: { GIVEN: "a b" }, interpreter: ["/bin/sh", "-e", "-c"], dir: "/" };
    const { properties } = await create({ ...inputs, create: 'echo "$INHERITED $GIVEN $(cat) $PWD"' });
    expect(properties.stdout).toBe("yes a b in /");
  });

  it("shows each line while the command runs, as far as logging is wanted", async () => {
    const command = "echo one; echo two >&2; printf three";
    await create({ create: command });
    expect(lines.sort()).toEqual(["info one", "info three", "info two"]);
    lines = [];
    await create({ create: command, logging: "stderr" });
    await create({ create: command, logging: "none" });
    expect(lines).toEqual(["info two"]);
  });

  it("fails with the exit status and the end of what was written", async () => {
    const command = "for i in $(seq 100); do echo line $i; done; echo broken >&2; exit 3";
    const failure = create({ create: command });
    await expect(failure).rejects.toThrow("exit status 3: running");
    await expect(failure).rejects.toThrow("line 100\nbroken");
    await expect(failure).rejects.not.toThrow("line 2\n");
  });

  it("runs the update command with the earlier output, and the create command without one", async () => {
    const olds = { stdout: "before", stderr: "trouble" };
    const command = 'echo "$PULUMI_COMMAND_STDOUT/$PULUMI_COMMAND_STDERR"';
    expect((await update({ create: "false", update: command }, olds)).properties.stdout).toBe("before/trouble");
    expect((await update({ create: command, addPreviousOutputInEnv: false }, olds)).properties.stdout).toBe("/");
    expect((await update({ environment: {} }, olds)).properties.stdout).toBe("before");
  });

  it("runs the delete command, and nothing when there is none", async () => {
    const request = { ...about(), id: "x", oldInputs: {}, timeoutSeconds: 0 };
    await provider.delete({ ...request, properties: { delete: "echo gone > gone" } });
    expect(readFileSync(join(directory, "gone"), "utf8")).toBe("gone\n");
    await provider.delete({ ...request, properties: { create: "exit 1" } });
  });

  it("ends the command with all it started when it is canceled", async () => {
    const running = create({ create: "sleep 60 & echo $! > pid; wait" });
    while (lines.length === 0 && !pidWritten()) await delay(10);
    cancel.abort();
    await expect(running).rejects.toThrow("canceled: running");
    expect(runs(readFileSync(join(directory, "pid"), "utf8").trim())).toBe(false);
  });

  const pidWritten = () => {
    try {
      return readFileSync(join(directory, "pid"), "utf8").endsWith("\n");
    } catch {
      return false;
    }
  };

  it("starts nothing once it is canceled", async () => {
    cancel.abort();
    await expect(create({ create: "touch started" })).rejects.toThrow();
    expect(() => readFileSync(join(directory, "started"))).toThrow("ENOENT");
  });

  it("makes what was written a secret as soon as an input is one", async () => {
    const inputs = { create: "cat", stdin: "hunter2" };
    expect((await create(inputs, [["stdin"]])).secrets).toEqual([["stdout"], ["stderr"]]);
    expect((await create(inputs)).secrets).toEqual([]);
  });

  it("runs nothing in a preview", async () => {
    expect((await create({ create: "exit 1" }, [], true)).properties.stdout).toBe(UNKNOWN);
  });

  it("replaces when a trigger changes, and updates for anything else", () => {
    const request = { ...about(), id: "x", olds: {}, oldInputs: { triggers: ["1"], create: "a" } };
    expect(provider.diff({ ...request, news: { triggers: ["2"], create: "a" } }).detailed).toEqual({
      "triggers[0]": "update-replace",
    });
    expect(provider.diff({ ...request, news: { triggers: ["1"], create: "b" } }).detailed).toEqual({
      create: "update",
    });
  });
});
