import { PassThrough } from "node:stream";
import { systemClock } from "../../../io/clock.ts";
import { checklistRefusal, goThroughChecklist } from "../../../runbook/deploy/begin.ts";
import type { Status } from "../../../runbook/preflight/check.ts";
import { Recovery } from "../../../runbook/recovery/take-over.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { type AwsAnswers, fakeContext, fakeState, resource } from "../../support/preflight.ts";
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

describe("checklistRefusal of a stack whose cluster is lost", () => {
  it("names that alone, with the command that helps: whatever else failed, failed for it", () => {
    const reason = "the cluster sparki-prod that the state names does not exist at AWS";
    const lost = { ...check("fail", "Cluster"), id: "cluster-exists", reason, fix: "npx sparki recover cluster" };
    expect(checklistRefusal({ checks: [check("fail"), lost, check("fail")] })).toBe(
      `preflight failed. ${reason}. Run: npx sparki recover cluster`,
    );
  });
});

describe("goThroughChecklist", () => {
  const screen = plainScreen(new PassThrough());
  const { signal } = new AbortController();
  const engine = fakeEngine({ deployment: {} });
  const target = { stack: "prod", engine, env: {}, clock: systemClock, screen, signal };

  it("names a lost cluster where nothing can be taken over for that, and any other reason as it is", async () => {
    const cluster = resource("aws:eks/cluster:Cluster", "cluster-eks-eksCluster", { id: "sparki-prod" });
    const recovery = new Recovery(target, () => Promise.reject(new Error("not opened")));
    jest.spyOn(recovery, "takeOver").mockRejectedValue(new Error("nobody answers at 10.0.0.1"));
    const through = (looks: AwsAnswers) => {
      const context = fakeContext({ clock: systemClock, state: fakeState([cluster]), looks });
      return goThroughChecklist(target, async () => ({ context, close: async () => {} }), recovery);
    };
    expect(checklistRefusal(await through({}))).toBe(
      "preflight failed. the cluster sparki-prod that the state names does not exist at AWS. Run: npx sparki recover cluster --stack prod",
    );
    await expect(through({ "eks/getCluster": { status: "ACTIVE" } })).rejects.toThrow("nobody answers at 10.0.0.1");
    await expect(through({ "eks/getCluster": new Error("AccessDenied") })).rejects.toThrow(
      "nobody answers at 10.0.0.1",
    );
  });

  it("checks what runs there once that is ready, which it may become while the take-over goes on", async () => {
    const did: string[] = [];
    const recovery = new Recovery(target, () => Promise.reject(new Error("not opened")));
    jest.spyOn(recovery, "takeOver").mockImplementation(async () => void did.push("take-over"));
    const context = fakeContext({ clock: systemClock });
    const commands = {
      ...context.commands,
      aws: async (...args: Parameters<typeof context.commands.aws>) => {
        did.push("check");
        return context.commands.aws(...args);
      },
    };
    const ready = async () => void did.push("ready");
    const opened = { context: { ...context, commands }, close: async () => {} };
    await goThroughChecklist(target, async () => opened, recovery, ready);
    expect(did.slice(0, 3)).toEqual(["take-over", "ready", "check"]);
  });

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
