import { renderedMismatches } from "./declared/rendering.ts";
import { knownValue } from "./judging/resource.ts";
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
      const textOf = (read: () => string | undefined, otherwise: string) => knownValue(() => read() ?? otherwise) ?? "";
      const asked = {
        chart: textOf(() => props.chart, ""),
        name: textOf(() => props.name, name),
        namespace: textOf(() => props.namespace, "default"),
        values: () => props.values,
      };
      const wrong = renderedMismatches(asked, { stack, config, bound: {} });
      demand("chart", () => wrong.length === 0);
      for (const { path, expected } of wrong) demand(`chart, ${path} (declared: ${expected})`, () => false);
    }),
  ],
};
