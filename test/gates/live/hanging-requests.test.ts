import { runSloGate } from "../../../gates/live/gate-runner.ts";
import { RUNBOOK_OBJECTIVES } from "../../../gates/objective.ts";
import { systemClock } from "../../../io/clock.ts";
import { openNetwork } from "../../../io/network.ts";
import { syntheticTraffic } from "../../../io/synthetic.ts";
import { type HttpServer, serveHttp } from "../../support/http-server.ts";

describe("a release that never answers one request in 200", () => {
  let server: HttpServer;
  let asked = 0;

  beforeAll(async () => {
    server = await serveHttp((_, response) => {
      if (++asked % 200 !== 0) response.end();
    });
  });
  afterAll(() => server.close());

  it("is failed, although enough good answers for a pass come before the first request is given up", async () => {
    const network = openNetwork({});
    const synthetic = syntheticTraffic(network, { urls: [server.url], requestsPerSecond: 800, timeoutSeconds: 6 });
    const [errors] = await runSloGate({
      gate: "engine one-box",
      objectives: RUNBOOK_OBJECTIVES,
      sources: { synthetic },
      lookEverySeconds: 0.5,
      deadlineSeconds: 40,
      clock: systemClock,
    });
    await network.close();
    expect(errors).toMatchObject({ objective: "errors", verdict: "fail" });
  });
});
