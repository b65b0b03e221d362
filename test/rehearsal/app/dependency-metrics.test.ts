import { Registry } from "prom-client";
import { CacheMetrics, DatabaseMetrics } from "../../../rehearsal/app/dependency.ts";

describe("DatabaseMetrics", () => {
  it("shows the pool as it is at each scrape", async () => {
    const registry = new Registry();
    const pool = { totalCount: 3, idleCount: 1, waitingCount: 0 };
    new DatabaseMetrics(registry, pool, 4);
    expect(await registry.metrics()).toMatch(/database_connections\{state="active"\} 2\n.*state="idle"\} 1/);
    Object.assign(pool, { totalCount: 4, idleCount: 0, waitingCount: 7 });
    const text = await registry.metrics();
    expect(text).toMatch(/database_connections\{state="active"\} 4\n.*state="idle"\} 0/);
    expect(text).toContain("database_connection_waiters 7");
    expect(text).toContain("database_connections_max 4");
  });

  it("counts queries by result, and times those that are answered by statement", async () => {
    const registry = new Registry();
    const metrics = new DatabaseMetrics(registry, { totalCount: 0, idleCount: 0, waitingCount: 0 }, 4);
    metrics.time("list-projects")();
    metrics.record("ok");
    metrics.record("error");
    const text = await registry.metrics();
    expect(text).toContain('database_queries_total{result="ok"} 1');
    expect(text).toContain('database_queries_total{result="error"} 1');
    expect(text).toContain('database_query_duration_seconds_count{statement="list-projects"} 1');
  });
});

describe("CacheMetrics", () => {
  it("passes answers on, counted by what they are", async () => {
    const registry = new Registry();
    const metrics = new CacheMetrics(registry);
    const read = (value: string | null) =>
      metrics.observe("get", Promise.resolve(value), (found) => (found === null ? "miss" : "hit"));
    expect([await read("a"), await read("b"), await read(null)]).toEqual(["a", "b", null]);
    const text = await registry.metrics();
    expect(text).toContain('cache_commands_total{result="hit"} 2');
    expect(text).toContain('cache_commands_total{result="miss"} 1');
    expect(text).toContain('cache_command_duration_seconds_count{command="get"} 3');
  });

  it("counts a rejection as an error, and passes it on", async () => {
    const registry = new Registry();
    const lost = Promise.reject(new Error("lost"));
    await expect(new CacheMetrics(registry).observe("ping", lost, () => "ok")).rejects.toThrow("lost");
    expect(await registry.metrics()).toContain('cache_commands_total{result="error"} 1');
  });
});
