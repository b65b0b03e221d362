import { PassThrough } from "node:stream";
import type { ReleaseEvent } from "../../../runbook/deploy/release-history.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { type StatusFacts, statusOf, statusText } from "../../../runbook/status/status.ts";
import { failedLook, judgeLook } from "../../../runbook/watch/look.ts";
import { releaseNamed } from "../../support/updates.ts";
import { failing, seenOf } from "../../support/watching.ts";

const { paint } = plainScreen(new PassThrough());
const NOW = Date.UTC(2026, 10, 29, 3, 0, 0) / 1000;
const HOUR = 3600;
const circumstances = { at: NOW, elapsedSeconds: 2 * HOUR, canRollBack: true, rollbackTried: false };
const contact = (mention: string, channel: string) => ({ mention, channel });
const promoted: ReleaseEvent = {
  at: NOW - 2 * HOUR,
  release: "2.0",
  what: "promoted",
  reason: "every gate passed",
  update: "7",
};

const WELL: StatusFacts = {
  stack: "prod",
  at: NOW,
  live: { release: releaseNamed("2.0"), promotedAt: NOW - 2 * HOUR, isReturned: false },
  look: judgeLook(seenOf(), circumstances),
  frozen: undefined,
  lock: undefined,
  unfinished: 0,
  lostCluster: undefined,
  events: [promoted],
  contacts: {
    incidents: contact("@on-call-sre", "#incidents"),
    platform: contact("@ada", "#platform"),
    database: contact("@dba", "#database"),
    infrastructure: contact("@net", "#infrastructure"),
  },
};

const silent = seenOf({ rows: [], budgetLeft: null });
const commandsOf = (facts: StatusFacts) => statusOf(facts).next.flatMap(({ command }) => command ?? []);

describe("statusOf", () => {
  it.each([
    ["well", 0, {}],
    ["bad", 1, { look: judgeLook(failing(300), circumstances) }],
    ["not-proven", 3, { look: judgeLook(silent, circumstances) }],
    ["nothing", 3, { live: undefined, look: undefined }],
    ["unknown", 4, { look: failedLook(new Error("no answer"), circumstances) }],
  ] as const)("ends %s with exit %i", (health, exitCode, changes) => {
    expect(statusOf({ ...WELL, ...changes })).toMatchObject({ health, exitCode });
  });

  it("calls a stack bad whose cluster is lost, whatever a look saw, and says what makes up for it", () => {
    const message = "the cluster sparki-prod that the state names does not exist at AWS";
    const lost = { name: "sparki-prod", standing: "gone", message, next: "npx sparki recover cluster" } as const;
    for (const look of [WELL.look, failedLook(new Error("no answer"), circumstances), undefined]) {
      const status = statusOf({ ...WELL, look, lostCluster: lost });
      const told = { name: "sparki-prod", standing: "gone", message };
      expect(status).toMatchObject({ health: "bad", exitCode: 1, lostCluster: told });
      expect(statusText(status, paint).replaceAll(/\s+/g, " ")).toContain(`cluster ${message}`);
    }
    const [recovery, deploy] = ["npx sparki recover cluster --stack prod", "npx sparki deploy --stack prod"];
    expect(commandsOf({ ...WELL, lostCluster: lost })).toEqual([recovery, deploy]);
    expect(commandsOf({ ...WELL, lostCluster: lost, frozen: "a rollback failed" })).toEqual([
      recovery,
      "npx sparki deploy --thaw --stack prod",
    ]);
    const deleting = { ...lost, standing: "deleting", message: "the cluster is being deleted", next: "wait" } as const;
    expect(statusOf({ ...WELL, lostCluster: deleting }).next).toEqual([{ text: "The cluster is being deleted: wait" }]);
  });

  it("ends with exit 5 while deployments are refused, however well it is", () => {
    const status = statusOf({ ...WELL, frozen: "the rollback to 1.0 failed" });
    expect(status).toMatchObject({ health: "well", exitCode: 5, frozen: "the rollback to 1.0 failed" });
    expect(status.next.map(({ command }) => command)).toEqual([
      "npx sparki diagnose --stack prod",
      "npx sparki rollback --stack prod",
    ]);
  });

  it("asks for a watch in the first day only", () => {
    expect(commandsOf(WELL)).toEqual(["npx sparki watch --stack prod"]);
    const live = { release: releaseNamed("2.0"), promotedAt: NOW - 25 * HOUR, isReturned: false };
    expect(statusOf({ ...WELL, live }).next).toEqual([{ text: "Nothing." }]);
  });

  it("says who changes the stack before anything else, and how to take a dead run's lock away", () => {
    const lock = { holder: "ada@ci-7 (pid 12)", since: "2026-11-29T02:50:00.000Z" };
    const status = statusOf({ ...WELL, lock, unfinished: 2 });
    expect(status.running).toEqual(lock);
    expect(status.next[0]?.text).toContain("ada@ci-7 (pid 12)");
    expect(commandsOf({ ...WELL, lock, unfinished: 2 })).toEqual([
      "pulumi cancel --stack prod",
      "npx sparki watch --stack prod",
    ]);
  });

  it("says how an interrupted update goes on, once nobody holds the stack", () => {
    expect(commandsOf({ ...WELL, unfinished: 2 })[0]).toBe("npx sparki deploy --stack prod");
  });

  it("asks for the first deployment where nothing is live", () => {
    expect(commandsOf({ ...WELL, live: undefined, look: undefined, events: [] })).toEqual([
      "npx sparki deploy --stack prod",
    ]);
  });

  it("holds no time of the clock but as ISO 8601", () => {
    const { at, live } = statusOf(WELL);
    expect({ at, live }).toEqual({
      at: "2026-11-29T03:00:00.000Z",
      live: { release: releaseNamed("2.0"), since: "2026-11-29T01:00:00.000Z", isReturned: false },
    });
  });
});

describe("statusText", () => {
  it("is one screen that says all of it, the next command last", () => {
    expect(statusText(statusOf(WELL), paint)).toBe(
      `prod at 2026-11-29 03:00 UTC
  live        2.0, 2 h 00 min, since 2026-11-29 01:00 UTC
  health      ✓ well: 0 % of 1000 failed, budget 100 % left, 1 of 1 checks
  frozen      no
  runs now    nothing
  last        2.0 promoted: every gate passed
  on call     @on-call-sre in #incidents
  also        platform @ada in #platform, database @dba in #database,
              infrastructure @net in #infrastructure
  next        It is in its first day: watch it, unless a watch is already
              running: npx sparki watch --stack prod
`,
    );
  });

  it("stays within 80 columns and 24 lines when everything is wrong", () => {
    const facts: StatusFacts = {
      ...WELL,
      look: { ...judgeLook(failing(300), circumstances), problems: ["a problem that goes on ".repeat(5)] },
      frozen: "the rollback to 1.0 failed: the fleet of engine runs another image than the one promoted",
      lock: { holder: "ada@ci-7", since: undefined },
      unfinished: 3,
    };
    const lines = statusText(statusOf(facts), paint).split("\n");
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.length).toBeLessThanOrEqual(24);
  });
});
