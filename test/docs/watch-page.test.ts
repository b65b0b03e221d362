import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { watch } from "../../runbook/commands/watch.ts";
import { STAGES } from "../../runbook/watch/schedule.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(ROOT, "docs", "watch.md"), "utf8");
const workflow = parse(readFileSync(join(ROOT, ".github", "workflows", "watch.yml"), "utf8"));

describe("docs/watch.md", () => {
  it("has the schedule that is kept", () => {
    const rows = [...page.matchAll(/^\| to (\d+) h \| (\d+) (minutes|h) \|$/gm)];
    const stages = rows.map(([, hours, every, unit]) => ({
      untilSeconds: Number(hours) * 3_600,
      everySeconds: Number(every) * (unit === "h" ? 3_600 : 60),
    }));
    expect(stages).toEqual(STAGES.map(({ untilSeconds, everySeconds }) => ({ untilSeconds, everySeconds })));
  });

  it("names a schedule in CI that looks as often as the first hour needs", () => {
    expect(page).toContain("(../.github/workflows/watch.yml)");
    const minutes = /^\*\/(\d+) \* \* \* \*$/.exec(workflow.on.schedule[0].cron)?.[1];
    expect(Number(minutes) * 60).toBe(STAGES[0]?.everySeconds);
  });

  it("runs only one look at a time there, by a command with options that exist", () => {
    const { run } = workflow.jobs.look.steps.find((step: { run?: string }) => step.run?.includes("sparki"));
    const given = [...run.matchAll(/--[a-z]+/g)].map(([flag]) => flag);
    const known = [...(watch.options ?? []).map(({ flags }) => flags), "--stack", "--json", "--yes"];
    expect(run).toMatch(/^npx sparki watch /m);
    expect(given.filter((flag) => !known.includes(flag))).toEqual([]);
    expect(given).toContain("--once");
    expect(workflow.jobs.look.concurrency.group).toBe(`watch-\${{ matrix.stack }}`);
  });
});
