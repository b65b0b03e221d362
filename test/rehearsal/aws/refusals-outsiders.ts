import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Account } from "./account.ts";
import {
  balancer,
  cacheInputs,
  clusterInputs,
  databaseInputs,
  hostedZone,
  issuedCertificate,
  keyPolicy,
  type Landscape,
  roleFor,
  targets,
  trust,
} from "./landscape.ts";
import type { Making } from "./refusal.ts";

/** What AWS refuses. */
export interface Refused {
  readonly what: string;
  readonly type: string;
  readonly inputs: Making;
}

const make = async (account: Account, type: string, name: string, inputs: Record<string, unknown>) =>
  (await account.create({ type, name, inputs: JSON.parse(JSON.stringify(inputs)) })).id;

/** Another network with two subnets and a security group. */
async function elsewhere(account: Account) {
  const vpcId = await make(account, TYPES.vpc, "other", { cidrBlock: "10.50.0.0/16", enableDnsHostnames: true });
  const subnet = (zone: string, cidrBlock: string) =>
    make(account, TYPES.subnet, `other-${zone}`, { vpcId, cidrBlock, availabilityZone: `us-east-1${zone}` });
  const subnets = [await subnet("a", "10.50.0.0/20"), await subnet("b", "10.50.16.0/20")];
  return { vpcId, subnets, group: await make(account, TYPES.securityGroup, "other", { name: "other", vpcId }) };
}

async function listener(account: Account, land: Landscape, port = 80) {
  const loadBalancerArn = await balancer(account, land);
  const targetGroupArn = await targets(account, land);
  const inputs = { loadBalancerArn, port, protocol: "HTTP", defaultActions: [{ type: "forward", targetGroupArn }] };
  return { inputs, targetGroupArn, arn: await make(account, TYPES.listener, "listener", inputs) };
}

/** What lies between resources, by someone who had not seen the models. */
export const OUTSIDERS: readonly Refused[] = [
  {
    what: "a database behind a group of another network",
    type: TYPES.database,
    inputs: async (account, land) => ({
      ...(await databaseInputs(account, land)),
      vpcSecurityGroupIds: [(await elsewhere(account)).group],
    }),
  },
  {
    what: "a cache behind a group of another network",
    type: TYPES.replicationGroup,
    inputs: async (account, land) => ({
      ...(await cacheInputs(account, land)),
      securityGroupIds: [(await elsewhere(account)).group],
    }),
  },
  {
    what: "a load balancer over two networks",
    type: TYPES.loadBalancer,
    inputs: async (account, land) => ({
      name: "two",
      subnets: [land.subnets[0] ?? "", (await elsewhere(account)).subnets[1] ?? ""],
      securityGroups: [land.securityGroup],
    }),
  },
  {
    what: "targets of a network that is not there",
    type: TYPES.targetGroup,
    inputs: { name: "t", vpcId: "vpc-0000000000000000f", port: 80, protocol: "HTTP", targetType: "ip" },
  },
  {
    what: "an application load balancer's listener with targets over TCP",
    type: TYPES.listener,
    inputs: async (account, land) => {
      const inputs = { name: "tcp", vpcId: land.vpc, port: 80, protocol: "TCP", targetType: "ip" };
      const targetGroupArn = await make(account, TYPES.targetGroup, "tcp", inputs);
      const loadBalancerArn = await balancer(account, land);
      return { loadBalancerArn, port: 80, protocol: "HTTP", defaultActions: [{ type: "forward", targetGroupArn }] };
    },
  },
  {
    what: "a listener whose targets are in another network",
    type: TYPES.listener,
    inputs: async (account, land) => {
      const { vpcId } = await elsewhere(account);
      const inputs = { name: "away", vpcId, port: 80, protocol: "HTTP", targetType: "ip" };
      const targetGroupArn = await make(account, TYPES.targetGroup, "away", inputs);
      const loadBalancerArn = await balancer(account, land);
      return { loadBalancerArn, port: 80, protocol: "HTTP", defaultActions: [{ type: "forward", targetGroupArn }] };
    },
  },
  {
    what: "a second listener on a port",
    type: TYPES.listener,
    inputs: async (account, land) => (await listener(account, land)).inputs,
  },
  {
    what: "a second rule of a priority",
    type: TYPES.listenerRule,
    inputs: async (account, land) => {
      const { arn: listenerArn, targetGroupArn } = await listener(account, land);
      const inputs = {
        listenerArn,
        priority: 5,
        conditions: [{ pathPattern: { values: ["/a"] } }],
        actions: [{ type: "forward", targetGroupArn }],
      };
      await make(account, TYPES.listenerRule, "first", inputs);
      return inputs;
    },
  },
  {
    what: "a listener with a certificate that is not issued",
    type: TYPES.listener,
    inputs: async (account, land) => {
      const wanted = { domainName: "test.sparki.tools", validationMethod: "DNS" };
      const certificateArn = await make(account, TYPES.certificate, "certificate", wanted);
      const { inputs } = await listener(account, land);
      return { ...inputs, port: 443, protocol: "HTTPS", certificateArn };
    },
  },
  {
    what: "a public NAT gateway in a network without an internet gateway",
    type: TYPES.natGateway,
    inputs: async (account) => ({
      subnetId: (await elsewhere(account)).subnets[0] ?? "",
      allocationId: await make(account, TYPES.eip, "address", {}),
    }),
  },
  {
    what: "a second NAT gateway with an address",
    type: TYPES.natGateway,
    inputs: async (account, land) => {
      const inputs = { subnetId: land.subnets[0] ?? "", allocationId: await make(account, TYPES.eip, "address", {}) };
      await make(account, TYPES.natGateway, "first", inputs);
      return inputs;
    },
  },
  {
    what: "a second route to a destination",
    type: TYPES.route,
    inputs: async (account, land) => {
      const routeTableId = await make(account, TYPES.routeTable, "table", { vpcId: land.vpc });
      const inputs = { routeTableId, destinationCidrBlock: "0.0.0.0/0", gatewayId: land.gateway };
      await make(account, TYPES.route, "first", inputs);
      return inputs;
    },
  },
  {
    what: "a route to the internet gateway of another network",
    type: TYPES.route,
    inputs: async (account, land) => {
      const { vpcId } = await elsewhere(account);
      const routeTableId = await make(account, TYPES.routeTable, "table", { vpcId });
      return { routeTableId, destinationCidrBlock: "0.0.0.0/0", gatewayId: land.gateway };
    },
  },
  {
    what: "a subnet with two route tables",
    type: TYPES.routeTableAssociation,
    inputs: async (account, land) => {
      const table = (name: string) => make(account, TYPES.routeTable, name, { vpcId: land.vpc });
      const [one, two, subnetId = ""] = [await table("one"), await table("two"), land.subnets[0]];
      await make(account, TYPES.routeTableAssociation, "first", { routeTableId: one, subnetId });
      return { routeTableId: two, subnetId };
    },
  },
  {
    what: "a subnet's route table of another network",
    type: TYPES.routeTableAssociation,
    inputs: async (account, land) => {
      const { vpcId } = await elsewhere(account);
      const routeTableId = await make(account, TYPES.routeTable, "table", { vpcId });
      return { routeTableId, subnetId: land.subnets[0] ?? "" };
    },
  },
  {
    what: "a second internet gateway of a network",
    type: TYPES.internetGateway,
    inputs: async (_account, land) => ({ vpcId: land.vpc }),
  },
  {
    what: "a subnet over another",
    type: TYPES.subnet,
    inputs: async (_account, land) => ({ vpcId: land.vpc, cidrBlock: "10.40.8.0/24", availabilityZone: "us-east-1c" }),
  },
  {
    what: "an endpoint with names of its own in a network that answers none",
    type: TYPES.vpcEndpoint,
    inputs: async (account) => {
      const vpcId = await make(account, TYPES.vpc, "mute", { cidrBlock: "10.60.0.0/16", enableDnsSupport: false });
      const inputs = { vpcId, cidrBlock: "10.60.0.0/24", availabilityZone: "us-east-1a" };
      const subnet = await make(account, TYPES.subnet, "mute", inputs);
      return {
        vpcId,
        serviceName: "com.amazonaws.us-east-1.logs",
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: [subnet],
      };
    },
  },
  {
    what: "a second endpoint with a service's names",
    type: TYPES.vpcEndpoint,
    inputs: async (account, land) => {
      const inputs = {
        vpcId: land.vpc,
        serviceName: "com.amazonaws.us-east-1.logs",
        vpcEndpointType: "Interface",
        privateDnsEnabled: true,
        subnetIds: [...land.subnets],
        securityGroupIds: [land.securityGroup],
      };
      await make(account, TYPES.vpcEndpoint, "first", inputs);
      return inputs;
    },
  },
  {
    what: "a database under a key that is to be deleted",
    type: TYPES.database,
    inputs: async (account, land) => {
      const key = await account.create({
        type: TYPES.kmsKey,
        name: "gone",
        inputs: { policy: keyPolicy("rds.amazonaws.com") },
      });
      await account.delete(TYPES.kmsKey, key.id);
      const inputs = await databaseInputs(account, land);
      return { ...inputs, storageEncrypted: true, kmsKeyId: String(key.properties.arn) };
    },
  },
  {
    what: "a database of a name that is taken",
    type: TYPES.database,
    inputs: async (account, land) => {
      const inputs = await databaseInputs(account, land);
      await make(account, TYPES.database, "first", inputs);
      return inputs;
    },
  },
  {
    what: "a database with parameters of another major version",
    type: TYPES.database,
    inputs: async (account, land) => {
      await make(account, TYPES.databaseParameterGroup, "old", { name: "old", family: "postgres16" });
      return { ...(await databaseInputs(account, land)), parameterGroupName: "old" };
    },
  },
  {
    what: "a database whose monitoring role RDS may not assume",
    type: TYPES.database,
    inputs: async (account, land) => ({
      ...(await databaseInputs(account, land)),
      monitoringInterval: 60,
      monitoringRoleArn: await roleFor(account, "lambda.amazonaws.com"),
    }),
  },
  {
    what: "a role of a name that is taken",
    type: TYPES.role,
    inputs: async (account) => {
      await roleFor(account, "ec2.amazonaws.com");
      return { name: "role-ec2", assumeRolePolicy: trust("ec2.amazonaws.com") };
    },
  },
  {
    what: "an alias that is taken",
    type: TYPES.kmsAlias,
    inputs: async (account, land) => {
      await make(account, TYPES.kmsAlias, "first", { name: "alias/sparki", targetKeyId: land.key });
      return { name: "alias/sparki", targetKeyId: land.key };
    },
  },
  {
    what: "a secret of a name that waits for its deletion",
    type: TYPES.secret,
    inputs: async (account) => {
      const inputs = { name: "sparki/gone", recoveryWindowInDays: 7 };
      await account.delete(TYPES.secret, await make(account, TYPES.secret, "first", inputs));
      return inputs;
    },
  },
  {
    what: "a bucket's policy for a role that is not there",
    type: TYPES.bucketPolicy,
    inputs: async (account) => {
      const bucket = await make(account, TYPES.bucket, "bucket", { bucket: "sparki-test-logs" });
      const Statement = {
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::111122223333:role/nowhere" },
        Action: "s3:GetObject",
        Resource: `arn:aws:s3:::${bucket}/*`,
      };
      return { bucket, policy: JSON.stringify({ Version: "2012-10-17", Statement }) };
    },
  },
  {
    what: "a canonical name beside an address",
    type: TYPES.record,
    inputs: async (account) => {
      const zoneId = await hostedZone(account);
      const name = "www.test.sparki.tools";
      await make(account, TYPES.record, "first", { zoneId, name, type: "A", ttl: 60, records: ["192.0.2.1"] });
      return { zoneId, name, type: "CNAME", ttl: 60, records: ["a.test"] };
    },
  },
  {
    what: "a zone's signing without a key",
    type: TYPES.hostedZoneDnsSec,
    inputs: async (account) => ({ hostedZoneId: await hostedZone(account) }),
  },
  {
    what: "an identity of pods whose role they may not assume",
    type: TYPES.podIdentityAssociation,
    inputs: async (account, land) => {
      await make(account, TYPES.cluster, "cluster", await clusterInputs(account, land));
      const roleArn = await roleFor(account, "ec2.amazonaws.com");
      return { clusterName: "sparki-test", namespace: "a", serviceAccount: "b", roleArn };
    },
  },
  {
    what: "a second identity of one account of pods",
    type: TYPES.podIdentityAssociation,
    inputs: async (account, land) => {
      await make(account, TYPES.cluster, "cluster", await clusterInputs(account, land));
      const Statement = {
        Effect: "Allow",
        Principal: { Service: "pods.eks.amazonaws.com" },
        Action: ["sts:AssumeRole", "sts:TagSession"],
      };
      const assumeRolePolicy = JSON.stringify({ Version: "2012-10-17", Statement });
      const role = await account.create({ type: TYPES.role, name: "pods", inputs: { name: "pods", assumeRolePolicy } });
      const inputs = {
        clusterName: "sparki-test",
        namespace: "a",
        serviceAccount: "b",
        roleArn: String(role.properties.arn),
      };
      await make(account, TYPES.podIdentityAssociation, "first", inputs);
      return inputs;
    },
  },
  {
    what: "a flow log whose role may write nothing",
    type: TYPES.flowLog,
    inputs: async (account, land) => ({
      vpcId: land.vpc,
      trafficType: "ALL",
      logDestination: `arn:aws:logs:us-east-1:111122223333:log-group:${await make(account, TYPES.logGroup, "flow", { name: "flow" })}`,
      iamRoleArn: await roleFor(account, "ec2.amazonaws.com"),
    }),
  },
  {
    what: "a group of subnets over two networks",
    type: TYPES.databaseSubnetGroup,
    inputs: async (account, land) => ({
      name: "two",
      subnetIds: [land.subnets[0] ?? "", (await elsewhere(account)).subnets[1] ?? ""],
    }),
  },
  {
    what: "a rule that a group has already",
    type: TYPES.ingressRule,
    inputs: async (account, land) => {
      const inputs = {
        securityGroupId: land.securityGroup,
        ipProtocol: "tcp",
        fromPort: 1,
        toPort: 2,
        cidrIpv4: "10.0.0.0/8",
      };
      await make(account, TYPES.ingressRule, "first", inputs);
      return inputs;
    },
  },
  {
    what: "a load balancer with the group of another network",
    type: TYPES.loadBalancer,
    inputs: async (account, land) => ({
      name: "group",
      subnets: [...land.subnets],
      securityGroups: [(await elsewhere(account)).group],
    }),
  },
  {
    what: "a second firewall's logs of another region",
    type: TYPES.webAclLogging,
    inputs: async (account) => {
      const visibilityConfig = { cloudwatchMetricsEnabled: true, metricName: "a", sampledRequestsEnabled: true };
      const acl = await account.create({
        type: TYPES.webAcl,
        name: "acl",
        inputs: { name: "acl", scope: "REGIONAL", defaultAction: { allow: {} }, visibilityConfig },
      });
      const logs = "arn:aws:logs:eu-west-1:111122223333:log-group:aws-waf-logs-a";
      return { resourceArn: String(acl.properties.arn), logDestinationConfigs: [logs] };
    },
  },
  {
    what: "a listener with a certificate that is not there",
    type: TYPES.listener,
    inputs: async (account, land) => {
      const arn = await issuedCertificate(account, await hostedZone(account));
      const { inputs } = await listener(account, land);
      return {
        ...inputs,
        port: 443,
        protocol: "HTTPS",
        certificateArn: `${arn.slice(0, -1)}${arn.endsWith("0") ? "1" : "0"}`,
      };
    },
  },
  {
    what: "a cluster's entry of a role that is not there",
    type: TYPES.accessPolicyAssociation,
    inputs: async (account, land) => {
      await make(account, TYPES.cluster, "cluster", await clusterInputs(account, land));
      return {
        clusterName: "sparki-test",
        principalArn: "arn:aws:iam::111122223333:role/nobody",
        policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy",
        accessScope: { type: "cluster" },
      };
    },
  },
];
