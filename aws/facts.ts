import { readFileSync } from "node:fs";
import { join } from "node:path";

/** What AWS and its provider publish of one value; `items` and `properties` name other shapes by number. */
export interface ShapeFact {
  readonly kind: "string" | "number" | "boolean" | "list" | "map" | "object" | "any";
  readonly required?: boolean;
  readonly oneOf?: readonly (string | number)[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly items?: number;
  readonly properties?: Readonly<Record<string, number>>;
  /** Pairs of properties of which the provider takes at most one; a switch that is off counts as not given. */
  readonly apart?: readonly (readonly [one: string, other: string])[];
  /** Pairs of properties of which the first, where it is given, needs the second. */
  readonly needs?: readonly (readonly [given: string, needed: string])[];
}

export interface TypeFact {
  /** CloudFormation's name of the resource type. */
  readonly aws?: string;
  readonly shape: number;
  /** Properties whose change makes a new resource. */
  readonly createOnly: readonly string[];
  /** Properties that AWS publishes nothing about under any name, as dotted paths. */
  readonly unmapped: readonly string[];
}

/** Names that exist in some region, and the regions that lack each. */
export type Availability = Readonly<Record<string, readonly string[]>>;

/** A parameter of PostgreSQL: its type, whether only a restart changes it, and its least and greatest value. */
export type PostgresParameter = readonly [
  type: string,
  needs: "restart" | "reload",
  minimum: number | null,
  maximum: number | null,
];

export interface Catalog {
  readonly postgres: readonly string[];
  readonly retiredPostgres: readonly string[];
  readonly parameterFamilies: readonly string[];
  /** IAM's prefixes of the services, which most service principals begin with. */
  readonly servicePrefixes: readonly string[];
  /** All regions of all partitions. */
  readonly regions: readonly string[];
  /** First labels of the services' own host names. */
  readonly endpointPrefixes: readonly string[];
  /** The actions of services whose resources have policies, each with the kinds of resources that it is on. */
  readonly resourceActions: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>>;
  /** S3's condition keys that not all of its actions have, and the actions that each is for. */
  readonly objectKeys: Readonly<Record<string, readonly string[]>>;
  /** Those services' own condition keys in lower case; a placeholder stands for the rest of a key. */
  readonly resourceKeys: Readonly<Record<string, readonly string[]>>;
  /** IAM's own policies, each with its path, as in `service-role/AWSLambdaBasicExecutionRole`. */
  readonly managedPolicies: readonly string[];
  readonly postgresParameters: Readonly<Record<string, PostgresParameter>>;
  readonly databaseClasses: Availability;
  readonly cacheNodes: Availability;
  readonly cacheVersions: Readonly<Record<string, readonly string[]>>;
}

export interface Facts {
  /** The day on which they were read, as an ISO date. */
  readonly dated: string;
  readonly sources: Readonly<Record<string, string>>;
  readonly types: Readonly<Record<string, TypeFact>>;
  readonly shapes: readonly ShapeFact[];
  readonly catalog: Catalog;
}

let loaded: Facts | undefined;

/** AWS's published facts; renewed by `npm run aws-facts`. */
export function facts(): Facts {
  if (loaded !== undefined) return loaded;
  const read: Facts = JSON.parse(readFileSync(join(import.meta.dirname, "facts.json"), "utf8"));
  loaded = read;
  return read;
}

/** The properties of a type, each with the number of its shape; none of a type without facts. */
export function propertiesOf(type: string): Readonly<Record<string, number>> {
  const { types, shapes } = facts();
  return shapes[types[type]?.shape ?? -1]?.properties ?? {};
}
