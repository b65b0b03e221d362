import { mkdtempSync, rmSync } from "node:fs";
import type { Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CertificateAuthority } from "../../../rehearsal/certificates.ts";
import { settled } from "../../../rehearsal/cluster/watch.ts";
import { servePods } from "../backing/pod-list.ts";

const SINCE = new Date("2026-11-23T10:00:00.500Z");
const [BEFORE, AFTER] = ["2026-11-23T09:59:59Z", "2026-11-23T10:00:01Z"];

function pod(name: string, startedAt: string, isReady = true): object {
  return {
    metadata: { name, namespace: "sparki-engine", uid: `uid-of-${name}` },
    spec: { containers: [], readinessGates: [{ conditionType: "target-health.elbv2.k8s.aws/engine" }] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: isReady ? "True" : "False" }],
      containerStatuses: [{ name: "engine", ready: isReady, state: { running: { startedAt } } }],
    },
  };
}

describe("settled", () => {
  const folder = mkdtempSync(join(tmpdir(), "sparki-settled-"));
  let server: Server | undefined;
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Waits for a cluster with these pods, behind healthy targets, whose Prometheus scrapes the pods of those names. */
  async function waiting(pods: readonly object[], scraped: () => Iterable<string>, limitSeconds = 10) {
    const authority = await CertificateAuthority.open(folder);
    const serving = servePods(await authority.issue({ commonName: "api", addresses: ["127.0.0.1"] }), "token", pods);
    server = serving;
    await new Promise<void>((resolve) => serving.listen(0, "127.0.0.1", resolve));
    const access = {
      endpoint: `https://127.0.0.1:${portOf(serving)}`,
      certificateAuthorityPem: authority.pem,
      token: "token",
    };
    const lastLine = (uid: string, container: string) => `${uid} ${container} waits for its cache`;
    const health = () => pods.map(() => ({ healthy: true }));
    return settled(access, { since: SINCE, health, scraped: async () => new Set(scraped()), lastLine, limitSeconds });
  }

  it("resolves once Prometheus scrapes every pod behind a load balancer", async () => {
    let asked = 0;
    const scraped = () => (++asked < 3 ? ["a"] : ["a", "b"]);
    await waiting([pod("a", AFTER), pod("b", AFTER)], scraped);
    expect(asked).toBe(3);
  });

  it.each([
    ["is not scraped", pod("a", AFTER), []],
    ["is not ready", pod("a", AFTER, false), ["a"]],
    ["runs in a container of before", pod("a", BEFORE), ["a"]],
  ])("rejects when a pod %s within the limit", async (_, one, scraped) => {
    await expect(waiting([one], () => scraped, 0.2)).rejects.toMatchObject({ code: "SPARKI_OUTSIDE" });
  });

  it("tells the last line that a pod which is not ready has logged", async () => {
    const one = pod("a", AFTER, false);
    await expect(waiting([one], () => ["a"], 0.2)).rejects.toThrow(
      /\n {2}a \(engine\): uid-of-a engine waits for its cache$/,
    );
  });
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it does not listen");
  return address.port;
}
