import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
} from "@peculiar/x509";
import type { SystemUser } from "./processes.ts";

export interface IssuedCertificate {
  /** The server's own certificate, then nothing: the CA signs it directly. */
  readonly certificatePem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

export interface CertificateRequest {
  readonly commonName: string;
  /** DNS names, wildcards allowed. */
  readonly names?: readonly string[];
  readonly addresses?: readonly string[];
  /** What its holder may prove itself as. @default a server, and nothing else */
  readonly usages?: readonly ("server" | "client")[];
}

export interface KeyPairPem {
  readonly publicPem: string;
  readonly privatePem: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
const VALID_DAYS = 30;
const USAGES = { server: ExtendedKeyUsage.serverAuth, client: ExtendedKeyUsage.clientAuth } as const;

/** The rehearsal's one certificate authority: `<run>/ca.pem` and `<run>/ca-key.pem`, made once and kept for later runs. */
export class CertificateAuthority {
  readonly pem: string;
  readonly #certificate: X509Certificate;
  readonly #key: webcrypto.CryptoKey;

  private constructor(certificate: X509Certificate, key: webcrypto.CryptoKey) {
    this.#certificate = certificate;
    this.#key = key;
    this.pem = `${certificate.toString("pem")}\n`;
  }

  /** The run's authority, read from its directory, or made when there is none or it has less than a day left. */
  static async open(runDirectory: string, name = "Sparki rehearsal CA"): Promise<CertificateAuthority> {
    const [certificateFile, keyFile] = [join(runDirectory, "ca.pem"), join(runDirectory, "ca-key.pem")];
    if (existsSync(certificateFile) && existsSync(keyFile)) {
      const certificate = new X509Certificate(readFileSync(certificateFile, "utf8"));
      const key = await importedKey(readFileSync(keyFile, "utf8"));
      if (certificate.notAfter.getTime() > Date.now() + 86_400_000) return new CertificateAuthority(certificate, key);
    }
    const keys = await newKeys();
    const authority = new CertificateAuthority(await selfSigned(keys, name), keys.privateKey);
    writeFileSync(keyFile, await privatePem(keys.privateKey), { mode: 0o600 });
    writeFileSync(certificateFile, authority.pem);
    return authority;
  }

  /** A certificate with these names and addresses; who trusts `pem` accepts it for its usages, and for no other. */
  async issue(request: CertificateRequest): Promise<IssuedCertificate> {
    const keys = await newKeys();
    const certificate = await X509CertificateGenerator.create({
      ...validity(),
      subject: [{ CN: [request.commonName] }],
      issuer: this.#certificate.subject,
      publicKey: keys.publicKey,
      signingKey: this.#key,
      signingAlgorithm: ALGORITHM,
      extensions: [
        new BasicConstraintsExtension(false, undefined, true),
        new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
        new ExtendedKeyUsageExtension((request.usages ?? ["server"]).map((usage) => USAGES[usage])),
        new SubjectAlternativeNameExtension(alternatives(request)),
        await AuthorityKeyIdentifierExtension.create(this.#certificate.publicKey),
        await SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    });
    return { certificatePem: `${certificate.toString("pem")}\n`, keyPem: await privatePem(keys.privateKey) };
  }
}

/** RDS's authorities, by its own names; the first one signs where nobody names one, and is the run's own. */
const DATABASE_AUTHORITIES = ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"] as const;

/** Who signs a database's certificate. */
export interface DatabaseAuthorities {
  /** The authority of that name; the run's own without one. Throws for one that RDS does not have. */
  named(name: string | undefined): CertificateAuthority;
  /** The authorities' certificates in one text: who holds all trusts every database. */
  readonly pem: string;
}

/** RDS's authorities of a run, beside `own`; made once, and kept in its directory for later runs. */
export async function openDatabaseAuthorities(
  runDirectory: string,
  own: CertificateAuthority,
): Promise<DatabaseAuthorities> {
  const [first, ...others] = DATABASE_AUTHORITIES;
  const all = new Map<string, CertificateAuthority>([[first, own]]);
  for (const name of others) {
    const folder = join(runDirectory, "database-authorities", name);
    mkdirSync(folder, { recursive: true });
    all.set(name, await CertificateAuthority.open(folder, name));
  }
  return {
    named: (name = first) => {
      const found = all.get(name);
      if (found !== undefined) return found;
      throw new Error(`CertificateNotFound: Certificate not found: ${name}`);
    },
    pem: [...all.values()].map(({ pem }) => pem).join(""),
  };
}

/** Writes what the application's pods trust: the run's authority, and all of RDS's. Returns the file. */
export function writeClientAuthorities(runDirectory: string, { pem }: Pick<DatabaseAuthorities, "pem">): string {
  const file = join(runDirectory, "client-authorities.pem");
  writeFileSync(file, pem);
  return file;
}

/** A certificate that no client trusts, for who only reads what it says; its key is thrown away. */
export async function selfSignedPem(names: readonly string[], validDays: number): Promise<string> {
  const certificate = await X509CertificateGenerator.createSelfSigned({
    ...validity(validDays),
    name: [{ CN: [names[0] ?? ""] }],
    keys: await newKeys(),
    signingAlgorithm: ALGORITHM,
    extensions: [new SubjectAlternativeNameExtension(alternatives({ commonName: names[0] ?? "", names }))],
  });
  return `${certificate.toString("pem")}\n`;
}

/** A fresh EC key pair that signs and verifies service account tokens. */
export async function signingKeyPair(): Promise<KeyPairPem> {
  const keys = await newKeys();
  const exported = await webcrypto.subtle.exportKey("spki", keys.publicKey);
  return { publicPem: pem("PUBLIC KEY", exported), privatePem: await privatePem(keys.privateKey) };
}

function alternatives({ names = [], addresses = [] }: CertificateRequest) {
  return [
    ...names.map((value) => ({ type: "dns" as const, value })),
    ...addresses.map((value) => ({ type: "ip" as const, value })),
  ];
}

async function selfSigned(keys: webcrypto.CryptoKeyPair, name: string): Promise<X509Certificate> {
  return X509CertificateGenerator.createSelfSigned({
    ...validity(),
    name: [{ CN: [name] }],
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
      await SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
}

/** From an hour ago, so that a clock that steps back a little does not make the certificate "not yet valid". */
function validity(days = VALID_DAYS) {
  const now = Date.now();
  const serialNumber = Buffer.from(webcrypto.getRandomValues(new Uint8Array(15))).toString("hex");
  return {
    serialNumber: `01${serialNumber}`,
    notBefore: new Date(now - 3_600_000),
    notAfter: new Date(now + days * 86_400_000),
  };
}

async function newKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
}

async function importedKey(keyPem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(keyPem.replace(/-----[^-]+-----|\s/g, ""), "base64");
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, true, ["sign"]);
}

async function privatePem(key: webcrypto.CryptoKey): Promise<string> {
  return pem("PRIVATE KEY", await webcrypto.subtle.exportKey("pkcs8", key));
}

function pem(label: string, der: ArrayBuffer): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

interface CertificateOptions {
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
