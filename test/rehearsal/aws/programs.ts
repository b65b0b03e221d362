import { InternetGateway } from "@pulumi/aws/ec2/internetGateway.js";
import { SecurityGroup } from "@pulumi/aws/ec2/securityGroup.js";
import { Subnet } from "@pulumi/aws/ec2/subnet.js";
import { Vpc } from "@pulumi/aws/ec2/vpc.js";
// As a whole: only this makes the SDK know the cluster that the component's outputs refer to.
import "@pulumi/aws/eks/index.js";
import { Provider } from "@pulumi/aws/provider.js";
import { Secret } from "@pulumi/aws/secretsmanager/secret.js";
import { SecretVersion } from "@pulumi/aws/secretsmanager/secretVersion.js";
import { Command } from "@pulumi/command/local/command.js";
import { Cluster, type ClusterArgs } from "@pulumi/eks/cluster.js";
import * as pulumi from "@pulumi/pulumi";
import { RandomPassword } from "@pulumi/random/randomPassword.js";
import { Database, type DatabaseArgs } from "../../../infra/database.ts";
import { Keys } from "../../../infra/keys.ts";

function provider(): Provider {
  const defaultTags = { tags: { project: "sparki" } };
  return new Provider("aws", { region: "us-east-1", allowedAccountIds: ["111122223333"], defaultTags });
}

function networkWith(options: pulumi.CustomResourceOptions) {
  const vpc = new Vpc("vpc", { cidrBlock: "10.40.0.0/16", tags: { Name: "sparki" } }, options);
  new InternetGateway("gateway", { vpcId: vpc.id }, options);
  const group = new SecurityGroup("group", { name: "group", vpcId: vpc.id }, options);
  const subnets = ["a", "b"].map((zone, index) => {
    const place = { cidrBlock: `10.40.${index * 16}.0/20`, availabilityZone: `us-east-1${zone}` };
    return new Subnet(zone, { vpcId: vpc.id, ...place }, options);
  });
  return { vpc, group, subnets };
}

/** A VPC with two subnets, an internet gateway and a security group: 7 resources with stack and provider. */
export async function network() {
  return { tags: networkWith({ provider: provider() }).vpc.tagsAll };
}

/** The stack's own database in a small network, at a version; with `majorUpgrade` its upgrade to that is permitted. */
export function database(version: Pick<DatabaseArgs, "engineVersion" | "majorUpgrade">) {
  return async () => {
    const options = { provider: provider() };
    const { vpc, group, subnets } = networkWith(options);
    // With providers its children find the simulated one, whatever they are called.
    const within = { providers: [options.provider] };
    const place = { stack: "test", accountId: "111122223333", region: "us-east-1", protect: false };
    const keys = new Keys("keys", place, within);
    const network = { vpcId: vpc.id, databaseSubnetIds: subnets.map(({ id }) => id) };
    const cluster = { securityGroupId: group.id };
    const size = {
      instanceClass: "db.r7g.large",
      storageGib: 100,
      maxStorageGib: 1000,
      multiZone: true,
      backupDays: 14,
    };
    new Database("database", { ...place, ...size, ...version, keys, network, cluster }, within);
  };
}

/** A resource whose arguments nobody has checked. */
class Odd extends pulumi.CustomResource {}

/** Programs with resources that are refused. */
export const refused = {
  "an unknown type": async () => void new Odd("aws:foo/bar:Baz", "odd", {}, { provider: provider() }),
  "a missing argument": async () =>
    void new Odd("aws:ec2/subnet:Subnet", "odd", { cidrBlock: "10.0.0.0/24" }, { provider: provider() }),
  "what only AWS can tell": async () => {
    const options = { provider: provider() };
    const { vpc, group, subnets } = networkWith(options);
    new SecurityGroup("missing", { vpcId: "vpc-0123" }, options);
    new SecurityGroup("duplicate", { name: group.name, vpcId: vpc.id }, options);
    new Subnet("overlapping", { vpcId: subnets[1]?.vpcId ?? "", cidrBlock: "10.40.24.0/24" }, options);
  },
};

/** A generated password that goes into Secrets Manager and through a command. */
export async function secrets() {
  const options = { provider: provider() };
  const secret = new Secret("secret", { name: "sparki/test" }, options);
  const password = new RandomPassword("password", { length: 40, special: false });
  new SecretVersion("value", { secretId: secret.id, secretString: password.result }, options);
  const stdin = pulumi.interpolate`recognisable ${password.result}`;
  const command = new Command("command", { create: "cat; touch ran", stdin, logging: "none" });
  return { written: command.stdout };
}

/** A cluster in Auto Mode with one administrator: 23 resources with stack, provider and network. */
export function cluster(args: ClusterArgs = {}) {
  const aws = provider();
  const { vpc, subnets } = networkWith({ provider: aws });
  const policyArn = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
  const admin = {
    principalArn: "arn:aws:iam::111122223333:role/admin",
    accessPolicies: { admin: { policyArn, accessScope: { type: "cluster" } } },
  };
  const { kubeconfigJson, nodeSecurityGroupId, eksCluster, core } = new Cluster(
    "cluster",
    {
      name: "sparki-test",
      version: "1.33",
      autoMode: { enabled: true },
      authenticationMode: "API",
      accessEntries: { admin },
      vpcId: vpc.id,
      privateSubnetIds: subnets.map(({ id }) => id),
      endpointPrivateAccess: true,
      endpointPublicAccess: false,
      skipDefaultNodeGroup: true,
      tags: { team: "platform" },
      ...args,
    },
    { providers: { aws } },
  );
  return { kubeconfigJson, nodeSecurityGroupId, name: eksCluster.name, endpoint: core.endpoint };
}
