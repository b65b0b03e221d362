import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import pg from "pg";
import { ask } from "../../rehearsal/backing/cache.ts";
import { headersOf, TEST_TOKEN } from "../support/asking.ts";
import { type ListeningPort, listeningPorts } from "../support/listening-ports.ts";
import { ProcessWatch } from "../support/process-watch.ts";
import { type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";
import { asOwn, asStranger } from "../support/stranger.ts";
import { releaseNamed } from "../support/updates.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

/** What no answer is, or one that refuses: curl's 000, and statuses that give nothing away. */
const NOTHING = ["000", "400", "401", "403", "421"];

describe("a running rehearsal", () => {
  let stack: RehearsedStack;
  let ports: readonly ListeningPort[] = [];
  let processes: readonly string[] = [];
  const at = (port: number) => ports.find((each) => each.port === port && each.protocol === "tcp")?.address ?? "none";

  beforeAll(async () => {
    // A second release is deployed here, so that every program of a deployment is seen at work.
    stack = await serveStack("staging", 0.002, "promoted");
    await stack.configure(releaseNamed("2.0", { level: 3, oldest: 1 }));
    const watch = new ProcessWatch();
    await stack.up().finally(() => {
      processes = watch.stop();
    });
    ports = listeningPorts(stack.runDirectory);
  });
  afterAll(() => stack.close());

  it("listens on the ports of every server that stands behind the deployment", () => {
    const wanted = [7070, 6443, 2379, 2380, 9090, 5353, 5432, 6379, 8443, 8080, 10250, 9443];
    expect(wanted.filter((port) => !ports.some((each) => each.port === port))).toEqual([]);
    // The five providers listen on ports of the system's choice, on 127.0.0.1.
    expect(ports.filter(({ address }) => address === "127.0.0.1").length).toBeGreaterThanOrEqual(5);
    expect(ports.filter(({ address }) => !address.startsWith("127."))).toEqual([]);
  });

  it("gives another user of the machine nothing, whichever of its ports is asked in whichever way", async () => {
    const given: string[] = [];
    for (const { protocol, address, port, process } of ports) {
      const note = (how: string, found: string) =>
        given.push(`${process.slice(0, 60)} ${address}:${port} ${how} ${found}`);
      if (protocol === "udp") {
        const query = String.raw`\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x04prod\x06sparki\x05tools\x00\x00\x01\x00\x01`;
        const lines = `exec 3<>/dev/udp/${address}/${port}; printf '${query}' >&3; timeout 1 head -c 12 <&3`;
        const { stdout } = await asStranger("bash", "-c", lines);
        if (stdout !== "") note("udp", stdout);
        continue;
      }
      for (const scheme of ["http", "https"]) {
        const status = await asStranger("curl", ...statusOf(`${scheme}://${address}:${port}/`));
        const metrics = await asStranger("curl", ...statusOf(`${scheme}://${address}:${port}/metrics`));
        for (const { stdout } of [status, metrics]) if (!NOTHING.includes(stdout)) note(scheme, stdout);
      }
      const preface = String.raw`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0`;
      const lines = `exec 3<>/dev/tcp/${address}/${port}; printf '${preface}' >&3; timeout 1 head -c 20000 <&3`;
      const { stdout } = await asStranger("bash", "-c", lines);
      // What speaks TLS says so, in an alert or in Go's words; nothing else may say anything.
      if (stdout !== "" && !stdout.startsWith("\x15\x03") && !stdout.startsWith("HTTP/1.0 400")) note("h2c", stdout);
    }
    expect(given).toEqual([]);
  });

  it("gives a page in a browser of our own user nothing either", async () => {
    const given: string[] = [];
    const page = ["-H", "Origin: https://rebound.example", "-H", "Content-Type: text/plain", "-d", "{}"];
    for (const { protocol, address, port, process } of ports) {
      if (protocol === "udp") continue;
      for (const scheme of ["http", "https"]) {
        const rebound = ["-H", `Host: rebound.example:${port}`];
        const url = `${scheme}://${address}:${port}`;
        const asked = [
          [...statusOf(`${url}/images`), ...rebound, ...page],
          [...statusOf(`${url}/world`), ...rebound],
          [...statusOf(`${url}/`), ...rebound],
          [...statusOf(`${url}/-/reload`), "-X", "POST"],
        ];
        for (const [index, args] of asked.entries()) {
          const { stdout } = await asOwn("curl", args);
          // A page knows no token, and never gets as far as a load balancer's certificate: no name that it has is in it.
          const isApplication = index === 3 && (port === 8443 || port === 8080);
          if (![...NOTHING, "404", "405"].includes(stdout) && !isApplication)
            given.push(`${process.slice(0, 60)} ${url} ${index} ${stdout}`);
        }
      }
    }
    expect(given).toEqual([]);
  });

  it("opens its databases by their passwords alone", async () => {
    const refused = { user: "rdsadmin", database: "postgres", ssl: { rejectUnauthorized: false } };
    const client = new pg.Client({ host: at(5432), port: 5432, password: "guessed", ...refused });
    await expect(client.connect()).rejects.toThrow(/authentication failed/);
    const cache = ask({ address: at(6379), authorityPem: "" }, "guessed", ["PING"]);
    await expect(cache).rejects.toThrow();
  });

  it("answers our own commands, by the token that only we can read", async () => {
    const headers = headersOf(stack.variable("SPARKI_REHEARSAL_ACCESS"));
    const control = stack.variable("SPARKI_REGISTRY");
    expect((await fetch(`${control}/status`, { headers })).status).toBe(200);
    expect((await fetch(`${control}/status`, { headers: { "x-sparki-rehearsal": TEST_TOKEN } })).status).toBe(401);
    expect(
      (
        await fetch(
          `http://${stack.variable("SPARKI_DNS_SERVER").replace(/\.53:\d+$/, ".13")}:9090/api/v1/query?query=up`,
          {
            headers,
          },
        )
      ).status,
    ).toBe(200);
    const token = headers["x-sparki-rehearsal"] ?? "none";
    const arguments_ = processes.filter((text) => !text.includes("SPARKI_"));
    expect(arguments_.filter((text) => text.includes(token))).toEqual([]);
  });

  it("keeps its folder closed, and every file that it writes to its owner", () => {
    const run = stack.runDirectory;
    const open = readdirSync(run, { recursive: true, encoding: "utf8" }).filter((name) => {
      const found = statSync(join(run, name), { throwIfNoEntry: false });
      return found !== undefined && !found.isDirectory() && !name.includes("node_modules") && isOpen(found.mode);
    });
    // Links lead to programs and to the checkout, which everyone may read; a plain pulumi command writes as the shell's
    // own mask says.
    expect(open.filter((name) => !/^(bin|work|backend|pulumi-home|checkout)\//.test(name))).toEqual([]);
    expect(statSync(run).mode & 0o777).toBe(0o700);
  });
});

function isOpen(mode: number): boolean {
  return (mode & 0o077) !== 0;
}

function statusOf(url: string): string[] {
  return ["-sk", "-m", "3", "-o", "/dev/null", "-w", "%{http_code}", url];
}
