import { BackupUnreadable, type DatabaseCopies } from "../../../io/restored-copies.ts";
import { chooseSource, drillRestore, endedBefore, removeLeftovers } from "../../../runbook/drill/restore-drill.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import {
  COPY,
  DRILL_NOW,
  drillPlan,
  drillPorts,
  drillSubject,
  fakeCopies,
  goodAnswers,
  SNAPSHOT,
  SOURCE,
} from "../../support/restored-copies.ts";

/** A drill over these copies, and what was asked of them. */
async function drilled(parts: Partial<DatabaseCopies> = {}) {
  const copies = fakeCopies(parts);
  const ports = drillPorts(copies);
  return { drill: await drillRestore(ports, await drillPlan()), calls: copies.calls, said: ports.said };
}

/** Statuses one after the other, the last for ever. */
function statuses(...all: (string | undefined)[]): Pick<DatabaseCopies, "describe"> {
  return {
    describe: async () => {
      const status = all.length > 1 ? all.shift() : all[0];
      return status === undefined ? undefined : { status };
    },
  };
}

describe("chooseSource", () => {
  const choose = (wanted: Parameters<typeof chooseSource>[1], parts: Partial<DatabaseCopies> = {}) =>
    drillSubject().then((subject) => chooseSource(fakeCopies(parts), wanted, { subject, now: DRILL_NOW }));

  it("takes the newest snapshot, or the named one, or the moment", async () => {
    expect(await choose({ newest: true })).toEqual(SOURCE);
    expect(await choose({ snapshot: "own" }, { snapshot: async (id) => ({ ...SNAPSHOT, id }) })).toMatchObject({
      id: "own",
    });
    expect(await choose({ pointInTime: "latest" })).toEqual({ kind: "point", at: DRILL_NOW - 300, storageGib: 100 });
    expect(await choose({ pointInTime: DRILL_NOW - 600 })).toMatchObject({ at: DRILL_NOW - 600 });
  });

  it("finds that there is no backup, or none that is new", async () => {
    expect(await choose({ newest: true }, { newestSnapshot: async () => undefined })).toMatchObject({
      reason: "no-backup",
    });
    expect(await choose({ pointInTime: "latest" }, { restorable: async () => undefined })).toMatchObject({
      reason: "no-backup",
    });
    const young = { earliest: DRILL_NOW - 60, latest: DRILL_NOW - 300, storageGib: 100 };
    expect(await choose({ pointInTime: "latest" }, { restorable: async () => young })).toMatchObject({
      reason: "no-backup",
      message: expect.stringContaining(
        "cannot be restored to any moment yet: its first backup is of 2026-11-28T11:59:00",
      ),
    });
    const old = { ...SNAPSHOT, at: DRILL_NOW - 26 * 3_600 - 1 };
    expect(await choose({ newest: true }, { newestSnapshot: async () => old })).toMatchObject({
      reason: "old-backup",
      message: expect.stringContaining("26.0 hours old; expected at most 26"),
      next: expect.stringContaining(`--snapshot ${old.id}`),
    });
  });

  it("refuses a snapshot or a moment that there is not, before anything is made", async () => {
    await expect(choose({ snapshot: "gone" })).rejects.toMatchObject({ code: "SPARKI_USAGE" });
    for (const at of [DRILL_NOW, DRILL_NOW - 15 * 86_400])
      await expect(choose({ pointInTime: at })).rejects.toMatchObject({
        code: "SPARKI_USAGE",
        hint: expect.stringContaining("latest"),
      });
  });

  it("counts a drill without a backup as failed", async () => {
    const failure = { reason: "no-backup", message: "none", next: "aws" } as const;
    expect(endedBefore(await drillSubject(), failure, DRILL_NOW)).toMatchObject({
      outcome: "failed",
      exitCode: 1,
      removed: null,
      source: null,
    });
  });
});

describe("drillRestore", () => {
  it("passes a good backup, and measures", async () => {
    const { drill, calls } = await drilled(statuses(undefined, "creating", "backing-up", "available"));
    expect(drill).toMatchObject({
      ...{ outcome: "passed", exitCode: 0, failure: null, removed: true, instance: COPY.name },
      ...{ recoverySeconds: 45, dataAgeSeconds: 36_000 - 0.25 },
      source: { kind: "snapshot", snapshot: SNAPSHOT.id, at: "2026-11-28T03:00:00.000Z" },
    });
    expect(calls).toEqual([
      `restore ${COPY.name}`,
      `query ${COPY.name}: schema level, projects, detections, newest project`,
      "query live: projects",
      `remove ${COPY.name}`,
    ]);
  });

  it("waits through a status that nobody knows", async () => {
    const { drill, said } = await drilled(statuses("reticulating-splines", "available"));
    expect(drill.outcome).toBe("passed");
    expect(said).toContain(`${COPY.name} is reticulating-splines`);
  });

  it("does not wait for the storage of an instance that answers already", async () => {
    const { drill } = await drilled(statuses("creating", "storage-optimization"));
    expect(drill.outcome).toBe("passed");
  });

  it("proves nothing of an instance that is never available, and deletes it", async () => {
    const { drill, calls } = await drilled(statuses("creating"));
    expect(drill).toMatchObject({
      outcome: "inconclusive",
      exitCode: 3,
      failure: { reason: "not-restored" },
      removed: true,
    });
    expect(drill.failure?.message).toContain(
      "was not available by 2026-11-28T14:00:00.000Z; its last status was creating",
    );
    expect(drill.failure?.next).toContain("--limit");
    expect(drill.seconds).toBe(7_200);
    expect(calls.at(-1)).toBe(`remove ${COPY.name}`);
    expect(calls.some((call) => call.startsWith("query"))).toBe(false);
  });

  it.each(["incompatible-restore", "inaccessible-encryption-credentials", "failed", "restore-error"])(
    "takes %s for an unreadable backup",
    async (status) => {
      const { drill } = await drilled(statuses("creating", status));
      expect(drill).toMatchObject({ outcome: "failed", exitCode: 1, failure: { reason: "unreadable" }, removed: true });
      expect(drill.failure?.message).toContain(status);
    },
  );

  it.each(["insufficient-capacity", "incompatible-network", "storage-full", "deleting"])(
    "gives up on %s, which says nothing of the backup",
    async (status) => {
      const { drill } = await drilled(statuses(status));
      expect(drill).toMatchObject({ exitCode: 3, failure: { reason: "not-restored" }, removed: true });
    },
  );

  it("takes a refused restore for an unreadable backup only where the backup is the reason", async () => {
    const gone = async () => {
      throw new BackupUnreadable("KMSKeyNotAccessibleFault: the key is pending deletion");
    };
    const unreadable = await drilled({ restore: gone });
    expect(unreadable.drill).toMatchObject({ exitCode: 1, failure: { reason: "unreadable" }, removed: true });
    expect(unreadable.drill.failure?.message).toContain("pending deletion");
    const refused = await drilled({
      restore: async () => {
        throw new DeployError("SPARKI_OUTSIDE", "InstanceQuotaExceeded", { hint: "ask AWS for more" });
      },
    });
    expect(refused.drill).toMatchObject({
      exitCode: 4,
      failure: { reason: "outside", next: "ask AWS for more" },
      removed: true,
    });
  });

  it("proves nothing by a part of the answers", async () => {
    const { drill } = await drilled({ query: async (asked) => (asked === "live" ? [] : goodAnswers().slice(0, 2)) });
    expect(drill).toMatchObject({
      outcome: "inconclusive",
      exitCode: 3,
      failure: { reason: "unanswered" },
      removed: true,
    });
  });

  it("says what is wrong before what is not known", async () => {
    const { drill } = await drilled({
      query: async (asked) => (asked === "live" ? [] : goodAnswers({ detections: null })),
    });
    expect(drill).toMatchObject({ exitCode: 1, failure: { reason: "missing-data" } });
    expect(drill.failure?.message).toContain("projects: 500; the live database did not return");
  });

  it("ends when nobody can ask the copy, and deletes it", async () => {
    const query = async () => {
      throw new Error("the job never started");
    };
    const { drill } = await drilled({ query });
    expect(drill).toMatchObject({
      exitCode: 4,
      failure: { reason: "outside", message: "the job never started" },
      removed: true,
    });
    expect(drill.recoverySeconds).toBe(0);
  });

  it("says aloud that a deletion is refused, with the command, and does not pass", async () => {
    const remove = async () => {
      throw new Error("AccessDenied: no");
    };
    const { drill, calls } = await drilled({ remove });
    expect(drill).toMatchObject({
      outcome: "broken-off",
      exitCode: 4,
      removed: false,
      failure: { reason: "not-removed" },
    });
    expect(drill.failure?.message).toBe(`${COPY.name} is not deleted, and costs money: AccessDenied: no`);
    expect(drill.failure?.next).toMatch(
      /^aws rds delete-db-instance --db-instance-identifier sparki-prod-drill-1 --skip-final/,
    );
    expect(calls.filter((call) => call.startsWith("remove"))).toHaveLength(5);
  });

  it("keeps the reason of a failed drill beside a refused deletion", async () => {
    const remove = async () => {
      throw new Error("no");
    };
    const { drill } = await drilled({ ...statuses("failed"), remove });
    expect(drill).toMatchObject({ exitCode: 1, removed: false, failure: { reason: "unreadable" } });
    expect(drill.failure?.message).toContain("costs money");
    expect(drill.failure?.next).toContain("aws rds delete-db-instance");
  });

  it("waits for a deletion that is refused at first, and for one that takes long, for an hour at most", async () => {
    let asked = 0;
    const late = async () => {
      asked += 1;
      if (asked === 3) throw new Error("later");
      return asked > 100;
    };
    expect((await drilled({ remove: late })).drill).toMatchObject({ outcome: "passed", removed: true });
    const never = await drilled({ remove: async () => false });
    expect(never.drill).toMatchObject({ exitCode: 4, failure: { reason: "not-removed" } });
    expect(never.drill.seconds).toBe(3_600);
  });

  it("deletes the copy when it is interrupted while it waits, while it asks, and before it began", async () => {
    for (const when of ["describe", "query", "before"] as const) {
      const interruption = new AbortController();
      if (when === "before") interruption.abort();
      const copies = fakeCopies({
        describe: async () => {
          if (when === "describe") interruption.abort();
          return { status: when === "describe" ? "creating" : "available" };
        },
        query: async (_asked, _questions, signal) => {
          interruption.abort();
          signal.throwIfAborted();
          return [];
        },
      });
      const ports = drillPorts(copies, { clock: fakeClock(DRILL_NOW), signal: interruption.signal });
      const drill = await drillRestore(ports, await drillPlan());
      expect(drill).toMatchObject({
        outcome: "broken-off",
        exitCode: 4,
        failure: { reason: "interrupted" },
        removed: true,
      });
      expect(copies.calls.at(-1)).toBe(`remove ${COPY.name}`);
      expect(copies.calls.includes(`restore ${COPY.name}`)).toBe(when !== "before");
    }
  });
});

describe("removeLeftovers", () => {
  const left = (until: number) => ({ leftovers: async () => [{ name: "sparki-prod-drill-0", until, by: "eve (ci)" }] });
  let wanted: { readonly subject: Awaited<ReturnType<typeof drillSubject>>; readonly isAbandoned: boolean };
  beforeAll(async () => {
    wanted = { subject: await drillSubject(), isAbandoned: false };
  });

  it("deletes what a drill left whose time is over", async () => {
    const copies = fakeCopies(left(DRILL_NOW));
    const ports = drillPorts(copies);
    expect(await removeLeftovers(ports, wanted)).toEqual(["sparki-prod-drill-0"]);
    expect(copies.calls).toEqual(["remove sparki-prod-drill-0"]);
    expect(ports.said).toEqual(["removing sparki-prod-drill-0, which a drill of eve (ci) left behind"]);
  });

  it("leaves one that may still run, until it is said to be abandoned", async () => {
    const copies = fakeCopies(left(DRILL_NOW + 1));
    await expect(removeLeftovers(drillPorts(copies), wanted)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("eve (ci)"),
      hint: expect.stringContaining("--abandoned"),
    });
    expect(copies.calls).toEqual([]);
    expect(await removeLeftovers(drillPorts(copies), { ...wanted, isAbandoned: true })).toEqual([
      "sparki-prod-drill-0",
    ]);
  });

  it("says that one cannot be deleted, with the command", async () => {
    const remove = async () => {
      throw new Error("AccessDenied");
    };
    await expect(removeLeftovers(drillPorts(fakeCopies({ ...left(0), remove })), wanted)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("AccessDenied"),
      hint: expect.stringContaining("aws rds delete-db-instance --db-instance-identifier sparki-prod-drill-0"),
    });
  });
});
