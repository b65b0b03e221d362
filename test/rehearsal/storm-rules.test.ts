import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RuleFiles } from "../../rehearsal/backing/prometheus-alertmanager.ts";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import type { ClusterAccess } from "../../rehearsal/services.ts";
import { followRules } from "../../rehearsal/storm.ts";

const directory = mkdtempSync(join(tmpdir(), "sparki-rules-"));
const rule = (name: string, ...groups: string[]) => ({
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PrometheusRule",
  metadata: { namespace: "sparki-monitoring", name, uid: name },
  spec: { groups: groups.map((group) => ({ name: group, rules: [] })) },
});

let server: Server;
let watching: Promise<ServerResponse>;
let access: ClusterAccess;

beforeAll(async () => {
  const authority = await CertificateAuthority.open(directory);
  const { certificatePem, keyPem } = await authority.issue({ commonName: "api", addresses: ["127.0.0.1"] });
  watching = new Promise((resolve) => {
    server = createServer({ cert: certificatePem, key: keyPem }, ({ url = "" }, response) => {
      if (url.includes("watch=true")) resolve(response);
      else response.end(JSON.stringify({ metadata: { resourceVersion: "1" }, items: [rule("one", "a", "b")] }));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const endpoint = `https://127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  access = { endpoint, certificateAuthorityPem: authority.pem, token: "t" };
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(directory, { recursive: true });
});

describe("followRules", () => {
  it("hands over what is there, and all that is there after each change, though Prometheus refuses one", async () => {
    const ending = new AbortController();
    const handed: Record<string, number>[] = [];
    let refuse = true;
    const handOver = async (rules: RuleFiles) => {
      handed.push(Object.fromEntries([...rules].map(([file, groups]) => [file, groups.length])));
      refuse = !refuse;
      if (refuse) throw new Error("not rules");
    };
    await followRules(access, ending.signal, handOver);
    expect(handed).toEqual([{ "sparki-monitoring-one": 2 }]);
    const stream = await watching;
    for (const [type, object] of [
      ["ADDED", rule("two", "c")],
      ["DELETED", rule("one")],
    ])
      stream.write(`${JSON.stringify({ type, object })}\n`);
    while (handed.length < 3) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(handed.at(-1)).toEqual({ "sparki-monitoring-two": 1 });
    ending.abort();
  });
});
