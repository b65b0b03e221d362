import { cacheTlsInTransit } from "../../policies/cache-tls-in-transit.ts";
import { cache } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(cacheTlsInTransit, {
  passes: {
    "a cache that speaks TLS": cache,
    "a cache whose mode is AWS's default": cache.without("transitEncryptionMode"),
  },
  stops: {
    "a cache that does not": ["transitEncryptionEnabled", cache.with({ transitEncryptionEnabled: false })],
    "a cache that does not say": ["transitEncryptionEnabled", cache.without("transitEncryptionEnabled")],
    "a cache that speaks both": ["transitEncryptionMode", cache.with({ transitEncryptionMode: "preferred" })],
  },
});
