import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingHttpHeaders } from "node:http";
import { createServer } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PORTS } from "../../../rehearsal/addresses.ts";
import { Firewall } from "../../../rehearsal/backing/balancer.ts";
import { Users } from "../../../rehearsal/backing/users.ts";
import { CertificateAuthority } from "../../../rehearsal/certificates.ts";

const ADDRESS = "127.19.3.1";
const NAME = "prod.sparki.tools";

const directory = mkdtempSync(join(tmpdir(), "sparki-users-"));
afterAll(() => rmSync(directory, { recursive: true }));

describe("Users", () => {
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
