import type { Properties } from "../../provider/properties.ts";
import type { ListenerRule, ListenerState, LoadBalancerState, TargetGroupState } from "../../services.ts";
import type { Cloud } from "../model.ts";
import { TYPES } from "../types.ts";
import { number, records, text, texts } from "../values.ts";
import type { World, WorldResource } from "../world.ts";
import { certificateNames } from "./acm.ts";

/** The whole of what a load balancer's proxy is to serve, from all the resources that describe it. */
function loadBalancerState(balancer: WorldResource, world: World): LoadBalancerState {
  const present = (type: string) =>
    world.ofType(type).filter(({ status }) => status !== "deleting" && status !== "failed");
  const listeners = present(TYPES.listener).filter((it) => text(it.inputs, "loadBalancerArn") === balancer.arn);
  const states = listeners.map((listener) => listenerState(listener, present(TYPES.listenerRule)));
  const used = new Set(states.flatMap(({ rules }) => rules.flatMap(targetArns)));
  const groups = present(TYPES.targetGroup).filter(({ arn }) => used.has(arn));
  const certificates = listeners.flatMap(({ inputs }) => texts(inputs, "certificateArn"));
  return {
    name: balancer.name ?? balancer.id,
    certificateNames: certificates.flatMap((arn) =>
      certificateNames(world.find([TYPES.certificate], arn)?.inputs ?? {}),
    ),
    listeners: states,
    targetGroups: groups.map((group) => targetGroupState(group, world)),
  };
}

function listenerState({ arn, inputs }: WorldResource, allRules: readonly WorldResource[]): ListenerState {
  const tlsPolicy = text(inputs, "sslPolicy");
  const rules = allRules
    .filter((it) => text(it.inputs, "listenerArn") === arn)
    .sort((left, right) => priorityOf(left) - priorityOf(right));
  const last: ListenerRule = { conditions: {}, action: actionOf(records(inputs, "defaultActions")) };
  return {
    port: number(inputs, "port") ?? 80,
    protocol: text(inputs, "protocol") === "HTTPS" ? "HTTPS" : "HTTP",
    ...(tlsPolicy !== undefined && { tlsPolicy }),
    rules: [
      ...rules.map((rule) => ({
        conditions: conditionsOf(rule.inputs),
        action: actionOf(records(rule.inputs, "actions")),
      })),
      last,
    ],
  };
}

const priorityOf = ({ inputs, outputs }: WorldResource) =>
  number(inputs, "priority") ?? number(outputs, "priority") ?? 0;

function conditionsOf(inputs: Properties): ListenerRule["conditions"] {
  const pathPatterns = texts(inputs, "conditions.pathPattern.values");
  const hosts = texts(inputs, "conditions.hostHeader.values");
  const headers = records(inputs, "conditions.httpHeader").map((header) => ({
    name: text(header, "httpHeaderName") ?? "",
    values: texts(header, "values"),
  }));
  return {
    ...(pathPatterns.length === 0 ? {} : { pathPatterns }),
    ...(hosts.length === 0 ? {} : { hosts }),
    ...(headers.length === 0 ? {} : { headers }),
  };
}

/** The one action that answers; authentication before it is not simulated. */
function actionOf(actions: readonly Properties[]): ListenerRule["action"] {
  const action = actions.at(-1) ?? {};
  const [redirect] = records(action, "redirect");
  const [fixed] = records(action, "fixedResponse");
  if (redirect !== undefined) {
    const statusCode = text(redirect, "statusCode") === "HTTP_301" ? 301 : 302;
    return {
      type: "redirect",
      protocol: text(redirect, "protocol") ?? "HTTPS",
      port: text(redirect, "port") ?? "443",
      statusCode,
    };
  }
  if (fixed !== undefined)
    return { type: "fixed", statusCode: number(fixed, "statusCode") ?? 503, body: text(fixed, "messageBody") ?? "" };
  const groups = records(action, "forward.targetGroups").map((it) => ({
    arn: text(it, "arn") ?? "",
    weight: number(it, "weight") ?? 1,
  }));
  const single = texts(action, "targetGroupArn").map((arn) => ({ arn, weight: 1 }));
  return { type: "forward", targets: groups.length > 0 ? groups : single };
}

function targetArns({ action }: ListenerRule): string[] {
  return action.type === "forward" ? action.targets.map(({ arn }) => arn) : [];
}

function targetGroupState({ arn, inputs, tags }: WorldResource, world: World): TargetGroupState {
  return {
    arn,
    // AmazonEKSLoadBalancingPolicy: the group must bear the name of the cluster that registers pods in it.
    takesPods: world.ofType(TYPES.cluster).some(({ name }) => name === tags["eks:eks-cluster-name"]),
    healthCheck: {
      path: text(inputs, "healthCheck.path") ?? "/",
      intervalSeconds: number(inputs, "healthCheck.interval") ?? 30,
      healthyThreshold: number(inputs, "healthCheck.healthyThreshold") ?? 5,
    },
    deregistrationDelaySeconds: number(inputs, "deregistrationDelay") ?? 300,
  };
}

/** Makes the proxies serve what the world says now; every load balancer that a change may touch is applied again. */
export async function publishLoadBalancers({ world, services }: Cloud): Promise<void> {
  const balancers = world
    .ofType(TYPES.loadBalancer)
    .filter(({ status }) => status !== "deleting" && status !== "failed");
  for (const balancer of balancers) {
    const { address } = await services.loadBalancer.apply(loadBalancerState(balancer, world));
    services.names.setAddress(dnsNameOf(balancer, world).toLowerCase(), address);
  }
}

/** The name by which clients reach the load balancer. */
export function dnsNameOf(
  { name, region, origin }: Pick<WorldResource, "name" | "region" | "origin">,
  world: World,
): string {
  const number = Number.parseInt(world.hex(origin, "dns", 8), 16);
  return `${name}-${number}.${region}.elb.amazonaws.com`;
}
