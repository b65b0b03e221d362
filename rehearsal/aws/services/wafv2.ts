import type { ResourceModel } from "../model.ts";
import { AwsError, arnOf, uuidOf } from "../model.ts";
import { TYPES } from "../types.ts";
import { at, text, texts } from "../values.ts";

const webAclReference = (path: string) => ({
  path,
  to: [TYPES.webAcl],
  missing: () =>
    new AwsError(
      "WAFNonexistentItemException",
      "AWS WAF couldn't perform the operation because your resource doesn't exist.",
    ),
});

const webAcl: ResourceModel = {
  type: TYPES.webAcl,
  title: "WAFv2 WebACL",
  required: ["defaultAction", "scope", "visibilityConfig"],
  immutable: ["name", "namePrefix", "scope"],
  nameProperty: "name",
  id: (draft) => uuidOf(draft, "acl"),
  arn: (subject) => arnOf(subject, "wafv2", `regional/webacl/${text(subject.inputs, "name")}/${subject.id}`),
  unique: [
    {
      key: (inputs) => `${text(inputs, "scope")} ${text(inputs, "name")}`,
      taken: () =>
        new AwsError(
          "WAFDuplicateItemException",
          "AWS WAF couldn't perform the operation because some resource in your request is a duplicate of an existing one.",
        ),
    },
  ],
  validate: ({ inputs }) => {
    const priorities = at(inputs, "rules.priority");
    if (new Set(priorities).size === priorities.length) return;
    const words = "Error reason: You have used the same priority for more than one rule, field: RULE";
    throw new AwsError("WAFInvalidParameterException", words);
  },
  outputs: {
    capacity: ({ inputs }) => at(inputs, "rules").length * 100,
    lockToken: (subject) => uuidOf(subject, "lock"),
    applicationIntegrationUrl: () => "",
  },
  inUse: () =>
    new AwsError(
      "WAFAssociatedItemException",
      "AWS WAF couldn't perform the operation because your resource is being used by another resource or it's associated with another resource.",
    ),
  deleteRetrySeconds: 300,
};

const webAclAssociation: ResourceModel = {
  type: TYPES.webAclAssociation,
  title: "WAFv2 WebACL Association",
  required: ["resourceArn", "webAclArn"],
  immutable: ["*"],
  tagged: false,
  id: ({ inputs }) => `${text(inputs, "webAclArn")},${text(inputs, "resourceArn")}`,
  references: [
    webAclReference("webAclArn"),
    {
      path: "resourceArn",
      to: [TYPES.loadBalancer],
      missing: () =>
        new AwsError(
          "WAFUnavailableEntityException",
          "AWS WAF couldn't retrieve the resource that you requested. Retry your request.",
        ),
      holds: false,
    },
  ],
};

const webAclLogging: ResourceModel = {
  type: TYPES.webAclLogging,
  title: "WAFv2 WebACL Logging Configuration",
  required: ["logDestinationConfigs", "resourceArn"],
  immutable: ["resourceArn"],
  tagged: false,
  id: ({ inputs }) => text(inputs, "resourceArn") ?? "",
  references: [
    { ...webAclReference("resourceArn"), holds: false },
    {
      path: "logDestinationConfigs",
      to: [TYPES.logGroup, TYPES.bucket],
      missing: (arn) => invalidDestination(arn, "does not exist"),
      holds: false,
    },
  ],
  validate: ({ inputs }) => {
    const wrong = texts(inputs, "logDestinationConfigs").find((arn) => !/[:/]aws-waf-logs-/.test(arn));
    if (wrong !== undefined) throw invalidDestination(wrong, "must have a name that begins with aws-waf-logs-");
  },
};

function invalidDestination(arn: string, words: string): AwsError {
  return new AwsError(
    "WAFInvalidParameterException",
    `Error reason: The log destination ${arn} ${words}, field: LOG_DESTINATION`,
  );
}

export const wafModels: readonly ResourceModel[] = [webAcl, webAclAssociation, webAclLogging];
