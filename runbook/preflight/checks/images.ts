import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { bundleFromJSON } from "@sigstore/bundle";
import { toSignedEntity } from "@sigstore/verify";
import { z } from "zod";
import { jsonIn } from "../../../io/http.ts";
import { Registry } from "../../../io/oci-registry.ts";
import { promotionIn } from "../../../records/promotion.ts";
import { messageOf } from "../../../shared/deploy-error.ts";
import { pullCredentials } from "../../../stacks/docker-config.ts";
import { type ImageReference, imageReference, imageText, placeOfImage } from "../../../stacks/fields.ts";
import { imagesIn } from "../../../stacks/schema.ts";
import { type Check, type Finding, fail, pass, skipped } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const TIME_LIMIT_SECONDS = 45;

export const images: Check = {
  id: "images",
  group: "Application",
  title: "Images of the release",
  proves: "The registry has the release's images by digest, whole and for the nodes' platform.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context, signal) => {
    const { release, allowedRegistries } = context.config;
    const images = [...imagesIn(context.config).values()];
    const foreign = images.filter((image) => !allowedRegistries.some((it) => placeOfImage(image).startsWith(it)));
    if (foreign.length > 0)
      return fail(
        `not from ${allowedRegistries.join(", ")}: ${foreign.map(imageText).join(", ")}`,
        "push them to an allowed registry",
      );
    return judge(
      { id: release.id, images },
      context,
      signal,
      `push the images of ${release.id}, or correct sparki:release.images`,
    );
  },
};

export const rollbackImages: Check = {
  id: "rollback-images",
  group: "Application",
  title: "Images of the rollback",
  proves: "The registry still has the images of the release that a rollback would restore.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context, signal) => {
    const { resources } = await context.state.read();
    const promoted = promotionIn(resources)?.release;
    if (promoted === undefined) return skipped("no release was promoted yet: there is none to roll back to");
    return judge(
      { id: promoted.id, images: Object.values(promoted.images).map(imageReference) },
      context,
      signal,
      `push the images of ${promoted.id} again: without them a rollback is impossible`,
    );
  },
};

const pullSecretFix =
  "give nodes credentials that may read packages: pulumi config set --secret sparki:imagePullSecret (docs/production.md)";

/** Whether the registry gives each image to who has what nodes will have: the stack's pull secret, or nothing. */
export const pulling: Check = {
  id: "image-pull",
  group: "Application",
  title: "Nodes can pull",
  proves: "Nodes can pull every image of the release: with the stack's pull secret, or anonymously.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async ({ config, http, pullSecret, registryMirror }, signal) => {
    const secret = await pullSecret();
    const images = [...imagesIn(config).values()];
    // Nodes have a role that may read ECR, which no one else can borrow to try it.
    const [ecr, others] = [images.filter(({ host }) => ECR.test(host)), images.filter(({ host }) => !ECR.test(host))];
    const problems = await Promise.all(
      others.map(async (image) => {
        const credentials = secret === undefined ? undefined : pullCredentials(secret, image);
        const registry = new Registry(http, credentials, signal, registryMirror);
        const place = placeOfImage(image);
        const asWhom = credentials === undefined ? "without credentials" : "with the pull secret";
        const isThere = await registry.has(image).catch((error: unknown) => messageOf(error));
        if (isThere === true) return [];
        return [`${place} ${asWhom}: ${isThere === false ? "no such image" : isThere}`];
      }),
    );
    const found = problems.flat();
    if (found.length > 0) return fail(found.join("; "), pullSecretFix);
    const how = secret === undefined ? "without credentials" : "with sparki:imagePullSecret";
    const role = ecr.length === 0 ? "" : `; ${ecr.length} are in ECR, which nodes read by their role`;
    return others.length === 0
      ? skipped("all images are in ECR, which nodes read by their role")
      : pass(`${others.length} images, ${how}${role}`);
  },
};

/** All the names that a registry of ECR has: https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-requests.html */
const ECR =
  /^\d{12}\.(?:dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?|dkr-ecr(?:-fips)?\.[a-z0-9-]+\.on\.aws)$/;

async function judge(
  { id, images }: { readonly id: string; readonly images: readonly ImageReference[] },
  { http, tokens, registryMirror, pullSecret }: PreflightContext,
  signal: AbortSignal,
  fix: string,
): Promise<Finding> {
  // Each image's registry has credentials of its own, which no other registry ever sees.
  const registries = await Promise.all(
    images.map(async (image) => {
      const secret = tokens.registry ?? (await pullSecretFor(image, pullSecret));
      return [image, new Registry(http, secret, signal, registryMirror)] as const;
    }),
  );
  const looks = registries.map(async ([image, registry]) => ((await registry.has(image)) ? [] : [imageText(image)]));
  const missing = (await Promise.all(looks)).flat();
  if (missing.length > 0) return fail(`${id}: not in the registry: ${missing.join(", ")}`, fix);
  const problems = await Promise.all(
    registries.map(async ([image, registry]) => {
      const problem = await registry.platformProblem(image);
      return problem === undefined ? [] : [`${imageText(image)} ${problem}`];
    }),
  );
  if (problems.flat().length > 0) return fail(`${id}: ${problems.flat().join(", ")}`, fix);
  return pass(`${id}: ${looks.length} images by digest`);
}

/** Who deploys needs no token of their own where the stack has credentials for that registry. */
async function pullSecretFor(
  image: ImageReference,
  secret: PreflightContext["pullSecret"],
): Promise<string | undefined> {
  const found = await secret();
  return found === undefined ? undefined : pullCredentials(found, image);
}

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

/** More is not checked: what refers to an image may be anyone's. */
const MOST_REFERRERS = 100;

export const signatures: Check = {
  id: "image-signatures",
  group: "Application",
  title: "Image signatures",
  proves: "Each image of the release has a cosign signature of exactly its digest, by the key in the config.",
  timeLimitSeconds: 60,
  run: async ({ config, http, tokens, registryMirror, pullSecret }, signal) => {
    const key = config.preflight.imageSignatureKey;
    if (key === undefined) return skipped("no sparki:preflight.imageSignatureKey is configured");
    const references = [...imagesIn(config).values()];
    const problems = await Promise.all(
      references.map(async (reference) => {
        const secret = tokens.registry ?? (await pullSecretFor(reference, pullSecret));
        return problemOf(new Registry(http, secret, signal, registryMirror), reference, createPublicKey(key));
      }),
    );
    const found = problems.flatMap((problem, index) =>
      problem === undefined ? [] : [`${references[index]?.repository} ${problem}`],
    );
    if (found.length === 0) return pass(`${references.length} images are signed`);
    return fail(
      found.join(", "),
      "if you built the image, sign it: cosign sign --key <key> <image>@<digest>; otherwise find out who built it",
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
  if (other !== undefined) return `is not signed: its signature by the configured key is for another image, ${other}`;
  return found.length === 0 ? "is not signed" : "has no signature by the configured key";
}

/** Before its version 3 cosign pushes what it signed under a tag that is named after the image's digest. */
async function taggedSignatures(registry: Registry, image: ImageReference, key: KeyObject): Promise<Signature[]> {
  const text = await registry.manifest(image, `${image.digest.replace(":", "-")}.sig`);
  if (text === undefined) return [];
  const found = layersIn(text).map(async ({ digest, annotations }): Promise<Signature> => {
    const payload = await registry.blob(image, digest);
    const signature = Buffer.from(annotations?.[SIGNATURE] ?? "", "base64");
    if (payload === undefined || !isSigned(Buffer.from(payload), key, signature)) return "by another key";
    const signed = payloadSchema.safeParse(jsonIn(payload));
    return signed.success ? [signed.data.critical.image["docker-manifest-digest"]] : "by another key";
  });
  // A manifest that cannot be read is there, so it proves nothing.
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
    if (bundle.content.$case !== "dsseEnvelope") return "by another key";
    const { payload, payloadType, signatures } = bundle.content.dsseEnvelope;
    const isOwn =
      toSignedEntity(bundle).signature.verifySignature(key) ||
      isSigned(dsseText(payloadType, payload), key, signatures[0]?.sig ?? Buffer.of());
    if (!isOwn) return "by another key";
    const statement = statementSchema.safeParse(jsonIn(payload.toString()));
    return statement.data?.subject.map(({ digest }) => `sha256:${digest.sha256}`) ?? "by another key";
  } catch {
    return "by another key";
  }
}

/** What cosign hashes with for a key of a longer curve than P-256: since its version 2.6 as long, before that as for any key. */
const CURVE_HASHES: Readonly<Record<string, string>> = { secp384r1: "sha384", secp521r1: "sha512" };

function isSigned(text: Buffer, key: KeyObject, signature: Buffer): boolean {
  const own = CURVE_HASHES[key.asymmetricKeyDetails?.namedCurve ?? ""];
  return verify(undefined, text, key, signature) || (own !== undefined && verify(own, text, key, signature));
}

/** What is signed of an envelope: https://github.com/secure-systems-lab/dsse/blob/master/protocol.md */
function dsseText(type: string, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `), payload]);
}

function layersIn(text: string | undefined) {
  return manifestSchema.safeParse(jsonIn(text ?? "")).data?.layers ?? [];
}
