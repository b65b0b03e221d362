import { drillMessage, drillText, intentText } from "../../../runbook/drill/drill-text.ts";
import { drillRestore } from "../../../runbook/drill/restore-drill.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { parseConfig } from "../../../stacks/config.ts";
import {
  COPY,
  DRILL_NOW,
  drillPlan,
  drillPorts,
  fakeCopies,
  goodAnswers,
  SOURCE,
} from "../../support/restored-copies.ts";
import { rawConfig } from "../../support/stack-config.ts";

const { paint } = plainScreen(process.stderr);
const config = parseConfig(rawConfig("prod"), "prod");
const drilled = async (parts: Parameters<typeof fakeCopies>[0] = {}) =>
  drillRestore(drillPorts(fakeCopies(parts)), await drillPlan());
const MISSING = { query: async () => goodAnswers({ detections: null, projects: "500" }) };

describe("intentText", () => {
  const intent = {
    ...{
      of: "database" as const,
      stack: "prod",
      name: COPY.name,
      source: SOURCE,
      size: "db.r7g.large",
      limitMinutes: 120,
      now: DRILL_NOW,
    },
    isRehearsal: false,
  };

  it("says what is made, for how long, and what it costs", () => {
    const text = intentText(intent);
    // 0.239 an hour, and 100 GiB at 0.115 a month: 0.2548 an hour, for two hours and the deletion's one.
    expect(text).toContain("about 0.25 USD an hour, 0.76 USD at most");
    for (const part of [
      "rds:sparki-prod-database-2026-11-28-03-09",
      COPY.name,
      "db.r7g.large in one zone with 100 GiB",
    ])
      expect(text).toContain(part);
  });

  it("does not call free what has no price", () => {
    expect(intentText({ ...intent, size: "db.x2g.large" })).toContain("No price of db.x2g.large is known:");
  });

  it("says of the cache which node is made, and what it costs", () => {
    const cache = { ...intent, of: "cache" as const, size: "cache.r7g.large", name: "sparki-prod-cache-drill-1" };
    const text = intentText(cache);
    // 0.219 an hour, for two hours and the deletion's one.
    expect(text).toContain("about 0.22 USD an hour, 0.66 USD at most");
    expect(text).toContain("one node of cache.r7g.large, in the cache's own subnets");
    expect(intentText({ ...cache, size: "cache.x.large" })).toContain("No price of cache.x.large is known:");
  });

  it("says of a rehearsal that it costs nothing", () => {
    expect(intentText({ ...intent, isRehearsal: true })).toContain("It costs nothing in a rehearsal.");
  });
});

describe("drillText", () => {
  it("shows what was measured, each check, and the record", async () => {
    const text = drillText(await drilled(), { on: "2026-11-28", by: "ada", snapshot: "s" }, paint);
    for (const part of [
      "restore drill prod: passed (exit 0)",
      "✓ projects: 500; expected 468 or more",
      "the newest data was 10 h 00 min old",
      "is deleted",
      "sparki:preflight.restoreTest in Pulumi.prod.yaml",
    ])
      expect(text.replaceAll(/\s+/g, " ")).toContain(part);
  });

  it("shows the reason and the next command of one that failed", async () => {
    const text = drillText(await drilled(MISSING), null, paint);
    expect(text).toContain("restore drill prod: failed (exit 1)\nmissing-data: ");
    expect(text).toContain("✗ detections: nothing");
    expect(text).toContain("Next: ");
    expect(text).not.toContain("Recorded");
  });

  it("names the cache, and its own record", async () => {
    const text = drillText(
      { ...(await drilled()), of: "cache" },
      { on: "2026-11-28", by: "ada", snapshot: "s" },
      paint,
    );
    expect(text).toContain("restore drill prod, cache: passed (exit 0)");
    expect(text.replaceAll(/\s+/g, " ")).toContain("sparki:preflight.cacheRestoreTest in Pulumi.prod.yaml");
  });
});

describe("drillMessage", () => {
  it("tells the database's contact of a drill that failed, by name", async () => {
    const message = drillMessage(config, await drilled(MISSING));
    expect(message).toMatchObject({ channel: config.contacts.database.channel });
    expect(message?.text).toContain("@dba-team");
    expect(message?.text).toContain("Reason: missing-data: ");
  });

  it("wakes nobody by name for one that proves nothing", async () => {
    const message = drillMessage(config, await drilled({ query: async () => [] }));
    expect(message?.text).toContain("inconclusive, so it proves nothing");
    expect(message?.text).not.toContain("@dba-team");
  });

  it("tells the infrastructure's contact of the cache's", async () => {
    const message = drillMessage(config, { ...(await drilled(MISSING)), of: "cache" });
    expect(message).toMatchObject({ channel: config.contacts.infrastructure.channel });
    expect(message?.text).toContain("a restore drill of the cache failed: @network-team");
  });

  it("says that something is left which costs money", async () => {
    const remove = async () => {
      throw new Error("no");
    };
    const message = drillMessage(config, await drilled({ remove }));
    expect(message?.text).toContain(`Left behind: ${COPY.name}, which costs money`);
  });

  it("is none of a drill that passed, or that somebody interrupted", async () => {
    expect(drillMessage(config, await drilled())).toBeUndefined();
    const interrupted = await drillRestore(
      drillPorts(fakeCopies(), { signal: AbortSignal.abort() }),
      await drillPlan(),
    );
    expect(drillMessage(config, interrupted)).toBeUndefined();
  });
});
