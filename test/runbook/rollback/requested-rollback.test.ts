import { lockFailure } from "../../../io/stack-state.ts";
import { EngineRecord } from "../../../records/engine-record.ts";
import { rollbackMessage, type Update } from "../../../records/update.ts";
import {
  freeze,
  frozenFor,
  frozenReason,
  rememberBegun,
  rollbackBegun,
  rollbackProblem,
} from "../../../runbook/deploy/stack-tags.ts";
import {
  finishRollback,
  type RollbackRequest,
  runRequestedRollback,
  type UndoTarget,
  undoFirstDeploy,
} from "../../../runbook/rollback/requested-rollback.ts";
import type { RollbackTarget } from "../../../runbook/rollback/rollback-run.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import type { Release } from "../../../stacks/schema.ts";
import { stepEvent } from "../../support/planning.ts";
import { type FakeStack, resultOf, stackToRollBack } from "../../support/rolling-back.ts";
import { releaseNamed, resourcesWith, updateOf } from "../../support/updates.ts";

const [a, b] = [releaseNamed("a"), releaseNamed("b")];
const contracting = releaseNamed("c", { level: 3, oldest: 3 });
const deployed = (release: Release) => updateOf(release, release);
const LIVE: Partial<FakeStack> = { resources: resourcesWith(b), updates: [deployed(b), deployed(a)] };
const INTERRUPTION = new DeployError("SPARKI_OUTSIDE", "interrupted by SIGINT");

/** Where an update finds nothing there already. */
const NOTHING_FOUND = { adoptTaken: async () => [], adoptUnanswered: async () => undefined };

const back = (target: RollbackTarget, request: Partial<RollbackRequest> = {}) =>
  runRequestedRollback(target, { isDryRun: false, confirm: async () => undefined, ...request });
const on = (engine: FakeStack["engine"] = {}, given = LIVE) => stackToRollBack({ ...given, engine });

describe("runRequestedRollback", () => {
  it("refuses when the stack moves while the question waits: what was decided no longer holds", async () => {
    const { stack, target, ups, tags } = on();
    const confirm = async () => {
      stack.resources = resourcesWith(contracting);
      stack.updates = [deployed(contracting), ...stack.updates];
    };
    expect(await back(target, { confirm })).toMatchObject({
      outcome: "stopped",
      exitCode: 1,
      reason:
        "since the rollback was decided, c went live in place of b: nothing was changed; run the same command again",
      rollback: null,
    });
    expect({ ups, tags: await tags.tags() }).toEqual({ ups: [], tags: {} });
  });

  it("refuses when an update has changed anything else meanwhile", async () => {
    const { stack, target, ups } = on();
    const confirm = async () => {
      const [urn, type] = ["urn:pulumi:prod::sparki::aws:sns/topic:Topic::alerts", "aws:sns/topic:Topic"];
      stack.resources = [...stack.resources, { urn, type, custom: true }];
    };
    const { exitCode, reason } = await back(target, { confirm });
    expect({ exitCode, ups }).toEqual({ exitCode: 1, ups: [] });
    expect(reason).toMatch(
      /^since the rollback was decided, another update has changed the stack: nothing was changed;/,
    );
  });

  it("refuses when the stack moves in the second before the engine has its lock, and marks nothing (W111)", async () => {
    const { stack, target, tags } = on({
      up: async (_watch, settings) => {
        stack.resources = resourcesWith(contracting);
        await settings?.check?.();
        return resultOf("succeeded");
      },
    });
    expect(await back(target)).toMatchObject({
      outcome: "stopped",
      exitCode: 1,
      reason: expect.stringMatching(/^since the rollback was decided, c went live in place of b: nothing was changed/),
    });
    expect(await tags.tags()).toEqual({});
  });

  describe("after a deployment that was killed", () => {
    const type = "kubernetes:helm.sh/v3:Release";
    const resource = { urn: `urn:pulumi:prod::sparki::${type}::engine-one-box`, type, custom: true, inputs: {} };
    const CONFIG_MAP = { type: "kubernetes:core/v1:ConfigMap", name: "web" };
    const dead = () => {
      const found = on();
      const { stack } = found;
      let pending: readonly object[] = [{ type: "updating", resource }];
      const seen: string[] = [];
      const engine: RollbackTarget["engine"] = {
        ...found.target.engine,
        exportState: async () => ({
          version: 3,
          deployment: { resources: stack.resources, pending_operations: pending },
        }),
        preview: async () => {
          seen.push("preview");
          return resultOf("succeeded");
        },
      };
      const recovery: NonNullable<RollbackRequest["recovery"]> = {
        takeOverAlone: async () => {
          seen.push("take over");
          pending = [];
        },
        adoptTaken: async (taken) => taken.map(({ urn }) => urn),
        adoptUnanswered: async () => undefined,
      };
      return { ...found, seen, recovery, target: { ...found.target, engine } };
    };

    it("takes over what it left before anything is previewed, and rolls back to what was promoted last", async () => {
      const { target, seen, recovery, ups } = dead();
      expect(await back(target, { recovery })).toMatchObject({ release: { id: "b" } });
      expect({ seen, ups }).toEqual({
        seen: ["take over", "preview"],
        ups: ["sparki rollback to b: requested, from b"],
      });
    });

    it("takes over nothing where it only shows what would be done", async () => {
      const { target, seen, recovery } = dead();
      expect(await back(target, { recovery, isDryRun: true })).toMatchObject({ outcome: "planned" });
      expect(seen).toEqual(["preview"]);
    });

    it("takes over nothing where it is refused: what the state knows of the migrations stays", async () => {
      const { target, seen, recovery, stack } = dead();
      stack.resources = resourcesWith(contracting);
      stack.updates = [deployed(contracting), deployed(a)];
      expect(await back(target, { recovery, to: "a" })).toMatchObject({ outcome: "stopped", exitCode: 1 });
      expect(seen).toEqual([]);
    });

    it("goes on with what its own update finds there already", async () => {
      const { target, recovery, seen } = dead();
      const { resourcePreEvent, ...event } = stepEvent({ ...CONFIG_MAP, op: "create", after: {} });
      if (resourcePreEvent === undefined) throw new Error("no event");
      const { metadata } = resourcePreEvent;
      const said = { urn: metadata.urn, severity: "error" as const, message: "it already exists", color: "never" };
      let rounds = 0;
      const up: RollbackTarget["engine"]["up"] = async (watch) => {
        rounds++;
        if (rounds > 1) return resultOf("succeeded");
        watch?.(new EngineRecord(), { ...event, diagnosticEvent: said });
        watch?.(new EngineRecord(), { ...event, resOpFailedEvent: { metadata, status: 1, steps: 1 } });
        return resultOf("failed", "it already exists");
      };
      await back({ ...target, engine: { ...target.engine, up } }, { recovery });
      expect({ rounds, seen }).toEqual({ rounds: 2, seen: ["take over", "preview"] });
    });
  });

  describe("after deployments of two other releases that were killed", () => {
    const type = "command:local:Command";
    const migration = ({ images }: Release) => ({
      urn: `urn:pulumi:prod::sparki::sparki:apps:ClusterJob$${type}::database-jobs-migrate-run`,
      ...{ type, custom: true, inputs: { triggers: [images.engine, images.engine] } },
    });
    const killed = async (second: Release) => {
      const [first, jobs] = [releaseNamed("first"), [migration(releaseNamed("first")), migration(second)]];
      const given = { ...LIVE, resources: [...resourcesWith(b), ...jobs] };
      const found = stackToRollBack(given);
      for (const [index, release] of [first, second].entries()) await rememberBegun(found.tags, release, 100 + index);
      return found;
    };
    const takeOverAlone = async () => undefined;
    const interrupted = { ...migration(b), urn: "urn:pulumi:prod::sparki::aws:s3/bucket:Bucket::logs" };

    it("returns to what was promoted last", async () => {
      const { target, ups, stack } = await killed(releaseNamed("second"));
      stack.resources = [...stack.resources, { ...interrupted, initErrors: ["its update was interrupted"] }];
      await back(target, { recovery: { ...NOTHING_FOUND, takeOverAlone } });
      expect(ups).toEqual(["sparki rollback to b: requested, from b"]);
    });

    it("is refused by the one of them whose migrations it cannot run on", async () => {
      const { target, ups, stack } = await killed(contracting);
      stack.resources = [...stack.resources, { ...interrupted, initErrors: ["its update was interrupted"] }];
      expect(await back(target, { recovery: { ...NOTHING_FOUND, takeOverAlone } })).toMatchObject({
        outcome: "stopped",
        reason: expect.stringContaining("release c supports none below 3"),
      });
      expect(ups).toEqual([]);
    });
  });

  it("changes nothing after a deployment that was killed before anything of it was in the state", async () => {
    const { target, ups, tags } = on();
    await rememberBegun(tags, contracting, 200);
    expect(await back(target)).toMatchObject({
      outcome: "unchanged",
      reason: "the last deployment, of c, did not come to its one-box: b is live",
    });
    expect(ups).toEqual([]);
  });

  it("leaves no other release than the one that is to be left", async () => {
    const { target, ups } = on();
    expect(await back(target, { leaving: contracting })).toMatchObject({
      outcome: "stopped",
      exitCode: 1,
      reason: "nothing was changed: b is live now, not c",
    });
    expect(ups).toEqual([]);
    await back(target, { leaving: b });
    expect(ups).toEqual([rollbackMessage(a, "requested, from b")]);
  });

  it("changes nothing after a deploy that was refused before its one-box", async () => {
    const refused = updateOf(contracting, b, { result: "failed" });
    const { target, ups } = on({}, { ...LIVE, updates: [refused, deployed(b), deployed(a)] });
    expect(await back(target)).toMatchObject({ outcome: "unchanged", exitCode: 0, release: { id: "b" } });
    expect(ups).toEqual([]);
  });

  it.each([
    ["the credentials expire", resultOf("failed", "ExpiredToken: the security token is expired"), 4],
    [
      "the config cannot be read",
      { ...resultOf("failed", "database.backupDays is 0"), code: "SPARKI_CONFIG" as const },
      2,
    ],
    [
      "a policy refuses",
      {
        ...resultOf("failed", "policy x: no"),
        policy: { checked: 1, violations: [{ policy: "x", level: "mandatory", resource: undefined, message: "no" }] },
      },
      1,
    ],
  ])("stops when in its preview %s", async (_, preview, exitCode) => {
    const { target, ups, tags } = on({ preview: async () => preview });
    expect(await back(target)).toMatchObject({ outcome: "stopped", exitCode, reason: preview.failure });
    expect({ ups, tags: await tags.tags() }).toEqual({ ups: [], tags: {} });
  });

  it("ends an interrupted preview as an interruption", async () => {
    const preview = async () => {
      controller.abort(INTERRUPTION);
      return resultOf("interrupted", "preview canceled");
    };
    const { target, controller } = on({ preview });
    await expect(back(target)).rejects.toBe(INTERRUPTION);
  });

  it("changes and marks nothing on a locked stack, and keeps why it was frozen before", async () => {
    const words = "the stack is currently locked by 1 lock(s). created by ci@runner (pid 7) at 2026-11-23T10:00:00Z";
    const up = async () => {
      throw lockFailure(words, "prod");
    };
    const { target, told } = on({ up });
    await expect(back(target)).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("locked by ci@runner"),
    });
    expect({ frozen: await frozenReason(target.engine), told }).toEqual({ frozen: undefined, told: [] });
    const before = "the rollback to a failed: no image";
    await target.engine.setTag("sparki:frozen", before);
    await expect(back(target)).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
    expect(await frozenReason(target.engine)).toBe(before);
  });

  it("pages nobody at Ctrl-C in its update, but lets nothing be deployed on what is half done (F11)", async () => {
    const up = async () => {
      controller.abort(INTERRUPTION);
      return resultOf("interrupted", "update canceled");
    };
    const { target, controller, told } = on({ up });
    await expect(back(target)).rejects.toBe(INTERRUPTION);
    expect(await frozenReason(target.engine)).toBe("the rollback to a was started, and is not proven");
    expect(told).toEqual([]);
  });

  it("is not done before it is proven: cut off in its proof, the same command proves it again", async () => {
    const returned: Update[] = [];
    const outputs = async () => {
      controller.abort(INTERRUPTION);
      throw new Error("cut off");
    };
    const { target, controller, tags } = on({
      outputs,
      up: async (_watch, settings) => {
        returned.push(updateOf(a, a, { message: settings?.message ?? "" }));
        return resultOf("succeeded");
      },
    });
    await expect(back(target)).rejects.toBe(INTERRUPTION);
    const updates = [...returned, deployed(b), deployed(a)];
    const again = stackToRollBack({ resources: resourcesWith(a), updates, engine: tags });
    const { outcome, release } = await back(again.target);
    expect({ outcome, release, ups: again.ups.length }).toEqual({ outcome: "failed", release: a, ups: 1 });
  });

  it("leaves a rollback whose engine was killed as begun, so that the next deployment finishes it", async () => {
    const up = async () => ({ ...resultOf("failed", "pulumi was killed while it worked"), cutOff: true as const });
    const { target } = on({ up });
    expect(await back(target)).toMatchObject({ outcome: "failed", exitCode: 5 });
    expect(await frozenFor(target.engine)).toEqual({
      reason: expect.stringMatching(/^the rollback to a could not be proven: pulumi was killed while it worked/),
      release: "a",
      isBegun: true,
    });
  });

  it("leaves one whose provider was lost in mid-call as begun too", async () => {
    const { target } = on({ up: async () => resultOf("failed", "transport is closing") });
    expect(await back(target)).toMatchObject({ outcome: "failed", exitCode: 5 });
    expect(await frozenFor(target.engine)).toMatchObject({ release: "a", isBegun: true });
  });

  it("freezes and tells what a rollback came to that cannot be judged, tries it once, and leaves it to the next command", async () => {
    const { target, ups, told } = on();
    expect(await back(target)).toMatchObject({ outcome: "failed", exitCode: 5 });
    expect(await frozenFor(target.engine)).toMatchObject({
      reason: expect.stringMatching(/^the rollback to a could not be proven: /),
      isBegun: true,
    });
    await target.notifications.all();
    expect({ ups: ups.length, told }).toEqual({ ups: 1, told: [expect.stringContaining("rollback failed")] });
  });
});

describe("finishRollback", () => {
  const finish = async (frozen: Parameters<typeof freeze>[1] | undefined, given = LIVE) => {
    const { target, ups, tags } = on({}, given);
    if (frozen !== undefined) await freeze(tags, frozen);
    const rollback = await finishRollback(target);
    return { ups, release: rollback?.release.id, frozen: await frozenReason(tags) };
  };

  it("goes on to the release of a rollback that was cut off, and leaves the stack frozen until that is proven", async () => {
    const { ups, release, frozen } = await finish(rollbackBegun("a"));
    expect({ ups, release }).toEqual({ ups: ["sparki rollback to a: it was never proven"], release: "a" });
    expect(frozen).toMatch(/^the rollback to a could not be proven: /);
  });

  it.each([
    ["nothing was begun", undefined],
    ["it failed", rollbackProblem("a", "failed: no image")],
  ])("changes nothing where %s", async (_, frozen) => {
    expect(await finish(frozen)).toEqual({ ups: [], release: undefined, frozen: frozen?.reason });
  });

  it("takes over first what was left half-made, and goes by what is there then", async () => {
    const { stack, target, ups, tags } = on();
    await freeze(tags, rollbackBegun("a"));
    const takeOverAlone = async () => {
      expect(ups).toEqual([]);
      stack.resources = resourcesWith(contracting);
      stack.updates = [deployed(contracting), deployed(a)];
    };
    const rollback = await finishRollback(target, { ...NOTHING_FOUND, takeOverAlone });
    expect({ rollback, ups }).toEqual({ rollback: undefined, ups: [] });
  });

  it("takes over nothing where nothing was begun", async () => {
    const takeOverAlone = async () => {
      throw new Error("not asked");
    };
    expect(await finishRollback(on().target, { ...NOTHING_FOUND, takeOverAlone })).toBeUndefined();
  });

  it("changes nothing where rolling back is forbidden, as by a database that has gone on", async () => {
    const given = { resources: resourcesWith(contracting), updates: [deployed(contracting), deployed(a)] };
    expect(await finish(rollbackBegun("a"), given)).toEqual({
      ups: [],
      release: undefined,
      frozen: "the rollback to a was started, and is not proven",
    });
  });
});

const made = (type: string, name: string) => ({
  urn: `urn:pulumi:prod::sparki::${type}::${name}`,
  type,
  custom: true,
});
const VPC = made("aws:ec2/vpc:Vpc", "network-vpc");
const DATABASE = made("aws:rds/instance:Instance", "database-instance");

function firstDeploy() {
  const { stack, target } = stackToRollBack({ resources: [VPC] });
  const done: string[] = [];
  const undoable: UndoTarget = {
    ...target,
    engine: {
      ...target.engine,
      refresh: async () => resultOf("succeeded"),
      unprotectAll: async () => {
        done.push("unprotect");
      },
      destroy: async () => {
        done.push("destroy");
        return resultOf("succeeded");
      },
    },
  };
  return { stack, undoable, done };
}

describe("undoFirstDeploy", () => {
  it("deletes what was asked about", async () => {
    const { undoable, done } = firstDeploy();
    const undone = await undoFirstDeploy(undoable, { isDryRun: false, confirm: async () => undefined });
    expect(undone).toMatchObject({ outcome: "destroyed", exitCode: 0, resources: ["network-vpc"] });
    expect(done).toEqual(["unprotect", "destroy"]);
  });

  describe("after a deployment that was killed", () => {
    const KEY = made("aws:kms/key:Key", "keys-data");
    const killed = () => {
      const { stack, undoable, done } = firstDeploy();
      let pending: readonly object[] = [{ type: "creating", resource: { ...KEY, inputs: {} } }];
      const engine = {
        ...undoable.engine,
        exportState: async () => ({
          version: 3,
          deployment: { resources: stack.resources, pending_operations: pending },
        }),
      };
      const takeOverAlone = async () => {
        done.push("take over");
        pending = [];
        stack.resources = [...stack.resources, KEY];
      };
      return { undoable: { ...undoable, engine }, done, recovery: { takeOverAlone } };
    };
    const confirm = async () => undefined;

    it("finds first what that was creating, and deletes it too", async () => {
      const { undoable, done, recovery } = killed();
      const undone = await undoFirstDeploy(undoable, { isDryRun: false, recovery, confirm });
      expect(undone).toMatchObject({ outcome: "destroyed", resources: ["network-vpc", "keys-data"] });
      expect(done).toEqual(["take over", "unprotect", "destroy"]);
    });

    it("deletes nothing while its lock keeps that from being found, and says what removes it", async () => {
      const { undoable, done } = killed();
      const recovery = { takeOverAlone: async () => undefined };
      const undone = await undoFirstDeploy(undoable, { isDryRun: false, recovery, confirm });
      expect(undone).toMatchObject({
        outcome: "stopped",
        exitCode: 1,
        reason: expect.stringContaining("once the update's lock is gone: pulumi cancel --stack prod"),
      });
      expect(done).toEqual([]);
    });

    it("takes over nothing where it only shows what would be done", async () => {
      const { undoable, done, recovery } = killed();
      expect(await undoFirstDeploy(undoable, { isDryRun: true, recovery, confirm })).toMatchObject({
        outcome: "stopped",
      });
      expect(done).toEqual([]);
    });
  });

  it.each([
    ["a release is promoted", resourcesWith(releaseNamed("1.0")), /release 1\.0 was promoted/],
    ["a database is made", [VPC, DATABASE], /a database or cache exists/],
    ["something else is made", [VPC, made("aws:sns/topic:Topic", "alerts")], /another update has changed the stack/],
  ])("deletes nothing when, while the question waits, %s", async (_, resources, reason) => {
    const { stack, undoable, done } = firstDeploy();
    const confirm = async () => {
      stack.resources = resources;
    };
    const undone = await undoFirstDeploy(undoable, { isDryRun: false, confirm });
    expect(undone).toMatchObject({ outcome: "stopped", exitCode: 1, reason: expect.stringMatching(reason) });
    expect(done).toEqual([]);
  });
});
