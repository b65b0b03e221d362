import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CertificateAuthority } from "../certificates.ts";
import type { SystemUser } from "./postgres-user.ts";

/** A server's certificate on disk; it covers the server's address, and every name that AWS gives the server later. */
export class ServedCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly #authority: CertificateAuthority;
  readonly #address: string;
  readonly #owner: SystemUser | undefined;
  readonly #names = new Set<string>();

  constructor(options: { authority: CertificateAuthority; folder: string; address: string; owner?: SystemUser }) {
    mkdirSync(options.folder, { recursive: true });
    this.certificateFile = join(options.folder, "server.crt");
    this.keyFile = join(options.folder, "server.key");
    this.#authority = options.authority;
    this.#address = options.address;
    this.#owner = options.owner;
  }

  /** Issues the certificate again when the name is new to it; says whether it did. */
  async cover(name: string): Promise<boolean> {
    if (this.#names.has(name)) return false;
    this.#names.add(name);
    await this.write();
    return true;
  }

  async write(): Promise<void> {
    const names = [...this.#names];
    const { certificatePem, keyPem } = await this.#authority.issue({
      commonName: names[0] ?? this.#address,
      names,
      addresses: [this.#address],
    });
    writeFileSync(this.certificateFile, certificatePem, { mode: 0o644 });
    writeFileSync(this.keyFile, keyPem, { mode: 0o600 });
    if (this.#owner) chownSync(this.keyFile, this.#owner.uid, this.#owner.gid);
  }
}
