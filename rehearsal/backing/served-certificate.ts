import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CertificateAuthority } from "../certificates.ts";
import type { SystemUser } from "./postgres-user.ts";

export interface CertificateOptions {
  readonly authority: CertificateAuthority;
  readonly folder: string;
  readonly address: string;
  /** The names by which clients reach the server: they check them. */
  readonly hostnames: readonly string[];
  /** Whom the key belongs to. @default ourselves */
  readonly owner?: SystemUser | undefined;
}

/** A server's certificate and its key on disk. */
export interface ServedCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/**
 * Issues a server's certificate into a folder, for its address and all its names, before the server starts: one that runs
 * already would have to take up another, and who reaches it by a name would be turned away for good where it does not.
 */
export async function issueCertificate(options: CertificateOptions): Promise<ServedCertificate> {
  const { authority, folder, address, hostnames, owner } = options;
  const { certificatePem, keyPem } = await authority.issue({
    commonName: address,
    names: hostnames,
    addresses: [address],
  });
  const [certificateFile, keyFile] = [join(folder, "server.crt"), join(folder, "server.key")];
  mkdirSync(folder, { recursive: true });
  writeFileSync(certificateFile, certificatePem, { mode: 0o644 });
  writeFileSync(keyFile, keyPem, { mode: 0o600 });
  if (owner !== undefined) for (const file of [certificateFile, keyFile]) chownSync(file, owner.uid, owner.gid);
  return { certificateFile, keyFile };
}
