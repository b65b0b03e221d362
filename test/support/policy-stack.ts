import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { parseConfig } from "../../stacks/config.ts";
import type { StackConfig } from "../../stacks/schema.ts";

const FILE = join(import.meta.dirname, "..", "..", "Pulumi.prod.yaml");

/** Production's config file without its exemptions, which a part of the program would leave unused, and with changes. */
export function stackConfig(changes: Readonly<Record<string, unknown>> = {}): string {
  const { config } = parse(readFileSync(FILE, "utf8"));
  return stringify({ config: { ...config, "sparki:exemptions": [], ...changes } });
}

/** The same, parsed. */
export function parsedStackConfig(): StackConfig {
  const { config } = parse(stringify(parse(readFileSync(FILE, "utf8"))));
  const raw = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseConfig(Object.fromEntries(raw), "prod");
}
