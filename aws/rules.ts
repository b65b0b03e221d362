import { propertiesOf } from "./facts.ts";
import { atMostOneOf, groupOf, type Rule } from "./finding.ts";
import { cacheRules } from "./rules/cache.ts";
import { clusterRules } from "./rules/cluster.ts";
import { databaseRules } from "./rules/database.ts";
import { edgeRules } from "./rules/edge.ts";
import { identityRules } from "./rules/identity.ts";
import { networkRules } from "./rules/network.ts";
import { caselessTags, type RuleTable, tagRules } from "./rules/shared.ts";
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

/** Services whose tags' keys are alike whatever their case. */
const CASELESS = /^aws:iam\//;
/** A name and what the provider would make a name from exclude each other. */
const NAMES = [
  ["name", "namePrefix"],
  ["bucket", "bucketPrefix"],
  ["identifier", "identifierPrefix"],
  ["statementId", "statementIdPrefix"],
] as const;

function general(type: string): Rule[] {
  const given = NAMES.filter(([, prefix]) => propertiesOf(type)[prefix] !== undefined);
  return [
    ...given.map((pair) => atMostOneOf(pair)),
    ...tagRules(!LENIENT.test(type)),
    ...(CASELESS.test(type) ? [caselessTags] : []),
  ];
}

/** What AWS refuses between the properties of one resource, by type. */
export const RULES: Readonly<Record<string, readonly Rule[]>> = Object.fromEntries(
  Object.entries(TABLES).map(([type, rules]) => [type, [...rules, ...general(type)]]),
);

/** Properties of a type of which at most one may be given, group by group. */
export function exclusiveGroupsOf(type: string): (readonly string[])[] {
  return (RULES[type] ?? []).flatMap((rule) => {
    const group = groupOf(rule);
    return group === undefined ? [] : [group];
  });
}
