import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties } from "../../../rehearsal/provider/properties.ts";
import { policy } from "../../aws/right-inputs.ts";
import { Account } from "./account.ts";
import {
  balancer,
  cacheInputs,
  clusterInputs,
  databaseInputs,
  hostedZone,
  type Landscape,
  landscape,
  roleFor,
  targets,
} from "./landscape.ts";

let account: Account;
let land: Landscape;

beforeEach(async () => {
  account = new Account();
  land = await landscape(account);
});

afterEach(() => account.close());

const make = (type: string, inputs: Properties, name = "n") => account.create({ type, name, inputs });
const idOf = async (type: string, inputs: Properties, name = "n") => (await make(type, inputs, name)).id;
const ROOT = policy({ Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" });
const keyArn = async (rest: Properties) => {
  const { properties } = await make(TYPES.kmsKey, { policy: ROOT, ...rest }, "other-key");
  return String(properties.arn);
};
const signing = () => keyArn({ customerMasterKeySpec: "RSA_2048", keyUsage: "SIGN_VERIFY" });
const disabled = () => keyArn({ isEnabled: false });
const otherVpc = () => idOf(TYPES.vpc, { cidrBlock: "10.50.0.0/16" }, "other");
const subnetIn = (vpcId: string, cidrBlock: string, availabilityZone = "us-east-1a") =>
  idOf(TYPES.subnet, { vpcId, cidrBlock, availabilityZone }, cidrBlock);
const tableOf = (vpcId: string) => idOf(TYPES.routeTable, { vpcId }, `table-${vpcId}`);
const address = (name: string) => idOf(TYPES.eip, {}, name);
const rule = (rest: Properties = {}): Properties => ({
  securityGroupId: land.securityGroup,
  ipProtocol: "tcp",
  fromPort: 443,
  toPort: 443,
  cidrIpv4: "10.0.0.0/8",
  ...rest,
});
const bucketWith = async (rest: Properties = {}) => idOf(TYPES.bucket, { bucket: "sparki-logs", ...rest }, "bucket");
const forward = (targetGroupArn: string): Properties[] => [{ type: "forward", targetGroupArn }];

type Row = readonly [type: string, inputs: () => Promise<Properties> | Properties, words: string];

const refused: Readonly<Record<string, Row>> = {
  "a further block of a VPC that overlaps its first": [
    TYPES.vpcCidrBlock,
    () => ({ vpcId: land.vpc, cidrBlock: "10.40.128.0/17" }),
    "InvalidVpc.Conflict",
  ],
  "a subnet of no block of its VPC": [
    TYPES.subnet,
    async () => {
      await make(TYPES.vpcCidrBlock, { vpcId: land.vpc, cidrBlock: "100.64.0.0/16" });
      return { vpcId: land.vpc, cidrBlock: "100.65.0.0/20" };
    },
    "InvalidSubnet.Range",
  ],
  "services of a cluster in a further block of its VPC": [
    TYPES.cluster,
    async () => {
      await make(TYPES.vpcCidrBlock, { vpcId: land.vpc, cidrBlock: "10.60.0.0/16" });
      const kubernetesNetworkConfig = { serviceIpv4Cidr: "10.60.0.0/20" };
      return { ...(await clusterInputs(account, land)), kubernetesNetworkConfig };
    },
    "overlaps with the VPC's 10.60.0.0/16",
  ],
  "a cluster in subnets of two VPCs": [
    TYPES.cluster,
    async () => {
      const stranger = await subnetIn(await otherVpc(), "10.50.0.0/20", "us-east-1b");
      const subnetIds = [land.subnets[0] ?? "", stranger];
      return { ...(await clusterInputs(account, land)), vpcConfig: { subnetIds, endpointPrivateAccess: true } };
    },
    "does not belong to the VPC",
  ],
  "an address that a NAT gateway has already": [
    TYPES.natGateway,
    async () => {
      const allocationId = await address("one");
      await make(TYPES.natGateway, { subnetId: land.subnets[0] ?? "", allocationId }, "first");
      return { subnetId: land.subnets[1] ?? "", allocationId };
    },
    "already associated",
  ],
  "a second route table of a subnet": [
    TYPES.routeTableAssociation,
    async () => {
      const routeTableId = await tableOf(land.vpc);
      await make(TYPES.routeTableAssociation, { routeTableId, subnetId: land.subnets[0] ?? "" }, "first");
      return { routeTableId, subnetId: land.subnets[0] ?? "" };
    },
    "Resource.AlreadyAssociated",
  ],
  "a gateway endpoint with a route table of another VPC": [
    TYPES.vpcEndpoint,
    async () => ({
      vpcId: land.vpc,
      serviceName: "com.amazonaws.us-east-1.s3",
      routeTableIds: [await tableOf(await otherVpc())],
    }),
    "does not belong to",
  ],
  "private DNS of an endpoint in a VPC without DNS names": [
    TYPES.vpcEndpoint,
    async () => ({
      vpcId: await otherVpc(),
      serviceName: "com.amazonaws.us-east-1.sts",
      vpcEndpointType: "Interface",
      privateDnsEnabled: true,
    }),
    "enableDnsHostnames",
  ],
  "a rule that the group has already": [
    TYPES.ingressRule,
    async () => {
      await make(TYPES.ingressRule, rule(), "first");
      return rule({ description: "again" });
    },
    "InvalidPermission.Duplicate",
  ],
  "a 61st rule of a group": [
    TYPES.ingressRule,
    async () => {
      for (let port = 1; port <= 60; port++)
        await make(TYPES.ingressRule, rule({ fromPort: port, toPort: port }), `${port}`);
      return rule({ fromPort: 61, toPort: 61 });
    },
    "RulesPerSecurityGroupLimitExceeded",
  ],
  "a database under a key that signs": [
    TYPES.database,
    async () => ({ ...(await databaseInputs(account, land)), storageEncrypted: true, kmsKeyId: await signing() }),
    "symmetric",
  ],
  "a database under a key that is disabled": [
    TYPES.database,
    async () => ({ ...(await databaseInputs(account, land)), storageEncrypted: true, kmsKeyId: await disabled() }),
    "disabled",
  ],
  "a cache under a key that signs": [
    TYPES.replicationGroup,
    async () => ({ ...(await cacheInputs(account, land)), atRestEncryptionEnabled: true, kmsKeyId: await signing() }),
    "symmetric",
  ],
  "a secret under a key that is disabled": [
    TYPES.secret,
    async () => ({ name: "sparki/one", kmsKeyId: await disabled() }),
    "disabled",
  ],
  "Kubernetes' secrets under a key that signs": [
    TYPES.cluster,
    async () => ({
      ...(await clusterInputs(account, land)),
      encryptionConfig: { provider: { keyArn: await signing() }, resources: ["secrets"] },
    }),
    "symmetric",
  ],
  "a target group of two load balancers": [
    TYPES.listener,
    async () => {
      const group = await targets(account, land);
      const first = await balancer(account, land);
      const inputs = { name: "sparki-two", subnets: [...land.subnets], securityGroups: [land.securityGroup] };
      const second = await idOf(TYPES.loadBalancer, inputs, "second");
      await make(
        TYPES.listener,
        { loadBalancerArn: first, port: 80, protocol: "HTTP", defaultActions: forward(group) },
        "l1",
      );
      return { loadBalancerArn: second, port: 80, protocol: "HTTP", defaultActions: forward(group) };
    },
    "TargetGroupAssociationLimit",
  ],
  "two listeners of one port": [
    TYPES.listener,
    async () => {
      const inputs = {
        loadBalancerArn: await balancer(account, land),
        port: 80,
        protocol: "HTTP",
        defaultActions: [{ type: "fixed-response", fixedResponse: { contentType: "text/plain", statusCode: "404" } }],
      };
      await make(TYPES.listener, inputs, "first");
      return inputs;
    },
    "DuplicateListener",
  ],
  "access logs in a bucket of another region": [
    TYPES.loadBalancer,
    async () => ({
      name: "sparki-logged",
      subnets: [...land.subnets],
      securityGroups: [land.securityGroup],
      accessLogs: { enabled: true, bucket: await bucketWith({ region: "eu-west-1" }) },
    }),
    "region",
  ],
  "a public policy of a bucket that blocks such": [
    TYPES.bucketPolicy,
    async () => {
      const bucket = await bucketWith();
      await make(TYPES.bucketPublicAccessBlock, { bucket, blockPublicPolicy: true }, "block");
      return {
        bucket,
        policy: policy({ Principal: "*", Action: "s3:GetObject", Resource: `arn:aws:s3:::${bucket}/*` }),
      };
    },
    "BlockPublicPolicy",
  ],
  "rotation by a function that Secrets Manager may not call": [
    TYPES.secretRotation,
    async () => {
      const secretId = await idOf(TYPES.secret, { name: "sparki/rotated" }, "secret");
      const inputs = {
        name: "rotate",
        role: await roleFor(account, "lambda.amazonaws.com"),
        runtime: "nodejs22.x",
        handler: "a.b",
      };
      const { properties } = await make(TYPES.lambdaFunction, inputs, "rotate");
      return { secretId, rotationLambdaArn: properties.arn ?? "", rotationRules: { automaticallyAfterDays: 30 } };
    },
    "cannot invoke",
  ],
  "an eleventh managed policy of a role": [
    TYPES.rolePolicyAttachment,
    async () => {
      const { id: role } = await make(
        TYPES.role,
        {
          name: "many",
          assumeRolePolicy: policy({ Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
        },
        "many",
      );
      const grant = policy({ Action: "s3:GetObject", Resource: "*" });
      const arns: string[] = [];
      for (let index = 0; index < 11; index++)
        arns.push(String((await make(TYPES.policy, { name: `p${index}`, policy: grant }, `p${index}`)).properties.arn));
      for (const [index, policyArn] of arns.slice(0, 10).entries())
        await make(TYPES.rolePolicyAttachment, { role, policyArn }, `a${index}`);
      return { role, policyArn: arns[10] ?? "" };
    },
    "LimitExceeded",
  ],
  "an add-on that the cluster has already": [
    TYPES.addon,
    async () => {
      const clusterName = await idOf(TYPES.cluster, await clusterInputs(account, land), "cluster");
      await make(TYPES.addon, { clusterName, addonName: "metrics-server" }, "first");
      return { clusterName, addonName: "metrics-server" };
    },
    "ResourceInUseException",
  ],
  "an alias that a key has already": [
    TYPES.kmsAlias,
    async () => {
      await make(TYPES.kmsAlias, { name: "alias/one", targetKeyId: land.key }, "first");
      return { name: "alias/one", targetKeyId: land.key };
    },
    "AlreadyExistsException",
  ],
  "a second zone's key of one name": [
    TYPES.queryLog,
    async () => ({
      zoneId: await hostedZone(account),
      cloudwatchLogGroupArn: "arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/none",
    }),
    "log group",
  ],
};

describe("further things that lie between resources of the simulated AWS", () => {
  it.each(Object.entries(refused))("refuse %s", async (_, [type, inputs, words]) => {
    const wanted = { type, name: "asked", inputs: await inputs() };
    await expect(account.create(wanted)).rejects.toThrow(words);
  });

  const accepted: Readonly<Record<string, readonly [type: string, inputs: () => Promise<Properties> | Properties]>> = {
    "a subnet in a further block of its VPC": [
      TYPES.subnet,
      async () => {
        await make(TYPES.vpcCidrBlock, { vpcId: land.vpc, cidrBlock: "100.64.0.0/16" });
        return { vpcId: land.vpc, cidrBlock: "100.64.16.0/20", availabilityZone: "us-east-1b" };
      },
    ],
    "a subnet of IPv6 alone": [
      TYPES.subnet,
      () => ({ vpcId: land.vpc, ipv6Native: true, ipv6CidrBlock: "2600:1f18:1234:5601::/64" }),
    ],
    "a group of subnets in zones by their ids": [
      TYPES.databaseSubnetGroup,
      async () => ({
        name: "by-id",
        subnetIds: [
          await idOf(
            TYPES.subnet,
            { vpcId: land.vpc, cidrBlock: "10.40.64.0/20", availabilityZoneId: "use1-az1" },
            "x",
          ),
          await idOf(
            TYPES.subnet,
            { vpcId: land.vpc, cidrBlock: "10.40.80.0/20", availabilityZoneId: "use1-az2" },
            "y",
          ),
        ],
      }),
    ],
    "shards that fail over": [
      TYPES.replicationGroup,
      async () => {
        const { numCacheClusters: _, ...rest } = await cacheInputs(account, land);
        return { ...rest, numNodeGroups: 2, replicasPerNodeGroup: 1, parameterGroupName: "default.redis7.cluster.on" };
      },
    ],
    "a network load balancer in one subnet": [
      TYPES.loadBalancer,
      () => ({ name: "sparki-net", loadBalancerType: "network", subnets: [land.subnets[0] ?? ""] }),
    ],
    "a database of MySQL": [
      TYPES.database,
      async () => {
        const { dbName: _, ...rest } = await databaseInputs(account, land);
        return { ...rest, engine: "mysql", engineVersion: "8.4.6" };
      },
    ],
    "a prefix of a name": [TYPES.securityGroup, () => ({ namePrefix: "sparki-", vpcId: land.vpc })],
  };

  it.each(Object.entries(accepted))("take %s", async (_, [type, inputs]) => {
    const made = await account.create({ type, name: "asked", inputs: await inputs() });
    expect(made.id).not.toBe("");
  });
});
