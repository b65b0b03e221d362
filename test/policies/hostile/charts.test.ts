import { chartsDeclared } from "../../../policies/charts-declared.ts";
import { HostileCharts } from "../../support/hostile-chart.ts";
import { judge } from "../../support/policy-fixtures.ts";
import { releaseOf } from "../../support/policy-releases.ts";
import { HOSTILE_CHARTS } from "./charts.ts";

describe("the hostile charts", () => {
  const charts = new HostileCharts();
  afterAll(() => charts.remove());

  it.each(HOSTILE_CHARTS.map((one) => [one.title, one] as const))("stops %s", (_title, one) => {
    const { chart = "engine", changes, says } = one;
    const release = releaseOf(chart, charts.make(chart, ...changes));
    const said = judge([chartsDeclared], [release]).map(({ property }) => property ?? "");
    expect(said.filter((property) => property.includes(says))).not.toEqual([]);
  });
});
