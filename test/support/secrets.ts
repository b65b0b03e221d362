import { readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** Secrets of a run by what they are. */
export type Secrets = Readonly<Record<string, string>>;

/** The files of a run that may hold a secret, each for its owner alone: stores, and what a server or pod is given one by. */
const HOLDERS: readonly RegExp[] = [
  /^secrets\.json$/,
  /^passphrase$/,
  /^ca-key\.pem$/,
  /^kubeconfig(-[0-9a-f]+)?$/,
  /^control-plane\/(tokens\.csv|\w+\.kubeconfig)$/,
  /^prometheus\/kubernetes-token$/,
  /^redis\/[\w-]+\/(redis\.conf|token)$/,
  /^pods\/[0-9a-f-]+\/(\.volumes|mnt\/secrets)\/[\w-]+\/[^/]+$/,
];

/** The secrets that a run which serves has made; throws when one that every deployment has is missing. */
export function secretsOf(run: string): Secrets {
  const read = (file: string) => readFileSync(join(run, file), "utf8");
  const [vault, tokens] = [read("secrets.json"), read("control-plane/tokens.csv")];
  const found = {
    "cache's AUTH token": /authToken\\+":\\+"([^"\\]+)/.exec(vault)?.[1],
    "database's master password": /password\\+":\\+"([^"\\]+)/.exec(vault)?.[1],
    "kubeconfig's token": /token: (\S+)/.exec(read("kubeconfig"))?.[1],
    "controller manager's token": /^(\w+),system:kube-controller-manager,/m.exec(tokens)?.[1],
    "stack's passphrase": read("passphrase").trim(),
    "certificate authority's key": read("ca-key.pem").split("\n")[1],
  };
  return Object.fromEntries(
    Object.entries(found).map(([what, value]) => {
      if (value === undefined || value.length < 16) throw new Error(`the run has no ${what}`);
      return [what, value];
    }),
  );
}

/** Where below the run's directory a secret is that may not be there, or may be read by others. */
export function leakedFiles(run: string, secrets: Secrets): string[] {
  return filesBelow(run).flatMap((path) => {
    const name = relative(run, path);
    const held = leakedIn(contentOf(path), secrets);
    if (held.length === 0) return [];
    if (!HOLDERS.some((holder) => holder.test(name))) return held.map((what) => `${name}: ${what}`);
    const mode = (statSync(path, { throwIfNoEntry: false })?.mode ?? 0o600) & 0o777;
    return mode === 0o600 ? [] : [`${name}: ${held.join()}, mode ${mode.toString(8)}`];
  });
}

/** Which secrets a text holds, as they are or in base64 or hex. */
export function leakedIn(content: string | Buffer, secrets: Secrets): string[] {
  const bytes = Buffer.from(content);
  return Object.keys(secrets).filter((what) =>
    spellings(secrets[what] ?? "").some((spelling) => bytes.includes(spelling)),
  );
}

/** Base64 of a text within another one begins at any of three places; its first and last digits also depend on what is around it. */
function spellings(secret: string): string[] {
  const base64 = [0, 1, 2].map((before) => {
    const digits = Buffer.from(" ".repeat(before) + secret).toString("base64url");
    return digits.slice(before === 0 ? 0 : 4, -2);
  });
  return [secret, ...base64, ...base64.map(standard), Buffer.from(secret).toString("hex")];
}

function standard(base64url: string): string {
  return base64url.replaceAll("-", "+").replaceAll("_", "/");
}

/** Links are not followed: one leads to the checkout, which is no file of the run. */
function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return entry.isFile() ? [path] : [];
  });
}

function contentOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    // It was removed while we looked.
    return Buffer.alloc(0);
  }
}
