import { imageTagsImmutable } from "../../policies/image-tags-immutable.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const repository = example("aws:ecr/repository:Repository", { imageTagMutability: "IMMUTABLE" });

proves(imageTagsImmutable, {
  passes: { "tags that stay": repository },
  stops: {
    "tags that move": ["imageTagMutability", repository.with({ imageTagMutability: "MUTABLE" })],
    "tags left to AWS": ["imageTagMutability", repository.without("imageTagMutability")],
  },
});
