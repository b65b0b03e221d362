import { everyAttachment, everyGrant } from "./judging/iam-grants.ts";
import type { Policy } from "./policy.ts";

/** AWS's policies that let their holder do everything, or give it to himself. */
const EVERYTHING = /:policy\/(AdministratorAccess|PowerUserAccess|IAMFullAccess)(-.*)?$/;

export const noFullAccess: Policy = {
  name: "no-full-access",
  control: "S51",
  reason: "Whoever takes such a role has the account.",
  fix: "Name the actions and resources that the role needs.",
  each: [
    everyGrant(
      ({ actions, resources }) => !(actions.some((action) => /^\*(:\*)?$/.test(action)) && resources.includes("*")),
    ),
    ...everyAttachment((arn) => !EVERYTHING.test(arn)),
  ],
};
