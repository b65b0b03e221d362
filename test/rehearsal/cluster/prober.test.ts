import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { attempt, type Probing, portOf, probeUntil } from "../../../rehearsal/cluster/container-runner.ts";
import { timingAt } from "../../../rehearsal/cluster/timing.ts";

const container = { name: "engine", ports: [{ name: "http", containerPort: 8080 }] };

let server: Server;
let port: number;
let status: number;

beforeEach(async () => {
  status = 200;
  server = createServer(({ url }, response) => {
    if (url !== "/hangs") response.writeHead(status).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function target(code = 0) {
  return { address: "127.0.0.1", container, execute: async () => ({ code, output: "no disk\n" }) };
}

describe("attempt", () => {
  it.each([
    [200, undefined],
    [302, undefined],
    [404, "HTTP probe failed with statuscode: 404"],
    [503, "HTTP probe failed with statuscode: 503"],
  ])("takes HTTP %d as %s", async (answer, failure) => {
    status = answer;
    expect(await attempt({ httpGet: { port } }, target(), 1000)).toBe(failure);
  });

  it("fails an answer that comes too late", async () => {
    expect(await attempt({ httpGet: { port, path: "/hangs" } }, target(), 50)).toContain("aborted");
  });

  it("connects to a TCP port", async () => {
    expect(await attempt({ tcpSocket: { port } }, target(), 1000)).toBeUndefined();
    server.close();
    server.closeAllConnections();
    expect(await attempt({ tcpSocket: { port } }, target(), 1000)).toContain("ECONNREFUSED");
  });

  it("runs a command", async () => {
    expect(await attempt({ exec: { command: ["check"] } }, target(0), 1000)).toBeUndefined();
    expect(await attempt({ exec: { command: ["check"] } }, target(2), 1000)).toBe("command exited with 2: no disk");
  });
});

describe("portOf", () => {
  it.each([
    [8080, 8080],
    ["http", 8080],
    ["9090", 9090],
    ["grpc", 0],
  ])("finds %s as %d", (wanted, found) => expect(portOf(wanted, container)).toBe(found));
});

describe("probeUntil", () => {
  function probing(more: Partial<Probing>): Probing {
    return {
      probe: { httpGet: { port }, periodSeconds: 1, failureThreshold: 2 },
      target: target(),
      timing: { ...timingAt(0), probePeriod: () => 30 },
      onVerdict: () => undefined,
      onFailure: () => undefined,
      ...more,
    };
  }

  it("tells each change of the verdict until it is told to end", async () => {
    const ending = new AbortController();
    const verdicts: string[] = [];
    const onVerdict = (verdict: string) => {
      verdicts.push(verdict);
      if (verdicts.length === 3) ending.abort();
      status = status === 200 ? 503 : 200;
    };
    await probeUntil(ending.signal, probing({ onVerdict }));
    expect(verdicts).toEqual(["pass", "fail", "pass"]);
  });

  it("counts failures once a period, however often it looks at first", async () => {
    status = 503;
    const ending = new AbortController();
    const since = performance.now();
    const timing = { ...timingAt(0), probePeriod: () => 450 };
    await probeUntil(ending.signal, probing({ timing, onVerdict: () => ending.abort() }));
    expect(performance.now() - since).toBeGreaterThan(440);
  });
});
