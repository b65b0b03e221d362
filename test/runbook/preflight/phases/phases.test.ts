import { stateOf } from "../../../../runbook/preflight/phases/phases.ts";
import { STEPS, stepNamed } from "../../../../runbook/preflight/phases/steps.ts";
import { runSparki } from "../../../support/command-line.ts";

const PASS = { status: "pass" } as const;
const WARN = { status: "warn" } as const;
const SKIPPED = { status: "skipped" } as const;
const FAIL = { status: "fail" } as const;
const BLIND = { status: "fail", isBlind: true } as const;

describe("stateOf", () => {
  it.each([
    ["what all passed is done, a warning included", "delivery", [PASS, WARN], "done"],
    ["what was seen to fail is open, whatever else nobody could check", "delivery", [PASS, BLIND, FAIL], "open"],
    ["what nobody could check is unknown", "delivery", [PASS, BLIND], "unknown"],
    ["what was skipped is unknown", "tools", [PASS, SKIPPED], "unknown"],
    ["the checklist may skip what there is not yet", "checklist", [PASS, SKIPPED], "done"],
    ["the checklist is unknown where a check of it could not run", "checklist", [SKIPPED, BLIND], "unknown"],
    ["no check at all is unknown", "delivery", [], "unknown"],
  ] as const)("%s", (_, id, found, state) => {
    expect(stateOf(id, found)).toBe(state);
  });
});

describe("sparki preflight --phase", () => {
  it("means a step by its number or its name, and nothing else", () => {
    expect(stepNamed("5")).toBe(STEPS[4]);
    expect(stepNamed("delivery")).toBe(STEPS[4]);
    for (const other of ["0", "14", "05", "5.0", "Delivery", ""]) expect(stepNamed(other)).toBeUndefined();
  });

  it("ends with 2 and the steps for one that there is not", async () => {
    const { exitCode, err } = await runSparki(["preflight", "--phase", "internet"]);
    expect(exitCode).toBe(2);
    expect(err.replace(/\s+/g, " ")).toContain('--phase is "internet"; expected 1 to 13 or one of account, tools,');
  });
});
