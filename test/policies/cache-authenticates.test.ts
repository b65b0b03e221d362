import { cacheAuthenticates } from "../../policies/cache-authenticates.ts";
import { cache } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(cacheAuthenticates, {
  passes: {
    "a cache with a token": cache,
    "a token that only the update knows": cache.from("authToken"),
    "a cache with users": cache.without("authToken").with({ userGroupIds: ["sparki"] }),
  },
  stops: {
    "a cache that asks nobody": ["authToken", cache.without("authToken")],
    "an empty token": ["authToken", cache.with({ authToken: "" })],
    "users of no group": ["authToken", cache.without("authToken").with({ userGroupIds: [] })],
  },
});
