import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { awsCommand, commandRunner, loggedCommand } from "../../io/child-command.ts";

const node = commandRunner(process.execPath, { GREETING: "hello" });

describe("commandRunner", () => {
  it("gives what a program wrote and how it ended, also when it failed", async () => {
    const program = "console.log(process.env.GREETING); console.error('why'); process.exitCode = 3";
    expect(await node(["-e", program])).toEqual({ code: 3, stdout: "hello\n", stderr: "why\n" });
  });

  it("hands it its input and its folder", async () => {
    const program = "process.stdin.on('data', (text) => console.log(process.cwd(), String(text)))";
    expect(await node(["-e", program], { cwd: "/", input: "in" })).toMatchObject({ stdout: "/ in\n" });
  });

  it("does not mind a program that reads nothing", async () => {
    expect(await node(["-e", ""], { input: "x".repeat(1_000_000) })).toMatchObject({ code: 0 });
  });

  it("rejects, naming the program, when it cannot be started or is ended", async () => {
    const absent = commandRunner("/no/such/program", {});
    await expect(absent([])).rejects.toThrow("/no/such/program cannot be run: spawn /no/such/program ENOENT");
    const signal = AbortSignal.timeout(50);
    await expect(node(["-e", "setTimeout(() => {}, 60000)"], { signal })).rejects.toThrow("cannot be run");
  });
});

describe("awsCommand", () => {
  it("asks nobody anything, whatever a person has set for their own terminal", async () => {
    const folder = mkdtempSync(join(tmpdir(), "sparki-aws-"));
    writeFileSync(join(folder, "aws"), '#!/bin/sh\necho "$AWS_PROFILE $AWS_CLI_AUTO_PROMPT $1"\n', { mode: 0o755 });
    const aws = awsCommand({ PATH: folder, AWS_PROFILE: "ann", AWS_CLI_AUTO_PROMPT: "on" });
    expect(await aws(["sts"])).toMatchObject({ code: 0, stdout: "ann off sts\n" });
    rmSync(folder, { recursive: true });
  });
});

describe("loggedCommand", () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "sparki-logged-"));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  const run = (script: string, signal = new AbortController().signal) => {
    const logFile = join(directory, "logs", "it.log");
    const common = { cwd: directory, env: {}, logFile, signal, unlocking: "pulumi cancel" };
    return { logFile, ended: loggedCommand({ path: process.execPath, args: ["-e", script], ...common }) };
  };

  it("resolves with the exit code and all that it wrote, which is in the file too", async () => {
    const { ended, logFile } = run("console.log('out'); console.error('err'); process.exitCode = 3;");
    const { code, text } = await ended;
    expect(code).toBe(3);
    expect(text.split("\n").sort()).toEqual(["", "err", "out"]);
    expect(readFileSync(logFile, "utf8")).toBe(text);
  });

  it("interrupts it when aborted, and waits until it has ended in its own time", async () => {
    const controller = new AbortController();
    const script =
      "process.on('SIGINT', () => setTimeout(() => { console.log('saved'); process.exit(0); }, 50)); console.log('begun'); setInterval(() => {}, 1000);";
    const { ended, logFile } = run(script, controller.signal);
    while (!begun(logFile)) await delay(10);
    controller.abort();
    expect(await ended).toEqual({ code: 0, text: "begun\nsaved\n" });
  });

  it("rejects where there is no such program", async () => {
    const logFile = join(directory, "it.log");
    const common = { cwd: directory, env: {}, logFile, signal: new AbortController().signal, unlocking: "" };
    const ended = loggedCommand({ path: "/nowhere/pulumi", args: [], ...common });
    await expect(ended).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});

function begun(file: string): boolean {
  try {
    return readFileSync(file, "utf8").includes("begun");
  } catch {
    return false;
  }
}
