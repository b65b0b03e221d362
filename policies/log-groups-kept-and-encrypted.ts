import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { each, type Policy } from "./policy.ts";

export const logGroupsKeptAndEncrypted: Policy = {
  name: "log-groups-kept-and-encrypted",
  control: "S56",
  reason: "An intrusion is found months later, and logs hold what users did.",
  fix: "Set kmsKeyId to the log key's ARN and retentionInDays to 365 or more.",
  each: [
    each("aws:cloudwatch/logGroup:LogGroup", ({ props }, demand) => {
      demand("kmsKeyId", () => isCustomerKey(props.kmsKeyId), FROM_A_KEY);
      // 0 keeps logs for ever; nothing said is not a decision.
      const days = () => props.retentionInDays;
      demand("retentionInDays", () => days() === 0 || (days() ?? 1) >= 365);
    }),
  ],
};
