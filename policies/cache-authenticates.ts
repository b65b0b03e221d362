import { isGiven } from "./judging/presence.ts";
import { each, type Policy } from "./policy.ts";

export const cacheAuthenticates: Policy = {
  name: "cache-authenticates",
  control: "S37",
  reason: "Without AUTH whatever gets into the network reads and writes everything.",
  fix: "Set authToken from a random.RandomPassword, or userGroupIds.",
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("authToken", () => isGiven(() => props.authToken) || (props.userGroupIds ?? []).length > 0);
    }),
  ],
};
