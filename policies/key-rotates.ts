import { each, type Policy } from "./policy.ts";

export const keyRotates: Policy = {
  name: "key-rotates",
  control: "S49",
  reason: "A key that never rotates opens all data ever written once it is lost.",
  fix: "Set enableKeyRotation: true, with a rotationPeriodInDays of 365 or less.",
  each: [
    each("aws:kms/key:Key", ({ props }, demand) => {
      const rotatable = () => (props.keyUsage ?? "ENCRYPT_DECRYPT") === "ENCRYPT_DECRYPT";
      // AWS cannot rotate an asymmetric key, such as the one that signs the zone.
      demand("enableKeyRotation", () => !rotatable() || props.enableKeyRotation === true);
      demand("rotationPeriodInDays", () => (props.rotationPeriodInDays ?? 365) <= 365);
    }),
  ],
};
