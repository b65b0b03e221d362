import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Engine, type RunSettings } from "../../io/engine.ts";
import { isRollbackUpdate, ROLLBACK_ENVIRONMENT } from "../../records/chart-content.ts";
import { fakeClock } from "../support/fake-clock.ts";
import { type StandInTools, standInTools } from "../support/stand-in-tools.ts";

jest.setTimeout(600_000);

describe("Engine", () => {
  let tools: StandInTools;
  beforeEach(() => {
    tools = standInTools({});
  });
  afterEach(() => {
    tools.remove();
    delete process.env.SPARKI_ROLLBACK;
  });

  /** Whether the program would take each step of a preview for one of an update that rolls back. */
  async function modesOf(settings?: RunSettings): Promise<Set<boolean>> {
    const controller = new AbortController();
    const engine = await Engine.open({
      stack: "staging",
      projectDirectory: tools.folder,
      cli: { path: join(tools.folder, "pulumi"), version: "3.255.0" },
      environment: { PATH: process.env.PATH ?? "" },
      program: async () => undefined,
      programEnvironment: {},
      policyPacks: [],
      parallel: 1,
      clock: fakeClock(),
      signal: controller.signal,
    });
    const seen = new Set<boolean>();
    const ended = engine.preview(() => seen.add(isRollbackUpdate(process.env)), settings);
    while (!existsSync(join(tools.folder, "started"))) await delay(50);
    controller.abort();
    expect(await ended).toMatchObject({ outcome: "interrupted" });
    return seen;
  }

  it("runs no deploy as one that rolls back, whatever the shell exports", async () => {
    process.env.SPARKI_ROLLBACK = "true";
    expect(await modesOf()).toEqual(new Set([false]));
    expect(process.env.SPARKI_ROLLBACK).toBe("true");
  });

  it("runs as one that rolls back what is told to be", async () => {
    expect(await modesOf({ environment: ROLLBACK_ENVIRONMENT })).toEqual(new Set([true]));
    expect(process.env.SPARKI_ROLLBACK).toBeUndefined();
  });
});
