import { TYPES } from "../../../rehearsal/aws/types.ts";
import type { Properties, Value } from "../../../rehearsal/provider/properties.ts";
import type { Account, Wanted } from "./account.ts";

/** A policy document that lets the service do something. */
export function trust(service: string): string {
  const statement = { Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" };
  return JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
}

/** A key's policy that lets its account manage it, and a service encrypt and sign under it. */
export function keyPolicy(service: string): string {
  const statements = [
    { Effect: "Allow", Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" },
    { Effect: "Allow", Principal: { Service: service }, Action: "kms:*", Resource: "*" },
  ];
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Ids of a network that most resources need. */
export interface Landscape {
  readonly vpc: string;
  /** Two subnets in two zones. */
  readonly subnets: readonly string[];
  readonly securityGroup: string;
  readonly key: string;
  readonly gateway: string;
}

/** Makes a VPC over two zones with an internet gateway, a security group and a key. */
export async function landscape(account: Account): Promise<Landscape> {
  const make = async (wanted: Wanted) => (await account.create(wanted)).id;
  const vpc = await make({
    type: TYPES.vpc,
    name: "vpc",
    inputs: { cidrBlock: "10.40.0.0/16", enableDnsHostnames: true },
  });
  const subnet = (zone: string, cidrBlock: string) =>
    make({ type: TYPES.subnet, name: zone, inputs: { vpcId: vpc, cidrBlock, availabilityZone: zone } });
  const [gateway, securityGroup, key, ...subnets] = await Promise.all([
    make({ type: TYPES.internetGateway, name: "gateway", inputs: { vpcId: vpc } }),
    make({ type: TYPES.securityGroup, name: "group", inputs: { name: "group", vpcId: vpc } }),
    make({ type: TYPES.kmsKey, name: "key", inputs: { policy: keyPolicy("logs.us-east-1.amazonaws.com") } }),
    subnet("us-east-1a", "10.40.0.0/20"),
    subnet("us-east-1b", "10.40.16.0/20"),
  ]);
  return { vpc, gateway, subnets, securityGroup, key };
}

/** A role that the service assumes; gives its ARN. */
export async function roleFor(account: Account, service: string): Promise<string> {
  const name = `role-${service.split(".")[0]}`;
  const made = await account.create({ type: TYPES.role, name, inputs: { name, assumeRolePolicy: trust(service) } });
  return String(made.properties.arn);
}

/** Settings of an EKS cluster in the landscape. */
export async function clusterInputs(account: Account, { subnets }: Landscape): Promise<Properties> {
  const roleArn = await roleFor(account, "eks.amazonaws.com");
  const vpcConfig = { subnetIds: [...subnets], endpointPrivateAccess: true, endpointPublicAccess: false };
  return { name: "sparki-test", roleArn, version: "1.33", vpcConfig };
}

/** Settings of a PostgreSQL database in the landscape, with its subnet group made. */
export async function databaseInputs(account: Account, land: Landscape): Promise<Record<string, Value>> {
  const inputs = { name: "database", subnetIds: [...land.subnets] };
  await account.create({ type: TYPES.databaseSubnetGroup, name: "database", inputs });
  return {
    identifier: "sparki-test-database",
    engine: "postgres",
    engineVersion: "17.6",
    instanceClass: "db.t4g.large",
    allocatedStorage: 50,
    dbName: "sparki",
    username: "sparki_admin",
    manageMasterUserPassword: true,
    dbSubnetGroupName: "database",
    vpcSecurityGroupIds: [land.securityGroup],
    skipFinalSnapshot: true,
  };
}

/** Settings of a Redis replication group in the landscape, with its subnet group made. */
export async function cacheInputs(account: Account, land: Landscape): Promise<Record<string, Value>> {
  const inputs = { name: "cache", subnetIds: [...land.subnets] };
  await account.create({ type: TYPES.cacheSubnetGroup, name: "cache", inputs });
  return {
    replicationGroupId: "sparki-test-cache",
    description: "cache",
    nodeType: "cache.t4g.small",
    numCacheClusters: 2,
    automaticFailoverEnabled: true,
    multiAzEnabled: true,
    transitEncryptionEnabled: true,
    authToken: "recognisable-token-0123456789",
    subnetGroupName: "cache",
    securityGroupIds: [land.securityGroup],
  };
}

/** A load balancer in the landscape; gives its ARN. */
export async function balancer(account: Account, land: Landscape): Promise<string> {
  const inputs = { name: "sparki-test", subnets: [...land.subnets], securityGroups: [land.securityGroup] };
  return (await account.create({ type: TYPES.loadBalancer, name: "balancer", inputs })).id;
}

/** A target group in the landscape; gives its ARN. */
export async function targets(account: Account, land: Landscape, name = "targets", tags = {}): Promise<string> {
  const inputs = { name, vpcId: land.vpc, port: 8080, protocol: "HTTP", targetType: "ip", tags };
  return (await account.create({ type: TYPES.targetGroup, name, inputs })).id;
}

/** A hosted zone; gives its id. */
export async function hostedZone(account: Account): Promise<string> {
  return (await account.create({ type: TYPES.zone, name: "zone", inputs: { name: "test.sparki.tools" } })).id;
}

/** A certificate that its DNS record proves and that is issued; gives its ARN. */
export async function issuedCertificate(account: Account, zoneId: string): Promise<string> {
  const inputs = { domainName: "test.sparki.tools", validationMethod: "DNS" };
  const { id, properties } = await account.create({ type: TYPES.certificate, name: "certificate", inputs });
  await account.create({ type: TYPES.record, name: "proof", inputs: { zoneId, ...proofOf(properties) } });
  await account.create({ type: TYPES.certificateValidation, name: "issued", inputs: { certificateArn: id } });
  return id;
}

/** The DNS record that proves a certificate's first name. */
export function proofOf({ domainValidationOptions }: Properties): Properties {
  const [option] = Array.isArray(domainValidationOptions) ? domainValidationOptions : [];
  return {
    name: option.resourceRecordName,
    type: option.resourceRecordType,
    records: [option.resourceRecordValue],
    ttl: 300,
  };
}
