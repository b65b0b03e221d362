import { createHash } from "node:crypto";
import { selfSignedPem } from "../../certificates.ts";
import type { Properties } from "../../provider/properties.ts";
import type { NameRecord } from "../../services.ts";
import { TIMINGS } from "../latency.ts";
import {
  AwsError,
  arnOf,
  type Cloud,
  type Draft,
  logGroupReference,
  type Reference,
  type ResourceModel,
  type Subject,
  upperId,
  uuidOf,
} from "../model.ts";
import { TYPES } from "../types.ts";
import { flag, number, records, text, texts } from "../values.ts";
import type { Vault, World, WorldResource } from "../world.ts";

const publicKeyOf = (subject: Pick<Draft, "hex">) => Buffer.from(subject.hex("key", 64), "hex").toString("base64");

const digestOf = (subject: Pick<Draft, "hex">) =>
  createHash("sha256").update(publicKeyOf(subject)).digest("hex").toUpperCase();

const keySigningKey: ResourceModel = {
  type: TYPES.keySigningKey,
  title: "Route 53 Key Signing Key",
  required: ["hostedZoneId", "keyManagementServiceArn"],
  immutable: ["hostedZoneId", "keyManagementServiceArn", "name"],
  defaults: { status: "ACTIVE" },
  nameProperty: "name",
  global: true,
  tagged: false,
  id: ({ inputs }) => `${text(inputs, "hostedZoneId")},${text(inputs, "name")}`,
  references: [
    zoneReference("hostedZoneId"),
    {
      path: "keyManagementServiceArn",
      to: [TYPES.kmsKey],
      missing: (arn) => new AwsError("InvalidKMSArn", `The KMS key does not exist: ${arn}`),
      holds: false,
    },
  ],
  unique: [
    {
      key: (inputs) => `${text(inputs, "hostedZoneId")},${text(inputs, "name")}`,
      taken: (inputs) =>
        new AwsError(
          "KeySigningKeyAlreadyExists",
          `You've already created a key-signing key with this name: ${text(inputs, "name")}`,
        ),
    },
  ],
  validate: ({ inputs }, world) => {
    const name = text(inputs, "name") ?? "";
    if (!/^\w{3,128}$/.test(name))
      throw new AwsError("InvalidSigningName", `The name has 3 to 128 letters, digits and underscores: ${name}`);
    const key = world.find([TYPES.kmsKey], text(inputs, "keyManagementServiceArn") ?? "");
    if (text(key?.inputs ?? {}, "customerMasterKeySpec") === "ECC_NIST_P256" && key?.region === "us-east-1") return;
    throw new AwsError("InvalidKMSArn", "The key must be an ECC_NIST_P256 customer managed key in us-east-1");
  },
  outputs: {
    digestAlgorithmMnemonic: () => "SHA-256",
    digestAlgorithmType: () => 2,
    flag: () => 257,
    keyTag: (subject) => Number.parseInt(subject.hex("tag", 4), 16),
    signingAlgorithmMnemonic: () => "ECDSAP256SHA256",
    signingAlgorithmType: () => 13,
    publicKey: publicKeyOf,
    digestValue: digestOf,
    dsRecord: (subject) => `${Number.parseInt(subject.hex("tag", 4), 16)} 13 2 ${digestOf(subject)}`,
    dnskeyRecord: (subject) => `257 3 13 ${publicKeyOf(subject)}`,
  },
  mayDelete: ({ inputs }, world) => {
    if (world.get(TYPES.hostedZoneDnsSec, text(inputs, "hostedZoneId") ?? "") === undefined) return;
    const words =
      "The key-signing key can't be deactivated because it's the only one of a zone that is signed with DNSSEC.";
    throw new AwsError("KeySigningKeyInUse", words);
  },
};

const hostedZoneDnsSec: ResourceModel = {
  type: TYPES.hostedZoneDnsSec,
  title: "Route 53 Hosted Zone DNSSEC",
  required: ["hostedZoneId"],
  immutable: ["hostedZoneId"],
  defaults: { signingStatus: "SIGNING" },
  global: true,
  tagged: false,
  id: ({ inputs }) => text(inputs, "hostedZoneId") ?? "",
  references: [zoneReference("hostedZoneId")],
};

const dnssecModels: readonly ResourceModel[] = [keySigningKey, hostedZoneDnsSec];

const nameServersOf = ({ hex }: Pick<Draft, "hex">) =>
  ["awsdns-11.com", "awsdns-22.net", "awsdns-33.org", "awsdns-44.co.uk"].map(
    (host, index) => `ns-${Number.parseInt(hex(`ns${index}`, 3), 16) % 2048}.${host}`,
  );

const zone: ResourceModel = {
  type: TYPES.zone,
  title: "Route 53 Hosted Zone",
  immutable: ["name", "delegationSetId"],
  defaults: { comment: "Managed by Pulumi", forceDestroy: false },
  nameProperty: "name",
  global: true,
  id: (draft) => `Z${upperId(draft, "zone", 20)}`,
  arn: ({ id }) => `arn:aws:route53:::hostedzone/${id}`,
  outputs: {
    zoneId: ({ id }) => id,
    nameServers: nameServersOf,
    primaryNameServer: (subject) => nameServersOf(subject)[0] ?? "",
  },
  latency: { create: TIMINGS.record },
  backing: {
    start: async (subject, cloud) => {
      publishZone(subject.id, cloud, nameServersOf(subject));
      return {};
    },
  },
  inUse: () =>
    new AwsError(
      "HostedZoneNotEmpty",
      "The specified hosted zone contains non-required resource record sets and so cannot be deleted.",
    ),
};

const ROUTING = [
  "weightedRoutingPolicies",
  "failoverRoutingPolicies",
  "latencyRoutingPolicies",
  "geolocationRoutingPolicies",
  "geoproximityRoutingPolicy",
  "cidrRoutingPolicy",
  "multivalueAnswerRoutingPolicy",
] as const;

/** What makes two record sets the same one. */
function recordKey(inputs: Properties): string {
  const name = (text(inputs, "name") ?? "").replace(/\.$/, "").toLowerCase();
  return `${text(inputs, "zoneId")}_${name}_${text(inputs, "type")}${text(inputs, "setIdentifier") === undefined ? "" : `_${text(inputs, "setIdentifier")}`}`;
}

const record: ResourceModel = {
  type: TYPES.record,
  title: "Route 53 Record",
  required: ["name", "type", "zoneId"],
  immutable: ["zoneId", "name"],
  global: true,
  tagged: false,
  id: ({ inputs }) => recordKey(inputs),
  references: [
    zoneReference("zoneId", true),
    {
      path: "healthCheckId",
      to: [TYPES.healthCheck],
      missing: (id) => new AwsError("InvalidInput", `The health check ${id} does not exist`),
    },
  ],
  unique: [
    {
      key: recordKey,
      taken: (inputs) =>
        new AwsError(
          "InvalidChangeBatch",
          `[Tried to create resource record set [name='${text(inputs, "name")}.', type='${text(inputs, "type")}'] but it already exists]`,
        ),
    },
  ],
  validate: (draft, world) => {
    checkRouting(draft, world);
    checkAlias(draft.inputs, world);
  },
  outputs: { fqdn: ({ inputs }, world) => recordName(inputs, world) },
  latency: { create: TIMINGS.record, update: TIMINGS.record, delete: TIMINGS.record },
  backing: {
    // The change shows once it has reached every name server.
    afterLatency: true,
    start: async ({ inputs }, cloud) => {
      publishZone(text(inputs, "zoneId") ?? "", cloud);
      return {};
    },
    stop: async ({ inputs }, cloud) => publishZone(text(inputs, "zoneId") ?? "", cloud),
  },
};

/** By what policy a record set answers; undefined when it is the only one of its name and type. */
const routingOf = (inputs: Properties) =>
  ROUTING.find((key) =>
    key === "multivalueAnswerRoutingPolicy" ? flag(inputs, key) : inputs[key] !== undefined && inputs[key] !== null,
  );

/** What only one record set of a name and type may say of itself. */
const SINGULAR = [
  "failoverRoutingPolicies.type",
  "latencyRoutingPolicies.region",
  "geolocationRoutingPolicies.continent",
  "geolocationRoutingPolicies.country",
  "geolocationRoutingPolicies.subdivision",
] as const;

/** Whether two record sets would answer the same people: one is primary, one is of a region, one is of a place. */
function answersAlike(one: Properties, other: Properties): boolean {
  const said = (inputs: Properties) => SINGULAR.map((path) => text(inputs, path) ?? "").join(" ");
  return said(one).trim() !== "" && said(one) === said(other);
}

function checkRouting({ inputs, serial }: Draft, world: World): void {
  const identifier = text(inputs, "setIdentifier");
  const routed = routingOf(inputs) !== undefined;
  if (routed !== (identifier !== undefined))
    throw new AwsError("InvalidInput", "A set identifier and a routing policy must be given together");
  const named = (it: WorldResource) =>
    text(it.inputs, "zoneId") === text(inputs, "zoneId") && recordName(it.inputs, world) === recordName(inputs, world);
  const others = world.ofType(TYPES.record).filter((it) => it.serial !== serial && named(it));
  const clash = others.find(
    (it) =>
      (text(it.inputs, "type") === text(inputs, "type") &&
        (routingOf(it.inputs) !== routingOf(inputs) || answersAlike(it.inputs, inputs))) ||
      [it.inputs, inputs].some(
        (each) => text(each, "type") === "CNAME" && text(it.inputs, "type") !== text(inputs, "type"),
      ),
  );
  if (clash === undefined) return;
  const words = `[RRSet of type ${text(inputs, "type")} with DNS name ${recordName(inputs, world)}. is not permitted as it conflicts with other records with the same DNS name]`;
  throw new AwsError("InvalidChangeBatch", words);
}

/** Names of AWS's that no model answers for: what they stand for is not judged. */
const UNMODELLED_TARGETS =
  /(\.cloudfront\.net|\.awsglobalaccelerator\.com|^s3-website[.-][a-z0-9-]+\.amazonaws\.com|\.execute-api\.[a-z0-9-]+\.amazonaws\.com|\.elasticbeanstalk\.com)$/;

function checkAlias(inputs: Properties, world: World): void {
  const [target, targetZone] = [text(inputs, "aliases.name"), text(inputs, "aliases.zoneId")];
  if (target === undefined) return;
  const host = target.replace(/\.$/, "").toLowerCase();
  const balanced = world
    .ofType(TYPES.loadBalancer)
    .some((it) => text(it.outputs, "dnsName")?.toLowerCase() === host && text(it.outputs, "zoneId") === targetZone);
  const besides = world
    .ofType(TYPES.record)
    .some(
      (it) =>
        targetZone === text(inputs, "zoneId") &&
        text(it.inputs, "zoneId") === targetZone &&
        text(it.inputs, "type") === text(inputs, "type") &&
        recordName(it.inputs, world) === host,
    );
  if (balanced || besides || UNMODELLED_TARGETS.test(host)) return;
  const words = `[Tried to create an alias that targets ${host}., type ${text(inputs, "type")} in zone ${targetZone}, but that target was not found]`;
  throw new AwsError("InvalidChangeBatch", words);
}

const queryLog: ResourceModel = {
  type: TYPES.queryLog,
  title: "Route 53 Query Logging Configuration",
  required: ["cloudwatchLogGroupArn", "zoneId"],
  immutable: ["*"],
  global: true,
  tagged: false,
  id: (draft) => draft.hex("query-log", 32),
  arn: ({ id }) => `arn:aws:route53:::queryloggingconfig/${id}`,
  references: [zoneReference("zoneId"), logGroupReference("cloudwatchLogGroupArn", "NoSuchCloudWatchLogsLogGroup")],
  unique: [
    {
      key: (inputs) => text(inputs, "zoneId"),
      taken: () =>
        new AwsError(
          "QueryLoggingConfigAlreadyExists",
          "A query logging configuration for this hosted zone already exists",
        ),
    },
  ],
  validate: ({ inputs }, world) => {
    const arn = text(inputs, "cloudwatchLogGroupArn") ?? "";
    const allowed = world
      .ofType(TYPES.logResourcePolicy)
      .some((it) => /"route53\.amazonaws\.com"/.test(text(it.inputs, "policyDocument") ?? ""));
    if (!arn.startsWith("arn:aws:logs:us-east-1:"))
      throw new AwsError("InvalidInput", `The CloudWatch Logs log group ${arn} is not in us-east-1`);
    if (allowed) return;
    const words = `The resource policy for the log group ${arn} does not let Route 53 create log streams and write query logs`;
    throw new AwsError("InsufficientCloudWatchLogsResourcePolicy", words);
  },
};

/** What Route 53 itself answers to ListQueryLoggingConfigs for a zone. */
export function queryLogList(zoneId: string, world: Pick<World, "ofType">): string {
  const found = world.ofType(TYPES.queryLog).filter(({ inputs }) => inputs.zoneId === zoneId);
  const logs = found.map(
    ({ id, inputs }) =>
      `<QueryLoggingConfig><Id>${id}</Id><HostedZoneId>${zoneId}</HostedZoneId>` +
      `<CloudWatchLogsLogGroupArn>${inputs.cloudwatchLogGroupArn}</CloudWatchLogsLogGroupArn></QueryLoggingConfig>`,
  );
  return (
    '<?xml version="1.0"?><ListQueryLoggingConfigsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">' +
    `<QueryLoggingConfigs>${logs.join("")}</QueryLoggingConfigs></ListQueryLoggingConfigsResponse>`
  );
}

const healthCheck: ResourceModel = {
  type: TYPES.healthCheck,
  title: "Route 53 Health Check",
  required: ["type"],
  immutable: ["type", "requestInterval", "measureLatency"],
  global: true,
  id: (draft) => uuidOf(draft, "health-check"),
  arn: ({ id }) => `arn:aws:route53:::healthcheck/${id}`,
};

export const route53Models: readonly ResourceModel[] = [zone, record, queryLog, healthCheck, ...dnssecModels];

/** A record's full name without the trailing dot; a name that does not end with the zone's gets it appended. */
export function recordName(inputs: Properties, world: World): string {
  const zone = (text(world.get(TYPES.zone, text(inputs, "zoneId") ?? "")?.inputs ?? {}, "name") ?? "").replace(
    /\.$/,
    "",
  );
  const name = (text(inputs, "name") ?? "").replace(/\.$/, "").toLowerCase();
  if (name === "" || name === zone) return zone;
  return name.endsWith(`.${zone}`) ? name : `${name}.${zone}`;
}

const RECORD_TYPES = ["A", "AAAA", "CNAME", "TXT", "NS", "CAA"] as const;

/** Makes the name servers answer with what the zone holds now; a zone that is just made is told its own name servers. */
function publishZone(zoneId: string, { world, services }: Cloud, own?: readonly string[]): void {
  const records = world
    .ofType(TYPES.record)
    .filter(({ inputs, status }) => text(inputs, "zoneId") === zoneId && status !== "deleting");
  services.names.setRecords(zoneId, [
    ...delegation(zoneId, world, own),
    ...records.flatMap(({ inputs }) => toNameRecord(inputs, world)),
  ]);
}

/** What the parent zone would say: that this zone's name servers answer for the name. */
function delegation(zoneId: string, world: World, own?: readonly string[]): NameRecord[] {
  const zone = world.get(TYPES.zone, zoneId);
  if (zone?.name === undefined) return [];
  return [{ name: zone.name.replace(/\.$/, ""), type: "NS", values: own ?? texts(zone.outputs, "nameServers") }];
}

function toNameRecord(inputs: Properties, world: World): NameRecord[] {
  const type = RECORD_TYPES.find((known) => known === text(inputs, "type"));
  if (type === undefined) return [];
  const aliasTo = text(inputs, "aliases.name");
  const weight = number(inputs, "weightedRoutingPolicies.weight");
  const setIdentifier = text(inputs, "setIdentifier");
  return [
    {
      name: recordName(inputs, world),
      type,
      values: texts(inputs, "records"),
      ...(aliasTo === undefined ? {} : { aliasTo: aliasTo.replace(/\.$/, "").toLowerCase() }),
      ...(weight === undefined ? {} : { weight }),
      ...(setIdentifier === undefined ? {} : { setIdentifier }),
    },
  ];
}

/** A hosted zone named by its id; only records keep it from being deleted. */
function zoneReference(path: string, holds = false): Reference {
  return {
    path,
    to: [TYPES.zone],
    missing: (id) => new AwsError("NoSuchHostedZone", `No hosted zone found with ID: ${id}`),
    holds,
  };
}

/** Every name that a certificate covers. */
export function certificateNames(inputs: Properties): string[] {
  return [...new Set([...texts(inputs, "domainName"), ...texts(inputs, "subjectAlternativeNames")])];
}

const certificate: ResourceModel = {
  type: TYPES.certificate,
  title: "ACM Certificate",
  required: ["domainName"],
  immutable: ["domainName", "subjectAlternativeNames", "validationMethod", "keyAlgorithm", "certificateAuthorityArn"],
  defaults: { keyAlgorithm: "RSA_2048" },
  id: (draft) => arnOf(draft, "acm", `certificate/${uuidOf(draft, "certificate")}`),
  arn: ({ id }) => id,
  validate: ({ inputs }) => {
    const algorithm = text(inputs, "keyAlgorithm") ?? "RSA_2048";
    if (/^(RSA_(2048|3072|4096)|EC_(prime256v1|secp384r1|secp521r1))$/.test(algorithm)) return;
    throw new AwsError("ValidationException", `Value '${algorithm}' at 'keyAlgorithm' failed to satisfy constraint`);
  },
  outputs: {
    status: ({ type, id }, world) => text(world.get(type, id)?.outputs ?? {}, "status") ?? "PENDING_VALIDATION",
    type: () => "AMAZON_ISSUED",
    domainValidationOptions: ({ inputs, hex }) =>
      certificateNames(inputs).map((domainName) => ({
        domainName,
        resourceRecordName: `_${hex(domainName, 32)}.${domainName.replace(/^\*\./, "")}.`,
        resourceRecordType: "CNAME",
        resourceRecordValue: `_${hex(`${domainName} value`, 32)}.acm-validations.aws.`,
      })),
  },
  inUse: ({ arn }) => new AwsError("ResourceInUseException", `Certificate ${arn} in use.`),
  deleteRetrySeconds: 600,
  afterDelete: ({ arn }, { vault }) => vault.delete(pemKey(arn)),
};

const pemKey = (arn: string) => `certificate ${arn}`;

/** The certificate itself, which ACM tells when it is asked for it and no resource shows; undefined until it is issued. */
export function issuedPem(arn: string, vault: Vault): string | undefined {
  return vault.text(pemKey(arn));
}

/** Issues every certificate again for so many days. @default as ACM does */
export async function renewCertificates({ world, vault }: Pick<Cloud, "world" | "vault">, days = VALID_DAYS) {
  for (const { arn, inputs } of world.ofType(TYPES.certificate))
    if (issuedPem(arn, vault) !== undefined)
      vault.set(pemKey(arn), await selfSignedPem(certificateNames(inputs), days));
}

/** Thirteen months, as ACM issues them. */
const VALID_DAYS = 395;

const TIMEOUT_SECONDS = 75 * 60;
const POLL_SECONDS = 5;

const certificateValidation: ResourceModel = {
  type: TYPES.certificateValidation,
  title: "ACM Certificate Validation",
  required: ["certificateArn"],
  immutable: ["*"],
  tagged: false,
  id: ({ inputs }) => `${text(inputs, "certificateArn")?.split("/").at(-1)}-issued`,
  references: [
    {
      path: "certificateArn",
      to: [TYPES.certificate],
      missing: (arn) => new AwsError("ResourceNotFoundException", `Could not find certificate ${arn}.`),
      holds: false,
    },
  ],
  latency: { create: TIMINGS.certificateValidation },
  backing: { start: issue },
};

/** ACM issues once it sees every proof in DNS, and gives up after 75 minutes. */
async function issue({ inputs }: Subject, { world, clock, vault }: Cloud, signal: AbortSignal): Promise<Properties> {
  const find = () => world.find([TYPES.certificate], text(inputs, "certificateArn") ?? "");
  for (let left = TIMEOUT_SECONDS / POLL_SECONDS; ; left -= 1) {
    const found = find();
    if (found !== undefined && isProven(found, world)) {
      vault.set(pemKey(found.arn), await selfSignedPem(certificateNames(found.inputs), VALID_DAYS));
      world.put({ ...found, outputs: { ...found.outputs, status: "ISSUED" } });
      return {};
    }
    if (left <= 0) break;
    await clock.wait(POLL_SECONDS, signal);
  }
  throw new Error(
    "timeout while waiting for state to become 'ISSUED' (last state: 'PENDING_VALIDATION', timeout: 1h15m0s)",
  );
}

function isProven({ outputs }: WorldResource, world: World): boolean {
  return records(outputs, "domainValidationOptions").every((option) =>
    world
      .ofType(TYPES.record)
      .some(
        (it) =>
          it.status === "available" &&
          `${recordName(it.inputs, world)}.` === text(option, "resourceRecordName") &&
          texts(it.inputs, "records").some(
            (value) => value.replace(/\.?$/, ".") === text(option, "resourceRecordValue"),
          ),
      ),
  );
}

export const certificateModels: readonly ResourceModel[] = [certificate, certificateValidation];
