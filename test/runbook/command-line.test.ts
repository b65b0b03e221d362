import { PassThrough } from "node:stream";
import manifest from "../../package.json" with { type: "json" };
import type { Command } from "../../runbook/command.ts";
import { loadCommands, runCommandLine } from "../../runbook/command-line.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { fakeClock } from "../support/fake-clock.ts";

const greet: Command = {
  name: "greet",
  summary: "says hello",
  description: "Says hello.\n\nExamples:\n  npx sparki greet world",
  arguments: [{ name: "whom", required: false, help: "to whom" }],
  options: [{ flags: "--times <number>", help: "how often", default: "1" }],
  run: async ({ args, options }) => ({ exitCode: 3, json: { args, options } }),
};

const failing = (error: unknown): Command => ({
  ...greet,
  name: "fail",
  run: async () => {
    throw error;
  },
});

/** On these commands, or on sparki's own. */
async function run(argv: readonly string[], commands: readonly Command[] | "all" = [greet]) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const signal = new AbortController().signal;
  const ports = { stdout, stderr, clock: fakeClock(), env: {}, cwd: "/", signal };
  const exitCode = await runCommandLine(argv, ports, commands === "all" ? loadCommands : async () => commands);
  const text = (stream: PassThrough) => String(stream.read() ?? "");
  return { exitCode, stdout: text(stdout), stderr: text(stderr) };
}

describe("runCommandLine", () => {
  it("ends with the command's exit code and writes nothing to stdout without --json", async () => {
    expect(await run(["greet", "world"])).toEqual({ exitCode: 3, stdout: "", stderr: "" });
  });

  it("hands a command its arguments, its options with their defaults, and the common options", async () => {
    const { stdout } = await run(["greet", "world", "--stack", "staging", "--json"]);
    expect(JSON.parse(stdout)).toEqual({ args: ["world"], options: { times: "1", stack: "staging", json: true } });
  });

  it("takes the common options before the command's name too", async () => {
    const { stdout } = await run(["--json", "--stack", "staging", "greet"]);
    expect(JSON.parse(stdout)).toMatchObject({ options: { stack: "staging" } });
  });

  it.each([
    [["gret"], "unknown command 'gret'. Did you mean greet?", ""],
    [["gret", "--help"], "unknown command 'gret'. Did you mean greet?", ""],
    [["help", "gret"], "unknown command 'gret'. Did you mean greet?", ""],
    [["xyzzy"], "unknown command 'xyzzy'; expected one of greet, fail\n", ""],
    [["greet", "--tims", "2"], "unknown option '--tims'. Did you mean --times?", "greet "],
    [["greet", "a", "b"], "too many arguments", "greet "],
    [["greet", "--times"], "option '--times <number>' argument missing", "greet "],
    [["--tims", "2", "greet"], "unknown option '--tims'", ""],
    [[], "no command given; expected one of greet, fail\n", ""],
    [["--yes"], "no command given; expected one of greet, fail\n", ""],
  ])("refuses %j with exit 2, what was wrong and the next command", async (argv, message, command) => {
    const { exitCode, stdout, stderr } = await run(argv, [greet, failing(new Error("not reached"))]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(`SPARKI_USAGE: ${message}`);
    expect(stderr).toMatch(new RegExp(`\nNext: npx sparki ${command}--help\n$`));
  });

  it.each([[["--json"]], [["gret", "--json"]], [["gret", "--help", "--json"]]])(
    "writes its refusal of %j as one JSON document",
    async (argv) => {
      const { exitCode, stdout } = await run(argv);
      expect({ exitCode, ...JSON.parse(stdout) }).toMatchObject({ exitCode: 2, error: { code: "SPARKI_USAGE" } });
    },
  );

  it("lists all commands in lines that fit, whatever else the command line names", async () => {
    const { stderr } = await run(["xyzzy", "judge"], "all");
    expect(stderr).toMatch(/expected one of rehearse, bootstrap,\s+preflight, plan, deploy/);
    expect(stderr.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("keeps the help of every command within 80 columns", async () => {
    const commands = await loadCommands([]);
    const shown = await Promise.all(
      [[], ...commands.map(({ name }) => [name])].map((path) => run([...path, "--help"], commands)),
    );
    expect(shown.length).toBeGreaterThan(10);
    for (const { stdout } of shown) expect(stdout.split("\n").filter((line) => line.length > 80)).toEqual([]);
  });

  it("shows help with examples on stdout and exits 0", async () => {
    const top = await run(["--help"]);
    expect(top.exitCode).toBe(0);
    expect(top.stdout).toContain("says hello");
    expect(top.stdout).toContain("npx sparki rehearse error-spike");
    const { stdout } = await run(["greet", "--help"]);
    expect(stdout).toContain("npx sparki greet world");
    expect(stdout).toContain("--stack <name>");
  });

  it.each([
    [["help"], ["--help"]],
    [
      ["help", "greet"],
      ["greet", "--help"],
    ],
    [
      ["greet", "-h"],
      ["greet", "--help"],
    ],
  ])("answers %j as %j", async (argv, same) => {
    const answer = await run(argv);
    expect(answer).toEqual(await run(same));
    expect(answer).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it.each([[["help"]], [["--help"]], [["help", "greet"]], [["--version"]]])(
    "answers %j --json with one JSON document",
    async (argv) => {
      const { exitCode, stdout, stderr } = await run([...argv, "--json"]);
      expect({ exitCode, stderr, text: JSON.parse(stdout).text }).toEqual({
        exitCode: 0,
        stderr: "",
        text: (await run(argv)).stdout,
      });
    },
  );

  it("tells the version of its package", async () => {
    expect(await run(["--version"])).toEqual({ exitCode: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  it.each([
    ["SPARKI_GATE", 1],
    ["SPARKI_CONFIG", 2],
    ["SPARKI_HELD", 3],
    ["SPARKI_OUTSIDE", 4],
    ["SPARKI_ROLLBACK", 5],
  ] as const)("tells a %s failure with its hint, and exits %i", async (code, expected) => {
    const error = new DeployError(code, "it broke", { hint: "fix it" });
    const { exitCode, stderr } = await run(["fail"], [failing(error)]);
    expect(exitCode).toBe(expected);
    expect(stderr).toBe(`${code}: it broke\nNext: fix it\n`);
  });

  it("writes a failure under --json as exactly one JSON document", async () => {
    const { stdout } = await run(["fail", "--json"], [failing(new DeployError("SPARKI_HELD", "not proven"))]);
    expect(JSON.parse(stdout)).toEqual({
      error: { code: "SPARKI_HELD", message: "not proven", hint: null },
      exitCode: 3,
    });
  });

  it("shows a stack trace, with its causes, only under --debug", async () => {
    const error = new DeployError("SPARKI_OUTSIDE", "outer", { cause: new Error("inner") });
    expect((await run(["fail"], [failing(error)])).stderr).not.toContain("at ");
    const { stderr } = await run(["fail", "--debug"], [failing(error)]);
    expect(stderr).toMatch(/caused by\nError: inner\n\s+at /);
  });
});
