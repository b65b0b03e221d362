import { Registry } from "prom-client";
import { RequestMetrics } from "../../../rehearsal/app/server.ts";

describe("RequestMetrics", () => {
  it("counts by method, route, status and whether the request was synthetic", async () => {
    const metrics = new RequestMetrics(new Registry());
    const sample = { method: "GET", route: "/api/projects", status: 200, synthetic: false, seconds: 0.02 };
    metrics.record(sample);
    metrics.record(sample);
    metrics.record({ ...sample, status: 500, synthetic: true });
    const text = await metrics.render();
    expect(text).toContain('http_requests_total{method="GET",route="/api/projects",status="200",synthetic="false"} 2');
    expect(text).toContain('http_requests_total{method="GET",route="/api/projects",status="500",synthetic="true"} 1');
  });

  it.each([
    [0.1, "0.1"],
    [1, "1"],
    [5, "5"],
  ])("counts an answer after %d s as not over the objective's limit", async (seconds, bound) => {
    const metrics = new RequestMetrics(new Registry());
    metrics.record({ method: "GET", route: "/", status: 200, synthetic: false, seconds });
    metrics.record({ method: "GET", route: "/", status: 200, synthetic: false, seconds: seconds + 0.001 });
    expect(await metrics.render()).toContain(
      `http_request_duration_seconds_bucket{le="${bound}",route="/",synthetic="false"} 1`,
    );
  });

  it("can lose every value, and keeps the series", async () => {
    const metrics = new RequestMetrics(new Registry());
    metrics.record({ method: "GET", route: "/", status: 200, synthetic: false, seconds: 0.02 });
    const lines = (await metrics.renderNotNumbers()).split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(lines).toContain('http_requests_total{method="GET",route="/",status="200",synthetic="false"} NaN');
    for (const line of lines) expect(line).toMatch(/ NaN$/);
  });
});
