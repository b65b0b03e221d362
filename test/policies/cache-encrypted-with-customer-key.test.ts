import { cacheEncryptedWithCustomerKey } from "../../policies/cache-encrypted-with-customer-key.ts";
import { cache, key, vpc } from "../support/policy-examples.ts";
import { proves } from "../support/policy-proofs.ts";

proves(cacheEncryptedWithCustomerKey, {
  passes: {
    "a cache under a customer key": cache,
    "a cache under a key of the same stack": [key, cache.from("kmsKeyId", key)],
  },
  stops: {
    "a cache that is not encrypted": ["atRestEncryptionEnabled", cache.with({ atRestEncryptionEnabled: false })],
    "a cache that does not say": ["atRestEncryptionEnabled", cache.without("atRestEncryptionEnabled")],
    "AWS's own key": ["kmsKeyId", cache.with({ kmsKeyId: "alias/aws/elasticache" })],
    "no key": ["kmsKeyId", cache.without("kmsKeyId")],
    "a key that is something else": ["kmsKeyId", [vpc, cache.from("kmsKeyId", vpc)]],
  },
});
