import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { watch } from "../../runbook/commands/watch.ts";
import { STAGES } from "../../runbook/watch/schedule.ts";

const page = readFileSync(join(import.meta.dirname, "..", "..", "docs", "watch.md"), "utf8");
const workflow = parse(/```yaml\n([\s\S]*?)```/.exec(page)?.[1] ?? "");

describe("docs/watch.md", () => {
  it("has the schedule that is kept", () => {
    const rows = [...page.matchAll(/^\| to (\d+) h \| (\d+) (minutes|h) \|$/gm)];
    const stages = rows.map(([, hours, every, unit]) => ({
      untilSeconds: Number(hours) * 3_600,
      everySeconds: Number(every) * (unit === "h" ? 3_600 : 60),
    }));
    expect(stages).toEqual(STAGES.map(({ untilSeconds, everySeconds }) => ({ untilSeconds, everySeconds })));
  });

  it("shows a CI schedule that looks as often as the first hour needs", () => {
    const minutes = /^\*\/(\d+) \* \* \* \*$/.exec(workflow.on.schedule[0].cron)?.[1];
    expect(Number(minutes) * 60).toBe(STAGES[0]?.everySeconds);
  });

  it("runs only one look at a time there, by a command with options that exist", () => {
    const { run } = workflow.jobs.look.steps.find((step: { run?: string }) => step.run?.includes("sparki"));
    const given = [...run.matchAll(/--[a-z]+/g)].map(([flag]) => flag);
    const known = [...(watch.options ?? []).map(({ flags }) => flags), "--stack", "--json", "--yes"];
    expect(run).toMatch(/^npx sparki watch /);
    expect(given.filter((flag) => !known.includes(flag))).toEqual([]);
    expect(given).toContain("--once");
    expect(workflow.concurrency).toBe("watch-prod");
  });
});
