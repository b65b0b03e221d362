import { chartsDeclared } from "../../policies/charts-declared.ts";
import { HostileCharts } from "../support/hostile-chart.ts";
import { judge } from "../support/policy-fixtures.ts";
import { helmRelease, releaseOf } from "../support/policy-releases.ts";

const DEPLOYMENT = "templates/deployment.yaml";
const CONTAINER = "Deployment engine-one-box: spec.template.spec.containers[0]";

/** Mistakes in a chart that a plan refuses, before anything changes. */
describe("a chart that somebody new has edited", () => {
  const charts = new HostileCharts();
  afterAll(() => charts.remove());

  it.each([
    ["another port", DEPLOYMENT, "containerPort: 8080", "containerPort: 8081", `${CONTAINER}.ports[0].containerPort`],
    [
      "no replicas",
      DEPLOYMENT,
      "replicas: {{ .Values.replicas }}",
      "replicas: 0",
      "spec.replicas (declared: a whole number above 0, up to 200)",
    ],
    [
      "an image's tag",
      DEPLOYMENT,
      "image: {{ .Values.image }}",
      "image: ghcr.io/alexarno/sparki/engine:v2",
      `${CONTAINER}.image`,
    ],
    [
      "a value's name misspelt",
      DEPLOYMENT,
      ".Values.readinessPath",
      ".Values.readinesPath",
      "readinessProbe.httpGet.path (declared: a path other than /health)",
    ],
    [
      "a default's name misspelt",
      "values.yaml",
      "readinessPath: /ready",
      "readynessPath: /ready",
      "readinessProbe.httpGet.path (declared: a path other than /health)",
    ],
    [
      "an action that does not end",
      DEPLOYMENT,
      "{{ .Values.image }}",
      "{{ .Values.image }",
      "templates/deployment.yaml, line 66 (declared: an action that ends with }})",
    ],
    [
      "a line that is out of place",
      DEPLOYMENT,
      "          imagePullPolicy",
      "         imagePullPolicy",
      "YAML parse error on engine/templates/deployment.yaml",
    ],
    ["values that are no YAML", "values.yaml", "replicas: 1\n", "replicas: 1\n  bad: [\n", "cannot load values.yaml"],
    [
      "a field's name misspelt",
      DEPLOYMENT,
      "imagePullPolicy:",
      "imagePullPolcy:",
      `${CONTAINER}.imagePullPolcy (declared: not to be set)`,
    ],
    [
      "a function that there is not",
      DEPLOYMENT,
      ".Values.image }}",
      ".Values.image | upperr }}",
      "upperr (declared: not to be used)",
    ],
    ["a template that there is not", DEPLOYMENT, 'include "labels" .', 'include "lables" .', 'no template "lables"'],
    ["a variable's name changed", DEPLOYMENT, "name: DATABASE_HOST", "name: DB_HOST", `${CONTAINER}.env`],
    [
      "a volume's name changed",
      DEPLOYMENT,
      "name: database-secret, mountPath",
      "name: database-secrets, mountPath",
      "volumeMounts[1].name",
    ],
    [
      "a Service that selects by other labels",
      "templates/service.yaml",
      'include "selectorLabels" .',
      'include "labels" .',
      "Service engine-one-box: spec.selector",
    ],
    [
      "a Service of another port",
      "templates/service.yaml",
      "targetPort: http",
      "targetPort: 8081",
      "Service engine-one-box: spec.ports[0].targetPort",
    ],
  ])("is refused for %s, and is told where and what is expected", (_, file, from, to, says) => {
    const folder = charts.make("engine", { file, replace: [from, to] });
    const told = judge([chartsDeclared], [helmRelease("engine", "one-box", folder)]).map(({ property }) => property);
    // The first is the property that the policy judges; the next is what is wrong with it.
    expect(told[1]).toContain(says);
  });

  it.each([
    ["engine", "disruption-budget", "PodDisruptionBudget (declared: 1 in this release, found 0)"],
    ["engine", "autoscaler", "HorizontalPodAutoscaler (declared: 1 in this release, found 0)"],
    ["engine", "network-policy", "NetworkPolicy (declared: 1 in this release, found 0)"],
    ["engine", "deployment", "Deployment (declared: 1 in this release, found 0)"],
    ["engine", "secrets", "SecretProviderClass (declared: 2 in this release, found 0)"],
    ["engine", "service", "Service (declared: 1 in this release, found 0)"],
    ["web", "target-group-binding", "TargetGroupBinding (declared: 1 in this release, found 0)"],
    ["monitoring", "pod-monitors", "PodMonitor (declared: 2 in this release, found 0)"],
    ["monitoring", "prometheus-rule", "PrometheusRule (declared: 1 in this release, found 0)"],
    ["monitoring", "alertmanager-config", "AlertmanagerConfig (declared: 1 in this release, found 0)"],
    ["monitoring", "network-policy", "NetworkPolicy (declared: 1 in this release, found 0)"],
    ["monitoring", "dashboards", "ConfigMap (declared: 1 in this release, found 0)"],
  ] as const)("is refused when the chart of %s leaves out its %s", (chart, template, says) => {
    const folder = charts.make(chart, { file: `templates/${template}.yaml`, empty: true });
    const told = judge([chartsDeclared], [releaseOf(chart, folder)]).map(({ property }) => property ?? "");
    expect(told.filter((property) => property.includes(says))).not.toEqual([]);
  });
});
