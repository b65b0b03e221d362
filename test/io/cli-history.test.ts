import { type PulumiCommand, readCliHistory } from "../../io/stack-state.ts";
import { isRollback } from "../../records/update.ts";
import { RUN_RECORD_KEY } from "../../stacks/run-record.ts";
import type { Release } from "../../stacks/schema.ts";
import { ranFor, releaseNamed, resourcesWith } from "../support/updates.ts";

const [one, two] = [releaseNamed("1.0"), releaseNamed("2.0")];

const told = (version: number, release: unknown, changes: Readonly<Record<string, unknown>> = {}) => ({
  version,
  kind: "update",
  startTime: "2026-11-23T11:31:11.000Z",
  endTime: "2026-11-23T11:31:40.000Z",
  message: "sparki deploy of it",
  result: "succeeded",
  environment: {},
  config: { "sparki:release": { value: JSON.stringify(release), objectValue: release, secret: false } },
  ...changes,
});

/** The config of an update that sparki ran to a release; of nobody's without one. */
const ranBySparki = (release: Release | undefined, message?: string) => ({
  "sparki:release": { objectValue: release },
  ...(release && { [RUN_RECORD_KEY]: { value: JSON.stringify(ranFor(release, message)) } }),
});

/** The CLI on a backend that answers the history with these updates, and each old state with one promotion. */
function cli(updates: readonly unknown[], asked: string[] = []): PulumiCommand {
  return async (args) => {
    asked.push(args.join(" "));
    if (args[1] === "history") return JSON.stringify(updates);
    return JSON.stringify({ version: 3, deployment: { resources: resourcesWith(one) } });
  };
}

describe("readCliHistory", () => {
  it("tells the updates in the CLI's order, with the release that each was asked for", async () => {
    const updates = await readCliHistory(cli([told(2, two, { result: "failed" }), told(1, one)]));
    expect(updates).toMatchObject([
      { id: "2", result: "failed", release: two, startedAt: 1795433471, endedAt: 1795433500 },
      { id: "1", result: "succeeded", release: one },
    ]);
  });

  it("asks for all updates, and for an old state only once it is needed", async () => {
    const asked: string[] = [];
    const [update] = await readCliHistory(cli([told(7, two, { result: "failed" })], asked));
    expect(asked).toEqual(["stack history --json --page-size 0"]);
    expect((await update?.promotion())?.release).toEqual(one);
    expect(asked[1]).toBe("stack export --version 7");
  });

  it("takes what a succeeded deploy of sparki's own was asked for as promoted where the backend numbers none", async () => {
    const [failed, done] = [told(0, two, { result: "failed", config: ranBySparki(two) }), told(0, one)];
    const updates = await readCliHistory(cli([failed, { ...done, config: ranBySparki(one) }]));
    expect(await Promise.all(updates.map((update) => update.promotion()))).toEqual([undefined, { release: one }]);
  });

  it.each([
    ["a rollback to it", ranBySparki(one, "sparki rollback to 1.0: asked for"), { release: one }],
    ["a person's own update, which may have been of a part", ranBySparki(undefined), undefined],
    ["an update whose record is of another release", ranBySparki(two), undefined],
    ["an update with a record that is none", { [RUN_RECORD_KEY]: { value: "sparki deploy" } }, undefined],
  ])("of such a backend takes %s for what it is", async (_, record, promoted) => {
    const release = { "sparki:release": { objectValue: one } };
    const [update] = await readCliHistory(cli([told(0, one, { config: { ...record, ...release } })]));
    expect(await update?.promotion()).toEqual(promoted);
  });

  it.each(["sparki deploy of 1.0", "sparki rollback to 1.0: asked for"])(
    "takes no update for sparki's own because its message says %j (X08)",
    async (message) => {
      const [update] = await readCliHistory(cli([told(0, one, { message })]));
      expect(update?.ranBy).toBeUndefined();
      expect(await update?.promotion()).toBeUndefined();
      expect(update && isRollback(update)).toBe(false);
    },
  );

  it("leaves out previews and refreshes, and takes an update that still runs for unknown", async () => {
    const running = told(3, two, { result: "in-progress", endTime: undefined });
    const updates = await readCliHistory(cli([running, told(2, one, { kind: "refresh" })]));
    expect(updates).toMatchObject([{ id: "3", result: "unknown" }]);
  });

  it("never shows a config value that is secret or no release", async () => {
    const hidden = { "sparki:release": { secret: true } };
    const [update] = await readCliHistory(cli([told(1, one, { config: hidden })]));
    expect(update?.release).toBeUndefined();
  });

  it("tells the program's own settings without secrets, and of an old state the gates' evidence", async () => {
    const config = {
      "sparki:exemptions": { value: "[]", objectValue: [], secret: false },
      "sparki:domain": { value: "sparki.tools", secret: false },
      "sparki:slackToken": { secret: true },
      "aws:region": { value: "us-east-1", secret: false },
    };
    const [update] = await readCliHistory(cli([told(3, one, { config })]));
    expect(update?.settings).toEqual({ exemptions: [], domain: "sparki.tools" });
    expect(await update?.outcome?.()).toMatchObject({ promotion: { release: one }, gates: undefined });
  });

  it("knows no state of a backend that numbers no update", async () => {
    const [update] = await readCliHistory(cli([told(0, one)]));
    expect(await update?.outcome?.()).toBeUndefined();
  });

  it.each(["", "no stack", '{"updates": []}'])("refuses %j as an outside fault", async (text) => {
    await expect(readCliHistory(async () => text)).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});
