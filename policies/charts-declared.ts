import { renderedMismatches } from "./declared/rendering.ts";
import { each, type Policy } from "./policy.ts";

export const chartsDeclared: Policy = {
  name: "charts-declared",
  control: "D10",
  reason:
    "Helm makes whatever a chart renders: a pod, a role or a flow in a template is as good as one in the program.",
  fix: "Take it out of the chart, or declare it in policies/declared/charts.ts, by docs/declaring.md, for a reviewer to judge.",
  inputsOnly: true,
  each: [
    each("kubernetes:helm.sh/v3:Release", ({ props, name }, demand, { stack, config }) => {
      const asked = { chart: props.chart ?? "", name: props.name ?? name, namespace: props.namespace ?? "default" };
      const wrong = renderedMismatches({ ...asked, values: props.values }, { stack, config, bound: {} });
      demand("chart", () => wrong.length === 0);
      for (const { path, expected } of wrong) demand(`chart, ${path} (declared: ${expected})`, () => false);
    }),
  ],
};
