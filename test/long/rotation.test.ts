import { readFileSync } from "node:fs";
import { parse } from "yaml";
import { type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

const CONFIRMED = "--on-call-confirmed --window-announced";

/**
 * One promoted stack; each test goes on from the one before. That no request is lost meanwhile is in rolling-update.test.ts,
 * at a pace that keeps the order of all waits.
 */
describe("sparki rotate", () => {
  let stack: RehearsedStack;
  beforeAll(async () => {
    stack = await serveStack("staging", 0.002, "promoted");
  });
  afterAll(() => stack?.close());

  const settings = () => parse(readFileSync(stack.variable("PULUMI_OPTION_CONFIG_FILE"), "utf8")).config;
  const today = new Date().toISOString().slice(0, 10);

  it("gives pods a new token of Redis beside the one before, and is killed before it ends that", async () => {
    const before = settings()["sparki:cache"].authTokenSince;
    expect(before < today).toBe(true);
    const command = `rotate redis-auth --yes ${CONFIRMED}`;
    const { exitCode, stderr } = await stack.runPaced(0.002, command, "step 2 of 2");
    expect(stderr).toContain("step 1 of 2: a new token beside the one before");
    expect({ exitCode, stderr: stderr.slice(-3000) }).toMatchObject({ exitCode: 4 });
    expect(settings()["sparki:cache"]).toMatchObject({ authTokenSince: today, onlyAuthTokenSince: today });
  });

  it("goes on with the same command: the new token is taken, the one before refused", async () => {
    const { exitCode, document } = await stack.run(`rotate redis-auth --yes ${CONFIRMED}`);
    expect({ exitCode, document }).toMatchObject({
      exitCode: 0,
      document: {
        outcome: "rotated",
        resumed: true,
        since: today,
        steps: [
          { deploy: { outcome: "promoted" }, tokens: { present: { state: "taken" }, before: { state: "refused" } } },
        ],
        requests: { requests: 0, bad: 0 },
      },
    });
    const ages = (await stack.run("rotate --list")).document;
    expect(ages.secrets).toContainEqual(expect.objectContaining({ name: "redis-auth", since: today, state: "good" }));
  });
});
