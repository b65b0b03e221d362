import * as pulumi from "@pulumi/pulumi";
import { expectation, problemsOf } from "./config-problems.ts";
import { DeployError } from "./deploy-error.ts";
import { configSchema, type StackConfig } from "./schema.ts";

const NAMESPACE = "sparki";

/** Parses the stack's config once; throws SPARKI_CONFIG naming every problem at once, or returns it typed and complete. */
export function loadConfig(): StackConfig {
  return parseConfig(pulumi.runtime.allConfig(), pulumi.getStack());
}

/** Parses raw Pulumi config (`sparki:key` to text or JSON text); pure, so that commands check a file without an engine. */
export function parseConfig(raw: Readonly<Record<string, string>>, stack: string): StackConfig {
  const values = ownValues(raw);
  const parsed = configSchema.safeParse(values, { error: expectation });
  if (parsed.success) return parsed.data;
  const problems = problemsOf(parsed.error.issues, { schema: configSchema, values, stack });
  const lines = problems.flatMap(({ text, repair }) => [`  ${text}`, `    ${repair}`]);
  throw new DeployError(
    "SPARKI_CONFIG",
    [
      `${problems.length} ${problems.length === 1 ? "problem" : "problems"} in the config of stack ${stack}`,
      ...lines,
    ].join("\n"),
    { hint: "run the same command again, once the config is repaired" },
  );
}

function ownValues(raw: Readonly<Record<string, string>>): Record<string, unknown> {
  const own = Object.entries(raw).filter(([key]) => key.startsWith(`${NAMESPACE}:`));
  return Object.fromEntries(own.map(([key, value]) => [key.slice(NAMESPACE.length + 1), decode(value)]));
}

/** Objects, lists and booleans are stored as JSON; text such as an account id must stay text. */
function decode(value: string): unknown {
  if (!/^([[{]|true$|false$)/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
