import { rollbackMessage } from "../../../records/update.ts";
import { endedDeploys, rememberEnd } from "../../../runbook/deploy/ended-deploys.ts";
import { releaseHistory } from "../../../runbook/deploy/release-history.ts";
import { taggedStack } from "../../support/tagged-stack.ts";
import { releaseNamed, updateOf } from "../../support/updates.ts";

const [a, b, c] = [releaseNamed("a"), releaseNamed("b"), releaseNamed("c")];
const at = (startedAt: number) => ({ startedAt, endedAt: startedAt + 50, id: `u${startedAt}` });

describe("releaseHistory", () => {
  it("tells of promotions, of what was refused and why, and of what was gone back to", () => {
    const updates = [
      updateOf(b, b, { ...at(400), message: rollbackMessage(b, "c: 13 of 262 requests bad") }),
      updateOf(c, b, { ...at(300), result: "failed" }),
      updateOf(b, b, at(200)),
      updateOf(a, a, at(100)),
    ];
    const ends = [{ startedAt: 290, release: "c", outcome: "rolled-back", reason: "13 of 262 requests bad" }];
    expect(releaseHistory(updates, ends)).toEqual([
      { at: 400, release: "b", what: "gone back to", reason: "c: 13 of 262 requests bad", update: "u400" },
      { at: 300, release: "c", what: "rolled-back", reason: "13 of 262 requests bad", update: "u300" },
      { at: 200, release: "b", what: "promoted", reason: "every gate passed", update: "u200" },
      { at: 100, release: "a", what: "promoted", reason: "every gate passed", update: "u100" },
    ]);
  });

  it("gives each try of the same release its own reason", () => {
    const updates = [
      updateOf(c, b, { ...at(300), result: "failed" }),
      updateOf(c, b, { ...at(200), result: "failed" }),
      updateOf(b, b, at(100)),
    ];
    const ends = [
      { startedAt: 290, release: "c", outcome: "stopped", reason: "second" },
      { startedAt: 190, release: "c", outcome: "held", reason: "first" },
    ];
    expect(releaseHistory(updates, ends).map(({ what, reason }) => [what, reason])).toEqual([
      ["stopped", "second"],
      ["held", "first"],
      ["promoted", "every gate passed"],
    ]);
  });

  it("shows a deploy that was stopped before it changed anything", () => {
    const ends = [{ startedAt: 290, release: "c", outcome: "stopped", reason: "no image to go back to" }];
    expect(releaseHistory([updateOf(b, b, at(100))], ends)[0]).toEqual({
      at: 290,
      release: "c",
      what: "stopped",
      reason: "no image to go back to",
      update: null,
    });
  });

  it("says so where nobody kept why, or an update cannot be read", () => {
    const updates = [
      updateOf(undefined, undefined, { ...at(300), result: "unknown", message: "its history file cannot be read" }),
      updateOf(b, a, { ...at(200), result: "failed" }),
      updateOf(a, b, { ...at(100), result: "failed", message: rollbackMessage(a, "by hand") }),
    ];
    expect(releaseHistory(updates, []).map(({ release, what }) => [release, what])).toEqual([
      ["unknown", "unknown"],
      ["b", "failed"],
      ["a", "rollback failed"],
    ]);
  });
});

describe("rememberEnd", () => {
  const end = (startedAt: number) => ({ startedAt, release: "2026.11.1", outcome: "held", reason: "no\n traffic" });

  it("keeps how deploys ended with the stack, newest first, on one line each", async () => {
    const stack = taggedStack();
    await stack.setTag("sparki:frozen", "another tag");
    await rememberEnd(stack, end(1_795_433_000.7));
    await rememberEnd(stack, end(1_795_433_100));
    expect(endedDeploys(await stack.tags())).toEqual([
      { ...end(1_795_433_100), reason: "no traffic" },
      { ...end(1_795_433_000), reason: "no traffic" },
    ]);
  });

  it("forgets the oldest of many, and nothing else", async () => {
    const stack = taggedStack();
    await stack.setTag("owner", "platform");
    for (let n = 0; n < 25; n++) await rememberEnd(stack, end(1_795_433_000 + n));
    const kept = endedDeploys(await stack.tags());
    expect(kept.map(({ startedAt }) => startedAt)).toEqual(Array.from({ length: 20 }, (_, n) => 1_795_433_024 - n));
    expect(await stack.tags()).toHaveProperty("owner");
  });

  it("keeps no more of a reason than a backend takes", async () => {
    const stack = taggedStack();
    await rememberEnd(stack, { ...end(1), reason: "x".repeat(1000) });
    for (const value of Object.values(await stack.tags())) expect(value.length).toBeLessThanOrEqual(256);
  });
});
