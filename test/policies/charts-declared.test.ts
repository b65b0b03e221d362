import { symlinkSync } from "node:fs";
import { join } from "node:path";
import { chartsDeclared } from "../../policies/charts-declared.ts";
import { declaredOnly } from "../../policies/declared-only.ts";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { HostileCharts } from "../support/hostile-chart.ts";
import { type Example, judge, thing } from "../support/policy-fixtures.ts";
import { helmRelease, monitoringRelease } from "../support/policy-releases.ts";

const said = (release: Example<object>) => judge([chartsDeclared], [release]).map(({ property }) => property ?? "");
/** Beside the database and the cache whose addresses it has; nothing of the other resources that belong there. */
const aboutItself = (release: Example<object>) => {
  const { database, cache } = Object(release.props.values);
  const instance = thing("aws:rds/instance:Instance", { address: database?.host }).named("database-instance");
  const group = { primaryEndpointAddress: cache?.host };
  const redis = thing("aws:elasticache/replicationGroup:ReplicationGroup", group).named("cache-redis");
  return judge([declaredOnly], [instance, redis, release]).filter(
    ({ urn, property }) => urn === release.urn && property?.startsWith("its guard ") !== true,
  );
};
const withValues = (changes: object) => {
  const release = helmRelease("engine", "fleet");
  return release.with({ values: { ...Object(release.props.values), ...changes } });
};

describe(chartsDeclared.name, () => {
  const charts = new HostileCharts();
  afterAll(() => charts.remove());

  it.each([
    ["engine", "fleet"],
    ["engine", "one-box"],
    ["web", "fleet"],
    ["web", "one-box"],
  ] as const)("lets pass what the chart of %s renders for its %s", (chart, track) => {
    const release = helmRelease(chart, track);
    expect(said(release)).toEqual([]);
    expect(aboutItself(release)).toEqual([]);
  });

  it("lets pass what the chart of the monitoring renders", () => {
    const release = monitoringRelease("./apps/charts/monitoring");
    expect(said(release)).toEqual([]);
    expect(aboutItself(release)).toEqual([]);
  });

  it("lets pass a chart that a rollback restored", () =>
    expect(said(helmRelease("web", "fleet", charts.make("web")))).toEqual([]));

  it("lets pass a release that an update rolls back to and leaves alone, whose chart was another one", () =>
    expect(said(withValues({ chartHash: "0".repeat(64) }))).toEqual([]));

  it("renders with a stand-in what preview cannot know", () => {
    const unknown = {
      image: UNKNOWN,
      targetGroupArn: UNKNOWN,
      cache: { host: UNKNOWN, port: 6379, secretArn: UNKNOWN },
    };
    expect(said(withValues(unknown))).toEqual([]);
  });

  it.each([
    ["an image that is not the release's", { image: `ghcr.io/alexarno/../evil@sha256:${"1".repeat(64)}` }, "image"],
    [
      "a network that is not declared",
      {
        network: {
          ...Object(Object(helmRelease("engine", "fleet").props.values)).network,
          databaseCidrs: ["0.0.0.0/1", "128.0.0.0/1"],
        },
      },
      "egress",
    ],
    ["a line that a value smuggles in", { targetGroupArn: "x\n  hostNetwork: true" }, "hostNetwork"],
    [
      "another account's target group",
      { targetGroupArn: "arn:aws:elasticloadbalancing:us-east-1:999999999999:targetgroup/a/b" },
      "targetGroupARN",
    ],
  ])("stops %s", (_title, changes, says) => {
    expect(said(withValues(changes)).filter((property) => property.includes(says))).not.toEqual([]);
  });

  it.each(["./apps/charts/other", "./../../tmp/evil", "oci://evil.example/chart", "/nowhere/engine", ""])(
    "stops the chart %s",
    (chart) => expect(said(helmRelease("engine", "fleet").with({ chart }))).not.toEqual([]),
  );

  it("stops a chart with a link in it", () => {
    const folder = charts.make("engine");
    const release = helmRelease("engine", "fleet", folder);
    symlinkSync("/etc/hostname", join(folder, "templates", "evil.yaml"));
    expect(said(release).join()).toContain("evil.yaml is a symbolic link");
  });
});
