import { historyText } from "../../../runbook/commands/history.ts";
import type { ReleaseEvent } from "../../../runbook/deploy/release-history.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";

const { paint } = plainScreen(process.stderr);
const event = (what: ReleaseEvent["what"]): ReleaseEvent => ({
  at: 0,
  release: "1.0",
  what,
  reason: "so",
  update: null,
});

describe("historyText", () => {
  it.each([
    [null, [], "prod: nothing was ever promoted\n"],
    [null, [event("held")], "prod: nothing was ever promoted\n  1970-01-01 00:00:00  1.0  held: so\n"],
    [null, [event("promoted")], "prod: nothing is live\n  1970-01-01 00:00:00  1.0  promoted: so\n"],
    ["1.0", [event("promoted")], "prod: live is 1.0\n  1970-01-01 00:00:00  1.0  promoted: so\n"],
  ])("says of %j with %j what is live", (live, events, text) => {
    expect(historyText({ stack: "prod", live, frozen: null, approvals: [], events }, paint)).toBe(text);
  });

  it("says who approved what, and that an approver made the plan too", () => {
    const ada = { name: "ada", through: "GitHub Actions", run: "https://github.com/a/b/actions/runs/7" };
    const approval = { hash: "a".repeat(64), at: "2026-11-28T09:00:00Z", by: ada, release: "1.0", update: "7" };
    const own = { ...approval, plannedBy: ada, isOwnPlan: true };
    const unknown = { ...approval, plannedBy: null, isOwnPlan: null };
    const open = { ...approval, plannedBy: { ...ada, name: "bob" }, isOwnPlan: null };
    const document = { stack: "prod", live: "1.0", frozen: null, approvals: [own, unknown, open], events: [] };
    const text = historyText(document, paint).replace(/\n\s+/g, " ");
    expect(text).toContain("approved: 1.0 as aaaaaaaaaaaa by ada (https://github.com/a/b/actions/runs/7)");
    expect(text).toContain("planned by ada, who approved it too");
    expect(text).toContain("who planned it is not known");
    expect(text).toContain("planned by bob, as their runs report it: the backend verifies neither name");
  });
});
