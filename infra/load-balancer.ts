import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { enteredOf, type ServiceName, type TrackName, trackName, tracksOf } from "../stacks/services.ts";

import type { Cluster } from "./cluster.ts";
import type { Network } from "./network.ts";
import { onBehalfOf } from "./roles.ts";
import { routeRequests } from "./routes.ts";
import { createSecurityGroup, type SecurityGroup } from "./security-group.ts";

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
