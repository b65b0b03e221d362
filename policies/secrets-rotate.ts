import { each, type Policy } from "./policy.ts";

const MAX_DAYS = 90;

export const secretsRotate: Policy = {
  name: "secrets-rotate",
  control: "S54",
  reason: "A secret that never changes is known to everybody who ever worked here.",
  fix: "Add an aws.secretsmanager.SecretRotation of the secret with automaticallyAfterDays of 90 or less.",
  each: [
    each("aws:secretsmanager/secretRotation:SecretRotation", ({ props }, demand) => {
      const days = () => props.rotationRules?.automaticallyAfterDays ?? Number.POSITIVE_INFINITY;
      demand("rotationRules.automaticallyAfterDays", () => days() <= MAX_DAYS);
    }),
  ],
  whole: (stack, demand) => {
    const rotations = stack.all("aws:secretsmanager/secretRotation:SecretRotation");
    for (const secret of stack.all("aws:secretsmanager/secret:Secret")) {
      demand(secret, "rotation", () => rotations.some((rotation) => stack.refers(rotation, "secretId", secret)));
    }
  },
};
