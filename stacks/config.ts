import * as pulumi from "@pulumi/pulumi";
import type { z } from "zod";
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
  const parsed = configSchema.safeParse(values);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.flatMap((issue) => describe(issue, values, stack));
  throw new DeployError(
    "SPARKI_CONFIG",
    `${problems.length} problem(s) in the config of stack ${stack}\n${problems.join("\n")}`,
    {
      hint: `edit Pulumi.${stack}.yaml or use the commands above, then run: pulumi preview --stack ${stack}`,
    },
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

function describe(issue: z.core.$ZodIssue, values: unknown, stack: string): string[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => {
      const path = [...issue.path, key].join(".");
      return `  ${path} is not a known key. Run: pulumi config rm --stack ${stack} --path '${NAMESPACE}:${path}'`;
    });
  }
  const path = issue.path.join(".");
  const found = issue.path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined),
    values,
  );
  const set = `pulumi config set --stack ${stack} --path '${NAMESPACE}:${path}' <value>`;
  return [
    `  ${path} is ${found === undefined ? "missing" : JSON.stringify(found)}; expected ${issue.message}. Run: ${set}`,
  ];
}
