import { chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CertificateAuthority } from "../certificates.ts";
import type { SystemUser } from "./postgres-user.ts";

export interface ServedCertificateOptions {
  readonly authority: CertificateAuthority;
  readonly folder: string;
  readonly address: string;
  /** The names that AWS has given the server already. */
  readonly names: readonly string[];
  /** Whom the key belongs to. @default ourselves */
  readonly owner?: SystemUser | undefined;
}

/** A server's certificate on disk; it covers the server's address, and every name that AWS gives the server later. */
export class ServedCertificate {
  readonly certificateFile: string;
  readonly keyFile: string;
  readonly #authority: CertificateAuthority;
  readonly #address: string;
  readonly #owner: SystemUser | undefined;
  readonly #names: Set<string>;
  #written = Promise.resolve();

  constructor(options: ServedCertificateOptions) {
    mkdirSync(options.folder, { recursive: true });
    this.certificateFile = join(options.folder, "server.crt");
    this.keyFile = join(options.folder, "server.key");
    this.#authority = options.authority;
    this.#address = options.address;
    this.#owner = options.owner;
    this.#names = new Set(options.names);
  }

  /** Issues the certificate again when the name is new to it; says whether it did. */
  async cover(name: string): Promise<boolean> {
    if (this.#names.has(name)) return false;
    this.#names.add(name);
    await this.write();
    return true;
  }

  /** Issues it for the names known by then; one after the other, so that the last one written covers them all. */
  write(): Promise<void> {
    this.#written = this.#written.then(() => this.#issue());
    return this.#written;
  }

  async #issue(): Promise<void> {
    const { certificatePem, keyPem } = await this.#authority.issue({
      commonName: this.#address,
      names: [...this.#names],
      addresses: [this.#address],
    });
    writeFileSync(this.certificateFile, certificatePem, { mode: 0o644 });
    writeFileSync(this.keyFile, keyPem, { mode: 0o600 });
    if (this.#owner === undefined) return;
    for (const file of [this.certificateFile, this.keyFile]) chownSync(file, this.#owner.uid, this.#owner.gid);
  }
}
