import type { Statement } from "./judging/iam-document.ts";
import { statementsOf } from "./judging/iam-document.ts";
import { each, type Policy } from "./policy.ts";

/** Everybody is trusted only where a condition says who of them. */
const trustsAnybody = ({ allows, principals, conditions }: Statement) =>
  allows && principals.AWS?.includes("*") === true && Object.keys(conditions).length === 0;

export const keyGuarded: Policy = {
  name: "key-guarded",
  control: "S50",
  reason: "Whoever may use the key reads the data, and a key deleted by mistake is all its data lost.",
  fix: "Give the key a policy that names its principals, and deletionWindowInDays: 30.",
  each: [
    each("aws:kms/key:Key", ({ props }, demand) => {
      demand("deletionWindowInDays", () => (props.deletionWindowInDays ?? 30) === 30);
      const statements = () => statementsOf(props.policy);
      demand("policy", () => statements().length > 0 && !statements().some(trustsAnybody), "update");
    }),
    each("aws:kms/keyPolicy:KeyPolicy", ({ props }, demand) => {
      demand("policy", () => !statementsOf(props.policy).some(trustsAnybody), "update");
    }),
  ],
};
