import type { Watcher } from "../../../io/engine.ts";
import { EngineRecord, type RecordedEvent } from "../../../records/engine-record.ts";
import { fix, holdAccount, withFaults } from "../../../runbook/rehearse/rehearsal-faults.ts";

const EVENT: RecordedEvent = { sequence: 0, timestamp: 0 };
const DOWN = { down: ["cache"] } as const;

function cloud(refuse?: Error) {
  const asked: unknown[] = [];
  const ask = async (_method: string, path: string, body: unknown) => {
    if (refuse !== undefined && asked.length === 0) throw refuse;
    asked.push(path === "/faults" ? body : path);
  };
  return { asked, ask };
}

/** A record in which a step has begun. */
function begun(name: string, op: "update" | "same" = "update"): EngineRecord {
  const record = new EngineRecord();
  const [urn, type] = [`urn:pulumi:prod::sparki::a:b:C::${name}`, "a:b:C"];
  const state = { type, urn, custom: true, id: "", parent: "", provider: "", inputs: {}, outputs: {} };
  record.add({ ...EVENT, resourcePreEvent: { metadata: { urn, type, op, provider: "", new: state } } }, 1);
  return record;
}

/** The record once its step has ended. */
function ended(record: EngineRecord, name: string): EngineRecord {
  const [urn, type] = [`urn:pulumi:prod::sparki::a:b:C::${name}`, "a:b:C"];
  record.add({ ...EVENT, resOutputsEvent: { metadata: { urn, type, op: "update", provider: "" } } }, 2);
  return record;
}

describe("holdAccount", () => {
  it("lets what is the account's own hold before the checklist, and nothing else", async () => {
    const sent: unknown[] = [];
    const ask = async (_method: string, _path: string, body?: unknown) => {
      sent.push(body);
    };
    expect(await holdAccount({ ask }, { hold: { account: { vcpus: 5 }, down: ["metrics"] } })).toBe(true);
    expect(await holdAccount({ ask }, { hold: { signer: "1 13 2 AB" } })).toBe(true);
    expect(await holdAccount({ ask }, { hold: { down: ["metrics"] } })).toBe(false);
    expect(await holdAccount({ ask }, undefined)).toBe(false);
    expect(sent).toEqual([{ account: { vcpus: 5 } }, { signer: "1 13 2 AB" }]);
  });
});

describe("withFaults", () => {
  it("breaks before the work, and fixes after it", async () => {
    const { asked, ask } = cloud();
    const seen = await withFaults({ ask }, { hold: DOWN }, async () => [...asked]);
    expect(seen).toEqual([DOWN]);
    expect(asked).toEqual([DOWN, {}]);
  });

  it("breaks once when its step begins, and not when another does or the step changes nothing", async () => {
    const { asked, ask } = cloud();
    await withFaults({ ask }, { at: "engine-fleet", hold: DOWN }, async (watch) => {
      for (const record of [begun("engine-one-box"), begun("engine-fleet", "same")]) watch(record, EVENT);
      expect(asked).toEqual([]);
      for (const _ of [1, 2]) watch(begun("engine-fleet"), EVENT);
    });
    expect(asked).toEqual([DOWN, {}]);
  });

  it("breaks when its step has ended, and leaves it to `fix` where it is kept", async () => {
    const { asked, ask } = cloud();
    const record = begun("promotion-record");
    await withFaults({ ask }, { after: "promotion-record", hold: DOWN, isKept: true }, async (watch) => {
      watch(record, EVENT);
      expect(asked).toEqual([]);
      watch(ended(record, "promotion-record"), EVENT);
    });
    expect(asked).toEqual([DOWN]);
    await fix({ ask });
    expect(asked).toEqual([DOWN, {}]);
  });

  it("says so when its step never began, and needs none in a deploy that changed nothing", async () => {
    const { asked, ask } = cloud();
    const faults = { at: "engine-flet", hold: DOWN };
    const work = async (watch: Watcher) => watch(begun("engine-fleet"), EVENT);
    await expect(withFaults({ ask }, faults, work)).rejects.toMatchObject({
      code: "SPARKI_USAGE",
      message: "the deploy ended before engine-flet started, so the fault was never injected",
    });
    expect(await withFaults({ ask }, faults, async () => "nothing")).toBe("nothing");
    expect(asked).toEqual([{}, {}]);
  });

  it("fixes when the work rejects, and rejects as it did", async () => {
    const { asked, ask } = cloud();
    await expect(withFaults({ ask }, { hold: DOWN }, () => Promise.reject(new Error("refused")))).rejects.toThrow(
      "refused",
    );
    expect(asked).toEqual([DOWN, {}]);
  });

  it("rejects when the cloud does not take the fault, for then nothing was rehearsed", async () => {
    const { ask } = cloud(new Error("unknown fault"));
    const work = async (watch: Watcher) => watch(begun("engine-fleet"), EVENT);
    await expect(withFaults({ ask }, { at: "engine-fleet", hold: DOWN }, work)).rejects.toThrow("unknown fault");
  });

  describe("before a step", () => {
    const FAULTS = { before: "cutover-record", hold: DOWN };
    const HELD = { calls: [{ name: "cutover-record", operation: "check", moment: "before" }] };

    /** A cloud in which the step is held as soon as that is asked for, and which notes what it is told, in order. */
    function holding({ comes = true, refuse }: { comes?: boolean; refuse?: Error } = {}) {
      const told: unknown[] = [];
      let release = () => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const ask = async (method: string, path: string, body?: unknown) => {
        if (method === "GET") return { held: comes ? ["cutover-record"] : [] };
        if (path === "/faults" && refuse !== undefined && body === DOWN) throw refuse;
        told.push([path, body]);
        if (path === "/held" && body !== undefined && JSON.stringify(body) === "{}") release();
        return undefined;
      };
      return { told, ask, released };
    }

    it("holds the step before the work, breaks while it waits, and only then lets it continue", async () => {
      const { told, ask, released } = holding();
      const seen = await withFaults({ ask }, FAULTS, async (watch) => {
        expect(told).toEqual([["/held", HELD]]);
        await released;
        watch(begun("cutover-record"), EVENT);
        return [...told];
      });
      expect(seen).toEqual([
        ["/held", HELD],
        ["/faults", DOWN],
        ["/held", {}],
      ]);
      expect(told.slice(3)).toEqual([["/faults", {}]]);
    });

    it("says so when the step never came, holds it no longer, and needs none in a deploy that changed nothing", async () => {
      const { told, ask } = holding({ comes: false });
      const work = async (watch: Watcher) => watch(begun("engine-fleet"), EVENT);
      await expect(withFaults({ ask }, FAULTS, work)).rejects.toMatchObject({
        message: "the deploy ended before cutover-record started, so the fault was never injected",
      });
      expect(told).toEqual([
        ["/held", HELD],
        ["/held", {}],
        ["/faults", {}],
      ]);
      expect(await withFaults({ ask }, FAULTS, async () => "nothing")).toBe("nothing");
    });

    it("lets the step continue, and rejects, when the cloud does not take the fault", async () => {
      const { told, ask, released } = holding({ refuse: new Error("unknown fault") });
      await expect(withFaults({ ask }, FAULTS, () => released)).rejects.toThrow("unknown fault");
      expect(told).toEqual([
        ["/held", HELD],
        ["/held", {}],
        ["/faults", {}],
      ]);
    });

    it("rejects as the work did, and holds the step no longer", async () => {
      const { told, ask } = holding({ comes: false });
      await expect(withFaults({ ask }, FAULTS, () => Promise.reject(new Error("refused")))).rejects.toThrow("refused");
      expect(told.slice(1)).toEqual([
        ["/held", {}],
        ["/faults", {}],
      ]);
    });
  });

  it("leaves the cloud alone without faults", async () => {
    const { asked, ask } = cloud();
    expect(await withFaults({ ask }, undefined, async () => "done")).toBe("done");
    expect(asked).toEqual([]);
  });
});
