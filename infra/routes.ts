import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";

export interface RoutesArgs {
  readonly balancer: aws.lb.LoadBalancer;
  readonly targets: Readonly<Record<Track, aws.lb.TargetGroup>>;
  readonly certificateArn: pulumi.Input<string>;
}

/** Share of users' requests that the one-box gets: enough to see a bad release, few enough to bear it. */
const ONE_BOX_PERCENT = 5;
const ENGINE_PATHS = ["/api/*", "/health"];
/** For Prometheus and the kubelet, who ask the pods themselves. */
const NOT_PUBLIC = ["/metrics", "/ready"];
/** TLS 1.2 and 1.3 with forward secrecy only. */
const TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06";

/**
 * Routes API paths to the engine and the rest to the web UI; a gate names its track in the header `x-sparki-track`.
 * Gives the rules: once they exist, every target group is asked.
 */
export function routeRequests(parent: pulumi.Resource, name: string, args: RoutesArgs): aws.lb.ListenerRule[] {
  const https = new aws.lb.Listener(
    `${name}-https`,
    {
      loadBalancerArn: args.balancer.arn,
      port: 443,
      protocol: "HTTPS",
      sslPolicy: TLS_POLICY,
      certificateArn: args.certificateArn,
      defaultActions: [weighted(args.targets["web-fleet"], args.targets["web-one-box"])],
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
  const { targets } = args;
  return [
    rule("not-public", 1, [{ pathPattern: { values: NOT_PUBLIC } }], notFound),
    rule("gate-engine-one-box", 10, [engine, track("one-box")], only(targets["engine-one-box"])),
    rule("gate-engine-fleet", 11, [engine, track("fleet")], only(targets["engine-fleet"])),
    rule("gate-web-one-box", 12, [track("one-box")], only(targets["web-one-box"])),
    rule("gate-web-fleet", 13, [track("fleet")], only(targets["web-fleet"])),
    rule("engine", 20, [engine], weighted(targets["engine-fleet"], targets["engine-one-box"])),
  ];
}

type Condition = aws.types.input.lb.ListenerRuleCondition;
type Action = aws.types.input.lb.ListenerRuleAction;

const engine: Condition = { pathPattern: { values: ENGINE_PATHS } };

function track(value: "one-box" | "fleet"): Condition {
  return { httpHeader: { httpHeaderName: "x-sparki-track", values: [value] } };
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

/** One target group each: the pods that serve it. */
export type Track = "engine-one-box" | "engine-fleet" | "web-one-box" | "web-fleet";

export const TRACKS: readonly Track[] = ["engine-one-box", "engine-fleet", "web-one-box", "web-fleet"];
