import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { yamlText } from "../../shared/yaml-text.ts";
import type { CertificateAuthority, IssuedCertificate } from "../certificates.ts";

interface WebFiles {
  /** Where the server keeps its files. */
  readonly folder: string;
  readonly name: string;
  readonly address: string;
  readonly authority: CertificateAuthority;
  /** What it shows of itself where it asks others. */
  readonly client: IssuedCertificate;
}

/** Where the files are by which a server of Prometheus's family is asked, and asks. */
export function webConfig(folder: string) {
  const file = (name: string) => join(folder, name);
  return {
    file: file("web.yaml"),
    server: { cert_file: file("web.crt"), key_file: file("web.key"), client_ca_file: file("web-ca.pem") },
    client: { ca_file: file("web-ca.pem"), cert_file: file("client.crt"), key_file: file("client.key") },
  };
}

/**
 * Writes down who may ask a server of Prometheus's family: over TLS, and only those with a client's certificate of the
 * run's authority; answers with the path of that configuration.
 */
export async function issueWebFiles({ folder, name, address, authority, client }: WebFiles): Promise<string> {
  const issued = await authority.issue({ commonName: name, addresses: [address] });
  const { file, server, client: own } = webConfig(folder);
  const texts = {
    [server.cert_file]: issued.certificatePem,
    [server.key_file]: issued.keyPem,
    [server.client_ca_file]: authority.pem,
    [own.cert_file]: client.certificatePem,
    [own.key_file]: client.keyPem,
    [file]: yamlText({ tls_server_config: { ...server, client_auth_type: "RequireAndVerifyClientCert" } }),
  };
  for (const [path, text] of Object.entries(texts)) writeFileSync(path, text, { mode: 0o600 });
  return file;
}
