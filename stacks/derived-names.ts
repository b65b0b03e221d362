import type { StackConfig } from "./schema.ts";

/** A name at AWS, Kubernetes or Grafana that the program makes of the stack's name. */
export interface DerivedName {
  readonly what: string;
  readonly name: string;
  readonly limit: number;
}

const LONGEST_TRACK = "engine-one-box";

/**
 * The names whose limits a stack's name can pass, of each kind the longest that the program makes; a test compares
 * them with what the program asks for. Limits are of AWS's API references.
 */
export function derivedNames(stack: string, accountId: StackConfig["accountId"]): DerivedName[] {
  return [
    { what: "a target group", name: `sparki-${stack}-${LONGEST_TRACK}`, limit: 32 },
    { what: "the load balancer", name: `sparki-${stack}`, limit: 32 },
    { what: "the cache's replication group", name: `sparki-${stack}-cache`, limit: 40 },
    { what: "a dashboard's uid", name: `sparki-${stack}-${LONGEST_DASHBOARD}`, limit: 40 },
    { what: "the database's instance", name: `sparki-${stack}-database`, limit: 63 },
    { what: "the bucket of access logs", name: `sparki-${stack}-access-logs-${accountId}`, limit: 63 },
    { what: "an IAM role", name: `sparki-${stack}-database-monitoring`, limit: 64 },
    { what: "the cluster", name: `sparki-${stack}`, limit: 100 },
    { what: "the web firewall", name: `sparki-${stack}`, limit: 128 },
    { what: "the key that signs the zone", name: `sparki_${stack}`, limit: 128 },
  ];
}

const LONGEST_DASHBOARD = "reliability";

/** The longest name that a stack may have. */
export function longestStackName(): number {
  return Math.min(...derivedNames("", "1".repeat(12)).map(({ name, limit }) => limit - name.length));
}

/**
 * What a stack may be called: AWS takes no other characters in every one of these names, and none of two dashes in a
 * row or one at the end (ElastiCache, RDS).
 */
export const STACK_NAME = /^[a-z]([a-z0-9]|-(?=[a-z0-9]))*$/;
