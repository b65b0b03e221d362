import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity } from "@sigstore/verify";
import { z } from "zod";
import { type ImageReference, imageReference, Registry } from "../../../io/oci-registry.ts";
import { imagesIn } from "../../../stacks/schema.ts";
import { type Check, fail, pass, skipped } from "../check.ts";

/** Where cosign keeps a signature: the annotation of a layer whose blob is what was signed. */
const SIGNATURE = "dev.cosignproject.cosign/signature";

const manifestSchema = z.object({
  layers: z.array(
    z.object({
      digest: z.string(),
      mediaType: z.string().default(""),
      annotations: z.record(z.string(), z.string()).optional(),
    }),
  ),
});
const payloadSchema = z.object({
  critical: z.object({ image: z.object({ "docker-manifest-digest": z.string() }) }),
});

/** What a referrer's layer is that holds a bundle: lists of referrers name it in several ways, or not at all. */
const BUNDLE = /^application\/vnd\.dev\.sigstore\.bundle\b/;
/** An attestation of something else, an SBOM for one, is no signature of the image. */
const SIGNED = "https://sigstore.dev/cosign/sign/v1";
const statementSchema = z.object({
  predicateType: z.literal(SIGNED),
  subject: z.array(z.object({ digest: z.object({ sha256: z.string() }) })),
});
/** More is not looked at: what refers to an image may be anybody's. */
const MOST_REFERRERS = 100;

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
    const references = [...imagesIn(config).values()].map(imageReference);
    const problems = await Promise.all(
      references.map((reference) => problemOf(registry, reference, createPublicKey(key))),
    );
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

/** What one signature says: of which digests, or that it is not by the configured key. */
type Signature = readonly string[] | "by another key";

/** Why the image does not count as signed; undefined when one signature is good, in either form that cosign writes. */
async function problemOf(registry: Registry, image: ImageReference, key: KeyObject): Promise<string | undefined> {
  const tagged = await taggedSignatures(registry, image, key);
  if (tagged.some((each) => each.includes(image.digest))) return undefined;
  const found = [...tagged, ...(await bundledSignatures(registry, image, key))];
  if (found.some((each) => each.includes(image.digest))) return undefined;
  const [other] = found.flatMap((each) => (each === "by another key" ? [] : each));
  if (other !== undefined) return `is not signed: its signature by the configured key is of another image, ${other}`;
  return found.length === 0 ? "is not signed" : "has no signature by the configured key";
}

/** Before its version 3 cosign pushes what it signed under a tag that is named after the image's digest. */
async function taggedSignatures(registry: Registry, image: ImageReference, key: KeyObject): Promise<Signature[]> {
  const text = await registry.manifest(image, `${image.digest.replace(":", "-")}.sig`);
  if (text === undefined) return [];
  const found = layersIn(text).map(async ({ digest, annotations }): Promise<Signature> => {
    const payload = await registry.blob(image, digest);
    const signature = Buffer.from(annotations?.[SIGNATURE] ?? "", "base64");
    if (payload === undefined || !verify(undefined, Buffer.from(payload), key, signature)) return "by another key";
    const signed = payloadSchema.safeParse(jsonOf(payload));
    return signed.success ? [signed.data.critical.image["docker-manifest-digest"]] : "by another key";
  });
  // A manifest that cannot be read is there, and proves nothing.
  return found.length === 0 ? ["by another key"] : Promise.all(found);
}

/** Since then it pushes bundles that refer to the image. */
async function bundledSignatures(registry: Registry, image: ImageReference, key: KeyObject): Promise<Signature[]> {
  const referrers = (await registry.referrers(image)).slice(0, MOST_REFERRERS);
  const manifests = await Promise.all(referrers.map(({ digest }) => registry.manifest(image, digest)));
  const bundles = manifests.flatMap(layersIn).filter(({ mediaType }) => BUNDLE.test(mediaType));
  return Promise.all(bundles.map(async ({ digest }) => signatureIn(await registry.blob(image, digest), key)));
}

function signatureIn(text: string | undefined, key: KeyObject): Signature {
  try {
    const bundle = bundleFromJSON(JSON.parse(text ?? ""));
    if (bundle.content.$case !== "dsseEnvelope" || !toSignedEntity(bundle).signature.verifySignature(key))
      return "by another key";
    const statement = statementSchema.safeParse(jsonOf(bundle.content.dsseEnvelope.payload.toString()));
    return statement.data?.subject.map(({ digest }) => `sha256:${digest.sha256}`) ?? "by another key";
  } catch {
    return "by another key";
  }
}

function layersIn(text: string | undefined) {
  return manifestSchema.safeParse(jsonOf(text)).data?.layers ?? [];
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "");
  } catch {
    return undefined;
  }
}
