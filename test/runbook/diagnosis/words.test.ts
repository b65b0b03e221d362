import { cacheWords, databaseWords } from "../../../runbook/diagnosis/pods.ts";
import { clusterOf, diagnosisContext, examine, podNamed } from "../../support/diagnosis.ts";

const pods = [podNamed("engine-a"), podNamed("engine-b")];
const line = (fields: object, ts = "2026-11-23T11:59:30Z") => JSON.stringify({ ts, ...fields });
const away = (dependency: string) =>
  line({ level: "INFO", msg: "not ready", reason: "connect ECONNREFUSED", dependency });
const lookAt = (examination: typeof databaseWords, logs: Record<string, string[]>) =>
  examine(examination, diagnosisContext({ cluster: clusterOf(pods, logs) }));

describe.each([
  ["database", databaseWords, "sparki-prod-database; ask @dba-team in #database", "connect to 10.40.3.7:5432 refused"],
  ["cache", cacheWords, "sparki-prod-cache; ask @dba-team in #database", "redis: connection reset"],
] as const)("%sWords", (dependency, examination, next, bare) => {
  it("fails with the pods that say it is away, and the next command", async () => {
    expect(await lookAt(examination, { "engine-b": [away(dependency)] })).toEqual({
      status: "fail",
      reason: `1 of 2 pods said in the last 5 minutes that they cannot reach the ${dependency}`,
      fix: expect.stringContaining(next),
      evidence: [expect.stringMatching(/^engine-b: .*ECONNREFUSED/)],
    });
  });

  it("reads it from an ERROR line too, where the application names no dependency", async () => {
    expect(await lookAt(examination, { "engine-a": [line({ level: "ERROR", msg: bare })] })).toMatchObject({
      status: "fail",
      reason: expect.stringMatching(/^1 of 2 pods said/),
    });
  });

  it("passes for the other server's outage, for lines of long ago and for what is no error", async () => {
    const other = dependency === "cache" ? "database" : "cache";
    const old = line({ level: "ERROR", msg: bare }, "2026-11-23T11:50:00Z");
    expect(await lookAt(examination, { "engine-a": [away(other), old, line({ level: "INFO", msg: bare })] })).toEqual({
      status: "pass",
      reason: `none of 2 pods says that it cannot reach the ${dependency}`,
    });
  });

  it("cannot look where a log cannot be read", async () => {
    const logLines = () => Promise.reject(new Error("HTTP-Code: 403"));
    const context = diagnosisContext({ cluster: { ...clusterOf(pods), logLines } });
    await expect(examine(examination, context)).rejects.toThrow("HTTP-Code: 403");
  });

  it("is skipped where no pod runs", async () => {
    expect(await examine(examination, diagnosisContext())).toEqual({
      status: "skipped",
      reason: "no pod of the engine runs",
    });
  });
});
