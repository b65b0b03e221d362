import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import {
  routingOf,
  type ServiceName,
  TRACK_KINDS,
  type Track,
  type TrackKind,
  type TrackName,
  trackName,
} from "../stacks/services.ts";

export interface RoutesArgs {
  readonly balancer: aws.lb.LoadBalancer;
  readonly targets: ReadonlyMap<TrackName, aws.lb.TargetGroup>;
  readonly services: readonly ServiceName[];
  readonly certificateArn: pulumi.Input<string>;
}

/** Share of users' requests that the one-box gets: enough to see a bad release, few enough to bear it. */
const ONE_BOX_PERCENT = 5;
/** For Prometheus and the kubelet, who ask the pods themselves. */
const NOT_PUBLIC = ["/metrics", "/ready"];
/** TLS 1.2 and 1.3 with forward secrecy only. */
const TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/** A gate's rules come before users'. */
const FIRST_OF_GATES = 10;
const FIRST_OF_USERS = 20;

/**
 * Routes each service's paths to it, and the rest to the service that takes the rest; a gate names its track in the header
 * `x-sparki-track`. Gives the rules: once they exist, every target group is asked.
 */
export function routeRequests(parent: pulumi.Resource, name: string, args: RoutesArgs): aws.lb.ListenerRule[] {
  const { named, rest } = routingOf(args.services);
  const target = (workload: ServiceName, kind: TrackKind) => targetOf(args.targets, { workload, kind });
  const https = new aws.lb.Listener(
    `${name}-https`,
    {
      loadBalancerArn: args.balancer.arn,
      port: 443,
      protocol: "HTTPS",
      sslPolicy: TLS_POLICY,
      certificateArn: args.certificateArn,
      defaultActions: [weighted(target(rest, "fleet"), target(rest, "one-box"))],
    },
    { parent },
  );
  redirectToHttps(parent, name, args.balancer);
  const rule = (suffix: string, priority: number, conditions: Condition[], action: Action) =>
    new aws.lb.ListenerRule(
      `${name}-${suffix}`,
      { listenerArn: https.arn, priority, conditions, actions: [action] },
      { parent },
    );
  // The service that takes the rest comes last: its rules for gates have no path.
  const gateRules = [...named, { service: rest, paths: [] }].flatMap(({ service, paths }, index) =>
    TRACK_KINDS.map((kind, at) =>
      rule(
        `gate-${service}-${kind}`,
        FIRST_OF_GATES + TRACK_KINDS.length * index + at,
        [...pathsOf(paths), track(kind)],
        only(target(service, kind)),
      ),
    ),
  );
  const firstOfUsers = Math.max(FIRST_OF_USERS, FIRST_OF_GATES + gateRules.length);
  return [
    rule("not-public", 1, [{ pathPattern: { values: NOT_PUBLIC } }], notFound),
    ...gateRules,
    ...named.map(({ service, paths }, index) =>
      rule(
        service,
        firstOfUsers + index,
        pathsOf(paths),
        weighted(target(service, "fleet"), target(service, "one-box")),
      ),
    ),
  ];
}

function targetOf(targets: RoutesArgs["targets"], track: Track): aws.lb.TargetGroup {
  const found = targets.get(trackName(track));
  if (found === undefined) throw new Error(`${trackName(track)} has no target group`);
  return found;
}

type Condition = aws.types.input.lb.ListenerRuleCondition;
type Action = aws.types.input.lb.ListenerRuleAction;

function pathsOf(paths: readonly string[]): Condition[] {
  return paths.length === 0 ? [] : [{ pathPattern: { values: [...paths] } }];
}

function track(kind: TrackKind): Condition {
  return { httpHeader: { httpHeaderName: "x-sparki-track", values: [kind] } };
}

const notFound: Action = {
  type: "fixed-response",
  fixedResponse: { contentType: "text/plain", messageBody: "not found", statusCode: "404" },
};

function only(target: aws.lb.TargetGroup): Action {
  return { type: "forward", forward: { targetGroups: [{ arn: target.arn, weight: 100 }] } };
}

function weighted(fleet: aws.lb.TargetGroup, oneBox: aws.lb.TargetGroup) {
  const targetGroups = [
    { arn: fleet.arn, weight: 100 - ONE_BOX_PERCENT },
    { arn: oneBox.arn, weight: ONE_BOX_PERCENT },
  ];
  return { type: "forward", forward: { targetGroups } };
}

function redirectToHttps(parent: pulumi.Resource, name: string, balancer: aws.lb.LoadBalancer): void {
  const redirect = { protocol: "HTTPS", port: "443", statusCode: "HTTP_301" };
  new aws.lb.Listener(
    `${name}-http`,
    {
      loadBalancerArn: balancer.arn,
      port: 80,
      protocol: "HTTP",
      defaultActions: [{ type: "redirect", redirect }],
    },
    { parent },
  );
}
