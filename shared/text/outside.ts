import { redacted } from "./secrets.ts";
import { visible } from "./visible.ts";

declare const brand: unique symbol;

/** Text that may be shown: without secrets, and without what a screen would obey. Only this folder makes it. */
export type SafeText = string & { readonly [brand]: "safe" };

function safe(text: string): text is SafeText {
  return text !== undefined;
}

/** The text as people may read it: hidden characters go first, so that none parts a secret's name. */
export function safeText(text: string): SafeText {
  const shown = redacted(visible(text));
  if (!safe(shown)) throw new TypeError("no text");
  return shown;
}
