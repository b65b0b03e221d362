import type { CheckRequest } from "../provider/model.ts";
import type { Properties } from "../provider/properties.ts";

/** Settings of a Release that this provider carries out; `compat` is the SDK's own mark. */
const CARRIED_OUT = new Set([
  "name",
  "namespace",
  "chart",
  "values",
  "timeout",
  "atomic",
  "cleanupOnFail",
  "createNamespace",
  "skipAwait",
  "waitForJobs",
  "maxHistory",
  "description",
  "version",
  "compat",
]);

/** A release's inputs with its name, and one failure for each setting that would silently do nothing here. */
export function checkedRelease({ name, news, olds, randomSeed }: CheckRequest) {
  const suffix = Buffer.from(randomSeed).toString("hex").slice(0, 8) || "0";
  const inputs: Properties = { ...news, name: news.name ?? olds.name ?? `${name}-${suffix}` };
  const failures = Object.entries(inputs).flatMap(([property, value]) => {
    const isIdle = value === null || value === false || value === "" || CARRIED_OUT.has(property);
    return isIdle ? [] : [{ property, reason: `the rehearsal's Helm does not carry out the setting ${property}` }];
  });
  return { inputs, failures };
}
