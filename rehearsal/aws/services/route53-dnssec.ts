import { createHash } from "node:crypto";
import { AwsError } from "../aws-error.ts";
import type { Draft, ResourceModel } from "../model.ts";
import { TYPES } from "../types.ts";
import { text } from "../values.ts";
import { zoneReference } from "./route53-names.ts";

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

export const dnssecModels: readonly ResourceModel[] = [keySigningKey, hostedZoneDnsSec];
