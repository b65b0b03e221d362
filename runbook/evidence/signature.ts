import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { DeployError, messageOf } from "../../shared/deploy-error.ts";

/** Holds the private key that signs, in place of a file. */
export const KEY_VARIABLE = "SPARKI_EVIDENCE_KEY";

const MAKE = "openssl genpkey -algorithm ed25519 -out evidence.key";
const TAKE_PUBLIC = "openssl pkey -in evidence.key -pubout -out evidence.pub";

/** The private key of a PEM file or text; throws SPARKI_USAGE, never with any of the key's own text. */
export function signingKey({
  file,
  text,
}: {
  readonly file?: string | undefined;
  readonly text?: string | undefined;
}): KeyObject {
  const from = file === undefined ? KEY_VARIABLE : `--key ${file}`;
  const pem = file === undefined ? (text ?? "") : contentOf(file, from);
  if (/-----BEGIN PUBLIC KEY-----/.test(pem)) throw refused(`${from} is a public key; expected the private key`, MAKE);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // The reason that OpenSSL gives may quote what it read.
    throw refused(`${from} is not a private key in PEM without a passphrase; expected an Ed25519 key`, MAKE);
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw refused(`${from} is a key of ${key.asymmetricKeyType}; expected an Ed25519 key`, MAKE);
}

/** The public key of a PEM file; throws SPARKI_USAGE. */
export function publicKeyOf(file: string): KeyObject {
  const from = `--public-key ${file}`;
  const pem = contentOf(file, from);
  if (pem.includes("PRIVATE KEY"))
    throw refused(`${from} is a private key, which only the signer should have; expected the public key`, TAKE_PUBLIC);
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    throw refused(`${from} is not a public key in PEM; expected an Ed25519 key`, TAKE_PUBLIC);
  }
  if (key.asymmetricKeyType === "ed25519") return key;
  throw refused(`${from} is a key of ${key.asymmetricKeyType}; expected an Ed25519 key`, TAKE_PUBLIC);
}

/** What a key is known by, whichever half is at hand: `SHA256:` and the digest of the public half (SPKI, DER) in hex. */
export function keyName(key: KeyObject): string {
  const half = key.type === "private" ? createPublicKey(key) : key;
  const der = half.export({ type: "spki", format: "der" });
  return `SHA256:${createHash("sha256").update(der).digest("hex")}`;
}

/** The same bytes for the same text and key: Ed25519 draws no random numbers (RFC 8032). */
export function signed(text: string, key: KeyObject): Buffer {
  return sign(null, Buffer.from(text), key);
}

export function isSigned(content: Buffer, signature: Buffer, key: KeyObject): boolean {
  return verify(null, content, key, signature);
}

function contentOf(file: string, from: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new DeployError("SPARKI_USAGE", `${from} cannot be read: ${messageOf(cause)}`, { hint: MAKE, cause });
  }
}

function refused(message: string, hint: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint });
}
