import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chartDirectory } from "../support/chart.ts";

const SHARED = [
  "_helpers.tpl",
  "service.yaml",
  "target-group-binding.yaml",
  "autoscaler.yaml",
  "disruption-budget.yaml",
];

describe("the engine's and the web UI's charts", () => {
  it.each(SHARED)("have the same %s, so that neither falls behind", (file) => {
    const [engine, web] = ["engine", "web"].map((chart) =>
      readFileSync(join(chartDirectory(chart), "templates", file), "utf8"),
    );
    expect(web).toBe(engine);
  });
});
