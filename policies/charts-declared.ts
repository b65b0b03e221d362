import { type AskedRelease, renderedMismatches, renderInAdvance } from "./declared/rendering.ts";
import type { World } from "./declared/shape.ts";
import { type AnyResource, knownValue } from "./judging/resource.ts";
import { each, type Policy, type Situation } from "./policy.ts";

const RELEASE = "kubernetes:helm.sh/v3:Release";

export const chartsDeclared: Policy = {
  name: "charts-declared",
  control: "D10",
  reason:
    "Helm makes whatever a chart renders: a pod, a role or a flow in a template is as good as one in the program.",
  fix: "Take it out of the chart, or declare it in policies/declared/charts.ts, by docs/declaring.md, for a reviewer to judge.",
  inputsOnly: true,
  prepare: async (resource, situation) => {
    if (resource.type === RELEASE) await renderInAdvance(askedBy(resource), worldOf(situation));
  },
  each: [
    each(RELEASE, (release, demand, situation) => {
      const wrong = renderedMismatches(askedBy(release), worldOf(situation));
      demand("chart", () => wrong.length === 0);
      for (const { path, expected } of wrong) demand(`chart, ${path} (declared: ${expected})`, () => false);
    }),
  ],
};

function askedBy({ props, name }: Pick<AnyResource, "props" | "name">): AskedRelease {
  const textOf = (property: string, otherwise: string) => {
    const value = knownValue(() => props[property] ?? otherwise) ?? "";
    return typeof value === "string" ? value : "";
  };
  return {
    chart: textOf("chart", ""),
    name: textOf("name", name),
    namespace: textOf("namespace", "default"),
    values: () => props.values,
  };
}

function worldOf({ stack, config, alertSecrets = [] }: Situation): World {
  return { stack, config, bound: Object.fromEntries(alertSecrets.map((name) => [name, "secret"])) };
}
