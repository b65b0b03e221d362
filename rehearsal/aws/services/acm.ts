import { selfSignedPem } from "../../certificates.ts";
import type { Properties } from "../../provider/properties.ts";
import { TIMINGS } from "../latency.ts";
import type { Cloud, ResourceModel, Subject } from "../model.ts";
import { AwsError, arnOf, uuidOf } from "../model.ts";
import { TYPES } from "../types.ts";
import { records, text, texts } from "../values.ts";
import type { Vault } from "../vault.ts";
import type { World, WorldResource } from "../world.ts";
import { recordName } from "./route53.ts";

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
