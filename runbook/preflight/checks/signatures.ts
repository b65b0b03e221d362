import { createPublicKey, verify } from "node:crypto";
import { z } from "zod";
import { type ImageReference, imageReference, Registry } from "../../../io/oci-registry.ts";
import { type Check, fail, pass, skipped } from "../check.ts";

/** Where cosign keeps a signature: the annotation of a layer whose blob is what was signed. */
const SIGNATURE = "dev.cosignproject.cosign/signature";

const manifestSchema = z.object({
  layers: z.array(z.object({ digest: z.string(), annotations: z.record(z.string(), z.string()).optional() })),
});
const payloadSchema = z.object({
  critical: z.object({ image: z.object({ "docker-manifest-digest": z.string() }) }),
});

const BUNDLE = /sigstore\.bundle/;
const bundleSchema = z.object({
  dsseEnvelope: z.object({
    payload: z.string(),
    payloadType: z.string(),
    signatures: z.array(z.object({ sig: z.string() })),
  }),
});
type Envelope = z.infer<typeof bundleSchema>["dsseEnvelope"];
/** An attestation of something else, an SBOM for one, is no signature of the image. */
const SIGNED = "https://sigstore.dev/cosign/sign/v1";
const statementSchema = z.object({
  predicateType: z.literal(SIGNED),
  subject: z.array(z.object({ digest: z.object({ sha256: z.string() }) })),
});

export const signatures: Check = {
  id: "image-signatures",
  group: "Application",
  title: "Image signatures",
  proves: "Each image of the release carries a cosign signature of exactly its digest, by the key in the config.",
  timeLimitSeconds: 60,
  run: async ({ config, http, tokens, registryMirror }, signal) => {
    const key = config.preflight.imageSignatureKey;
    if (key === undefined) return skipped("no sparki:preflight.imageSignatureKey is configured");
    const registry = new Registry(http, tokens.registry, signal, registryMirror);
    const references = Object.values(config.release.images).map(imageReference);
    const problems = await Promise.all(references.map((reference) => problemOf(registry, reference, key)));
    const found = problems.flatMap((problem, index) =>
      problem === undefined ? [] : [`${references[index]?.repository} ${problem}`],
    );
    if (found.length === 0) return pass(`${references.length} images are signed`);
    return fail(
      found.join(", "),
      "sign what you built: cosign sign --key <key> <image>@<digest>; else find out who built it",
    );
  },
};

/** Why the image does not count as signed; undefined when one signature is good. */
async function problemOf(registry: Registry, image: ImageReference, key: string): Promise<string | undefined> {
  const text = await registry.manifest(image, `${image.digest.replace(":", "-")}.sig`);
  const manifest = manifestSchema.safeParse(jsonOf(text));
  for (const { digest, annotations } of manifest.data?.layers ?? []) {
    const signature = annotations?.[SIGNATURE];
    const payload = await registry.blob(image, digest);
    if (signature !== undefined && payload !== undefined && isGood(payload, signature, key, image.digest))
      return undefined;
  }
  // Signed again by another version, an image has both forms, and one good signature is enough.
  const problem = await bundleProblem(registry, image, key);
  return problem === UNSIGNED && text !== undefined ? "has no signature by the configured key" : problem;
}

const UNSIGNED = "is not signed";

/** The same of the form that cosign writes since its version 3: bundles that refer to the image. */
async function bundleProblem(registry: Registry, image: ImageReference, key: string): Promise<string | undefined> {
  const all = await registry.referrers(image);
  const bundles = all.filter(({ artifactType }) => BUNDLE.test(artifactType));
  if (bundles.length === 0) return UNSIGNED;
  for (const { digest } of bundles) {
    const manifest = manifestSchema.safeParse(jsonOf(await registry.manifest(image, digest)));
    for (const layer of manifest.data?.layers ?? []) {
      const bundle = bundleSchema.safeParse(jsonOf(await registry.blob(image, layer.digest)));
      if (bundle.success && isGoodEnvelope(bundle.data.dsseEnvelope, key, image.digest)) return undefined;
    }
  }
  return "has no signature by the configured key in its Sigstore bundles";
}

/** Signed is the payload with its type: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md. */
function isGoodEnvelope({ payload, payloadType, signatures }: Envelope, key: string, digest: string): boolean {
  const body = Buffer.from(payload, "base64");
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${payloadType.length} ${payloadType} ${body.length} `), body]);
  const publicKey = createPublicKey(key);
  if (!signatures.some(({ sig }) => verify("sha256", signed, publicKey, Buffer.from(sig, "base64")))) return false;
  const statement = statementSchema.safeParse(jsonOf(body.toString()));
  return statement.data?.subject.some(({ digest: { sha256 } }) => `sha256:${sha256}` === digest) ?? false;
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}

function isGood(payload: string, signature: string, key: string, digest: string): boolean {
  if (!verify("sha256", Buffer.from(payload), createPublicKey(key), Buffer.from(signature, "base64"))) return false;
  const signed = payloadSchema.safeParse(jsonOf(payload));
  return signed.success && signed.data.critical.image["docker-manifest-digest"] === digest;
}
