import { each, type Policy } from "./policy.ts";

/** Those that are valid until 2061 or later. @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html */
const CURRENT_AUTHORITIES = ["rds-ca-rsa2048-g1", "rds-ca-rsa4096-g1", "rds-ca-ecc384-g1"];

export const databaseSnapshotsTagged: Policy = {
  name: "database-snapshots-tagged",
  control: "S33",
  reason: "A snapshot without tags belongs to nobody, and an expired authority cuts off every client at once.",
  fix: 'Set copyTagsToSnapshot: true and caCertIdentifier: "rds-ca-rsa2048-g1".',
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand) => {
      demand("copyTagsToSnapshot", () => props.copyTagsToSnapshot === true);
      demand("caCertIdentifier", () => CURRENT_AUTHORITIES.includes(props.caCertIdentifier ?? ""));
    }),
  ],
};
