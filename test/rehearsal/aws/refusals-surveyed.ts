import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Account } from "./account.ts";
import { cacheInputs, clusterInputs, databaseInputs, hostedZone, roleFor, trust } from "./landscape.ts";
import type { Refused } from "./refusals-outsiders.ts";

const make = async (account: Account, type: string, name: string, inputs: Record<string, unknown>) =>
  (await account.create({ type, name, inputs: JSON.parse(JSON.stringify(inputs)) })).id;

const grants = (count: number) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: Array.from({ length: count }, (_, index) => ({
      Effect: "Allow",
      Action: "s3:GetObject",
      Resource: `arn:aws:s3:::a-bucket-of-a-long-name-${index}/*`,
    })),
  });

/** What lies between resources, found by going through what AWS's guides say of each. */
export const SURVEYED: readonly Refused[] = [
  {
    what: "a further block of another private range",
    type: TYPES.vpcCidrBlock,
    inputs: (_, { vpc }) => ({ vpcId: vpc, cidrBlock: "192.168.0.0/16" }),
  },
  {
    what: "a further block of AWS's own",
    type: TYPES.vpcCidrBlock,
    inputs: (_, { vpc }) => ({ vpcId: vpc, cidrBlock: "198.19.0.0/16" }),
  },
  {
    what: "a route within the network to the internet gateway",
    type: TYPES.route,
    inputs: async (account, { vpc, gateway }) => ({
      routeTableId: await make(account, TYPES.routeTable, "table", { vpcId: vpc }),
      destinationCidrBlock: "10.40.16.0/20",
      gatewayId: gateway,
    }),
  },
  {
    what: "inline policies of more than 10,240 characters in all",
    type: TYPES.rolePolicy,
    inputs: async (account) => {
      await roleFor(account, "ec2.amazonaws.com");
      await make(account, TYPES.rolePolicy, "one", { name: "one", role: "role-ec2", policy: grants(60) });
      return { name: "two", role: "role-ec2", policy: grants(60) };
    },
  },
  {
    what: "an access policy of nodes",
    type: TYPES.accessPolicyAssociation,
    inputs: async (account, land) => {
      const clusterName = await make(account, TYPES.cluster, "cluster", await clusterInputs(account, land));
      const principalArn = await roleFor(account, "ec2.amazonaws.com");
      await make(account, TYPES.accessEntry, "entry", { clusterName, principalArn, type: "EC2_LINUX" });
      return {
        clusterName,
        principalArn,
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        accessScope: { type: "cluster" },
      };
    },
  },
  {
    what: "a second private zone of a name in a network",
    type: TYPES.zone,
    inputs: async (account, { vpc }) => {
      const inputs = { name: "internal.example.com", vpcs: [{ vpcId: vpc }] };
      await make(account, TYPES.zone, "one", inputs);
      return inputs;
    },
  },
  {
    what: "a database in a zone that its subnets are not in",
    type: TYPES.database,
    inputs: async (account, land) => ({
      ...(await databaseInputs(account, land)),
      availabilityZone: "us-east-1d",
    }),
  },
  {
    what: "a cache's node in a zone that its subnets are not in",
    type: TYPES.replicationGroup,
    inputs: async (account, land) => ({
      ...(await cacheInputs(account, land)),
      preferredCacheClusterAzs: ["us-east-1a", "us-east-1d"],
    }),
  },
  {
    what: "a function with a group of another network",
    type: TYPES.lambdaFunction,
    inputs: async (account, { subnets }) => {
      const vpcId = await make(account, TYPES.vpc, "other", { cidrBlock: "10.50.0.0/16" });
      const group = await make(account, TYPES.securityGroup, "other", { name: "other", vpcId });
      return {
        name: "function",
        role: await roleFor(account, "lambda.amazonaws.com"),
        runtime: "nodejs22.x",
        handler: "index.handler",
        vpcConfig: { subnetIds: [...subnets], securityGroupIds: [group] },
      };
    },
  },
  {
    what: "a function in a network whose role may make no interface there",
    type: TYPES.lambdaFunction,
    inputs: async (account, { subnets, securityGroup }) => ({
      name: "function",
      role: await roleFor(account, "lambda.amazonaws.com"),
      runtime: "nodejs22.x",
      handler: "index.handler",
      vpcConfig: { subnetIds: [...subnets], securityGroupIds: [securityGroup] },
    }),
  },
  {
    what: "a replica of a database that does not exist",
    type: TYPES.database,
    inputs: async (account, land) => {
      const { username: _, dbName: __, manageMasterUserPassword: ___, ...rest } = await databaseInputs(account, land);
      return { ...rest, replicateSourceDb: "other" };
    },
  },
  {
    what: "a cluster whose nodes elsewhere have the network's own addresses",
    type: TYPES.cluster,
    inputs: async (account, land) => ({
      ...(await clusterInputs(account, land)),
      remoteNetworkConfig: { remoteNodeNetworks: { cidrs: ["10.40.64.0/20"] } },
    }),
  },
  {
    what: "a database for everybody in a network without a way to the internet",
    type: TYPES.database,
    inputs: async (account, land) => {
      const inputs = await databaseInputs(account, land);
      await account.delete(TYPES.internetGateway, land.gateway);
      return { ...inputs, publiclyAccessible: true };
    },
  },
  {
    what: "a listener of TCP and UDP with targets of TCP",
    type: TYPES.listener,
    inputs: async (account, { vpc, subnets }) => {
      const network = { name: "network", loadBalancerType: "network", subnets: [...subnets] };
      const group = { name: "tcp", vpcId: vpc, port: 53, protocol: "TCP", targetType: "ip" };
      return {
        loadBalancerArn: await make(account, TYPES.loadBalancer, "network", network),
        port: 53,
        protocol: "TCP_UDP",
        defaultActions: [{ type: "forward", targetGroupArn: await make(account, TYPES.targetGroup, "tcp", group) }],
      };
    },
  },
  ...["NS", "SOA"].map((type) => ({
    what: `a second ${type} record of the zone itself`,
    type: TYPES.record,
    inputs: async (account: Account) => ({
      zoneId: await hostedZone(account),
      name: "test.sparki.tools",
      type,
      ttl: 300,
      records: [type === "NS" ? "ns.example.com" : "ns.example.com admin.example.com 1 7200 900 1209600 86400"],
    }),
  })),
  {
    what: "a DS record of the zone itself",
    type: TYPES.record,
    inputs: async (account) => ({
      zoneId: await hostedZone(account),
      name: "test.sparki.tools",
      type: "DS",
      ttl: 300,
      records: [`12345 13 2 ${"AB".repeat(32)}`],
    }),
  },
  {
    what: "a record of a health check that does not exist",
    type: TYPES.record,
    inputs: async (account) => ({
      zoneId: await hostedZone(account),
      name: "a.test.sparki.tools",
      type: "A",
      ttl: 300,
      records: ["203.0.113.1"],
      setIdentifier: "one",
      weightedRoutingPolicies: [{ weight: 1 }],
      healthCheckId: "0a1b2c3d-0000-1111-2222-333344445555",
    }),
  },
  {
    what: "trust of a service that does not exist, in preview",
    type: TYPES.role,
    inputs: () => ({ name: "lost", assumeRolePolicy: trust("secretmanager.amazonaws.com") }),
  },
];
