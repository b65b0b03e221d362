import { placeFindings } from "./catalog.ts";
import { facts, propertiesOf, type ShapeFact } from "./facts.ts";
import type { Finding } from "./finding.ts";
import { atMostOneOf, groupOf, type Rule, shown } from "./finding.ts";
import { type Input, type InputRecord, Inputs, isInputList, isInputRecord, UNKNOWN_INPUT } from "./inputs.ts";
import { cacheRules } from "./rules/cache.ts";
import { clusterRules } from "./rules/cluster.ts";
import { databaseRules } from "./rules/database.ts";
import { deliveryRules } from "./rules/delivery.ts";
import { documentedFindings } from "./rules/documented.ts";
import { edgeRules } from "./rules/edge.ts";
import { identityRules } from "./rules/identity.ts";
import { networkRules } from "./rules/network.ts";
import { caselessTags, IAM_NAME, keptTags, type RuleTable, tagRules } from "./rules/shared.ts";
import { storageRules } from "./rules/storage.ts";

/**
 * What AWS or its provider would refuse about a resource's inputs, before it is asked: the published shape first, then
 * the rules between properties. Values that are unknown are not judged.
 * @param before the inputs of the resource as it is, in an update
 */
export function findingsOf(type: string, inputs: InputRecord, before?: InputRecord): Finding[] {
  const it = new Inputs(inputs);
  const was = before === undefined ? undefined : new Inputs(before);
  const found = [
    ...shapeFindings(type, inputs),
    ...documentedFindings(type, inputs),
    ...placeFindings(inputs),
    ...(RULES[type] ?? []).flatMap((rule) => rule(it, was)),
  ];
  return found.filter((each, index) => found.findIndex((other) => other.path === each.path) === index);
}

const TABLES: RuleTable = {
  ...networkRules,
  ...identityRules,
  ...clusterRules,
  ...databaseRules,
  ...cacheRules,
  ...edgeRules,
  ...storageRules,
  ...deliveryRules,
};

/** Services that take any character in a tag. */
const LENIENT = /^aws:(ec2|vpc)\//;

/** Services that say of their tags which beginnings they keep, of keys and of values. */
const KEPT_TAGS: readonly (readonly [service: RegExp, kept: RegExp, words: string])[] = [
  [/^aws:rds\//, /^(aws|rds):/i, "a key and a value that do not begin with aws: or rds:"],
  [/^aws:secretsmanager\//, /^aws:/i, "a key and a value that do not begin with aws:"],
];

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
    ...KEPT_TAGS.flatMap(([service, kept, words]) => (service.test(type) ? [keptTags(kept, words)] : [])),
  ];
}

/** What AWS refuses between the properties of one resource, by type. */
const RULES: Readonly<Record<string, readonly Rule[]>> = Object.fromEntries(
  Object.entries(TABLES).map(([type, rules]) => [type, [...rules, ...general(type)]]),
);

/** Properties of a type of which at most one may be given, group by group. */
export function exclusiveGroupsOf(type: string): (readonly string[])[] {
  const ruled = (RULES[type] ?? []).flatMap((rule) => {
    const group = groupOf(rule);
    return group === undefined ? [] : [group];
  });
  return [...ruled, ...(facts().shapes[facts().types[type]?.shape ?? -1]?.apart ?? [])];
}

/** What AWS's names of properties say of their values, wherever the property stands. */
interface Convention {
  readonly name: RegExp;
  readonly value: RegExp;
  readonly words: string;
}

const id = (name: RegExp, prefix: string): Convention => ({
  name,
  value: new RegExp(`^${prefix}-[0-9a-z-]+$`),
  words: `an id that begins with ${prefix}-`,
});

const ACCOUNT = "(\\d{12}|aws|cloudfront)?";

const arn = (name: RegExp, service: string, resource: string, words: string): Convention => ({
  name,
  value: new RegExp(`^arn:aws[a-z-]*:${service}:[a-z0-9-]*:${ACCOUNT}:${resource}$`),
  words,
});

const UUID = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";

const KEY = `(arn:aws[a-z-]*:kms:[a-z0-9-]+:\\d{12}:(key|alias)/[a-zA-Z0-9/_-]+|${UUID}|mrk-[0-9a-f]{32}|alias/[a-zA-Z0-9/_-]+)`;

const HOST = "(\\*\\.)?[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)+\\.?";

const V4 = /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.(?=\d)|$)){4}$/;

/** The first that fits a property's name counts. */
const CONVENTIONS: readonly Convention[] = [
  arn(
    /role_?arn$|^deliverCrossAccountRole$/i,
    "iam",
    `role/${IAM_NAME}`,
    "the ARN of a role, with a name of 1 to 64 characters",
  ),
  arn(/(^k|K)eyArn$/, "kms", "(key|alias)/[a-zA-Z0-9/_-]+", "the ARN of a KMS key"),
  arn(/arns?$/i, "[a-z0-9-]+", ".+", "an ARN"),
  { name: /kmsKeyId$/i, value: new RegExp(`^${KEY}$`), words: "the id or the ARN of a KMS key" },
  id(/^(secondaryA|a)llocationIds?$/, "eipalloc"),
  id(/^carrierGatewayId$/, "cagw"),
  id(/^localGatewayId$/, "lgw"),
  id(/^egressOnlyGatewayId$/, "eigw"),
  id(/^(vpnGatewayId|propagatingVgws)$/, "vgw"),
  id(/^customerGatewayId$/, "cgw"),
  id(/^vpcPeeringConnectionId$/, "pcx"),
  id(/^transitGatewayAttachmentId$/, "tgw-attach"),
  id(/^(destinationP|p)refixListIds?$/, "pl"),
  id(/^(default|n)?[nN]etworkAclId$/, "acl"),
  id(/^capacityReservationId$/, "cr"),
  id(/^snapshotId$/, "snap"),
  id(/^customKeyStoreId$/, "cks"),
  {
    name: /^customerOwnedIpv4Pool$/,
    value: /^ipv4pool-coip-[0-9a-f]+$/,
    words: "the id of a customer's own pool: ipv4pool-coip-...",
  },
  id(/^vpcIds?$/, "vpc"),
  id(/^subnetIds?$/, "subnet"),
  id(/^(vpcS|s)ecurityGroupIds?$/, "sg"),
  id(/^routeTableIds?$/, "rtb"),
  id(/^natGatewayId$/, "nat"),
  id(/^(eni|networkInterface)Id$/, "eni"),
  id(/^transitGatewayId$/, "tgw"),
  {
    name: /^clusterName$/,
    value: /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/,
    words: "1 to 100 letters, digits, hyphens and underscores, of which the first is a letter or a digit",
  },
  {
    name: /^bucket$/,
    value: /^(?!xn--|sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$|^arn:aws[a-z-]*:s3[a-z0-9-]*:.+$/,
    words: "a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens",
  },
  { name: /^(hostedZ|z)oneId$/, value: /^(\/hostedzone\/)?[A-Z0-9]{1,32}$/, words: "the id of a hosted zone" },
  {
    name: /^secretId$/,
    value: /^[A-Za-z0-9/_+=.@-]{1,512}$|^arn:aws[a-z-]*:secretsmanager:.+$/,
    words: "the name or the ARN of a secret",
  },
  {
    name: /^optionGroupName$/,
    value: /^(default:[a-z-]+(-\d+)*|[A-Za-z](-?[A-Za-z0-9])*)$/,
    words:
      "an option group's name: letters, digits and single hyphens, or default: and the engine's, as default:postgres-17",
  },
  {
    name: /^(db|cache)?(S|s)ubnetGroupName$|^(db)?(P|p)arameterGroupName$/,
    value: /^[A-Za-z0-9][A-Za-z0-9 ._-]{0,254}$/,
    words: "1 to 255 letters, digits, spaces, dots, hyphens and underscores",
  },
  {
    name: /^(expectedBucketOwner|sourceAccount|accountId)$/,
    value: /^\d{12}$/,
    words: "an account's id of 12 digits",
  },
  {
    name: /^(privateIp|associateWithPrivateIp|address|secondaryPrivateIpAddresses)$/,
    value: V4,
    words: "an IPv4 address",
  },
  { name: /^kmsMasterKeyId$/, value: new RegExp(`^${KEY}$`), words: "the id or the ARN of a KMS key" },
  {
    // The provider has these switches as texts.
    name: /^(encrypted|deleteOnTermination|ebsOptimized|associatePublicIpAddress|associateCarrierIpAddress|preserveClientIp|connectionTermination)$/,
    value: /^(true|false)$/,
    words: "true or false",
  },
  { name: /^healthCheckId$/, value: new RegExp(`^${UUID}$`), words: "the id of a health check" },
  id(/^ipv[46]IpamPoolId$/, "ipam-pool"),
  {
    name: /^publicIpv4Pool$/,
    value: /^(amazon|ipv4pool-ec2-[0-9a-f]+)$/,
    words: "amazon, or the id of a pool: ipv4pool-ec2-...",
  },
  {
    name: /^validationRecordFqdns$/,
    value: new RegExp(`^${HOST}$`, "i"),
    words: "the names of the records that prove the certificate",
  },
];

const PROPERTY = /([^.[\]]+)(\[\d+\])*$/;

/** AWS's rule where a property's name says what its value is, and it is not; the path leads to the value. */
function conventionFault(path: string, text: string): Finding["expected"] | undefined {
  const property = PROPERTY.exec(path)?.[1] ?? "";
  const convention = CONVENTIONS.find(({ name }) => name.test(property));
  return convention === undefined || convention.value.test(text) ? undefined : convention.words;
}

/** What the engine and the provider add by themselves. */
const ENGINES_OWN = ["tagsAll", "region", "__defaults"];

/** Where the provider takes 0 for no value. */
const ZERO_IS_NONE = /(^|\.)retentionInDays$/;

/** Numbers of which the provider takes -1 for none. */
const MINUS_ONE_IS_NONE = /^reservedConcurrentExecutions$/;

/** Required, and empty all the same: a record of the zone's own name, the bucket of logs that are switched off, a tag's value. */
const MAY_BE_EMPTY = /^name$|Logs\.bucket$|\.tag\.value$/;

/** What the published shape of a type says of the inputs; a type without facts has none. */
function shapeFindings(type: string, inputs: Input): Finding[] {
  const fact = facts().types[type];
  return fact === undefined ? [] : check(fact.shape, inputs, "");
}

function check(number: number, value: Input, path: string): Finding[] {
  const shape = facts().shapes[number];
  if (shape === undefined || value === UNKNOWN_INPUT) return [];
  if (value === undefined || value === null)
    return shape.required === true && path !== "" ? [finding(path, value, "a value")] : [];
  switch (shape.kind) {
    case "object":
      return checkObject(shape, value, path);
    case "list":
      return checkList(shape, value, path);
    case "map":
      return checkMap(value, path);
    case "boolean":
      return typeof value === "boolean" || value === "true" || value === "false"
        ? []
        : [finding(path, value, "true or false")];
    case "number":
      return checkNumber(shape, value, path);
    case "string":
      return checkText(shape, value, path);
    default:
      return [];
  }
}

function checkObject(shape: ShapeFact, value: Input, path: string): Finding[] {
  if (!isInputRecord(value)) return [finding(path, value, "an object")];
  const properties = shape.properties ?? {};
  const unknown = Object.keys(value)
    .filter((name) => properties[name] === undefined && !ENGINES_OWN.includes(name) && value[name] !== undefined)
    .map((name) => finding(inner(path, name), value[name], `no such property; it has ${nameList(properties)}`));
  const members = Object.entries(properties).flatMap(([name, number]) => check(number, value[name], inner(path, name)));
  return [...unknown, ...members, ...relationFindings(shape, value, path)];
}

/** What the provider says between properties that stand beside each other. */
function relationFindings({ apart = [], needs = [] }: ShapeFact, value: InputRecord, path: string): Finding[] {
  const it = new Inputs(value, path);
  const isGiven = (name: string) => it.has(name) && value[name] !== false && value[name] !== "false";
  const both = apart.filter((pair) => pair.every(isGiven));
  const alone = needs.filter(([given, needed]) => isGiven(given) && it.lacks(needed));
  return [
    ...both.map(([one, other]) => finding(it.at(other), value[other], `at most one of ${one} and ${other}`)),
    ...alone.map(([given, needed]) => finding(it.at(needed), value[needed], `a value beside ${given}`)),
  ];
}

function checkMap(value: Input, path: string): Finding[] {
  if (!isInputRecord(value)) return [finding(path, value, "an object")];
  const nested = Object.keys(value).filter((key) => isInputRecord(value[key]) || isInputList(value[key]));
  return nested.map((key) => finding(inner(path, key), value[key], "a text"));
}

function nameList(properties: NonNullable<ShapeFact["properties"]>): string {
  const names = Object.keys(properties);
  const shownNames = names.slice(0, 12).join(", ");
  return names.length > 12 ? `${shownNames} and ${names.length - 12} more` : shownNames;
}

function checkList(shape: ShapeFact, value: Input, path: string): Finding[] {
  if (!isInputList(value)) return [finding(path, value, "a list")];
  if (value.length === 0 && shape.required === true && !MAY_BE_AN_EMPTY_LIST.test(path))
    return [finding(path, undefined, "one item at least")];
  const { minItems = 0, maxItems = Number.POSITIVE_INFINITY, items } = shape;
  const count =
    value.length > maxItems || (value.length < minItems && value.length > 0)
      ? [{ path, found: `${value.length} items`, expected: `${range(minItems, maxItems)} items` }]
      : [];
  const each = items === undefined ? [] : value.flatMap((item, index) => check(items, item, `${path}[${index}]`));
  return [...count, ...each];
}

function checkNumber(shape: ShapeFact, value: Input, path: string): Finding[] {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) return [finding(path, value, "a number")];
  // None of the types in use has a number that may be fractional.
  if (!Number.isInteger(number)) return [finding(path, value, "a whole number")];
  const { oneOf, minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = shape;
  if ((number === 0 && ZERO_IS_NONE.test(path)) || (number === -1 && MINUS_ONE_IS_NONE.test(path))) return [];
  if (oneOf !== undefined && !oneOf.some((each) => Number(each) === number))
    return [finding(path, value, `one of ${oneOf.join(", ")}`)];
  return number < minimum || number > maximum ? [finding(path, value, range(minimum, maximum))] : [];
}

function checkText(shape: ShapeFact, value: Input, path: string): Finding[] {
  const text = value;
  if (typeof text !== "string") return [finding(path, value, "a text")];
  // The provider takes an empty text for an absent one.
  if (text === "") return shape.required === true && !MAY_BE_EMPTY.test(path) ? [finding(path, text, "a value")] : [];
  const { oneOf, pattern, minLength = 0, maxLength = Number.POSITIVE_INFINITY } = shape;
  if (oneOf !== undefined && !oneOf.some((each) => String(each) === text))
    return [finding(path, text, `one of ${oneOf.join(", ")}`)];
  if (text.length < minLength || text.length > maxLength)
    return [finding(path, text, `${range(minLength, maxLength)} characters`)];
  if (pattern !== undefined && !new RegExp(whole(pattern), "u").test(text))
    return [finding(path, text, `what matches ${pattern}`)];
  const expected = conventionFault(path, text);
  return expected === undefined ? [] : [finding(path, text, expected)];
}

/** Services match a pattern with the whole value, whether it is published with its anchors or not. */
function whole(pattern: string): string {
  // One is published as a beginning, another as a sign that must be somewhere.
  return pattern.endsWith("\\/*") || pattern === "\\S" ? pattern : `^(?:${pattern})$`;
}

/** Required, and empty all the same: what a function leaves, and audiences that come later. */
const MAY_BE_AN_EMPTY_LIST = /^vpcConfig\.|^clientIdLists$/;

const finding = (path: string, value: Input, expected: string): Finding => ({
  path,
  found: shown(path, value),
  expected,
});

const inner = (path: string, name: string) => (path === "" ? name : `${path}.${name}`);

function range(minimum: number, maximum: number): string {
  if (maximum === Number.POSITIVE_INFINITY) return `at least ${minimum}`;
  if (minimum === Number.NEGATIVE_INFINITY) return `at most ${maximum}`;
  return `${minimum} to ${maximum}`;
}
