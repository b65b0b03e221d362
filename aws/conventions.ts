import type { Finding } from "./finding.ts";

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
  arn(/role_?arn$|^deliverCrossAccountRole$/i, "iam", "role/[\\w+=,.@/-]+", "the ARN of a role"),
  arn(/(^k|K)eyArn$/, "kms", "(key|alias)/[a-zA-Z0-9/_-]+", "the ARN of a KMS key"),
  arn(/arns?$/i, "[a-z0-9-]+", ".+", "an ARN"),
  { name: /kmsKeyId$/i, value: new RegExp(`^${KEY}$`), words: "the id or the ARN of a KMS key" },
  id(/^(secondaryA|a)llocationIds?$/, "eipalloc"),
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
    name: /^(db|cache)?(S|s)ubnetGroupName$|^(db)?(P|p)arameterGroupName$|^optionGroupName$/,
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
export function conventionFault(path: string, text: string): Finding["expected"] | undefined {
  const property = PROPERTY.exec(path)?.[1] ?? "";
  const convention = CONVENTIONS.find(({ name }) => name.test(property));
  return convention === undefined || convention.value.test(text) ? undefined : convention.words;
}
