import { X509Certificate } from "node:crypto";
import { connect, type DetailedPeerCertificate } from "node:tls";
import { DeployError } from "../shared/deploy-error.ts";
import type { Network } from "./network.ts";

export interface Served {
  readonly certificate: X509Certificate;
  /** Why it is not trusted for the name, such as CERT_HAS_EXPIRED; undefined when it is. */
  readonly problem: string | undefined;
}

const TIMEOUT_SECONDS = 10;

/** The certificate that is served for a name at its HTTPS port, trusted or not; throws SPARKI_OUTSIDE when nothing is. */
export function servedCertificate(network: Network, name: string, signal?: AbortSignal): Promise<Served> {
  const { certificateAuthorities: ca, lookup } = network;
  return new Promise((resolve, reject) => {
    const broken = (reason: string) => {
      socket.destroy();
      reject(new DeployError("SPARKI_OUTSIDE", `${name} serves no certificate: ${reason}`));
    };
    const options = { host: name, port: network.portFor(443), servername: name, lookup, rejectUnauthorized: false };
    const socket = connect({ ...options, ...(ca === undefined ? {} : { ca: [...ca] }) }, () => {
      const peer: DetailedPeerCertificate = socket.getPeerCertificate(true);
      const problem = socket.authorized ? undefined : String(socket.authorizationError);
      socket.end();
      resolve({ certificate: new X509Certificate(peer.raw), problem });
    });
    socket.setTimeout(TIMEOUT_SECONDS * 1000, () => broken(`no answer within ${TIMEOUT_SECONDS} s`));
    socket.on("error", (error) => broken(error.message));
    signal?.addEventListener("abort", () => broken("interrupted"), { once: true });
  });
}
