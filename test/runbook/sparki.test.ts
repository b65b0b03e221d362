import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { type StandInTools, standInTools } from "../support/stand-in-tools.ts";
import { releaseNamed, resourcesWith } from "../support/updates.ts";

const ROOT = join(import.meta.dirname, "..", "..");

/** A promoted release, and a workload that left it: what a rollback previews the way back from. */
const STATE = {
  version: 3,
  deployment: {
    resources: [
      ...resourcesWith(releaseNamed("1.0")),
      {
        urn: "urn:pulumi:staging::sparki::kubernetes:helm.sh/v3:Release::web-fleet",
        custom: true,
        type: "t",
        inputs: {},
      },
    ],
  },
};

/** `sparki` on stand-ins, with nothing beyond this machine in reach. */
function start({ folder }: StandInTools): ChildProcess {
  const args = [join(ROOT, "runbook", "sparki.ts"), "rollback", "--dry-run", "--stack", "staging"];
  const env = { ...process.env, PATH: `${folder}:/usr/bin:/bin`, SPARKI_DNS_SERVER: "127.0.0.1:9" };
  return spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; tries < 400 && !condition(); tries++) await delay(50);
}

jest.setTimeout(40_000);

describe("sparki", () => {
  let tools: StandInTools;
  beforeEach(() => {
    tools = standInTools(STATE);
  });
  afterEach(() => tools.remove());

  it.each([
    ["a Ctrl-C that ended the reader of its output too", ["SIGINT"]],
    ["a lost terminal, which may say so more than once", ["SIGHUP", "SIGHUP"]],
  ] as const)("lets the engine end what is in flight on %s, and exits with 4", async (_, signals) => {
    const child = start(tools);
    const ended = new Promise((resolve) => child.once("exit", (...how) => resolve(how)));
    await until(() => existsSync(join(tools.folder, "started")));
    child.stdout?.destroy();
    child.stderr?.destroy();
    for (const signal of signals) {
      child.kill(signal);
      await delay(600);
    }
    expect(await ended).toEqual([4, null]);
    expect(existsSync(join(tools.folder, "saved"))).toBe(true);
  });
});
