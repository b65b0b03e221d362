import { createHash } from "node:crypto";
import { safeText } from "./outside.ts";
import { bounded, visible } from "./visible.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
  "`": "&#96;",
};
/** A page with a chart's whole manifests is long; one text of this length is a mistake of who wrote it. */
const LONGEST_TEXT = 1_000_000;

/** Text that a browser shows as it is, between tags and in quoted attributes; without secrets and hidden characters. */
export function htmlText(value: string): string {
  return bounded(safeText(value), LONGEST_TEXT).replace(/[&<>"'`]/g, (character) => ENTITIES[character] ?? character);
}

/** An address that a click may open: the web, or a file beside the page; anything else (`javascript:`, `data:`) is none. */
export function htmlHref(href: string): string | undefined {
  const shown = visible(href).trim();
  const scheme = /^[a-z][a-z0-9+.-]*:/i.exec(shown)?.[0].toLowerCase();
  const isWeb = scheme === "https:" || scheme === "http:";
  if (scheme !== undefined && !isWeb) return undefined;
  if (scheme === undefined && /^[\\/]{2}|^[^/?#]*:/.test(shown)) return undefined;
  return htmlText(shown);
}

/**
 * A page's content security policy: nothing is loaded or run, and the only style is the page's own, by its hash. See
 * https://developer.mozilla.org/en-US/docs/Web/HTTP/Guides/CSP.
 */
export function contentPolicy(style: string): string {
  const hash = createHash("sha256").update(style).digest("base64");
  return `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
}
