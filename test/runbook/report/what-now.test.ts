import { afterRollback, type Ended, whatNow } from "../../../runbook/report/what-now.ts";

const ended = (outcome: string, exitCode: number, more: Partial<Ended> = {}): Ended => ({
  stack: "staging",
  outcome,
  exitCode,
  release: "2.0",
  previous: "1.0",
  ...more,
});
const said = (actions: ReturnType<typeof whatNow>) =>
  actions.map(({ text, command }) => (command === undefined ? text : `${text}: ${command}`)).join(" | ");

describe("whatNow", () => {
  it.each([
    ["promoted", 0, /^2\.0 is live.*: npx sparki watch --stack staging$/],
    ["rolled-back", 1, /^1\.0 is live again, and proven\..*: npx sparki deploy --stack staging$/],
    ["held", 3, /Neither good nor bad.*npx sparki deploy --stack staging .*npx sparki rollback --stack staging$/],
    ["stopped", 2, /^Nothing was changed\. Correct the config.*npx sparki deploy/],
    ["stopped", 1, /^It stopped.*npx sparki deploy/],
    ["failed", 4, /^Fix the cause given above.*npx sparki deploy/],
    ["failed", 1, /^2\.0 is live but unhealthy.*npx sparki diagnose.*npx sparki rollback/],
    ["failed", 5, /deployments are refused until it is.*npx sparki diagnose.*npx sparki rollback/],
  ])("says after %s with exit code %i what to do, with the command of that stack", (outcome, exitCode, expected) => {
    expect(said(whatNow(ended(outcome, exitCode)))).toMatch(expected);
  });

  it("names no rollback after a first deployment that is held: there is nothing to roll back to", () => {
    const text = said(whatNow({ ...ended("held", 3), previous: undefined }));
    expect(text).toMatch(/continue: npx sparki deploy --stack staging$/);
  });

  it.each([
    ["promoted", 0],
    ["rolled-back", 1],
    ["failed", 4],
    ["failed", 5],
  ])("sends nobody from a rehearsal that ended %s with %i to a real stack", (outcome, exitCode) => {
    const text = said(whatNow(ended(outcome, exitCode, { isRehearsal: true })));
    expect(text).toContain("No real stack was touched.");
    expect(text.match(/npx sparki \w+/g)).toEqual(["npx sparki rehearse"]);
    // A frozen stack refuses every further deploy, a resumed one too.
    expect(text.includes("--resume")).toBe(exitCode !== 5);
  });
});

describe("afterRollback", () => {
  it.each([
    ["rolled-back", 0, /^2\.0 serves\. Pulumi\.staging\.yaml may still name the release that was rolled back/],
    ["unchanged", 0, /^2\.0 serves/],
    ["planned", 0, /^Nothing was changed\. To roll back: npx sparki rollback --stack staging$/],
    ["stopped", 1, /npx sparki rollback --stack staging$/],
    ["failed", 5, /npx sparki diagnose --stack staging .*npx sparki rollback --stack staging$/],
  ])("says after %s with exit code %i what to do", (outcome, exitCode, expected) => {
    expect(said(afterRollback(ended(outcome, exitCode)))).toMatch(expected);
  });
});
