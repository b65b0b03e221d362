import { isAllowedImage } from "./judging/image-references.ts";
import { leavesOf } from "./judging/leaves.ts";
import { textAt } from "./judging/objects.ts";
import { containersOf, everyPod } from "./judging/pod-specs.ts";
import { each, type Policy } from "./policy.ts";

const IMAGE = /image$/i;
/** A chart of this repository, or one of it that a rollback has restored, whose folder is named by its hash. */
const CHART = /^\.\/(?!.*\.\.)|^\/.+\/\.sparki\/charts\/[a-z]+-[0-9a-f]{16}$/;

export const imagesByDigest: Policy = {
  name: "images-by-digest",
  control: "S70",
  reason: "A tag can be moved to an image that nobody tested, in a registry that nobody watches.",
  fix: "Name the image NAME@sha256:DIGEST, from one of sparki:allowedRegistries.",
  each: [
    everyPod((demand, _resource, { config }) => {
      demand("containers.image", (pod) =>
        containersOf(pod).every((container) => isAllowedImage(textAt(container, "image"), config.allowedRegistries)),
      );
    }),
    each("kubernetes:helm.sh/v3:Release", ({ props }, demand, { config }) => {
      // A chart of ours is rendered and checked by the tests; another one could name any image.
      demand("chart", () => CHART.test(props.chart ?? ""));
      for (const { path, text } of leavesOf(() => props.values)) {
        if (!IMAGE.test(path.at(-1) ?? "")) continue;
        demand(`values.${path.join(".")}`, () => isAllowedImage(text(), config.allowedRegistries), "update");
      }
    }),
  ],
};
