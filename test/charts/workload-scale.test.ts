import { at, only } from "../support/chart.ts";
import { renderWorkload, WORKLOADS } from "../support/workload-values.ts";

const kindsOf = (objects: readonly { kind: string }[]) => objects.map(({ kind }) => kind);

describe.each(WORKLOADS)("one-box and fleet of %s", (workload) => {
  const oneBox = renderWorkload("prod", workload, "one-box");
  const fleet = renderWorkload("prod", workload, "fleet");

  it("the one-box has a fixed number of pods and nothing that scales or guards it", () => {
    expect(at(only(oneBox, "Deployment"), "spec.replicas")).toBe(1);
    expect(kindsOf(oneBox)).not.toEqual(expect.arrayContaining(["HorizontalPodAutoscaler"]));
    expect(kindsOf(oneBox)).not.toEqual(expect.arrayContaining(["PodDisruptionBudget"]));
  });

  it("the fleet's number belongs to the autoscaler alone", () => {
    expect(at(only(fleet, "Deployment"), "spec.replicas")).toBeUndefined();
    expect(only(fleet, "HorizontalPodAutoscaler").spec).toMatchObject({
      minReplicas: 3,
      maxReplicas: workload === "engine" ? 12 : 6,
      scaleTargetRef: { kind: "Deployment", name: `${workload}-fleet` },
    });
  });

  it("a drain takes one ready pod at a time and never waits for one that is not", () => {
    const budget = only(fleet, "PodDisruptionBudget");
    expect(budget.spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" });
    expect(at(budget, "spec.selector")).toEqual(at(only(fleet, "Deployment"), "spec.selector"));
  });

  it("leaves the zones alone where there is only one", () => {
    const single = renderWorkload("prod", workload, "fleet", { zones: 1 });
    expect(at(only(single, "Deployment"), "spec.template.spec.topologySpreadConstraints")).toBeUndefined();
  });
});
