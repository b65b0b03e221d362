import { logGroupsKeptAndEncrypted } from "../../policies/log-groups-kept-and-encrypted.ts";
import { key, vpc } from "../support/policy-examples.ts";
import { example, KEY_ARN } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const group = example("aws:cloudwatch/logGroup:LogGroup", { kmsKeyId: KEY_ARN, retentionInDays: 365 });

proves(logGroupsKeptAndEncrypted, {
  passes: {
    "logs for a year under a customer key": group,
    "logs for ever": group.with({ retentionInDays: 0 }),
    "logs under a key of the same stack": [key, group.from("kmsKeyId", key)],
  },
  stops: {
    "logs under no key": ["kmsKeyId", group.without("kmsKeyId")],
    "logs under something else": ["kmsKeyId", [vpc, group.from("kmsKeyId", vpc)]],
    "logs for half a year": ["retentionInDays", group.with({ retentionInDays: 180 })],
    "logs for as long as AWS likes": ["retentionInDays", group.without("retentionInDays")],
  },
});
