import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  enteredOf,
  routingOf,
  type ServiceName,
  TRACK_KINDS,
  type Track,
  type TrackKind,
  type TrackName,
  trackName,
  tracksOf,
} from "../stacks/services.ts";
import type { Cluster } from "./cluster.ts";
import { createSecurityGroup, type Network, type SecurityGroup } from "./network.ts";
import { onBehalfOf } from "./roles.ts";

export interface LoadBalancerArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  readonly network: Network;
  /** Its pods are the targets. */
  readonly cluster: Cluster;
  readonly certificateArn: pulumi.Input<string>;
  readonly protect: boolean;
  /** Users are let in to those of these that have an entrance. */
  readonly services: readonly ServiceName[];
}

/** Time a stopping pod still gets requests, at most; the charts' preStop and grace period are built on it. */
export const DEREGISTRATION_DELAY_SECONDS = 30;
const POD_PORT = 8080;

/** The public entrance: HTTPS only, to healthy pods only, logged. */
export class LoadBalancer extends pulumi.ComponentResource {
  readonly arn: pulumi.Output<string>;
  readonly dnsName: pulumi.Output<string>;
  readonly canonicalZoneId: pulumi.Output<string>;
  /** Of the tracks of each service that users reach. */
  readonly targetGroupArns: ReadonlyMap<TrackName, pulumi.Output<string>>;

  constructor(name: string, args: LoadBalancerArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:LoadBalancer", name, {}, options);
    const group = createEntrance(this, name, args);
    const balancer = createBalancer(this, name, { ...args, securityGroupId: group.id });
    const targets = createTargetGroups(this, name, args);
    const { services, certificateArn } = args;
    const routes = routeRequests(this, name, { balancer, targets, services, certificateArn });
    // A group whose pods are asked by nobody has no health: what binds pods to it waits until requests are routed to it.
    const asked = pulumi.all(routes.map(({ arn }) => arn));
    const routed = (target: aws.lb.TargetGroup) => pulumi.all([target.arn, asked]).apply(([arn]) => arn);

    this.arn = balancer.arn;
    this.dnsName = balancer.dnsName;
    this.canonicalZoneId = balancer.zoneId;
    this.targetGroupArns = new Map([...targets].map(([track, target]) => [track, routed(target)]));
    this.registerOutputs();
  }
}

function createEntrance(parent: LoadBalancer, name: string, args: LoadBalancerArgs): SecurityGroup {
  const group = createSecurityGroup(parent, `${name}-entrance`, {
    name: `sparki-${args.stack}-entrance`,
    description: "Public entrance of Sparki",
    vpcId: args.network.vpcId,
    ingress: {
      "world-https": { description: "HTTPS from anywhere: the public entrance", port: 443, cidr: "0.0.0.0/0" },
      "world-http": { description: "HTTP from anywhere, redirected to HTTPS", port: 80, cidr: "0.0.0.0/0" },
    },
    egress: {
      pods: { description: "Requests to pods", port: POD_PORT, securityGroupId: args.cluster.securityGroupId },
    },
  });
  new aws.vpc.SecurityGroupIngressRule(
    `${name}-pods-from-entrance`,
    {
      securityGroupId: args.cluster.securityGroupId,
      description: "Requests from the load balancer",
      ipProtocol: "tcp",
      fromPort: POD_PORT,
      toPort: POD_PORT,
      referencedSecurityGroupId: group.id,
    },
    { parent },
  );
  return group;
}

function createBalancer(
  parent: LoadBalancer,
  name: string,
  args: LoadBalancerArgs & { securityGroupId: pulumi.Input<string> },
): aws.lb.LoadBalancer {
  const accessLogs = createAccessLogBucket(parent, `${name}-access-logs`, args);
  return new aws.lb.LoadBalancer(
    `${name}-balancer`,
    {
      name: `sparki-${args.stack}`,
      loadBalancerType: "application",
      internal: false,
      subnets: args.network.publicSubnetIds,
      securityGroups: [args.securityGroupId],
      dropInvalidHeaderFields: true,
      desyncMitigationMode: "strictest",
      enableDeletionProtection: args.protect,
      accessLogs: { enabled: true, bucket: accessLogs },
    },
    { parent },
  );
}

function createTargetGroups(
  parent: LoadBalancer,
  name: string,
  args: LoadBalancerArgs,
): ReadonlyMap<TrackName, aws.lb.TargetGroup> {
  const create = (track: TrackName) =>
    new aws.lb.TargetGroup(
      `${name}-${track}`,
      {
        name: `sparki-${args.stack}-${track}`,
        vpcId: args.network.vpcId,
        targetType: "ip",
        protocol: "HTTP",
        port: POD_PORT,
        deregistrationDelay: DEREGISTRATION_DELAY_SECONDS,
        healthCheck: { path: "/ready", interval: 10, timeout: 5, healthyThreshold: 2, unhealthyThreshold: 2 },
        // Says whose pods it takes. Until its version 10 AmazonEKSLoadBalancingPolicy let Auto Mode register pods only in
        // groups with this tag, and later versions let it in without: with the tag, either does.
        tags: { "eks:eks-cluster-name": args.cluster.name },
      },
      { parent },
    );
  const tracks = tracksOf(enteredOf(args.services)).map(trackName);
  return new Map(tracks.map((track) => [track, create(track)]));
}

interface AccessLogBucketArgs {
  readonly stack: string;
  readonly accountId: string;
  readonly region: string;
  /** False lets the bucket be deleted with the logs that are in it. */
  readonly protect: boolean;
}

/** A private bucket that takes the load balancer's access logs and drops them after a year. */
function createAccessLogBucket(parent: pulumi.Resource, name: string, args: AccessLogBucketArgs) {
  // Bucket names are global to AWS: the account id makes this one ours.
  const bucketName = `sparki-${args.stack}-access-logs-${args.accountId}`;
  const bucket = new aws.s3.Bucket(name, { bucket: bucketName, forceDestroy: !args.protect }, { parent });
  const target = { bucket: bucket.id };
  const encryption = { applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } };
  new aws.s3.BucketPublicAccessBlock(
    `${name}-private`,
    { ...target, blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true },
    { parent },
  );
  // Load balancers can deliver only to buckets under S3's own key (AWS limit).
  new aws.s3.BucketServerSideEncryptionConfiguration(
    `${name}-encryption`,
    { ...target, rules: [encryption] },
    { parent },
  );
  new aws.s3.BucketVersioning(
    `${name}-versioning`,
    { ...target, versioningConfiguration: { status: "Enabled" } },
    { parent },
  );
  // In a versioned bucket expiry only hides an object: what is hidden goes a day later.
  const expiry = {
    id: "expire",
    status: "Enabled",
    filter: {},
    expiration: { days: 365 },
    noncurrentVersionExpiration: { noncurrentDays: 1 },
  };
  new aws.s3.BucketLifecycleConfiguration(`${name}-expiry`, { ...target, rules: [expiry] }, { parent });
  const policy = new aws.s3.BucketPolicy(
    `${name}-policy`,
    { ...target, policy: deliveryPolicy(bucket, args) },
    { parent },
  );
  // By way of the policy: the load balancer checks at once that it may write.
  return policy.bucket;
}

function deliveryPolicy(bucket: aws.s3.Bucket, place: AccessLogBucketArgs): pulumi.Output<string> {
  return pulumi.jsonStringify({
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "LoadBalancerDelivers",
        Effect: "Allow",
        Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
        Action: "s3:PutObject",
        Resource: pulumi.interpolate`${bucket.arn}/*`,
        Condition: onBehalfOf(place, "elasticloadbalancing", "loadbalancer/*"),
      },
      {
        Sid: "OnlyOverTls",
        Effect: "Deny",
        Principal: "*",
        Action: "s3:*",
        Resource: [bucket.arn, pulumi.interpolate`${bucket.arn}/*`],
        Condition: { Bool: { "aws:SecureTransport": "false" } },
      },
    ],
  });
}

interface RoutesArgs {
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
function routeRequests(parent: pulumi.Resource, name: string, args: RoutesArgs): aws.lb.ListenerRule[] {
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
