import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { openNetwork, servedCertificate } from "../../io/network.ts";
import { CertificateAuthority } from "../../rehearsal/certificates.ts";
import { rehearsed } from "../support/rehearsal-access.ts";

let directory: string;
let server: Server;
let port: number;

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "sparki-served-"));
  const authority = await CertificateAuthority.open(directory);
  const { certificatePem: cert, keyPem: key } = await authority.issue({ commonName: "x", names: ["localhost"] });
  server = createServer({ cert, key }, (socket) => socket.end());
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  port = typeof address === "object" ? (address?.port ?? 0) : 0;
});
afterAll(() => {
  server.close();
  rmSync(directory, { recursive: true });
});

describe("servedCertificate", () => {
  const open = (more: Record<string, string> = {}) =>
    openNetwork({ ...rehearsed(), SPARKI_PORT_MAP: `443:${port}`, SPARKI_CA_FILE: join(directory, "ca.pem"), ...more });

  it("gives the certificate that is served for a name, and trusts one that covers it", async () => {
    const { certificate, problem } = await servedCertificate(open(), "localhost");
    expect(certificate.checkHost("localhost")).toBe("localhost");
    expect(problem).toBeUndefined();
  });

  it("says why it is not to be trusted, and gives it all the same", async () => {
    const { certificate, problem } = await servedCertificate(open({ SPARKI_CA_FILE: "" }), "localhost");
    expect(certificate.checkHost("localhost")).toBe("localhost");
    expect(problem).toMatch(/UNABLE_TO_|SELF_SIGNED/);
  });

  it("throws when nothing is served", async () => {
    await expect(servedCertificate(open({ SPARKI_PORT_MAP: "443:1" }), "localhost")).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("localhost serves no certificate: "),
    });
  });
});
