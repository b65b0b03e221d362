import { type ChildProcessByStdio, spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { setTimeout as delay } from "node:timers/promises";
import { failureDocumentSchema } from "../../runbook/report/document.ts";
import { rehearsed } from "../support/rehearsal-access.ts";
import { type StandInTools, standInTools } from "../support/stand-in-tools.ts";
import { releaseNamed, resourcesWith } from "../support/updates.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const FLEET = "urn:pulumi:staging::sparki::kubernetes:helm.sh/v3:Release::web-fleet";

/** A promoted release, and a workload that left it: what a preview of the rollback starts from. */
const STATE = {
  version: 3,
  deployment: {
    resources: [...resourcesWith(releaseNamed("1.0")), { urn: FLEET, custom: true, type: "t", inputs: {} }],
  },
};
const NOBODY_THERE = JSON.stringify({
  "current-context": "staging",
  clusters: [{ name: "staging", cluster: { server: "https://127.0.0.1:9" } }],
  users: [{ name: "staging", user: { token: "t" } }],
  contexts: [{ name: "staging", context: { cluster: "staging", user: "staging" } }],
});

type Running = ChildProcessByStdio<null, Readable, Readable>;

/** `sparki` on stand-ins, with nothing beyond this machine in reach. */
function start({ folder }: StandInTools, ...args: string[]): Running {
  const env = { ...process.env, ...rehearsed(), PATH: `${folder}:/usr/bin:/bin`, SPARKI_DNS_SERVER: "127.0.0.1:9" };
  const argv = [join(ROOT, "runbook", "sparki.ts"), ...args, "--stack", "staging"];
  return spawn(process.execPath, argv, { cwd: folder, env, stdio: ["ignore", "pipe", "pipe"] });
}

function endOf(child: Running): Promise<unknown> {
  return new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
}

jest.setTimeout(600_000);

describe("sparki", () => {
  let tools: StandInTools;
  afterEach(() => tools.remove());

  it.each([
    ["a Ctrl-C that ended the reader of its output too", ["SIGINT"]],
    ["a lost terminal, which may say so more than once", ["SIGHUP", "SIGHUP"]],
  ] as const)("lets the engine end what is in flight on %s, and exits with 4", async (_, signals) => {
    tools = standInTools({ "stack export": STATE });
    const child = start(tools, "rollback", "--dry-run");
    const ended = endOf(child);
    while (child.exitCode === null && !existsSync(join(tools.folder, "started"))) await delay(50);
    child.stdout.destroy();
    child.stderr.destroy();
    for (const signal of signals) {
      child.kill(signal);
      await delay(600);
    }
    expect(await ended).toEqual([4, null]);
    expect(existsSync(join(tools.folder, "saved"))).toBe(true);
  });

  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "ends at once at a second %s, and says so with the next command, as text and as JSON",
    async (name, code) => {
      tools = standInTools({ "stack export": STATE });
      const child = start(tools, "rollback", "--dry-run", "--json");
      const [ended, document, said] = [endOf(child), text(child.stdout), text(child.stderr)];
      while (child.exitCode === null && !existsSync(join(tools.folder, "started"))) await delay(50);
      child.kill(name);
      await delay(600);
      child.kill(name);
      expect(await ended).toEqual([code, null]);
      expect(existsSync(join(tools.folder, "saved"))).toBe(false);
      const hint = "run the same command again: it takes over what was being made";
      expect(failureDocumentSchema.parse(JSON.parse(await document))).toMatchObject({
        error: { code: "SPARKI_OUTSIDE", message: expect.stringContaining(`interrupted again, by ${name}`), hint },
        exitCode: code,
      });
      expect((await said).replaceAll(/\s+/g, " ")).toContain(`Next: ${hint}`);
    },
  );

  it("keeps a deploy's outcome when the cluster does not answer at its end", async () => {
    tools = standInTools({
      "stack export": STATE,
      "stack tag ls": { "sparki:frozen": "the rollback to 1.0 failed" },
      "stack output": { kubeconfig: NOBODY_THERE },
    });
    const child = start(tools, "deploy", "--yes", "--json");
    const [ended, document] = await Promise.all([endOf(child), text(child.stdout)]);
    expect(ended).toEqual([1, null]);
    const unknown = { oneBox: ["unknown"], fleet: ["unknown"] };
    expect(JSON.parse(document)).toMatchObject({ exitCode: 1, live: { engine: unknown, web: unknown } });
  });
});

describe("sparki's output", () => {
  it("says that a document is not whole where its disk is full, and ends with exit code 4", () => {
    const argv = ["-c", '"$0" "$@" > /dev/full', process.execPath, join(ROOT, "runbook", "sparki.ts"), "controls"];
    const { status, stderr } = spawnSync("/bin/sh", [...argv, "--help"], { encoding: "utf8" });
    expect({ status, stderr }).toEqual({
      status: 4,
      stderr: expect.stringMatching(
        /^SPARKI_OUTSIDE: not all output could be written: the disk that it is written to\s+is full/,
      ),
    });
  });
});
