import type { ResourceModel } from "../model.ts";
import { AwsError, arnOf, checkPolicy, uuidOf } from "../model.ts";
import { kmsKeyReference } from "../references.ts";
import { TYPES } from "../types.ts";
import { text } from "../values.ts";

const topicReference = (path: string) => ({
  path,
  to: [TYPES.topic],
  missing: () => new AwsError("NotFound", "Topic does not exist"),
  holds: false,
});

const topic: ResourceModel = {
  type: TYPES.topic,
  title: "SNS Topic",
  immutable: ["name", "namePrefix", "fifoTopic"],
  defaults: { fifoTopic: false, contentBasedDeduplication: false },
  nameProperty: "name",
  id: (draft) => arnOf(draft, "sns", text(draft.inputs, "name") ?? ""),
  arn: ({ id }) => id,
  references: [kmsKeyReference("kmsMasterKeyId", "KMSNotFound")],
  unique: [
    {
      key: (inputs) => text(inputs, "name"),
      taken: () => new AwsError("InvalidParameter", "Topic already exists with different attributes or tags"),
    },
  ],
  validate: ({ inputs }) => checkPolicy(text(inputs, "policy"), "InvalidParameter"),
  outputs: { owner: ({ accountId }) => accountId },
};

const topicPolicy: ResourceModel = {
  type: TYPES.topicPolicy,
  title: "SNS Topic Policy",
  required: ["arn", "policy"],
  immutable: ["arn"],
  tagged: false,
  id: ({ inputs }) => text(inputs, "arn") ?? "",
  arn: ({ id }) => id,
  references: [topicReference("arn")],
  validate: ({ inputs }) => checkPolicy(text(inputs, "policy"), "InvalidParameter"),
  outputs: { owner: ({ accountId }) => accountId },
};

/** Whom it is for must agree by a link in a mail; until then it delivers nothing. */
const byMail = (protocol: string | undefined) => protocol === "email" || protocol === "email-json";

const subscription: ResourceModel = {
  type: TYPES.topicSubscription,
  title: "SNS Topic Subscription",
  required: ["endpoint", "protocol", "topic"],
  immutable: ["endpoint", "protocol", "topic"],
  defaults: { confirmationTimeoutInMinutes: 1, endpointAutoConfirms: false, rawMessageDelivery: false },
  tagged: false,
  id: (draft) => `${text(draft.inputs, "topic")}:${uuidOf(draft, "subscription")}`,
  arn: ({ id }) => id,
  references: [topicReference("topic")],
  outputs: {
    ownerId: ({ accountId }) => accountId,
    pendingConfirmation: ({ inputs }) => byMail(text(inputs, "protocol")),
    confirmationWasAuthenticated: ({ inputs }) => !byMail(text(inputs, "protocol")),
  },
};

export const topicModels: readonly ResourceModel[] = [topic, topicPolicy, subscription];
