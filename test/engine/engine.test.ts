import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import type { EngineResult } from "../../records/engine-record.ts";

jest.setTimeout(600_000);

const CASES = join(import.meta.dirname, "..", "support", "engine-cases.ts");

interface Case {
  readonly result: EngineResult;
  readonly results: readonly EngineResult[];
  readonly outputs: Readonly<Record<string, { readonly value: unknown }>>;
  readonly state: unknown;
  readonly next: string;
  readonly left: string | null;
}

async function run(name: string): Promise<Case> {
  const { stdout } = await promisify(execFile)(process.execPath, [CASES, name]);
  return JSON.parse(stdout);
}

const names = ({ steps }: EngineResult) => steps.map(({ name, op, status }) => `${op} ${name} ${status}`);

describe("Engine", () => {
  it("previews, updates, changes nothing the second time, and destroys", async () => {
    const { results, outputs, left } = await run("whole");
    expect(results.map(({ outcome, changes }) => ({ outcome, changes }))).toEqual([
      { outcome: "succeeded", changes: { create: 3 } },
      { outcome: "succeeded", changes: { create: 3 } },
      { outcome: "succeeded", changes: { same: 3 } },
      { outcome: "succeeded", changes: { delete: 3 } },
    ]);
    // The program's environment is set only while it runs.
    expect(outputs).toMatchObject({ greeting: { value: "hello" }, said: { value: "so" } });
    expect(left).toBeNull();
  });

  it("tells by its events that a gate refused: the step failed, and nothing behind it was made", async () => {
    const { result, state } = await run("refused");
    expect(result.outcome).toBe("failed");
    expect(result.failure).toContain("errors over their limit");
    expect(names(result)).toEqual(["create first done", "create second failed"]);
    expect(JSON.stringify(state)).not.toContain("::second");
  });

  it("lets what is in flight finish and saves it when it is interrupted, and then begins nothing more", async () => {
    const { result, next, state } = await run("interrupted");
    expect(result.outcome).toBe("interrupted");
    expect(names(result)).toContain("create second done");
    expect(JSON.stringify(state)).toContain("::second");
    expect(next).toBe("interrupted by a test");
  });

  it("fails with the engine's own reason when the policy pack cannot be loaded", async () => {
    const { result } = await run("without its policy pack");
    expect(result).toMatchObject({ outcome: "failed", steps: [] });
    expect(result.failure).toContain("no such policy pack");
  });
});
