import { each, type Policy } from "./policy.ts";

export const cacheTlsInTransit: Policy = {
  name: "cache-tls-in-transit",
  control: "S36",
  reason: "The AUTH token and every cached value would cross the network readable.",
  fix: 'Set transitEncryptionEnabled: true and transitEncryptionMode: "required".',
  each: [
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("transitEncryptionEnabled", () => props.transitEncryptionEnabled === true);
      demand("transitEncryptionMode", () => (props.transitEncryptionMode ?? "required") === "required");
    }),
  ],
};
