import { imageReference, Registry } from "../../../io/oci-registry.ts";
import { promotionIn } from "../../../records/promotion.ts";
import { messageOf } from "../../../shared/message-of.ts";
import { pullCredentials } from "../../../stacks/docker-config.ts";
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
    const foreign = images.filter((image) => !allowedRegistries.some((it) => image.startsWith(it)));
    if (foreign.length > 0)
      return fail(
        `not from ${allowedRegistries.join(", ")}: ${foreign.join(", ")}`,
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
  proves: "The registry still has the images of the release that a rollback would go back to.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context, signal) => {
    const { resources } = await context.state.read();
    const promoted = promotionIn(resources)?.release;
    if (promoted === undefined) return skipped("no release was promoted yet: there is none to go back to");
    return judge(
      { id: promoted.id, images: Object.values(promoted.images) },
      context,
      signal,
      `push the images of ${promoted.id} again: without them there is no way back`,
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
  proves: "The registry gives every image of the release to nodes: with the stack's pull secret, or to anybody.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async ({ config, http, pullSecret, registryMirror }, signal) => {
    const secret = await pullSecret();
    const images = [...imagesIn(config).values()].map(imageReference);
    // Nodes have a role that may read ECR, which nobody else can borrow to try it.
    const [ecr, others] = [images.filter(({ host }) => ECR.test(host)), images.filter(({ host }) => !ECR.test(host))];
    const problems = await Promise.all(
      others.map(async (image) => {
        const credentials =
          secret === undefined ? undefined : pullCredentials(secret, `${image.host}/${image.repository}`);
        const registry = new Registry(http, credentials, signal, registryMirror);
        const place = `${image.host}/${image.repository}`;
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

const ECR = /\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?$/;

async function judge(
  { id, images }: { readonly id: string; readonly images: readonly string[] },
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
  const looks = registries.map(async ([image, registry]) =>
    (await registry.has(imageReference(image))) ? [] : [image],
  );
  const missing = (await Promise.all(looks)).flat();
  if (missing.length > 0) return fail(`${id}: not in the registry: ${missing.join(", ")}`, fix);
  const problems = await Promise.all(
    registries.map(async ([image, registry]) => {
      const problem = await registry.platformProblem(imageReference(image));
      return problem === undefined ? [] : [`${image} ${problem}`];
    }),
  );
  if (problems.flat().length > 0) return fail(`${id}: ${problems.flat().join(", ")}`, fix);
  return pass(`${id}: ${looks.length} images by digest`);
}

/** Who deploys needs no token of their own where the stack has credentials for that registry. */
async function pullSecretFor(image: string, secret: PreflightContext["pullSecret"]): Promise<string | undefined> {
  const found = await secret();
  return found === undefined ? undefined : pullCredentials(found, image);
}
