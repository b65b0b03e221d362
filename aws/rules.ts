import { groupOf, type Rule } from "./finding.ts";
import { cacheRules } from "./rules/cache.ts";
import { clusterRules } from "./rules/cluster.ts";
import { databaseRules } from "./rules/database.ts";
import { edgeRules } from "./rules/edge.ts";
import { identityRules } from "./rules/identity.ts";
import { networkRules } from "./rules/network.ts";
import { type RuleTable, tagRules } from "./rules/shared.ts";
import { storageRules } from "./rules/storage.ts";

const TABLES: RuleTable = {
  ...networkRules,
  ...identityRules,
  ...clusterRules,
  ...databaseRules,
  ...cacheRules,
  ...edgeRules,
  ...storageRules,
};

/** Services that take any character in a tag. */
const LENIENT = /^aws:(ec2|vpc)\//;

/** What AWS refuses between the properties of one resource, by type. */
export const RULES: Readonly<Record<string, readonly Rule[]>> = Object.fromEntries(
  Object.entries(TABLES).map(([type, rules]) => [type, [...rules, ...tagRules(!LENIENT.test(type))]]),
);

/** Properties of a type of which at most one may be given, group by group. */
export function exclusiveGroupsOf(type: string): (readonly string[])[] {
  return (RULES[type] ?? []).flatMap((rule) => {
    const group = groupOf(rule);
    return group === undefined ? [] : [group];
  });
}
