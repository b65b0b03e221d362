import { type Json, template, type Values } from "../support/chart.ts";
import { stackValues, TRACKS, WORKLOADS, type Workload } from "../support/workload-values.ts";
import { inRounds, isReported, pointer, type WrongValue, withValue } from "../support/wrong-values.ts";

const TAGGED = "ghcr.io/alexarno/sparki/engine:latest";
const SHORT_DIGEST = "ghcr.io/alexarno/sparki/engine@sha256:abc";

/** Every value of both charts with something it must not be. */
const BOTH: readonly WrongValue[] = [
  ...wrong("release", undefined, "2026.11.1"),
  ...wrong("release.id", undefined, "", "has a space", "-dash", 7, "x".repeat(64)),
  ...wrong("release.gitSha", undefined, "HEAD", "abc", 1234567),
  ...wrong("track", undefined, "canary", ""),
  ...wrong("image", undefined, TAGGED, SHORT_DIGEST, "", `@sha256:${"1".repeat(64)}`),
  ...wrong("imagePullSecrets", "pull"),
  ...wrong("replicas", 0, 101, "3", 1.5),
  ...wrong("maxReplicas", 0, 101, "12"),
  ...wrong("zones", 0, 7, ["us-east-1a"]),
  ...wrong("targetGroupArn", undefined, "", "sparki-prod-engine", "arn:aws:s3:::bucket"),
  ...wrong("deregistrationDelaySeconds", -1, 3601, "30s"),
  ...wrong("shutdown.noticeSeconds", 0, 121, "15"),
  ...wrong("shutdown.drainSeconds", 0, 301, "15"),
  ...wrong("network", "10.40.0.0/16"),
  ...wrong("network.vpcCidr", undefined, "10.40.0.0", "0.0.0.0/0", "::/0"),
  ...wrong("network.loadBalancerCidrs", ["10.40.0.0"], "10.40.0.0/20").map(inList),
  ...wrong("network.prometheusNamespace", "", "Sparki_Monitoring"),
  ...wrong("resources.requests", "none"),
  ...wrong("resources.requests.cpu", 0.25, "a lot"),
  ...wrong("resources.limits", ["1", "512Mi"]),
  ...wrong("resources.limits.memory", null, "512 MB"),
  ...wrong("chartHash", undefined, "", "abc", 22222222),
];

const ENGINE: readonly WrongValue[] = [
  ...wrong("network.dnsCidrs", [], "172.20.0.10/32"),
  ...wrong("network.databaseCidrs", undefined, [], "10.40.96.0/24"),
  ...wrong("network.cacheCidrs", undefined, [], "10.40.99.0/24"),
  ...wrong("database.host", undefined, "", "https://database"),
  ...wrong("database.port", undefined, 0, 65536, "5432"),
  ...wrong("database.name", undefined, "Sparki", "drop table"),
  ...wrong("database.secretArn", undefined, "hunter2", "arn:aws:s3:::bucket"),
  ...wrong("cache.host", undefined, "", "redis://cache"),
  ...wrong("cache.port", undefined, 0, 65536, "6379"),
  ...wrong("cache.secretArn", undefined, "hunter2"),
];

const UNKNOWN_PARENTS: Readonly<Record<Workload, readonly string[]>> = {
  engine: ["", "release", "shutdown", "network", "database", "cache", "resources", "resources.requests"],
  web: ["", "release", "shutdown", "network", "resources", "resources.limits"],
};

function wrong(path: string, ...values: readonly (Json | undefined)[]): WrongValue[] {
  return values.map((value) => ({ path, value }));
}

function inList(wrongValue: WrongValue): WrongValue {
  return Array.isArray(wrongValue.value) ? { ...wrongValue, reportedAt: "/network/loadBalancerCidrs/0" } : wrongValue;
}

function refusal(workload: Workload, values: Values): string {
  const { status, stderr } = template({ chart: workload, name: `${workload}-fleet`, namespace: "default", values });
  return status === 0 ? "accepted" : stderr;
}

describe.each(WORKLOADS)("values.schema.json of %s", (workload) => {
  const right = stackValues("prod", workload, "fleet");
  const cases = workload === "engine" ? [...BOTH, ...ENGINE] : BOTH;

  it.each(TRACKS)("accepts the %s as the stacks have it", (track) => {
    const values = stackValues("staging", workload, track);
    expect(template({ chart: workload, name: `${workload}-${track}`, namespace: "default", values }).stderr).toBe("");
  });

  it("refuses every wrong value, each with its path", () => {
    for (const round of inRounds(cases)) {
      const said = refusal(
        workload,
        round.reduce((values, { path, value }) => withValue(values, path, value), right),
      );
      const silent = round.filter((wrongValue) => !isReported(said, wrongValue));
      expect({ silent, said }).toEqual({ silent: [], said });
    }
  });

  it.each(UNKNOWN_PARENTS[workload])("refuses an unknown value in '%s'", (parent) => {
    const said = refusal(workload, withValue(right, parent === "" ? "surprise" : `${parent}.surprise`, 1));
    const place = pointer(parent === "" ? [] : parent.split("."));
    expect(said).toContain(`- at '${place}': additional properties 'surprise' not allowed`);
  });

  it("refuses an autoscaler whose maximum is under its minimum", () => {
    expect(refusal(workload, { ...right, replicas: 4, maxReplicas: 3 })).toContain(
      "maxReplicas is 3; expected replicas (4) or more",
    );
  });
});

it("the web UI's chart has no place for the database, the cache or their secrets", () => {
  const values = { ...stackValues("prod", "web", "fleet"), database: {}, cache: {} };
  expect(refusal("web", values)).toMatch(
    /at '': additional properties '(cache', 'database|database', 'cache)' not allowed/,
  );
});
