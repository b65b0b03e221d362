import { isOpaque } from "./secret-names.ts";

const SCHEME = /(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,30}:\/\//gi;
/** As far as an address goes in text; what ends it cannot stand in one unescaped. */
const REST = /[^\s"'`<>\\]{0,4000}/y;
const HOST = /^(?:\[[\da-f:.%]*\]|[\w.-]*)(?::\d{0,5})?$/i;
const TEMPLATE = /^[^:]*:(?:\{|\$|%|port)/i;
const WEB = /^(?:https?|wss?|oci|docker|file|git|s3|gs|urn)$/i;
/** `user:password@tcp(host)/name`, as drivers of Go take it, and `user:password@host:port` without a scheme. */
const BARE =
  /(?<![\w./:@-])[\w.-]{1,64}:(?![\d.]{1,12}@)[^\s:@/"'`]{1,128}@(?=(?:tcp|unix)\(|(?!sha\d+:)[\w.-]{1,253}:\d{1,5}(?:[/?\s"',;)]|$))/g;

/** `user/password@`, as Oracle's driver takes it. */
const ORACLE = /(\bjdbc:oracle:\w{1,10}:)[\w.-]{1,64}\/[^\s@"'`]{1,128}(?=@)/g;
/** What is left of a password with a blank in it. */
const CUT = /(?<=:\/\/\[secret\])[ \t][^\s@"'`<>]{1,128}(?=@[\w.-]{1,253}(?:[:/?]|$))/gm;

/** The text without the credentials that addresses carry: their user's part, and the secret path of a webhook. */
export function withoutUrlSecrets(text: string, mark: string): string {
  let out = "";
  let from = 0;
  SCHEME.lastIndex = 0;
  for (let found = SCHEME.exec(text); found !== null; found = SCHEME.exec(text)) {
    const begin = found.index + found[0].length;
    REST.lastIndex = begin;
    const run = upToNextUrl(REST.exec(text)?.[0] ?? "");
    out += text.slice(from, begin) + withoutUser(found[0].slice(0, -"://".length), run, text[begin + run.length], mark);
    from = begin + run.length;
    SCHEME.lastIndex = Math.max(from, SCHEME.lastIndex);
  }
  return (out + text.slice(from)).replace(BARE, `${mark}@`).replace(ORACLE, `$1${mark}`).replace(CUT, "");
}

/** Two addresses may stand side by side, with a comma between them. */
function upToNextUrl(run: string): string {
  const next = run.indexOf("://");
  return next === -1 ? run : run.slice(0, next).replace(/[a-z][a-z0-9+.-]{0,30}$/i, "");
}

/** A password may hold what parts an address, `p@ss` or `p/ss`: the last `@` that a host can follow counts. */
function withoutUser(scheme: string, rest: string, next: string | undefined, mark: string): string {
  const pathAt = rest.search(/[/?#]/);
  const authority = pathAt === -1 ? rest : rest.slice(0, pathAt);
  if (rest.startsWith(mark)) return rest;
  const isHost = HOST.test(authority);
  // In a web address that begins with a host, an `@` further on is of its path.
  if (isHost && (WEB.test(scheme) || !authority.includes(":"))) return withoutHook(rest, mark);
  const query = authority.includes("@") ? rest.search(/[?#]/) : -1;
  const searched = query === -1 || query < pathAt ? rest : rest.slice(0, query);
  const at = lastUserEnd(searched);
  if (at === -1) {
    const isCut = next !== undefined && /["'`<>\\]/.test(next);
    const isBad = !isHost && !TEMPLATE.test(authority) && authority.includes(":") && (isCut || !WEB.test(scheme));
    return isBad ? `${mark}${rest.slice(authority.length)}` : withoutHook(rest, mark);
  }
  const user = rest.slice(0, at);
  const isPlain = !user.includes(":") && !isOpaque(decoded(user)) && !/^[0-9a-f]{24,}$/.test(user);
  return isPlain ? rest : `${mark}@${withoutHook(rest.slice(at + 1), mark)}`;
}

/** A package's scope (`/@scope/name`) and an image's digest (`name@sha256:`) are no hosts. */
function lastUserEnd(text: string): number {
  for (let at = text.lastIndexOf("@"); at > 0; at = text.lastIndexOf("@", at - 1))
    if (text[at - 1] !== "/" && !/^sha\d{3}:/.test(text.slice(at + 1, at + 8))) return at;
  return -1;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Whoever knows a webhook's address may post to it: what follows the part that says so is its secret. */
function withoutHook(rest: string, mark: string): string {
  const end = rest.search(/[?#]/);
  const path = end === -1 ? rest : rest.slice(0, end);
  const query = end === -1 ? "" : rest.slice(end).replace(SIGNED, `$1${mark}`);
  const [host = "", ...parts] = path.split("/");
  const hook = parts.findIndex((part) => /hook/i.test(part));
  const isHook = /hook/i.test(host) || KNOWN_HOOK.test(path);
  const kept = isHook && hook === -1 ? 1 : hook + 1;
  const hidden = parts.slice(kept);
  const isSecret = isHook ? hidden.some((part) => part !== "") : kept > 0 && hidden.some(looksSecret);
  return isSecret ? `${[host, ...parts.slice(0, kept)].join("/")}/${mark}${query}` : `${path}${query}`;
}

/** Whoever has a signed address may use it until it expires: of S3, of Google's and Azure's storage, of CloudFront. */
const SIGNED = /([?&](?:x-amz-signature|x-goog-signature|signature|sig)=)[^&#\s]{4,}/gi;

const KNOWN_HOOK =
  /^(?:events\.pagerduty\.com\/integration|maker\.ifttt\.com|outlook\.office(?:365)?\.com\/webhook|[\w.-]*\.logic\.azure\.com\/workflows)/i;

function looksSecret(part: string): boolean {
  return isOpaque(part) || /^[0-9a-f]{24,}$/i.test(part) || (part.length >= 20 && /\d/.test(part));
}
