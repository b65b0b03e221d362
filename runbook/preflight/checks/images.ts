import type { Release } from "../../../stacks/schema.ts";
import { promotionIn } from "../../deploy/promotion.ts";
import { type Check, type Finding, fail, pass, skipped } from "../check.ts";
import type { PreflightContext } from "../context.ts";
import { imageReference, Registry } from "../registry.ts";

const TIME_LIMIT_SECONDS = 45;

export const images: Check = {
  id: "images",
  group: "Application",
  title: "Images of the release",
  proves: "The registry has the release's images by digest, whole and for the nodes' platform.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context, signal) => {
    const { release, allowedRegistries } = context.config;
    const foreign = Object.values(release.images).filter(
      (image) => !allowedRegistries.some((it) => image.startsWith(it)),
    );
    if (foreign.length > 0)
      return fail(
        `not from ${allowedRegistries.join(", ")}: ${foreign.join(", ")}`,
        "push them to an allowed registry",
      );
    return judge(release, context, signal, `push the images of ${release.id}, or correct sparki:release.images`);
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
      promoted,
      context,
      signal,
      `push the images of ${promoted.id} again: without them there is no way back`,
    );
  },
};

async function judge(
  { id, images }: Release,
  { http, tokens, registryMirror }: PreflightContext,
  signal: AbortSignal,
  fix: string,
): Promise<Finding> {
  const registry = new Registry(http, tokens.registry, signal, registryMirror);
  const looks = Object.values(images).map(async (image) =>
    (await registry.has(imageReference(image))) ? [] : [image],
  );
  const missing = (await Promise.all(looks)).flat();
  if (missing.length > 0) return fail(`${id}: not in the registry: ${missing.join(", ")}`, fix);
  const problems = await Promise.all(
    Object.values(images).map(async (image) => {
      const problem = await registry.platformProblem(imageReference(image));
      return problem === undefined ? [] : [`${image} ${problem}`];
    }),
  );
  if (problems.flat().length > 0) return fail(`${id}: ${problems.flat().join(", ")}`, fix);
  return pass(`${id}: ${looks.length} images by digest`);
}
