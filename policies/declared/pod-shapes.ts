import { Matcher, optional } from "./shape.ts";

export const TEXT = new Matcher("a text", (value) => typeof value === "string");
export const COUNT = new Matcher("a whole number", (value) => Number.isInteger(value) && Number(value) >= 0);
export const SOME = new Matcher("a whole number above 0", (value) => Number.isInteger(value) && Number(value) > 0);
const isOneLine = (value: unknown): value is string => typeof value === "string" && /^[^\r\n]*$/.test(value);
export const LINE = new Matcher("a line of text", isOneLine);
/** A map of lines of text, each under a key of that pattern. */
export const only = (keys: RegExp, expects: string) =>
  new Matcher(expects, (value) =>
    Object.entries(Object(value)).every(([key, text]) => keys.test(key) && isOneLine(text)),
  );

export const QUANTITIES = only(/^(cpu|memory|ephemeral-storage)$/, "quantities of CPU, memory and storage");
const IDENTITY = {
  runAsNonRoot: true,
  runAsUser: 10001,
  runAsGroup: 10001,
  seccompProfile: { type: "RuntimeDefault" },
};
export const podSecurity = { ...IDENTITY, fsGroup: 10001 };
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  privileged: optional(false),
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: optional(true),
  runAsUser: optional(10001),
  runAsGroup: optional(10001),
  seccompProfile: optional({ type: "RuntimeDefault" }),
};
/** What the pods of a namespace pull their images with. */
export const PULL = optional([{ name: "image-pull" }]);
