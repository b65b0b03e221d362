import { listenersHttpsOnly } from "../../policies/listeners-https-only.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const redirect = { type: "redirect", redirect: { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" } };
const forward = { type: "forward", targetGroupArn: "arn:aws:elasticloadbalancing:x" };
const https = example("aws:lb/listener:Listener", { port: 443, protocol: "HTTPS", defaultActions: [forward] });
const http = https.with({ port: 80, protocol: "HTTP", defaultActions: [redirect] });
const toHttp = { type: "redirect", redirect: { ...redirect.redirect, protocol: "HTTP" } };

proves(listenersHttpsOnly, {
  passes: {
    HTTPS: https,
    "TLS of a network load balancer": https.with({ protocol: "TLS" }),
    "HTTP that redirects": http,
  },
  stops: {
    "HTTP that serves": ["protocol", http.with({ defaultActions: [forward] })],
    "HTTP that redirects and serves": ["protocol", http.with({ defaultActions: [redirect, forward] })],
    "HTTP that redirects to HTTP": ["protocol", http.with({ defaultActions: [toHttp] })],
    "HTTP that serves beside its redirect": [
      "protocol",
      http.with({ defaultActions: [{ ...redirect, type: "forward" }] }),
    ],
    "plain TCP": ["protocol", https.with({ protocol: "TCP" })],
    "plain TCP with a redirect": ["protocol", http.with({ protocol: "TCP" })],
    "no protocol": ["protocol", https.without("protocol")],
  },
});
