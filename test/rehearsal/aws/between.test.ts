import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { policy } from "../../aws/right-inputs.ts";
import { Account } from "./account.ts";
import {
  cacheInputs,
  clusterInputs,
  databaseInputs,
  hostedZone,
  keyPolicy,
  type Landscape,
  landscape,
  roleFor,
} from "./landscape.ts";

let account: Account;
let land: Landscape;

beforeEach(async () => {
  account = new Account();
  land = await landscape(account);
});

afterEach(() => account.close());

const make = async (type: string, inputs: Properties, name = "n") => (await account.create({ type, name, inputs })).id;
const subnet = (availabilityZone: string, cidrBlock: string, vpcId = land.vpc) =>
  make(TYPES.subnet, { vpcId, cidrBlock, availabilityZone }, cidrBlock);

/** Another VPC with two subnets and a security group. */
async function elsewhere() {
  const vpc = await make(TYPES.vpc, { cidrBlock: "10.50.0.0/16" }, "other");
  const subnets = [await subnet("us-east-1a", "10.50.0.0/20", vpc), await subnet("us-east-1b", "10.50.16.0/20", vpc)];
  const group = await make(TYPES.securityGroup, { name: "other", vpcId: vpc }, "other-group");
  return { vpc, subnets, group };
}

const trustOf = (service: string, rest: object = {}) =>
  policy({ Principal: { Service: service }, Action: "sts:AssumeRole", ...rest });
async function role(assumeRolePolicy: string, name = "asked"): Promise<string> {
  const { properties } = await account.create({ type: TYPES.role, name, inputs: { name, assumeRolePolicy } });
  return String(properties.arn);
}

const denied = (service: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: ["Allow", "Deny"].map((Effect) => ({
      Effect,
      Principal: { Service: service },
      Action: "sts:AssumeRole",
    })),
  });

async function signingKey(grant: object): Promise<Properties> {
  const inputs = {
    customerMasterKeySpec: "ECC_NIST_P256",
    keyUsage: "SIGN_VERIFY",
    policy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" },
        { Effect: "Allow", Resource: "*", ...grant },
      ],
    }),
  };
  const { properties } = await account.create({ type: TYPES.kmsKey, name: "ksk", inputs });
  return { hostedZoneId: await hostedZone(account), keyManagementServiceArn: properties.arn ?? "", name: "sparki" };
}

const balancer = (rest: Properties): Properties => ({
  name: "sparki",
  subnets: [...land.subnets],
  securityGroups: [land.securityGroup],
  ...rest,
});

const refused: Record<string, [type: string, inputs: () => Promise<Properties> | Properties, words: string]> = {
  "an endpoint with two subnets of one zone": [
    TYPES.vpcEndpoint,
    async () => ({
      vpcId: land.vpc,
      serviceName: "com.amazonaws.us-east-1.sts",
      vpcEndpointType: "Interface",
      subnetIds: [land.subnets[0] ?? "", await subnet("us-east-1a", "10.40.32.0/20")],
    }),
    "DuplicateSubnetsInSameZone",
  ],
  "an endpoint with a security group of another VPC": [
    TYPES.vpcEndpoint,
    async () => ({
      vpcId: land.vpc,
      serviceName: "com.amazonaws.us-east-1.sts",
      vpcEndpointType: "Interface",
      securityGroupIds: [(await elsewhere()).group],
    }),
    "does not belong to the VPC",
  ],
  "a cluster whose role denies what it allows": [
    TYPES.cluster,
    async () => ({ ...(await clusterInputs(account, land)), roleArn: await role(denied("eks.amazonaws.com")) }),
    "could not be assumed",
  ],
  "an Auto Mode cluster whose role may not be tagged": [
    TYPES.cluster,
    async () => ({
      ...(await clusterInputs(account, land)),
      bootstrapSelfManagedAddons: false,
      accessConfig: { authenticationMode: "API" },
      computeConfig: { enabled: true },
      storageConfig: { blockStorage: { enabled: true } },
      kubernetesNetworkConfig: { elasticLoadBalancing: { enabled: true } },
    }),
    "sts:TagSession",
  ],
  "a cluster whose service range is the network's": [
    TYPES.cluster,
    async () => ({
      ...(await clusterInputs(account, land)),
      kubernetesNetworkConfig: { serviceIpv4Cidr: "10.40.0.0/20" },
    }),
    "overlaps",
  ],
  "pods' identity by a role of nodes": [
    TYPES.podIdentityAssociation,
    async () => {
      const cluster = await make(TYPES.cluster, await clusterInputs(account, land), "cluster");
      return {
        clusterName: cluster,
        namespace: "a",
        serviceAccount: "a",
        roleArn: await roleFor(account, "ec2.amazonaws.com"),
      };
    },
    "pods.eks.amazonaws.com may not call",
  ],
  "a load balancer with two subnets of one zone beside another": [
    TYPES.loadBalancer,
    async () => balancer({ subnets: [...land.subnets, await subnet("us-east-1a", "10.40.64.0/20")] }),
    "Two subnets of the zone",
  ],
  "a load balancer in a subnet of /28": [
    TYPES.loadBalancer,
    async () => balancer({ subnets: [land.subnets[0] ?? "", await subnet("us-east-1b", "10.40.80.0/28")] }),
    "too small",
  ],
  "a load balancer with a security group of another VPC": [
    TYPES.loadBalancer,
    async () => balancer({ securityGroups: [(await elsewhere()).group] }),
    "does not belong to the VPC",
  ],
  "access logs in a bucket whose policy denies them": [
    TYPES.loadBalancer,
    async () => {
      await make(TYPES.bucket, { bucket: "logs-of-test" }, "bucket");
      const grant = {
        Principal: { Service: "logdelivery.elasticloadbalancing.amazonaws.com" },
        Action: "s3:PutObject",
        Resource: "arn:aws:s3:::logs-of-test/*",
      };
      const Statement = ["Allow", "Deny"].map((Effect) => ({ Effect, ...grant }));
      const document = JSON.stringify({ Version: "2012-10-17", Statement });
      await make(TYPES.bucketPolicy, { bucket: "logs-of-test", policy: document }, "policy");
      return balancer({ accessLogs: { enabled: true, bucket: "logs-of-test" } });
    },
    "Access Denied",
  ],
  "a rule for a security group of another VPC": [
    TYPES.ingressRule,
    async () => ({
      securityGroupId: land.securityGroup,
      referencedSecurityGroupId: (await elsewhere()).group,
      ipProtocol: "-1",
    }),
    "different networks",
  ],
  "a route to another VPC's gateway": [
    TYPES.route,
    async () => {
      const { vpc } = await elsewhere();
      const routeTableId = await make(TYPES.routeTable, { vpcId: vpc }, "table");
      return { routeTableId, destinationCidrBlock: "0.0.0.0/0", gatewayId: land.gateway };
    },
    "different networks",
  ],
  "a route table for a subnet of another VPC": [
    TYPES.routeTableAssociation,
    async () => {
      const routeTableId = await make(TYPES.routeTable, { vpcId: (await elsewhere()).vpc }, "table");
      return { routeTableId, subnetId: land.subnets[0] ?? "" };
    },
    "does not belong to the VPC",
  ],
  "a key whose policy names a role that there is not": [
    TYPES.kmsKey,
    () => ({
      policy: policy({ Principal: { AWS: "arn:aws:iam::111122223333:role/gone" }, Action: "kms:*", Resource: "*" }),
    }),
    "Invalid principal",
  ],
  "trust of a service that there is not": [
    TYPES.role,
    () => ({ name: "r", assumeRolePolicy: trustOf("nothing-like-it.amazonaws.com") }),
    "Invalid principal",
  ],
  "a database watched by another service's role": [
    TYPES.database,
    async () => ({
      ...(await databaseInputs(account, land)),
      monitoringInterval: 60,
      monitoringRoleArn: await roleFor(account, "ec2.amazonaws.com"),
    }),
    "monitoring.rds.amazonaws.com may not call",
  ],
  "flow logs by another service's role": [
    TYPES.flowLog,
    async () => ({
      vpcId: land.vpc,
      trafficType: "ALL",
      logDestination: String(
        (await account.create({ type: TYPES.logGroup, name: "g", inputs: { name: "flow" } })).properties.arn,
      ),
      iamRoleArn: await roleFor(account, "ec2.amazonaws.com"),
    }),
    "vpc-flow-logs.amazonaws.com may not call",
  ],
  "a cache with parameters of another family": [
    TYPES.replicationGroup,
    async () => {
      const parameterGroupName = await make(TYPES.cacheParameterGroup, { name: "six", family: "redis6.x" }, "six");
      return { ...(await cacheInputs(account, land)), engineVersion: "7.1", parameterGroupName };
    },
    "family redis7",
  ],
  "a signing key that Route 53 may not use": [
    TYPES.keySigningKey,
    () => signingKey({ Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*" }),
    "does not let dnssec-route53.amazonaws.com",
  ],
  "signing with a key that is not active": [
    TYPES.hostedZoneDnsSec,
    async () => {
      const key = await signingKey({ Principal: { Service: "dnssec-route53.amazonaws.com" }, Action: "kms:*" });
      await make(TYPES.keySigningKey, { ...key, status: "INACTIVE" }, "inactive");
      return { hostedZoneId: key.hostedZoneId ?? "" };
    },
    "KeySigningKeyWithActiveStatusNotFound",
  ],
  "another name for the zone itself": [
    TYPES.record,
    async () => ({
      zoneId: await hostedZone(account),
      name: "test.sparki.tools",
      type: "CNAME",
      ttl: 60,
      records: ["a.test"],
    }),
    "not permitted at apex",
  ],
};

describe("what lies between resources of the simulated AWS", () => {
  it.each(Object.entries(refused))("refuses %s", async (_, [type, inputs, words]) => {
    const wanted = { type, name: "asked", inputs: await inputs() };
    await expect(account.create(wanted)).rejects.toThrow(words);
  });

  const accepted: Record<string, [type: string, inputs: () => Promise<Properties> | Properties]> = {
    "trust under a condition on this account": [
      TYPES.cluster,
      async () => ({
        ...(await clusterInputs(account, land)),
        roleArn: await role(
          trustOf("eks.amazonaws.com", { Condition: { StringEquals: { "aws:SourceAccount": "111122223333" } } }),
        ),
      }),
    ],
    "a key's policy that names a role that there is": [
      TYPES.kmsKey,
      async () => ({
        policy: policy({
          Principal: { AWS: await roleFor(account, "ec2.amazonaws.com") },
          Action: "kms:*",
          Resource: "*",
        }),
      }),
    ],
    "an interface endpoint of Amazon EFS": [
      TYPES.vpcEndpoint,
      () => ({
        vpcId: land.vpc,
        serviceName: "com.amazonaws.us-east-1.elasticfilesystem",
        vpcEndpointType: "Interface",
      }),
    ],
    "an interface endpoint of AWS WAF": [
      TYPES.vpcEndpoint,
      () => ({ vpcId: land.vpc, serviceName: "com.amazonaws.us-east-1.wafv2", vpcEndpointType: "Interface" }),
    ],
    "the agents of EKS as add-ons": [
      TYPES.addon,
      async () => ({
        clusterName: await make(TYPES.cluster, await clusterInputs(account, land), "cluster"),
        addonName: "eks-node-monitoring-agent",
      }),
    ],
    "a log group under a key that lets CloudWatch in": [
      TYPES.logGroup,
      async () => {
        const inputs = { policy: keyPolicy("logs.us-east-1.amazonaws.com") };
        const key = await account.create({ type: TYPES.kmsKey, name: "logs", inputs });
        return { name: "logs", kmsKeyId: key.properties.arn ?? "" };
      },
    ],
  };

  it.each(Object.entries(accepted))("takes %s", async (_, [type, inputs]) => {
    const made = await account.create({ type, name: "asked", inputs: await inputs() });
    expect(made.id).not.toBe("");
  });
});
