import { each, type Policy } from "./policy.ts";

export const imageTagsImmutable: Policy = {
  name: "image-tags-immutable",
  control: "S58",
  reason: "A tag that can be moved is not the image that was tested.",
  fix: 'Set imageTagMutability: "IMMUTABLE".',
  each: [
    each("aws:ecr/repository:Repository", ({ props }, demand) => {
      demand("imageTagMutability", () => props.imageTagMutability === "IMMUTABLE");
    }),
  ],
};
