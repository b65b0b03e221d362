import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Agent, request } from "undici";
import { DeployError } from "../../shared/deploy-error.ts";
import { yamlText } from "../../shared/yaml-text.ts";
import type { CertificateAuthority, IssuedCertificate } from "../certificates.ts";
import type { ProcessHandle } from "../processes.ts";
import { waitFor } from "../waiting.ts";

const LIMIT_SECONDS = 300;

/** A server of Prometheus's family: it reads its files again at SIGHUP, and counts how that went. */
export interface Reloadable {
  /** What messages call it. */
  readonly title: string;
  /** What the names of its own metrics begin with. */
  readonly prefix: "prometheus" | "alertmanager";
  readonly handle: ProcessHandle;
  /** Of its own metrics. */
  readonly metricsUrl: string;
  readonly agent: Agent;
}

/**
 * Lets it read its files again after `write` has changed them, and waits until it has: by a signal, because its HTTP API
 * for that is open to all. Rejects when it refuses them, and then it goes on with those from before.
 */
export async function reload(server: Reloadable, write: () => void): Promise<void> {
  const { title, handle } = server;
  const before = await reloadsOf(server);
  write();
  handle.signal("SIGHUP");
  const isOver = async () => {
    const now = await reloadsOf(server);
    if (now.failed && !before.failed) throw refused(title, handle);
    return now.at !== before.at;
  };
  await waitFor(`${title} with its new settings`, isOver, { limitSeconds: LIMIT_SECONDS, process: handle });
}

function refused(title: string, { logFile }: ProcessHandle): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${title} refused its new settings`, { hint: `see ${logFile}` });
}

interface Reloads {
  readonly failed: boolean;
  /** When the last one succeeded. */
  readonly at: string | undefined;
}

async function reloadsOf({ prefix, metricsUrl, agent }: Reloadable): Promise<Reloads> {
  const answer = await request(metricsUrl, { dispatcher: agent });
  const text = await answer.body.text();
  const value = (name: string) => new RegExp(`^${prefix}_config_last_reload_${name} (.+)$`, "m").exec(text)?.[1];
  return { failed: value("successful") === "0", at: value("success_timestamp_seconds") };
}

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
