import { rollbackMessage } from "../../../records/update.ts";
import { approvalsIn, endedDeploys, releaseHistory, rememberEnd } from "../../../runbook/deploy/release-history.ts";
import { taggedStack } from "../../support/tagged-stack.ts";
import { releaseNamed, updateOf } from "../../support/updates.ts";

const [a, b, c] = [releaseNamed("a"), releaseNamed("b"), releaseNamed("c")];
const at = (startedAt: number) => ({ startedAt, endedAt: startedAt + 50, id: `u${startedAt}` });

describe("releaseHistory", () => {
  it("tells of promotions, of what was refused and why, and of what was rolled back to", () => {
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

  it("knows that a release was rolled back, and why, once more deploys have ended than are kept", () => {
    const back = (why: string) => updateOf(b, b, { ...at(400), message: rollbackMessage(b, why) });
    const refused = updateOf(c, b, { ...at(300), result: "failed" });
    const told = (why: string) => releaseHistory([back(why), refused], []).at(-1);
    expect(told("c: 13 of 262 requests bad")).toMatchObject({
      ...{ release: "c", what: "rolled-back", reason: "13 of 262 requests bad" },
    });
    // A rollback of something else says nothing of it.
    expect(told("asked for by ada")).toMatchObject({ release: "c", what: "failed" });
  });

  it("takes why a rollback was from its record, whatever its message says", () => {
    const who = { name: "ada", through: "here", run: null };
    const record = { by: "sparki rollback", release: "b", at: "2026-11-20T00:00:00Z", who, approval: null } as const;
    const update = updateOf(b, b, { ...at(400), message: "edited", ranBy: { ...record, why: "c: too slow: by far" } });
    expect(releaseHistory([update], [])).toMatchObject([{ what: "gone back to", reason: "c: too slow: by far" }]);
  });

  it.each([
    ["the same account", ["ada", "backend"], ["ada", "backend"], true],
    ["the same name from elsewhere", ["ada", "backend"], ["Ada", "machine"], true],
    ["two accounts", ["ada", "backend"], ["bob", "backend"], false],
    ["two names that runs give themselves", ["ada", "environment"], ["bob", "environment"], null],
    ["an account and a name that a run gives itself", ["ada", "backend"], ["bob", "environment"], null],
    ["two users of machines", ["ada", "machine"], ["bob", "machine"], null],
  ] as const)("knows of %s whether an approver planned it", (_, [name, knownBy], [planner, plannerBy], isOwn) => {
    const identity = { through: "here", run: null };
    const by = { ...identity, name, knownBy };
    const approval = { hash: "h", at: "", by, plannedBy: { ...identity, name: planner, knownBy: plannerBy } };
    const record = { by: "sparki deploy", release: "b", at: "2026-11-20T00:00:00Z", who: by, approval } as const;
    expect(approvalsIn([updateOf(b, b, { ...at(400), ranBy: record })])).toMatchObject([{ isOwnPlan: isOwn }]);
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

  it("tells of a deploy that was cut off and left no update apart from the next one of that release, which was promoted", () => {
    const updates = [updateOf(c, c, at(400)), updateOf(b, b, at(100))];
    const ends = [
      { startedAt: 290, endedAt: 350, release: "c", outcome: "failed", reason: "pulumi was killed while it worked" },
    ];
    expect(releaseHistory(updates, ends)).toEqual([
      { at: 400, release: "c", what: "promoted", reason: "every gate passed", update: "u400" },
      { at: 290, release: "c", what: "failed", reason: "pulumi was killed while it worked", update: null },
      { at: 100, release: "b", what: "promoted", reason: "every gate passed", update: "u100" },
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

  it("keeps when it ended, no earlier than it did", async () => {
    const stack = taggedStack();
    await rememberEnd(stack, { ...end(1_795_433_000), endedAt: 1_795_433_060.2 });
    expect(endedDeploys(await stack.tags())).toMatchObject([{ endedAt: 1_795_433_061 }]);
  });

  it("reads the ends that earlier versions kept as a sentence, and passes over what is none", async () => {
    const stack = taggedStack();
    await stack.setTag("sparki:ended-1795433000", "held 2026.11.1 no traffic");
    await stack.setTag("sparki:ended-1795433001", "held");
    expect(endedDeploys(await stack.tags())).toEqual([{ ...end(1_795_433_000), reason: "no traffic" }]);
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
