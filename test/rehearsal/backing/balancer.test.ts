import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingHttpHeaders, type RequestListener, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, request } from "undici";
import { Balancer, TargetGroup } from "../../../rehearsal/backing/balancer.ts";
import { seededRandom } from "../../../rehearsal/backing/random.ts";
import { CertificateAuthority, type IssuedCertificate } from "../../../rehearsal/certificates.ts";
import type { ListenerRule, LoadBalancerState } from "../../../rehearsal/services.ts";

const ADDRESS = "127.251.3.1";
const PORT = 8080;
const servers: Server[] = [];
const groups = new Map<string, TargetGroup>();
const admits = (headers: IncomingHttpHeaders) => headers["x-sparki-synthetic"] !== "1";
const firewall = { admits };
const balancer = new Balancer({ address: ADDRESS, groups, random: seededRandom(1), firewall, portOf: () => PORT });

afterAll(async () => {
  await balancer.close();
  for (const group of groups.values()) group.close();
  for (const server of servers) server.close().closeAllConnections();
});

/** A target that answers its health checks and leaves the rest to `answer`. */
async function target(address: string, answer: RequestListener) {
  const server = createServer((incoming, response) => {
    if (incoming.url === "/up") response.end();
    else answer(incoming, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(PORT, address, resolve));
  return { address, port: PORT };
}

/** A target group of healthy targets. */
async function group(arn: string, ...targets: { address: string; port: number }[]): Promise<TargetGroup> {
  const made = new TargetGroup(0.01, () => {});
  const healthCheck = { path: "/up", intervalSeconds: 10, healthyThreshold: 2 };
  made.configure({ arn, healthCheck, takesPods: true, deregistrationDelaySeconds: 0 });
  made.setTargets(targets);
  groups.set(arn, made);
  while (made.healthyKeys().length < targets.length) await sleep(10);
  return made;
}

function serve(...rules: ListenerRule[]): Promise<void> {
  const listener = { port: 80, protocol: "HTTP", rules } as const;
  const state: LoadBalancerState = { name: "test", certificateNames: [], listeners: [listener], targetGroups: [] };
  return balancer.apply(state, undefined);
}

const forwardTo = (...targets: { arn: string; weight: number }[]): ListenerRule => {
  return { conditions: {}, action: { type: "forward", targets } };
};

async function ask(
  path: string,
  options: { method?: "GET" | "POST"; headers?: Record<string, string>; body?: string } = {},
) {
  const { statusCode, headers, body } = await request(`http://${ADDRESS}:${PORT}${path}`, options);
  return { status: statusCode, headers, body: await body.text() };
}

describe("Balancer", () => {
  let broken = 0;

  beforeAll(async () => {
    const echo: RequestListener = (incoming, response) => {
      let text = "";
      incoming.on("data", (chunk) => {
        text += chunk;
      });
      incoming.on("end", () => {
        const { method, url, headers } = incoming;
        response.writeHead(201, { "x-own": "yes", connection: "close" });
        response.end(JSON.stringify({ method, url, headers, text }));
      });
    };
    await group("echo", await target("127.251.16.1", echo));
    await group(
      "breaking",
      await target("127.251.16.2", (incoming) => {
        broken += 1;
        incoming.socket.destroy();
      }),
    );
    await group("named", await target("127.251.16.3", (_, response) => response.end("named")));
    await group("empty");
  });

  it("passes method, path, query and body on, and says who asked and how", async () => {
    await serve(forwardTo({ arn: "echo", weight: 1 }));
    const headers = { "x-forwarded-for": "192.0.2.7", "x-sparki-track": "fleet" };
    const answer = await ask("/a/b?c=d", { method: "POST", headers, body: "text" });
    expect(answer).toMatchObject({ status: 201, headers: { "x-own": "yes" } });
    expect(answer.headers.connection).not.toBe("close");
    expect(JSON.parse(answer.body)).toMatchObject({
      method: "POST",
      url: "/a/b?c=d",
      text: "text",
      headers: {
        host: expect.stringMatching(/^127\.251\.16\.1:\d+$/),
        "x-forwarded-host": `${ADDRESS}:${PORT}`,
        "x-forwarded-for": "192.0.2.7, 127.0.0.1",
        "x-forwarded-proto": "http",
        "x-forwarded-port": "80",
        "x-sparki-track": "fleet",
      },
    });
  });

  it.each(["rebound.example", "localhost:8080", "elb.amazonaws.com.rebound.example"])(
    "answers nothing that was meant for the host %s",
    async (host) => {
      await serve(forwardTo({ arn: "echo", weight: 1 }));
      expect(await ask("/", { headers: { host } })).toMatchObject({ status: 421 });
    },
  );

  it("answers by itself, as a firewall does, what is not admitted", async () => {
    await serve(forwardTo({ arn: "echo", weight: 1 }));
    const { status, headers } = await ask("/", { headers: { "x-sparki-synthetic": "1" } });
    expect([status, headers.server]).toEqual([403, "awselb/2.0"]);
  });

  it("answers 502 when the target breaks the connection, and does not ask twice", async () => {
    await serve(forwardTo({ arn: "breaking", weight: 1 }));
    expect(await ask("/")).toMatchObject({ status: 502, headers: { server: "awselb/2.0" } });
    expect(broken).toBe(1);
  });

  it.each([["empty"], ["unknown"]])("answers 503 while the target group is %s", async (arn) => {
    await serve(forwardTo({ arn, weight: 1 }));
    expect(await ask("/")).toMatchObject({ status: 503 });
  });

  it("sends each target group the share of its weight, and a weight of 0 nothing", async () => {
    await serve(forwardTo({ arn: "echo", weight: 30 }, { arn: "named", weight: 70 }, { arn: "breaking", weight: 0 }));
    const statuses = await Promise.all(Array.from({ length: 300 }, () => ask("/").then(({ status }) => status)));
    const echoed = statuses.filter((status) => status === 201).length;
    expect(statuses.filter((status) => status === 200).length).toBe(300 - echoed);
    expect(echoed).toBeGreaterThan(60);
    expect(echoed).toBeLessThan(120);
  });

  it("answers fixed responses and redirects by itself", async () => {
    await serve(
      { conditions: { pathPatterns: ["/fixed"] }, action: { type: "fixed", statusCode: 410, body: "gone" } },
      { conditions: {}, action: { type: "redirect", protocol: "#{protocol}", port: "#{port}", statusCode: 302 } },
    );
    expect(await ask("/fixed")).toMatchObject({ status: 410, body: "gone" });
    expect(await ask("/x?y")).toMatchObject({ status: 302, headers: { location: `http://${ADDRESS}:80/x?y` } });
  });

  it("serves the newest rules on connections that are open already", async () => {
    await serve(forwardTo({ arn: "named", weight: 1 }));
    expect((await ask("/")).body).toBe("named");
    await serve({ conditions: {}, action: { type: "fixed", statusCode: 200, body: "new" } });
    expect((await ask("/")).body).toBe("new");
  });
});

describe("a listener's TLS policy", () => {
  const NAME = "tls.test";
  const tls = new Balancer({
    ...{ groups, random: seededRandom(1), firewall },
    address: "127.251.3.2",
    portOf: () => PORT,
  });
  const folder = mkdtempSync(join(tmpdir(), "balancer-"));
  let authority: CertificateAuthority;
  let certificate: IssuedCertificate;
  const agents: Agent[] = [];

  beforeAll(async () => {
    authority = await CertificateAuthority.open(folder);
    certificate = await authority.issue({ commonName: NAME, names: [NAME] });
  });
  afterAll(async () => {
    for (const agent of agents) await agent.close();
    await tls.close();
    rmSync(folder, { recursive: true });
  });

  const apply = (versions: string) =>
    tls.apply(
      {
        ...{ name: "tls", certificateNames: [NAME], targetGroups: [] },
        listeners: [
          {
            ...{ port: 443, protocol: "HTTPS", tlsPolicy: `ELBSecurityPolicy-${versions}-2021-06` },
            rules: [{ conditions: {}, action: { type: "fixed", statusCode: 200, body: "served" } }],
          },
        ],
      },
      certificate,
    );
  /** A client's own connections, of this version of TLS alone. */
  const client = (version: "TLSv1.2" | "TLSv1.3") => {
    const connect = { ca: authority.pem, servername: NAME, minVersion: version, maxVersion: version };
    const agent = new Agent({ connections: 1, connect });
    agents.push(agent);
    return () =>
      request(`https://127.251.3.2:${PORT}/`, { dispatcher: agent, headers: { host: NAME } }).then(({ body }) =>
        body.text(),
      );
  };

  it("decides which versions of TLS a new connection may have", async () => {
    await apply("TLS13-1-2");
    expect(await client("TLSv1.2")()).toBe("served");
    expect(await client("TLSv1.3")()).toBe("served");
    await apply("TLS13-1-3");
    await expect(client("TLSv1.2")()).rejects.toThrow(/protocol version/);
    expect(await client("TLSv1.3")()).toBe("served");
  });

  it("changes without a lost request, and leaves the connections that are open", async () => {
    await apply("TLS13-1-2");
    const [older, newer] = [client("TLSv1.2"), client("TLSv1.3")];
    const ask = async (one: () => Promise<string>) => {
      for (let asked = 0; asked < 100; asked++) {
        expect(await one()).toBe("served");
        if (one === newer && asked === 50) await apply("TLS13-1-3");
      }
    };
    await Promise.all([ask(older), ask(newer)]);
    expect(await older()).toBe("served");
  });
});

describe("TargetGroup", () => {
  it("counts a target that answers late, as on a busy machine, as healthy", async () => {
    const server = createServer((_, response) => void setTimeout(() => response.end(), 2500));
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(PORT, "127.251.17.9", resolve));
    const late = await group("late", { address: "127.251.17.9", port: PORT });
    expect(late.healthyKeys()).toEqual([`127.251.17.9:${PORT}`]);
  });

  it("asks healthy targets in turn", async () => {
    for (const { address } of [first, second]) await target(address, () => {});
    const two = await group("two", first, second);
    const asked = Array.from({ length: 6 }, () => two.pick()?.address);
    expect(asked.filter((address) => address === first.address)).toHaveLength(3);
    expect(new Set(asked.slice(0, 2)).size).toBe(2);
  });

  const [first, second] = [
    { address: "127.251.17.1", port: PORT },
    { address: "127.251.17.2", port: PORT },
  ];
  const picked = (two: TargetGroup | undefined) =>
    new Set(Array.from({ length: 4 }, () => two?.pick()?.address).filter((address) => address !== undefined));

  it("asks a target that left until the balancer's nodes have noticed, and never after", async () => {
    const two = groups.get("two");
    two?.setTargets([second]);
    expect(picked(two)).toEqual(new Set([first.address, second.address]));
    await sleep(150);
    expect(picked(two)).toEqual(new Set([second.address]));
  });

  it("keeps a target that is back before anybody noticed that it left", async () => {
    const one = await group("one", second);
    one.setTargets([]);
    one.setTargets([second]);
    await sleep(150);
    expect(picked(one)).toEqual(new Set([second.address]));
  });
});
