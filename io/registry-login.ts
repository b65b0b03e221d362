import { DeployError } from "../shared/deploy-error.ts";

/** Registries whose tokens come from a host that is neither theirs nor above it. */
const REALMS: Readonly<Record<string, string>> = {
  "registry-1.docker.io": "auth.docker.io",
};

const CHALLENGE = /(?:^|,)\s*(\w+)(?=\s+[\w-]+\s*=|\s*(?:,|$))|([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** The challenges of a header by their schemes, which may be several: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1. */
export function challengesIn(header: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const found = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const [, scheme, name, quoted, token] of header.matchAll(CHALLENGE)) {
    if (scheme !== undefined) {
      current = {};
      found.set(scheme.toLowerCase(), current);
    } else if (name !== undefined) current[name.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? token ?? "";
  }
  return found;
}

/**
 * Throws SPARKI_OUTSIDE for a realm that is not the registry's own: another host than its own or the one above it, or one
 * that is not asked over TLS (but on this machine). A challenge is only what some server says.
 */
export function assertOwn(realm: string, registry: string): void {
  const [asked, own] = [new URL(realm), new URL(registry)];
  const host = own.hostname;
  const isOwn = asked.host === own.host || asked.hostname === REALMS[host] || host.endsWith(`.${asked.hostname}`);
  const isLocal = asked.host === own.host && /^(?:127\.[\d.]+|localhost|\[::1\])$/.test(asked.hostname);
  if (isOwn && (asked.protocol === "https:" || isLocal)) return;
  throw new DeployError(
    "SPARKI_OUTSIDE",
    `${own.host} asks to log in at ${asked.origin}, which is not its own over TLS`,
    {
      hint: "find out who responds for this registry; no token was sent there",
    },
  );
}
