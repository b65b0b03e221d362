import type { Properties } from "../../provider/properties.ts";
import { AwsError } from "../aws-error.ts";
import { TIMINGS } from "../latency.ts";
import type { Backing, Draft, Reference, ResourceModel } from "../model.ts";
import { TYPES } from "../types.ts";
import { number, text, texts } from "../values.ts";
import type { World } from "../world.ts";

const reference = (path: string, type: string, code: string, words: string, holds = true): Reference => ({
  path,
  to: [type],
  missing: (arn) => new AwsError(code, `${words}: ${arn}`),
  holds,
});

const targetReferences = (actions: string): Reference[] =>
  ["targetGroupArn", "forward.targetGroups.arn"].map((path) =>
    reference(`${actions}.${path}`, TYPES.targetGroup, "TargetGroupNotFound", "One or more target groups not found"),
  );

const priorityOf = (inputs: Properties) => number(inputs, "priority");

function checkListener({ inputs }: Draft, world: World): void {
  if (text(inputs, "protocol") !== "HTTPS") return;
  const arn = text(inputs, "certificateArn");
  if (arn === undefined) throw new AwsError("ValidationError", "A certificate must be specified for HTTPS listeners");
  const status = text(world.find([TYPES.certificate], arn)?.outputs ?? {}, "status");
  if (status !== "ISSUED")
    throw new AwsError("UnsupportedCertificate", `The certificate '${arn}' must be issued; it is ${status}`);
}

/** A target group serves one load balancer only. */
function checkTargets({ inputs }: Draft, world: World, balancerArn: string, actions: string): void {
  const wanted = targetReferences(actions).flatMap(({ path }) => texts(inputs, path));
  for (const other of world.ofType(TYPES.listener)) {
    if (text(other.inputs, "loadBalancerArn") === balancerArn) continue;
    const used = targetReferences("defaultActions").flatMap(({ path }) => texts(other.inputs, path));
    const shared = used.find((arn) => wanted.includes(arn));
    if (shared === undefined) continue;
    const words = `The following target groups cannot be associated with more than one load balancer: ${shared}`;
    throw new AwsError("TargetGroupAssociationLimit", words);
  }
}

/** Listeners and their rules; the backing brings a change of theirs to the load balancer. */
export function listenerModels(backing: Backing): readonly ResourceModel[] {
  return [listener(backing), listenerRule(backing)];
}

const listener = (backing: Backing): ResourceModel => ({
  type: TYPES.listener,
  title: "ELBv2 Listener",
  required: ["defaultActions", "loadBalancerArn"],
  immutable: ["loadBalancerArn"],
  id: (draft) =>
    `${(text(draft.inputs, "loadBalancerArn") ?? "").replace(":loadbalancer/", ":listener/")}/${draft.hex("listener", 16)}`,
  arn: ({ id }) => id,
  references: [
    reference(
      "loadBalancerArn",
      TYPES.loadBalancer,
      "LoadBalancerNotFound",
      "One or more load balancers not found",
      false,
    ),
    reference("certificateArn", TYPES.certificate, "CertificateNotFound", "Certificate ARN is not valid"),
    ...targetReferences("defaultActions"),
  ],
  unique: [
    {
      key: (inputs) => `${text(inputs, "loadBalancerArn")} ${number(inputs, "port")}`,
      taken: () => new AwsError("DuplicateListener", "A listener already exists on this port for this load balancer"),
    },
  ],
  validate: (draft, world) => {
    checkListener(draft, world);
    checkTargets(draft, world, text(draft.inputs, "loadBalancerArn") ?? "", "defaultActions");
  },
  latency: { create: TIMINGS.quick },
  backing,
});

const listenerRule = (backing: Backing): ResourceModel => ({
  type: TYPES.listenerRule,
  title: "ELBv2 Listener Rule",
  required: ["actions", "conditions", "listenerArn"],
  immutable: ["listenerArn"],
  id: (draft) =>
    `${(text(draft.inputs, "listenerArn") ?? "").replace(":listener/", ":listener-rule/")}/${draft.hex("rule", 16)}`,
  arn: ({ id }) => id,
  references: [
    reference("listenerArn", TYPES.listener, "ListenerNotFound", "One or more listeners not found", false),
    ...targetReferences("actions"),
  ],
  unique: [
    {
      key: (inputs) =>
        priorityOf(inputs) === undefined ? undefined : `${text(inputs, "listenerArn")} ${priorityOf(inputs)}`,
      taken: (inputs) => new AwsError("PriorityInUse", `Priority '${priorityOf(inputs)}' is currently in use`),
    },
  ],
  quotas: [
    {
      limit: 100,
      within: (inputs) => text(inputs, "listenerArn"),
      exceeded: (limit) =>
        new AwsError("TooManyRules", `The maximum number of rules for the listener has been reached: ${limit}`),
    },
  ],
  outputs: {
    priority: ({ inputs, serial }, world) => {
      const given = priorityOf(inputs);
      if (given !== undefined) return given;
      const others = world
        .ofType(TYPES.listenerRule)
        .filter((it) => it.serial !== serial && text(it.inputs, "listenerArn") === text(inputs, "listenerArn"));
      return 1 + Math.max(0, ...others.map((it) => priorityOf(it.inputs) ?? priorityOf(it.outputs) ?? 0));
    },
  },
  latency: { create: TIMINGS.quick },
  backing,
});
