import { chartsDeclared } from "../../../policies/charts-declared.ts";
import { HostileCharts } from "../../support/hostile-chart.ts";
import { judge } from "../../support/policy-fixtures.ts";
import { helmRelease } from "../../support/policy-releases.ts";
import { HOSTILE_CHARTS } from "./charts.ts";

describe("the hostile charts", () => {
  const charts = new HostileCharts();
  afterAll(() => charts.remove());

  it.each(HOSTILE_CHARTS.map((one) => [one.title, one] as const))("stops %s", (_title, { changes, says }) => {
    const release = helmRelease("engine", "fleet", charts.make("engine", ...changes));
    const said = judge([chartsDeclared], [release]).map(({ property }) => property ?? "");
    expect(said.filter((property) => property.includes(says))).not.toEqual([]);
  });
});
