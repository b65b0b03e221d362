import { createServer, type Server } from "node:http";
import { RUNBOOK_OBJECTIVES } from "../../../gates/objective.ts";
import { runSloGate } from "../../../runbook/gates/gate-runner.ts";
import { systemClock } from "../../../runbook/io/clock.ts";
import { openNetwork } from "../../../runbook/io/network.ts";
import { syntheticTraffic } from "../../../runbook/io/synthetic.ts";

jest.setTimeout(60_000);

describe("a release that never answers one request in 200", () => {
  let server: Server;
  let url: string;
  let asked = 0;

  beforeAll(async () => {
    server = createServer((_, response) => {
      if (++asked % 200 !== 0) response.end();
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    const address = server.address();
    url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
  });
  afterAll(async () => {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  });

  it("is failed, although enough good answers for a pass come before the first request is given up", async () => {
    const network = openNetwork({});
    const synthetic = syntheticTraffic(network, { urls: [url], requestsPerSecond: 800, timeoutSeconds: 6 });
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
