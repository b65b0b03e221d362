import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";

const FILE = join(import.meta.dirname, "..", "..", "Pulumi.prod.yaml");

/** Production's config file without its exemptions, which a part of the program would leave unused, and with changes. */
export function stackConfig(changes: Readonly<Record<string, unknown>> = {}): string {
  const { config } = parse(readFileSync(FILE, "utf8"));
  return stringify({ config: { ...config, "sparki:exemptions": [], ...changes } });
}
