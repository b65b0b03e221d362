import { createPrivateKey, createPublicKey, sign, verify } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createServer, type TLSSocket } from "node:tls";
import { CertificateAuthority, type IssuedCertificate, signingKeyPair } from "../../rehearsal/certificates.ts";

let run: string;

beforeEach(() => {
  run = mkdtempSync(join(tmpdir(), "sparki-certificates-"));
});

afterEach(() => rmSync(run, { recursive: true, force: true }));

async function handshake(issued: IssuedCertificate, ca: string, servername: string): Promise<void> {
  const server = createServer({ cert: issued.certificatePem, key: issued.keyPem }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  let client: TLSSocket | undefined;
  try {
    client = connect({ host: "127.0.0.1", port, ca, servername });
    await once(client, "secureConnect");
  } finally {
    client?.destroy();
    server.close();
  }
}

describe("CertificateAuthority", () => {
  it("issues a certificate that a client trusting the authority accepts for its names only", async () => {
    const authority = await CertificateAuthority.open(run);
    const issued = await authority.issue({ commonName: "db", names: ["db.example.com", "*.sparki.tools"] });
    await handshake(issued, authority.pem, "db.example.com");
    await handshake(issued, authority.pem, "app.sparki.tools");
    await expect(handshake(issued, authority.pem, "other.example.com")).rejects.toThrow(/altnames/);
  });

  it("issues a certificate for addresses", async () => {
    const authority = await CertificateAuthority.open(run);
    const issued = await authority.issue({ commonName: "api", addresses: ["127.0.0.1"] });
    await handshake(issued, authority.pem, "");
  });

  it("is the same authority when it is opened again", async () => {
    const first = await CertificateAuthority.open(run);
    const second = await CertificateAuthority.open(run);
    expect(second.pem).toBe(first.pem);
    await handshake(await second.issue({ commonName: "x", names: ["x.test"] }), first.pem, "x.test");
  });

  it("keeps its key from other users", async () => {
    await CertificateAuthority.open(run);
    expect(statSync(join(run, "ca-key.pem")).mode & 0o777).toBe(0o600);
  });
});

describe("signingKeyPair", () => {
  it("signs what its public half verifies", async () => {
    const { publicPem, privatePem } = await signingKeyPair();
    const signature = sign("sha256", Buffer.from("token"), createPrivateKey(privatePem));
    expect(verify("sha256", Buffer.from("token"), createPublicKey(publicPem), signature)).toBe(true);
  });
});
