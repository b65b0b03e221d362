import { maintenanceWindow, onCall } from "../../../../runbook/preflight/checks/people.ts";
import type { Confirmation } from "../../../../runbook/preflight/context.ts";
import { fakeContext, look } from "../../../support/preflight.ts";

const answered = (answer: Confirmation) => ({
  ...fakeContext(),
  answers: { "on-call-confirmed": answer, "window-announced": answer },
});

describe.each([
  ["onCall", onCall, "--on-call-confirmed", "the engineers on call are confirmed and briefed"],
  ["maintenanceWindow", maintenanceWindow, "--window-announced", "the window is announced"],
] as const)("%s", (_, check, flag, what) => {
  it.each([
    ["flag", `given as ${flag}`],
    ["asked", "answered yes"],
    ["rehearsed", "not needed in a rehearsal"],
  ] as const)("passes when it was confirmed by %s", async (how, reason) => {
    expect(await look(check, answered({ confirmed: true, how }))).toEqual({ status: "pass", reason });
  });

  it.each([
    ["asked", "not confirmed: answered no"],
    ["nobody to ask", "not confirmed: there was no interactive terminal to ask on"],
  ] as const)("fails when it was not (%s), and names the flag", async (how, reason) => {
    const finding = await look(check, answered({ confirmed: false, how }));
    expect(finding).toMatchObject({ status: "fail", reason });
    expect(finding.fix).toContain(what);
    expect(finding.fix).toContain(flag);
  });
});
