import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { failureDocumentSchema } from "../../runbook/report/document.ts";
import { type Interruptible, makeRuns, npmRunRehearse, type Runs, sparki } from "../support/sparki.ts";
import { rawConfig } from "../support/stack-config.ts";

jest.setTimeout(3_600_000);

const ROOT = join(import.meta.dirname, "..", "..");
const FAST = ["--json", "--time-scale", "0.002"];
const OVER_ANOTHER = ["upgrade", "--on-promoted"];

const rehearse: typeof npmRunRehearse = (args, runs, watch) => sparki(["rehearse", ...args], runs, watch);

/** Sends the signal once, when stderr has come to a moment. */
function signalAt(moment: string, signal: NodeJS.Signals) {
  let sent = false;
  return ({ stderr }: { readonly stderr: string }, child: Interruptible) => {
    if (sent || !stderr.includes(moment)) return;
    sent = true;
    child.kill(signal);
  };
}

describe("sparki rehearse", () => {
  let runs: Runs;
  beforeEach(() => {
    runs = makeRuns();
  });
  afterEach(() => runs.remove());

  it.each([
    // The shell between npm and us ends by the signal itself, and npm's exit code says that.
    ["Ctrl-C in a terminal while the network is being made", npmRunRehearse, [], "SIGINT", "create Vpc", [4, null]],
    ["SIGTERM while the preview runs", rehearse, [], "SIGTERM", "• preview", [4]],
    ["SIGINT while a gate looks", rehearse, OVER_ANOTHER, "SIGINT", "update Release engine-one-box", [4]],
  ] as const)("on %s lets what is in flight finish, fails and leaves no process", async (...moment) => {
    const [, run, args, signal, at, codes] = moment;
    const { exitCode, stdout, stderr } = await run([...args, ...FAST], runs, signalAt(at, signal));
    expect(codes).toContain(exitCode);
    expect(failureDocumentSchema.parse(JSON.parse(stdout))).toMatchObject({
      error: { code: "SPARKI_OUTSIDE", message: expect.stringContaining(`interrupted by ${signal}`) },
      exitCode: 4,
    });
    expect(stderr).toContain("Next: run the same command again");
    expect(runs.processes()).toEqual([]);
  });

  it("refuses a place that another rehearsal uses, before it changes anything there", async () => {
    let second: ReturnType<typeof sparki> | undefined;
    await rehearse(FAST, runs, ({ stderr }, child) => {
      if (!stderr.includes("• preview") || second !== undefined) return;
      second = sparki(["rehearse"], runs);
      second.then(() => child.kill("SIGINT"));
    });
    expect(await second).toMatchObject({ exitCode: 4, stderr: expect.stringContaining("another rehearsal uses") });
  });
});

describe("sparki", () => {
  let runs: Runs;
  beforeEach(() => {
    runs = makeRuns();
  });
  afterEach(() => {
    expect(runs.processes()).toEqual([]);
    runs.remove();
  });

  it.each([
    [["rehearse", "first-deply"], "expected one of first-deploy"],
    [["rehearse", "--stack", "nowhere"], "stack nowhere has no config"],
    [["rehearse", "--fault", "F99"], "expected one of F01"],
    [["rehearse", "--time-scale", "0"], "expected a number"],
    [["rehearse", "first-deploy", "upgrade"], "too many arguments"],
    [["rehearse", "--sed", "2"], "Did you mean --seed?"],
  ])("refuses %j with exit 2 and leaves no process", async (args, message) => {
    const { exitCode, stdout, stderr } = await sparki(args, runs);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(message);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("tells every wrong config value at once, with what sets it right, and exits 2", async () => {
    const stack = `wrong-${process.pid}`;
    const file = join(ROOT, `Pulumi.${stack}.yaml`);
    const config = { ...wholeConfig(), "sparki:domain": "no domain", "sparki:floor": { zones: "many" } };
    writeFileSync(file, JSON.stringify({ config }));
    try {
      const { exitCode, stdout, stderr } = await sparki(["rehearse", "--json", "--stack", stack], runs);
      expect(exitCode).toBe(2);
      expect(failureDocumentSchema.parse(JSON.parse(stdout)).error.code).toBe("SPARKI_CONFIG");
      expect(stderr).toContain(
        `domain is "no domain"; expected a domain name\n    Run: pulumi config set --stack ${stack} sparki:domain`,
      );
      expect(stderr).toContain('floor.zones is "many"');
    } finally {
      rmSync(file);
    }
  });

  it("names the tools that it can neither find, download nor build, and exits 4", async () => {
    const nowhere = "http://127.0.0.1:9";
    const { exitCode, stderr } = await sparki(["rehearse"], runs, undefined, {
      PATH: "/nowhere",
      XDG_CACHE_HOME: join(runs.directory, "cache"),
      ...Object.fromEntries(["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"].map((name) => [name, nowhere])),
      ...Object.fromEntries(["NO_PROXY", "no_proxy"].map((name) => [name, ""])),
    });
    expect(exitCode).toBe(4);
    expect(stderr).toMatch(/SPARKI_OUTSIDE: .*not\s+on\s+PATH.*found\s+no\s+Go,\s+expected\s+Go/s);
    expect(stderr).toContain("Next: install Go");
  });
});

function wholeConfig(): Record<string, unknown> {
  const decode = (value: string): unknown => (/^[[{]/.test(value) ? JSON.parse(value) : value);
  return Object.fromEntries(Object.entries(rawConfig("prod")).map(([key, value]) => [key, decode(value)]));
}
