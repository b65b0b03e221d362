import type { Resource } from "./judging/resource.ts";
import { each, type Policy } from "./policy.ts";

const MAX_DAYS = 90;
const DAY_MILLISECONDS = 86_400_000;

/** Whether a generated password was made in the last days, by the day that it is kept for. */
function isFresh({ props }: Resource<"random:index/randomPassword:RandomPassword">, today: string): boolean {
  const days = (Date.parse(today) - Date.parse(props.keepers?.since ?? "")) / DAY_MILLISECONDS;
  return days >= 0 && days <= MAX_DAYS;
}

export const secretsRotate: Policy = {
  name: "secrets-rotate",
  control: "S54",
  reason: "A secret that never changes is known to everybody who ever worked here.",
  fix:
    "Add an aws.secretsmanager.SecretRotation with automaticallyAfterDays of 90 or less; where the program itself " +
    "generates the password, give it keepers.since of the last 90 days: set sparki:database.passwordsSince to today.",
  each: [
    each("aws:secretsmanager/secretRotation:SecretRotation", ({ props }, demand) => {
      const days = () => props.rotationRules?.automaticallyAfterDays ?? Number.POSITIVE_INFINITY;
      demand("rotationRules.automaticallyAfterDays", () => days() <= MAX_DAYS);
    }),
  ],
  whole: (stack, demand, { today }) => {
    const rotations = stack.all("aws:secretsmanager/secretRotation:SecretRotation");
    const versions = stack.all("aws:secretsmanager/secretVersion:SecretVersion");
    const passwords = stack.all("random:index/randomPassword:RandomPassword");
    for (const secret of stack.all("aws:secretsmanager/secret:Secret")) {
      const rotates = rotations.some((rotation) => stack.refers(rotation, "secretId", secret));
      const values = versions.filter((version) => stack.refers(version, "secretId", secret));
      const sources = passwords.filter((password) =>
        values.some((version) => version.sourcesOf("secretString").some(({ urn }) => urn === password.urn)),
      );
      demand(
        secret,
        "rotation",
        () => rotates || (sources.length > 0 && sources.every((password) => isFresh(password, today))),
      );
    }
  },
};
