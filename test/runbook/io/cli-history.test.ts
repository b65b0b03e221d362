import { type PulumiCommand, readCliHistory } from "../../../runbook/io/cli-history.ts";
import { releaseNamed, resourcesWith } from "../../support/updates.ts";

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

  it("takes what a succeeded deploy was asked for as promoted where the backend numbers none", async () => {
    const [failed, done] = [told(0, two, { result: "failed", message: "sparki deploy of 2.0" }), told(0, one)];
    const updates = await readCliHistory(cli([failed, { ...done, message: "sparki deploy of 1.0" }]));
    expect(await Promise.all(updates.map((update) => update.promotion()))).toEqual([undefined, { release: one }]);
  });

  it.each([
    ["a rollback to it", "sparki rollback to 1.0: asked for", { release: one }],
    ["a person's own update, which may have been of a part", "pulumi up --target", undefined],
    ["an update that says another release", "sparki deploy of 2.0", undefined],
    ["a rollback to a release whose name begins alike", "sparki rollback to 1.0.1: asked for", undefined],
  ])("of such a backend takes %s for what it is", async (_, message, promoted) => {
    const [update] = await readCliHistory(cli([told(0, one, { message })]));
    expect(await update?.promotion()).toEqual(promoted);
  });

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

  it.each(["", "no stack", '{"updates": []}'])("refuses %j as an outside fault", async (text) => {
    await expect(readCliHistory(async () => text)).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });
});
