import { keyRotates } from "../../policies/key-rotates.ts";
import { key } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(keyRotates, {
  passes: {
    "a key that rotates": key,
    "a key that rotates more often": key.with({ rotationPeriodInDays: 90 }),
    "a key that signs, which AWS cannot rotate": key.with({ keyUsage: "SIGN_VERIFY" }).without("enableKeyRotation"),
  },
  stops: {
    "a key that does not": ["enableKeyRotation", key.with({ enableKeyRotation: false })],
    "a key that leaves it to AWS": ["enableKeyRotation", key.without("enableKeyRotation")],
    "a key that rotates every other year": ["rotationPeriodInDays", key.with({ rotationPeriodInDays: 730 })],
    "what preview cannot know": ["enableKeyRotation", key.from("enableKeyRotation")],
  },
});
