import { commandRunner } from "../../io/child-command.ts";
import { systemClock } from "../../io/clock.ts";
import { Engine } from "../../io/engine.ts";
import { openStackState } from "../../io/stack-state.ts";
import { promotionIn } from "../../records/promotion.ts";
import { resourcesIn } from "../../records/state.ts";
import { rollbackMessage } from "../../records/update.ts";
import { failureText } from "../../runbook/report/failure.ts";
import { chooseGoal, type Wish } from "../../runbook/rollback/rollback-target.ts";
import { RUN_RECORD_KEY } from "../../stacks/run-record.ts";
import type { Release } from "../../stacks/schema.ts";
import { emptyProject } from "../support/empty-project.ts";
import { fakeAws } from "../support/preflight.ts";
import { type CloudUpdate, type PulumiCloud, startPulumiCloud } from "../support/pulumi-cloud.ts";
import { toolPath } from "../support/tool.ts";
import { ranFor, releaseNamed, resourcesWith } from "../support/updates.ts";

jest.setTimeout(600_000);

const TOKEN = "pul-0123456789abcdef0123456789abcdef01234567";
const REFUSED = "pul-fedcba9876543210fedcba9876543210fedcba98";

const [one, two, three, bad] = [releaseNamed("1.0"), releaseNamed("2.0"), releaseNamed("3.0"), releaseNamed("bad")];

/** An update to `release` after which `live` was promoted, without its number yet. */
function update(release: Release, live: Release, changes: Partial<CloudUpdate> = {}): Omit<CloudUpdate, "version"> {
  return {
    kind: "update",
    result: "succeeded",
    message: `sparki deploy of ${release.id}`,
    startTime: 1795433471,
    endTime: 1795433500,
    config: {
      "sparki:release": { string: JSON.stringify(release), secret: false, object: true },
      [RUN_RECORD_KEY]: { string: JSON.stringify(ranFor(release, changes.message)), secret: false, object: false },
      "sparki:slackToken": { string: "djE6Y2lwaGVydGV4dA==", secret: true, object: false },
    },
    resources: resourcesWith(live),
    ...changes,
  };
}

const failed = { result: "failed" };
/** A person's own update: nothing in its config says that sparki ran it. */
const plain = (release: Release) => {
  const { [RUN_RECORD_KEY]: _, ...config } = update(release, release).config;
  return update(release, release, { message: "", config });
};
const refresh = update(two, two, { kind: "refresh", message: "" });
/** Oldest first. The second release was promoted, though its update failed later; the pages of ten reach not so far. */
const past = [
  plain(one),
  update(two, two, failed),
  ...Array.from({ length: 10 }, () => refresh),
  update(bad, two, failed),
  update(three, two, { kind: "preview" }),
  plain(three),
  update(bad, three, failed),
];

const numbered = (updates: readonly Omit<CloudUpdate, "version">[]): CloudUpdate[] =>
  updates.map((each, index) => ({ ...each, version: index + 1 })).reverse();

describe("a stack on Pulumi Cloud", () => {
  const project = emptyProject();
  let cloud: PulumiCloud;

  beforeAll(async () => {
    cloud = await startPulumiCloud(TOKEN);
  });
  beforeEach(() => {
    Object.assign(cloud, { updates: numbered(past), busy: [], broken: false });
    cloud.requests.length = 0;
  });
  afterAll(async () => {
    await cloud.close();
    project.remove();
  });

  const environment = (token: string) => ({
    ...project.environment,
    PULUMI_BACKEND_URL: cloud.url,
    PULUMI_ACCESS_TOKEN: token,
  });
  const open = (token = TOKEN) =>
    Engine.open({
      stack: "prod",
      projectDirectory: project.directory,
      cli: { path: toolPath("pulumi"), version: "3.255.0" },
      environment: environment(token),
      program: async () => undefined,
      programEnvironment: {},
      policyPacks: [],
      parallel: 1,
      clock: systemClock,
      mayCreate: false,
      signal: new AbortController().signal,
    });
  const state = (token = TOKEN) =>
    openStackState(commandRunner(toolPath("pulumi"), environment(token)), project.directory, "prod", fakeAws({}));
  const goal = async (wish: Wish = {}) => {
    const engine = await open();
    const [exported, updates] = await Promise.all([engine.exportState(), engine.history()]);
    return chooseGoal(
      { updates, live: promotionIn(resourcesIn(exported)), apart: [], interrupted: [], ranJobsOf: [] },
      wish,
    );
  };

  it("tells all its updates, newest first, and what was live after each from the state of that version", async () => {
    const updates = await (await open()).history();
    expect(updates).toMatchObject([
      { id: "16", result: "failed", release: bad, startedAt: 1795433471, endedAt: 1795433500 },
      { id: "15", result: "succeeded", release: three, message: "", ranBy: undefined },
      { id: "13", result: "failed", release: bad },
      { id: "2", result: "failed", release: two },
      { id: "1", result: "succeeded", release: one },
    ]);
    expect(cloud.requests.filter((request) => request.includes("/export"))).toEqual([]);
    const promoted = [];
    for (const { promotion } of updates) promoted.push((await promotion())?.release.id);
    expect(promoted).toEqual(["3.0", "3.0", "2.0", "2.0", "1.0"]);
    const exports = cloud.requests.filter((request) => request.includes("/export/"));
    expect(exports.map((request) => request.split("/export/")[1])).toEqual(["16", "15", "13", "2", "1"]);
  });

  it("rolls back to what was promoted before the live release, whoever ran it, and after that nowhere (W110)", async () => {
    expect(await goal()).toMatchObject({ kind: "nothing", release: three });
    expect(await goal({ isLiveBad: true })).toMatchObject({
      kind: "release",
      promoted: { release: two },
      reason: "it was promoted before 3.0",
    });
    const back = update(two, two, { message: rollbackMessage(two, "errors over their limit") });
    cloud.updates = numbered([...past, back, refresh]);
    expect(await goal()).toMatchObject({ kind: "nothing", release: two });
  });

  it("is locked while an update runs on it, and not by one on another organization's stack of that name", async () => {
    cloud.updates = numbered([...past, update(bad, three, { result: "in-progress", endTime: 0 })]);
    cloud.busy = ["alexarno"];
    expect(await state().lock()).toEqual({ holder: "an update on Pulumi Cloud", since: undefined });
    const [latest] = await (await open()).history();
    expect(latest).toMatchObject({ id: "17", result: "unknown", release: bad, endedAt: 1795433471 });
    cloud.busy = ["agency"];
    expect(await state().lock()).toBeUndefined();
  });

  it("is an outside fault without the token where it is refused, and where the server fails", async () => {
    const traces: string[] = [];
    const outcome = (work: Promise<unknown>) =>
      work.then(String, (error: unknown) => {
        traces.push(failureText(error, true));
        // Where a line is wrapped is not told here.
        return failureText(error, false).replace(/\s+/g, " ");
      });
    const engine = await open();
    const refused = [await outcome(open(REFUSED)), await outcome(state(REFUSED).lock())];
    const login = "pulumi login, or export PULUMI_ACCESS_TOKEN; then run the same command again";
    const unauthorized = `Unauthorized: No credentials provided or are invalid. Next: ${login} `;
    expect(refused).toEqual([`SPARKI_OUTSIDE: ${unauthorized}`, `SPARKI_OUTSIDE: pulumi whoami: ${unauthorized}`]);
    cloud.broken = true;
    // The CLI tries again for seven seconds.
    const broken = await Promise.all([outcome(engine.history()), outcome(state().read())]);
    const internal = "[500] Internal Server Error Next: pulumi whoami --verbose ";
    expect(broken).toEqual([`SPARKI_OUTSIDE: ${internal}`, `SPARKI_OUTSIDE: pulumi stack: ${internal}`]);
    expect(traces).toHaveLength(4);
    expect(traces.join()).not.toMatch(/pul-[0-9a-f]/);
  });
});
