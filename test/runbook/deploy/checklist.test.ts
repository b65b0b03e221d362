import { PassThrough } from "node:stream";
import { systemClock } from "../../../io/clock.ts";
import { checklistRefusal, goThroughChecklist } from "../../../runbook/deploy/begin.ts";
import type { Status } from "../../../runbook/preflight/check.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { fakeContext } from "../../support/preflight.ts";
import { fakeEngine } from "../../support/recovery.ts";

const check = (status: Status, title = "Images") =>
  ({ id: title, group: "Application", title, status, reason: "not in the registry", seconds: 1 }) as const;

describe("checklistRefusal", () => {
  it("lets everything begin that did not fail", () => {
    expect(checklistRefusal({ checks: [check("pass"), check("warn"), check("skipped")] })).toBeUndefined();
  });

  it("names what failed, the first three", () => {
    expect(checklistRefusal({ checks: [check("pass"), check("fail")] })).toBe(
      "preflight failed. Images: not in the registry",
    );
    const checks = ["a", "b", "c", "d", "e"].map((title) => check("fail", title));
    expect(checklistRefusal({ checks })).toMatch(/^preflight failed\. a: .*; b: .*; c: .*; and 2 more$/);
  });
});

describe("goThroughChecklist", () => {
  const screen = plainScreen(new PassThrough());
  const { signal } = new AbortController();
  const engine = fakeEngine({ deployment: {} });
  const target = { stack: "prod", engine, env: {}, clock: systemClock, screen, signal };

  it("closes the ports that it opened, and keeps who confirmed what", async () => {
    let closed = 0;
    const report = await goThroughChecklist(target, async () => ({
      context: fakeContext({ clock: systemClock, confirmed: false }),
      close: async () => {
        closed++;
      },
    }));
    expect(closed).toBe(1);
    expect(report.confirmations["on-call-confirmed"]).toMatchObject({ confirmed: false });
    expect(checklistRefusal(report)).toContain("preflight failed. ");
  });
});
