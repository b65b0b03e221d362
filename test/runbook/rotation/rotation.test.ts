import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TokenAnswers } from "../../../io/cache-tokens.ts";
import { stackConfigIn } from "../../../runbook/preflight/stack-file.ts";
import { rotationOf } from "../../../runbook/rotation/rotation.ts";
import { intentText, runRotation, type StepDeploy, stepDeploy } from "../../../runbook/rotation/rotation-run.ts";
import { secretAges } from "../../../runbook/rotation/secrets.ts";
import { redacted } from "../../../shared/text/secrets.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { parsedStackConfig } from "../../support/policy-stack.ts";

const TODAY = "2026-11-29";
const config = parsedStackConfig();
const PROD = readFileSync(join(import.meta.dirname, "../../../Pulumi.prod.yaml"), "utf8");

const withCache = (changes: object) => ({ ...config, cache: { ...config.cache, ...changes } });

describe("rotationOf", () => {
  it("gives the database new users by one deployment", () => {
    const { steps, before, isResumed } = rotationOf("database-users", config, TODAY);
    expect({ before, isResumed }).toEqual({ before: "2026-11-01", isResumed: false });
    expect(steps.map(({ settings }) => settings)).toEqual([
      [{ section: "sparki:database", key: "passwordsSince", value: TODAY }],
    ]);
  });

  it("never lets the deployment that makes a token end the one before: the config names that one first", () => {
    const { steps } = rotationOf("redis-auth", config, TODAY);
    expect(
      steps.map(({ settings, answers }) => [settings.map(({ key, value }) => `${key} ${value}`), answers]),
    ).toEqual([
      [["onlyAuthTokenSince 2026-11-01", `authTokenSince ${TODAY}`], { present: "taken", before: "taken" }],
      [[`onlyAuthTokenSince ${TODAY}`], { present: "taken", before: "refused" }],
    ]);
  });

  it.each([
    ["between both deployments", { authTokenSince: "2026-11-20", onlyAuthTokenSince: "2026-11-01" }, "2026-11-20", 2],
    ["in the last one", { authTokenSince: TODAY, onlyAuthTokenSince: TODAY }, TODAY, 1],
  ])("goes on %s, with the token that was made", (_, cache, since, steps) => {
    const rotation = rotationOf("redis-auth", withCache(cache), TODAY);
    expect(rotation).toMatchObject({ isResumed: true, since });
    expect(rotation.steps).toHaveLength(steps);
    expect(rotation.steps[0]?.settings).toEqual([]);
  });

  it("refuses to rotate a token of the same day", () => {
    expect(() => rotationOf("redis-auth", withCache({ authTokenSince: TODAY }), TODAY)).toThrow(
      `is of ${TODAY} already`,
    );
  });
});

const PROMOTED: StepDeploy = { exitCode: 0, outcome: "promoted", reason: "live" };
const answers = (present: string, before: string): TokenAnswers => {
  const answer = (state: string) => ({ state: state as TokenAnswers["present"]["state"], said: state });
  return { present: answer(present), before: answer(before) };
};

describe("runRotation", () => {
  let folder: string;
  let file: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-rotation-"));
    file = join(folder, "Pulumi.prod.yaml");
    writeFileSync(file, PROD);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const cacheNow = () => stackConfigIn(readFileSync(file, "utf8"), { file, stack: "prod" }).cache;

  async function run(deploys: readonly StepDeploy[], said: readonly TokenAnswers[], isAgreed = true) {
    const agreed: boolean[] = [];
    const seen: object[] = [];
    const rotation = rotationOf(
      "redis-auth",
      stackConfigIn(readFileSync(file, "utf8"), { file, stack: "prod" }),
      TODAY,
    );
    const document = await runRotation("prod", rotation, isAgreed, {
      clock: fakeClock(),
      file,
      say: () => {},
      deploy: async (each) => {
        agreed.push(each);
        const { authTokenSince, onlyAuthTokenSince } = cacheNow();
        seen.push({ authTokenSince, onlyAuthTokenSince });
        return deploys[seen.length - 1] ?? PROMOTED;
      },
      askWithTokens: async () => said[seen.length - 1] ?? answers("taken", "refused"),
      requestsSince: async () => ({ requests: 120, bad: 0 }),
    });
    return { document, agreed, seen };
  }

  it("deploys twice, asks Redis after each, and asks a person once", async () => {
    const { document, agreed, seen } = await run([], [answers("taken", "taken"), answers("taken", "refused")], false);
    expect(document).toMatchObject({
      outcome: "rotated",
      exitCode: 0,
      requests: { requests: 120, bad: 0 },
      next: null,
    });
    expect(agreed).toEqual([false, true]);
    expect(seen).toEqual([
      { authTokenSince: TODAY, onlyAuthTokenSince: "2026-11-01" },
      { authTokenSince: TODAY, onlyAuthTokenSince: TODAY },
    ]);
  });

  it("leaves the config as it was where nobody agreed", async () => {
    const { document } = await run([{ exitCode: 2, outcome: "stopped", reason: "not confirmed" }], []);
    expect(document).toMatchObject({ outcome: "stopped", exitCode: 2, steps: [{ tokens: null }] });
    expect(readFileSync(file, "utf8")).toBe(PROD);
  });

  it("stops where a gate refuses, and goes on from there", async () => {
    const { document, seen } = await run([{ exitCode: 1, outcome: "rolled-back", reason: "errors" }], []);
    expect(document).toMatchObject({ outcome: "stopped", exitCode: 1, reason: "the deployment: errors" });
    expect(document.next).toContain("npx sparki rotate redis-auth --stack prod");
    expect(seen).toHaveLength(1);
    const again = await run([], [answers("taken", "taken")]);
    expect(again.document).toMatchObject({ outcome: "rotated", resumed: true, since: TODAY });
    expect(again.seen).toHaveLength(2);
  });

  it.each([
    ["the new one is refused", answers("refused", "taken"), { outcome: "wrong", exitCode: 1 }, 1],
    ["the one before is refused too early", answers("taken", "refused"), { outcome: "wrong", exitCode: 1 }, 1],
    ["Redis cannot be asked", answers("unknown", "unknown"), { outcome: "not-proven", exitCode: 3 }, 1],
  ])("does not end the token before where %s", async (_, said, expected, deployments) => {
    const { document, seen } = await run([], [said]);
    expect(document).toMatchObject(expected);
    expect(seen).toHaveLength(deployments);
    expect(cacheNow()).toMatchObject({ authTokenSince: TODAY, onlyAuthTokenSince: "2026-11-01" });
  });

  it("is wrong where Redis takes the token before at the end", async () => {
    const { document } = await run([], [answers("taken", "taken"), answers("taken", "taken")]);
    expect(document).toMatchObject({ outcome: "wrong", exitCode: 1 });
    expect(document.reason).toContain("the token before is taken by Redis; expected refused");
  });
});

describe("intentText", () => {
  it.each(["database-users", "redis-auth"] as const)(
    "says what %s changes, with nothing in it taken for a secret",
    (what) => {
      const text = intentText("prod", rotationOf(what, config, TODAY));
      expect(text).toContain(`Since ${TODAY}`);
      expect(redacted(text)).toBe(text);
    },
  );
});

describe("stepDeploy", () => {
  it("reads what a deployment says of itself, and its failure", () => {
    expect(stepDeploy(0, JSON.stringify({ ...PROMOTED, steps: [] }))).toEqual(PROMOTED);
    const failed = { error: { code: "SPARKI_USAGE", message: "not confirmed", hint: null }, exitCode: 2 };
    expect(stepDeploy(2, JSON.stringify(failed))).toEqual({ exitCode: 2, outcome: "stopped", reason: "not confirmed" });
  });

  it.each([
    [null, ""],
    [1, "Killed"],
    [0, "{}"],
  ])("throws for %j and %j, which is no document", (code, stdout) => {
    expect(() => stepDeploy(code, stdout)).toThrow("without a document");
  });
});

describe("secretAges", () => {
  const stateOf = (changes: object, today = TODAY) => {
    const { exitCode, secrets } = secretAges("prod", withCache(changes), today);
    return { exitCode, ...secrets.find(({ name }) => name === "redis-auth") };
  };

  it.each([
    [{ authTokenSince: TODAY }, "good", 0],
    [{ authTokenSince: "2026-09-14" }, "due", 0],
    [{ authTokenSince: "2026-08-30" }, "ended", 1],
    [{ authTokenSince: TODAY, onlyAuthTokenSince: "2026-11-01" }, "unfinished", 1],
  ])("tells that a token of %j is %s", (cache, state, exitCode) => {
    expect(stateOf(cache)).toMatchObject({ state, exitCode });
  });

  it("lists what docs/rotation.md lists", () => {
    const page = readFileSync(join(import.meta.dirname, "../../../docs/rotation.md"), "utf8");
    for (const { what } of secretAges("prod", config, TODAY).secrets) expect(page).toContain(`| ${what} |`);
  });
});
