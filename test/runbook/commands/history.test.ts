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
    expect(historyText({ stack: "prod", live, frozen: null, events }, paint)).toBe(text);
  });
});
