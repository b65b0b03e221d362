import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Writable } from "node:stream";
import { judge } from "../../../runbook/commands/judge.ts";
import { openOutput } from "../../../shared/text/output.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { rawConfig } from "../../support/stack-config.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "judge-"));
});
afterAll(() => rmSync(directory, { recursive: true }));

function interval(at: number, change: Record<string, unknown> = {}): string {
  return JSON.stringify({ at, requests: 60, errors: 0, over100ms: 3, over1s: 0, over5s: 0, ...change });
}

/** The environment in which a stack's config is this one. */
function configFile(config: Record<string, unknown>): Record<string, string> {
  const file = join(directory, "Pulumi.own.yaml");
  const values = Object.entries(config).map(([key, value]) => {
    return [key, typeof value === "string" && /^[[{]/.test(value) ? JSON.parse(value) : value];
  });
  writeFileSync(file, JSON.stringify({ config: Object.fromEntries(values) }));
  return { PULUMI_OPTION_CONFIG_FILE: file };
}

async function run(text: string, options: Record<string, string> = {}, env: Record<string, string> = {}) {
  const file = join(directory, "counts.jsonl");
  writeFileSync(file, text);
  let report = "";
  const stderr = new Writable({
    write: (chunk, _, done) => {
      report += chunk;
      done();
    },
  });
  const ports = {
    stdout: openOutput(stderr),
    stderr: openOutput(stderr),
    clock: fakeClock(),
    env,
    cwd: directory,
    signal: new AbortController().signal,
  };
  const { exitCode, json } = await judge.run({ args: [file], options, ports });
  return { exitCode, json, report };
}

describe("judge", () => {
  it("passes a clean recording and says when it was decided", async () => {
    const lines = Array.from({ length: 100 }, (_, i) => interval(i + 1));
    const { exitCode, json, report } = await run(`${lines.join("\n")}\n`);
    expect(exitCode).toBe(0);
    expect(json).toMatchObject({
      verdict: "pass",
      decidedAt: 60,
      objectives: [{ objective: "errors", requests: 3_600 }, {}, {}, {}],
    });
    expect(report).toMatch(/^pass: decided at 60 s\n {2}pass {10}errors: between 0 % and 0.0985 %, limit 0.1 %\. /);
  });

  it("fails a spike with the counts of the look that proved it", async () => {
    const { exitCode, json } = await run([interval(1), interval(2, { errors: 3 }), interval(3)].join("\n"));
    expect(exitCode).toBe(1);
    expect(json).toMatchObject({
      verdict: "fail",
      decidedAt: 2,
      objectives: [{ verdict: "fail", requests: 120, bad: 3 }, {}, {}, {}],
    });
  });

  it.each([
    ["", 0],
    [interval(1), 60],
  ])("is inconclusive at the end of %j", async (text, requests) => {
    const { exitCode, json } = await run(text);
    expect(exitCode).toBe(3);
    expect(json).toMatchObject({ verdict: "inconclusive", decidedAt: null, objectives: [{ requests }, {}, {}, {}] });
  });

  it.each([
    ["empty lines at its end", `${interval(1)}\n\n \r\n`, 60],
    ["nothing but an empty line", "\n", 0],
    ["a byte order mark", `\ufeff${interval(1)}\n`, 60],
    ["lines that end as on Windows", `${interval(1)}\r\n${interval(2)}\r\n`, 120],
  ])("reads a file with %s", async (_, text, requests) => {
    expect((await run(text)).json).toMatchObject({ objectives: [{ requests }, {}, {}, {}] });
  });

  it.each([
    ["text", "hello", /line 2: not JSON: hello; expected \{"at"/],
    ["an empty line", "", /line 2: empty; expected \{"at"/],
    ["a list", "[1]", /line 2: \[1\]; expected \{"at"/],
    ["a missing count", '{"at": 2, "requests": 1}', /line 2: .*; expected/],
    ["a negative count", interval(2, { requests: -1 }), /line 2/],
    ["half a request", interval(2, { requests: 60.5 }), /line 2/],
    ["more errors than requests", interval(2, { errors: 61 }), /line 2: .*"errors":61/],
    ["more over 5 s than over 1 s", interval(2, { over5s: 1 }), /line 2/],
    ["text for a number", interval(2, { errors: "0" }), /line 2/],
    [
      "more requests in all than can be counted",
      interval(2, { requests: Number.MAX_SAFE_INTEGER }),
      /line 2: \d+ requests in all; expected at most 9007199254740991/,
    ],
    ["a time that rolls back", interval(0), /line 2: at is 0; expected at least 1/],
    ["a time without end", interval(2).replace('"at":2', '"at":1e999'), /line 2/],
  ])("refuses %s with its line's number, even after the decision", async (_, line, message) => {
    await expect(run([interval(1, { errors: 60 }), line, interval(3)].join("\n"))).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: expect.stringMatching(message),
    });
  });

  const objectives = [{ name: "loose", kind: { type: "errors" }, maxRatio: 0.5 }];

  it("takes the objectives of a stack's own config", async () => {
    const env = configFile({ ...rawConfig("prod"), "sparki:objectives": objectives });
    expect((await run(interval(1, { errors: 9 }), { stack: "prod" }, env)).json).toMatchObject({
      verdict: "pass",
      objectives: [{ objective: "loose", limit: 0.5 }],
    });
  });

  it("refuses a stack without a config, and one whose config is wrong, as every command does", async () => {
    await expect(run("", { stack: "nowhere" })).rejects.toMatchObject({
      code: "SPARKI_CONFIG",
      message: expect.stringContaining("stack nowhere has no config"),
    });
    const env = configFile({ ...rawConfig("prod"), "sparki:objectives": [{ ...objectives[0], maxRatio: 2 }] });
    await expect(run("", { stack: "prod" }, env)).rejects.toMatchObject({
      code: "SPARKI_CONFIG",
      message: expect.stringContaining("objectives[0].maxRatio is 2; expected a number above 0 and below 1"),
      hint: expect.stringContaining("run the same command again"),
    });
  });

  it.each([
    ["no config", "owner: me"],
    ["no YAML", "config: [1"],
  ])("refuses a stack's file that holds %s, as a matter of config", async (_, text) => {
    const file = join(directory, "Pulumi.broken.yaml");
    writeFileSync(file, text);
    await expect(run("", { stack: "broken" }, { PULUMI_OPTION_CONFIG_FILE: file })).rejects.toMatchObject({
      code: "SPARKI_CONFIG",
    });
  });

  it("refuses a file that is not there", async () => {
    const ports = {
      stdout: openOutput(process.stdout),
      stderr: openOutput(process.stderr),
      clock: fakeClock(),
      env: {},
      cwd: directory,
      signal: new AbortController().signal,
    };
    await expect(judge.run({ args: ["missing.jsonl"], options: {}, ports })).rejects.toThrow(
      /missing.jsonl cannot be read: .*ENOENT: no such file or directory/,
    );
  });

  it("looks at a million undecided lines in less than four times what reading their JSON alone takes", () => {
    const file = join(directory, "long.jsonl");
    writeFileSync(file, `${interval(1, { requests: 1_000, errors: 1 })}\n`.repeat(1_000_000));
    // In Node itself: within jest's own global scope every call of Math and JSON costs several times as much.
    const program = `
      const { judge } = await import(${JSON.stringify(join(import.meta.dirname, "../../../runbook/commands/judge.ts"))});
      const { readFileSync } = await import("node:fs");
      const ports = { stderr: process.stderr, cwd: process.cwd() };
      const seconds = ({ user, system }) => (user + system) / 1e6;
      const begin = process.cpuUsage();
      let read = 0;
      for (const line of readFileSync(${JSON.stringify(file)}, "utf8").split("\\n")) if (line !== "") read += JSON.parse(line).requests;
      const reading = seconds(process.cpuUsage(begin));
      const after = process.cpuUsage();
      const { json } = await judge.run({ args: [${JSON.stringify(file)}], options: {}, ports });
      console.log(JSON.stringify({ ...json, read, ratio: seconds(process.cpuUsage(after)) / reading }));`;
    const said = execFileSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
    const result = JSON.parse(said);
    expect(result).toMatchObject({ decidedAt: null, objectives: [{ requests: 1_000_000_000 }, {}, {}, {}] });
    expect(result.read).toBe(1_000_000_000);
    expect(result.ratio).toBeLessThan(4);
  });
});
