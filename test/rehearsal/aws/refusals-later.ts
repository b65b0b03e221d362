import { TYPES } from "../../../rehearsal/aws/types.ts";
import { policy } from "../../aws/right-inputs.ts";
import type { Account } from "./account.ts";
import {
  balancer,
  cacheInputs,
  clusterInputs,
  hostedZone,
  keyPolicy,
  type Landscape,
  roleFor,
  targets,
} from "./landscape.ts";
import type { Refused } from "./refusals-outsiders.ts";

const make = async (account: Account, type: string, name: string, inputs: Record<string, unknown>) =>
  (await account.create({ type, name, inputs: JSON.parse(JSON.stringify(inputs)) })).id;

/** What AWS says to the same once more; the first is made here. */
const twice = (what: string, type: string, inputs: Refused["inputs"]): Refused => ({
  what: `a second ${what}`,
  type,
  inputs: async (account, land) => {
    const wanted = typeof inputs === "function" ? await inputs(account, land) : inputs;
    await make(account, type, "first", wanted);
    return wanted;
  },
});

async function signer(account: Account, zone: string, name: string) {
  const statements = [
    { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" },
    { Effect: "Allow", Principal: { Service: "dnssec-route53.amazonaws.com" }, Action: "kms:*", Resource: "*" },
  ];
  const inputs = {
    customerMasterKeySpec: "ECC_NIST_P256",
    keyUsage: "SIGN_VERIFY",
    policy: JSON.stringify({ Version: "2012-10-17", Statement: statements }),
  };
  const key = await account.create({ type: TYPES.kmsKey, name: `key-${name}`, inputs });
  return { hostedZoneId: zone, keyManagementServiceArn: String(key.properties.arn), name };
}

async function listenerOf(account: Account, loadBalancerArn: string, targetGroupArn: string) {
  const inputs = { loadBalancerArn, port: 80, protocol: "HTTP", defaultActions: [{ type: "forward", targetGroupArn }] };
  return make(account, TYPES.listener, `listener-${loadBalancerArn}`, inputs);
}

const privateZone = (account: Account, land: Landscape) =>
  make(account, TYPES.zone, "private", { name: "inside.test", vpcs: [{ vpcId: land.vpc }] });

const visibilityConfig = { cloudwatchMetricsEnabled: true, metricName: "a", sampledRequestsEnabled: true };

/** What lies between resources: a later list, tried before any model was changed for it. */
export const LATER: readonly Refused[] = [
  {
    what: "access logs in a bucket under a key of one's own",
    type: TYPES.loadBalancer,
    inputs: async (account, land) => {
      const bucket = await make(account, TYPES.bucket, "bucket", { bucket: "sparki-test-logs" });
      const kmsMasterKeyId = land.key;
      await make(account, TYPES.bucketEncryption, "encryption", {
        bucket,
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId } }],
      });
      const Principal = { Service: "logdelivery.elasticloadbalancing.amazonaws.com" };
      const document = policy({ Principal, Action: "s3:PutObject", Resource: `arn:aws:s3:::${bucket}/*` });
      await make(account, TYPES.bucketPolicy, "policy", { bucket, policy: document });
      const accessLogs = { enabled: true, bucket };
      return { name: "logged", subnets: [...land.subnets], securityGroups: [land.securityGroup], accessLogs };
    },
  },
  {
    what: "a second gateway to S3 in one route table",
    type: TYPES.vpcEndpoint,
    inputs: async (account, land) => {
      const routeTableIds = [await make(account, TYPES.routeTable, "table", { vpcId: land.vpc })];
      const inputs = { vpcId: land.vpc, serviceName: "com.amazonaws.us-east-1.s3", routeTableIds };
      await make(account, TYPES.vpcEndpoint, "first", inputs);
      return inputs;
    },
  },
  {
    what: "a function whose role Lambda may not assume",
    type: TYPES.lambdaFunction,
    inputs: async (account) => ({
      ...{ name: "rotate", role: await roleFor(account, "ec2.amazonaws.com") },
      ...{ runtime: "nodejs22.x", handler: "index.handler" },
    }),
  },
  twice("flow log of a network to one place", TYPES.flowLog, async (account, land) => {
    const name = await make(account, TYPES.bucket, "flow", { bucket: "sparki-test-flow" });
    return { vpcId: land.vpc, trafficType: "ALL", logDestinationType: "s3", logDestination: `arn:aws:s3:::${name}` };
  }),
  {
    what: "a NAT gateway with an address outside of its subnet",
    type: TYPES.natGateway,
    inputs: (_account, land) => ({
      subnetId: land.subnets[0] ?? "",
      connectivityType: "private",
      privateIp: "10.40.200.4",
    }),
  },
  {
    what: "a rule whose targets are in another network",
    type: TYPES.listenerRule,
    inputs: async (account, land) => {
      const listenerArn = await listenerOf(account, await balancer(account, land), await targets(account, land));
      const vpcId = await make(account, TYPES.vpc, "other", { cidrBlock: "10.50.0.0/16" });
      const away = { name: "away", vpcId, port: 80, protocol: "HTTP", targetType: "ip" };
      const targetGroupArn = await make(account, TYPES.targetGroup, "away", away);
      const conditions = [{ pathPattern: { values: ["/a"] } }];
      return { listenerArn, priority: 1, conditions, actions: [{ type: "forward", targetGroupArn }] };
    },
  },
  {
    what: "a rule whose targets are another load balancer's",
    type: TYPES.listenerRule,
    inputs: async (account, land) => {
      const [one, two] = [await targets(account, land, "one"), await targets(account, land, "two")];
      const listenerArn = await listenerOf(account, await balancer(account, land), one);
      const inputs = { name: "beside", subnets: [...land.subnets], securityGroups: [land.securityGroup] };
      await listenerOf(account, await make(account, TYPES.loadBalancer, "beside", inputs), two);
      const conditions = [{ pathPattern: { values: ["/a"] } }];
      return { listenerArn, priority: 1, conditions, actions: [{ type: "forward", targetGroupArn: two }] };
    },
  },
  {
    what: "a network load balancer's listener with targets over HTTP",
    type: TYPES.listener,
    inputs: async (account, land) => {
      const inputs = { name: "net", loadBalancerType: "network", subnets: [land.subnets[0] ?? ""] };
      const loadBalancerArn = await make(account, TYPES.loadBalancer, "net", inputs);
      const targetGroupArn = await targets(account, land);
      return { loadBalancerArn, port: 80, protocol: "TCP", defaultActions: [{ type: "forward", targetGroupArn }] };
    },
  },
  {
    what: "an application load balancer's listener over TCP",
    type: TYPES.listener,
    inputs: async (account, land) => {
      const tcp = { name: "tcp", vpcId: land.vpc, port: 80, protocol: "TCP", targetType: "ip" };
      const targetGroupArn = await make(account, TYPES.targetGroup, "tcp", tcp);
      const loadBalancerArn = await balancer(account, land);
      return { loadBalancerArn, port: 80, protocol: "TCP", defaultActions: [{ type: "forward", targetGroupArn }] };
    },
  },
  {
    what: "an address beside a canonical name",
    type: TYPES.record,
    inputs: async (account) => {
      const [zoneId, name] = [await hostedZone(account), "www.test.sparki.tools"];
      await make(account, TYPES.record, "first", { zoneId, name, type: "CNAME", ttl: 60, records: ["a.test"] });
      return { zoneId, name, type: "A", ttl: 60, records: ["192.0.2.1"] };
    },
  },
  {
    what: "a plain record beside one with a weight",
    type: TYPES.record,
    inputs: async (account) => {
      const record = { zoneId: await hostedZone(account), name: "www.test.sparki.tools", type: "A", ttl: 60 };
      const weighted = { ...record, setIdentifier: "one", weightedRoutingPolicies: [{ weight: 1 }] };
      await make(account, TYPES.record, "first", { ...weighted, records: ["192.0.2.1"] });
      return { ...record, records: ["192.0.2.2"] };
    },
  },
  {
    what: "a third key that signs a zone",
    type: TYPES.keySigningKey,
    inputs: async (account) => {
      const zone = await hostedZone(account);
      for (const name of ["one", "two"])
        await make(account, TYPES.keySigningKey, name, await signer(account, zone, name));
      return signer(account, zone, "three");
    },
  },
  {
    what: "a key that signs a zone, of a name that is taken",
    type: TYPES.keySigningKey,
    inputs: async (account) => {
      const zone = await hostedZone(account);
      await make(account, TYPES.keySigningKey, "one", await signer(account, zone, "one"));
      return signer(account, zone, "one");
    },
  },
  {
    what: "a key that signs a private zone",
    type: TYPES.keySigningKey,
    inputs: async (account, land) => signer(account, await privateZone(account, land), "one"),
  },
  {
    what: "a log of the queries to a private zone",
    type: TYPES.queryLog,
    inputs: async (account, land) => {
      await make(account, TYPES.logGroup, "queries", { name: "/aws/route53/inside" });
      const cloudwatchLogGroupArn = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/inside";
      const Resource = "arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/*";
      const grant = { Principal: { Service: "route53.amazonaws.com" }, Resource };
      const policyDocument = policy({ ...grant, Action: ["logs:CreateLogStream", "logs:PutLogEvents"] });
      await make(account, TYPES.logResourcePolicy, "policy", { policyName: "route53", policyDocument });
      return { zoneId: await privateZone(account, land), cloudwatchLogGroupArn };
    },
  },
  {
    what: "an alias of a key that is to be deleted",
    type: TYPES.kmsAlias,
    inputs: async (account) => {
      const inputs = { policy: keyPolicy("rds.amazonaws.com") };
      const targetKeyId = await make(account, TYPES.kmsKey, "gone", inputs);
      await account.delete(TYPES.kmsKey, targetKeyId);
      return { name: "alias/gone", targetKeyId };
    },
  },
  {
    what: "a cluster in two subnets of one zone",
    type: TYPES.cluster,
    inputs: async (account, land) => {
      const inputs = { vpcId: land.vpc, cidrBlock: "10.40.64.0/20", availabilityZone: "us-east-1a" };
      const subnetIds = [land.subnets[0] ?? "", await make(account, TYPES.subnet, "beside", inputs)];
      return { ...(await clusterInputs(account, land)), vpcConfig: { subnetIds, endpointPrivateAccess: true } };
    },
  },
  twice("entry of a role in a cluster", TYPES.accessEntry, async (account, land) => {
    const clusterName = await make(account, TYPES.cluster, "cluster", await clusterInputs(account, land));
    return { clusterName, principalArn: await roleFor(account, "ec2.amazonaws.com") };
  }),
  twice("cluster of one name", TYPES.cluster, (account, land) => clusterInputs(account, land)),
  twice("log group of one name", TYPES.logGroup, { name: "/sparki/test" }),
  twice("firewall of one name", TYPES.webAcl, {
    ...{ name: "acl", scope: "REGIONAL", visibilityConfig },
    defaultAction: { allow: {} },
  }),
  twice("load balancer of one name", TYPES.loadBalancer, (_account, land) => ({
    ...{ name: "one", subnets: [...land.subnets], securityGroups: [land.securityGroup] },
  })),
  twice("policy of one name", TYPES.policy, { name: "read", policy: policy({ Action: "s3:*", Resource: "*" }) }),
  twice("group of parameters of one name", TYPES.databaseParameterGroup, { name: "one", family: "postgres17" }),
  twice("provider of identities of one URL", TYPES.openIdConnectProvider, {
    ...{ url: "https://token.actions.githubusercontent.com", clientIdLists: ["sts.amazonaws.com"] },
  }),
  twice("function of one name", TYPES.lambdaFunction, async (account) => ({
    ...{ name: "rotate", role: await roleFor(account, "lambda.amazonaws.com") },
    ...{ runtime: "nodejs22.x", handler: "index.handler" },
  })),
  {
    what: "a cache from a snapshot that is not there",
    type: TYPES.replicationGroup,
    inputs: async (account, land) => ({ ...(await cacheInputs(account, land)), snapshotName: "nobodys" }),
  },
  {
    what: "a cache for users who are in no group",
    type: TYPES.replicationGroup,
    inputs: async (account, land) => {
      const { authToken: _, ...inputs } = await cacheInputs(account, land);
      return { ...inputs, userGroupIds: ["nobodys"] };
    },
  },
  {
    what: "a policy for everybody on a bucket of which nothing else is said",
    type: TYPES.bucketPolicy,
    inputs: async (account) => {
      await account.create({ type: TYPES.bucket, name: "bucket", inputs: { bucket: "sparki-open" } });
      const statement = {
        Effect: "Allow",
        Principal: "*",
        Action: "s3:GetObject",
        Resource: "arn:aws:s3:::sparki-open/*",
      };
      return { bucket: "sparki-open", policy: JSON.stringify({ Version: "2012-10-17", Statement: [statement] }) };
    },
  },
];
