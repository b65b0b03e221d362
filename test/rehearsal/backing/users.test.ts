import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { PORTS } from "../../../rehearsal/addresses.ts";
import { Firewall } from "../../../rehearsal/backing/balancer.ts";
import { Users } from "../../../rehearsal/backing/users.ts";
import { CertificateAuthority } from "../../../rehearsal/certificates.ts";

const ADDRESS = "127.19.3.1";
const NAME = "prod.sparki.tools";

const directory = mkdtempSync(join(tmpdir(), "sparki-users-"));
afterAll(() => rmSync(directory, { recursive: true }));

/** A site that answers `/fails` with 500 and cuts `/cut` off. */
async function site(): Promise<{ users: Users; close: () => Promise<void>; paths: string[] }> {
  const authority = await CertificateAuthority.open(directory);
  const { certificatePem, keyPem } = await authority.issue({ commonName: NAME, names: [NAME] });
  const paths: string[] = [];
  const server = createServer({ cert: certificatePem, key: keyPem }, ({ url = "", socket }, response) => {
    paths.push(url);
    if (url === "/cut") socket.destroy();
    else response.writeHead(url === "/fails" ? 500 : 200).end();
  });
  await once(server.listen(PORTS.https, ADDRESS), "listening");
  const users = new Users({ authorityPem: authority.pem, entrances: () => [{ name: NAME, address: ADDRESS }] });
  const close = async () => {
    await users.close();
    server.closeAllConnections();
    server.close();
  };
  return { users, close, paths };
}

describe("Users", () => {
  it.each([
    ["/works", 0],
    ["/fails", 1],
    ["/cut", 1],
  ])("ask for the paths that they are given, and count what is lost of %s", async (path, share) => {
    const { users, close, paths } = await site();
    users.ask(100, [path]);
    const end = Date.now() + 30_000;
    while (paths.length < 20 && Date.now() < end) await sleep(10);
    users.ask(0);
    const settled = () => users.figures.lost >= users.figures.requests * share;
    while (!settled() && Date.now() < end) await sleep(10);
    const { requests, lost } = users.figures;
    await close();
    expect(new Set(paths)).toEqual(new Set([path]));
    expect(requests).toBeGreaterThanOrEqual(20);
    expect(lost).toBe(requests * share);
  });

  it("ask by the domain's name, and are such as the firewall lets in", async () => {
    const authority = await CertificateAuthority.open(directory);
    const { certificatePem, keyPem } = await authority.issue({ commonName: NAME, names: [NAME] });
    const server = createServer({ cert: certificatePem, key: keyPem });
    const asked = new Promise<IncomingHttpHeaders>((resolve) => {
      server.on("request", (request, response) => {
        response.end();
        resolve(request.headers);
      });
    });
    await once(server.listen(PORTS.https, ADDRESS), "listening");
    const users = new Users({ authorityPem: authority.pem, entrances: () => [{ name: NAME, address: ADDRESS }] });
    users.ask(50);
    const headers = await asked;
    await users.close();
    server.closeAllConnections();
    server.close();
    expect(headers).toMatchObject({ host: NAME });
    expect(new Firewall().admits(headers)).toBe(true);
  });
});
