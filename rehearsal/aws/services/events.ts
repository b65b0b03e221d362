import type { Properties } from "../../provider/properties.ts";
import type { ResourceModel } from "../model.ts";
import { AwsError, arnOf } from "../model.ts";
import { TYPES } from "../types.ts";
import { text } from "../values.ts";

const BUS = "default";
const busOf = (inputs: Properties) => text(inputs, "eventBusName") ?? BUS;
const onBus = (inputs: Properties, name: string) => (busOf(inputs) === BUS ? name : `${busOf(inputs)}/${name}`);

const rule: ResourceModel = {
  type: TYPES.eventRule,
  title: "EventBridge Rule",
  immutable: ["name", "namePrefix", "eventBusName"],
  defaults: { eventBusName: BUS, forceDestroy: false, state: "ENABLED" },
  nameProperty: "name",
  id: ({ inputs }) => onBus(inputs, text(inputs, "name") ?? ""),
  arn: (subject) => arnOf(subject, "events", `rule/${subject.id}`),
  unique: [
    {
      key: (inputs) => onBus(inputs, text(inputs, "name") ?? ""),
      taken: (inputs) => new AwsError("ResourceAlreadyExistsException", `Rule ${text(inputs, "name")} already exists.`),
    },
  ],
  quotas: [
    {
      limit: 300,
      exceeded: () =>
        new AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed."),
    },
  ],
  inUse: () => new AwsError("ValidationException", "Rule can't be deleted since it has targets."),
};

const target: ResourceModel = {
  type: TYPES.eventTarget,
  title: "EventBridge Target",
  required: ["arn", "rule"],
  immutable: ["rule", "eventBusName", "targetId"],
  defaults: { eventBusName: BUS, forceDestroy: false },
  nameProperty: "targetId",
  tagged: false,
  id: ({ inputs }) => `${text(inputs, "rule")}-${text(inputs, "targetId")}`,
  arn: ({ inputs }) => text(inputs, "arn") ?? "",
  references: [
    {
      path: "rule",
      to: [TYPES.eventRule],
      missing: (name) => new AwsError("ResourceNotFoundException", `Rule ${name} does not exist on EventBus ${BUS}.`),
    },
  ],
  quotas: [
    {
      limit: 5,
      within: (inputs) => text(inputs, "rule"),
      exceeded: () =>
        new AwsError("LimitExceededException", "The requested resource exceeds the maximum number allowed."),
    },
  ],
};

export const eventModels: readonly ResourceModel[] = [rule, target];
