import { isSecretName, leavesOf } from "./judging/leaves.ts";
import { knownValue } from "./judging/resource.ts";
import { each, type Policy } from "./policy.ts";

export const noSecretInChartValues: Policy = {
  name: "no-secret-in-chart-values",
  control: "S69",
  reason:
    "Helm keeps its values in the cluster, for everybody who may read the release, for as many revisions as it keeps.",
  fix: "Pass the secret's ARN; the pod mounts it as a file from the secret store.",
  each: [
    each("kubernetes:helm.sh/v3:Release", ({ props }, demand) => {
      const leaves = leavesOf(() => props.values);
      for (const { path, text } of leaves.filter((leaf) => isSecretName(leaf.path.at(-1) ?? ""))) {
        demand(`values.${path.join(".")}`, () => knownValue(text) === "");
      }
      // What is not known yet may hold a secret further down.
      demand("values", () => leaves.every(({ text }) => typeof text() === "string"), "update");
      demand("valueYamlFiles", () => (props.valueYamlFiles ?? []).length === 0);
    }),
  ],
};
