import { loadBalancerHardened } from "../../policies/load-balancer-hardened.ts";
import { loadBalancer } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(loadBalancerHardened, {
  passes: {
    "the strictest": loadBalancer,
    "AWS's default against desync": loadBalancer.without("desyncMitigationMode"),
  },
  stops: {
    "bad headers let through": ["dropInvalidHeaderFields", loadBalancer.with({ dropInvalidHeaderFields: false })],
    "headers left to AWS": ["dropInvalidHeaderFields", loadBalancer.without("dropInvalidHeaderFields")],
    "desync only watched": ["desyncMitigationMode", loadBalancer.with({ desyncMitigationMode: "monitor" })],
  },
});
