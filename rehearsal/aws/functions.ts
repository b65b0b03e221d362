import {
  instanceClasses,
  KUBERNETES,
  kubernetesVersions,
  postgresUpgradeTargets,
  postgresVersions,
  retiredPostgresVersions,
} from "../../aws/catalog.ts";
import { isLike } from "../../aws/policy-document.ts";
import { isAddOn } from "../../aws/rules/cluster.ts";
import { compareVersions } from "../../aws/rules/shared.ts";
import type { Properties, Value } from "../provider/properties.ts";
import { AwsError, type Cloud } from "./model.ts";
import { prefixListOf } from "./services/ec2-gateways.ts";
import { zoneIdOf, zonesOf } from "./services/ec2-vpc.ts";
import { clusterToken, DEPLOYING_ROLE } from "./services/eks.ts";
import { isDelivered } from "./services/iam.ts";
import { secretValue } from "./services/kms-secretsmanager.ts";
import { certificateNames, issuedPem, recordName } from "./services/route53-acm.ts";
import type { Settings } from "./subject.ts";
import { TYPES } from "./types.ts";
import { at, flag, number, records, text, texts } from "./values.ts";
import type { WorldResource } from "./world.ts";

const DAY = 24 * 3600;

const VCPUS = "L-1216C47A";

/** AWS's own defaults for a new account, as the models enforce them; by service and quota code. */
const QUOTAS: Readonly<Record<string, { readonly quotaName: string; readonly value: number }>> = {
  "vpc L-F678F1CE": { quotaName: "VPCs per Region", value: 5 },
  "vpc L-FE5A380F": { quotaName: "NAT gateways per Availability Zone", value: 5 },
  "vpc L-407747CB": { quotaName: "Subnets per VPC", value: 200 },
  "vpc L-589F43AA": { quotaName: "Route tables per VPC", value: 200 },
  "vpc L-29B6F2EB": { quotaName: "Interface VPC endpoints per VPC", value: 50 },
  "vpc L-E79EC296": { quotaName: "VPC security groups per Region", value: 2500 },
  "vpc L-0EA8095F": { quotaName: "Inbound or outbound rules per security group", value: 60 },
  "iam L-FE177D64": { quotaName: "Roles per account", value: 1000 },
  "route53 L-4EA4796A": { quotaName: "Hosted zones", value: 500 },
  "ec2 L-0263D0A3": { quotaName: "EC2-VPC Elastic IPs", value: 5 },
  "eks L-1194D53C": { quotaName: "Clusters", value: 100 },
  "ec2 L-1216C47A": { quotaName: "Running On-Demand Standard instances", value: 32 },
  "rds L-7B6409FD": { quotaName: "DB instances", value: 40 },
  "elasticloadbalancing L-53DA6B97": { quotaName: "Application Load Balancers per Region", value: 50 },
  "elasticloadbalancing L-B22855CB": { quotaName: "Target Groups per Region", value: 3000 },
  "elasticache L-DFE45DF3": { quotaName: "Nodes per Region", value: 300 },
  "elasticache L-3E7F7726": { quotaName: "Subnet groups per Region", value: 150 },
  "rds L-48C6BF61": { quotaName: "DB subnet groups", value: 50 },
  "rds L-DE55804A": { quotaName: "Parameter groups", value: 50 },
  "s3 L-DC2B2D3D": { quotaName: "General purpose buckets", value: 10_000 },
  "wafv2 L-2EC3DE7B": { quotaName: "Maximum web ACLs per account in WAF for regional", value: 100 },
  "acm L-F141DD1D": { quotaName: "ACM certificates", value: 2500 },
  "kms L-C2F1777E": { quotaName: "Customer Master Keys (CMKs)", value: 100_000 },
};

/** A resource by a name; absent while there is none. */
function named(types: readonly string[], key: string): Answer {
  return (args, { region }, { world }) => {
    const found = world.find(types, text(args, key) ?? "");
    if (found === undefined || found.status === "deleting") throw NO_RESULTS();
    return { ...found.outputs, ...args, id: found.id, arn: found.arn, region };
  };
}

const CACHE_NODES = "elasticache:cluster";

/** Whether an ARN is of a service, or of a service's kind of resource as `rds:subgrp`. */
function isOfKind(arn: string, kind: string): boolean {
  const [service, type] = kind.split(":");
  const [, , own, , , ...rest] = arn.split(":");
  return own === service && (type === undefined || rest.join(":").split(/[:/]/)[0] === type);
}

/** Roles that services have made for themselves. */
const SERVICE_ROLE = /^AWSServiceRoleFor/;

/** Functions that look at what the account holds, as checks and diagnoses call them; they change nothing. */
const LOOK_UPS: Readonly<Record<string, Answer>> = {
  "aws:servicequotas/getServiceQuota:getServiceQuota": (args, { region }, { world }) => {
    const [serviceCode, quotaCode] = [text(args, "serviceCode") ?? "", text(args, "quotaCode") ?? ""];
    const quota = QUOTAS[`${serviceCode} ${quotaCode}`];
    if (quota === undefined) throw new AwsError("NoSuchResourceException", `The quota ${quotaCode} does not exist.`);
    const value = world.profile.quotas[quotaCode] ?? (quotaCode === VCPUS ? world.profile.vcpus : quota.value);
    return { ...quota, value, id: quotaCode, serviceCode, quotaCode, region, adjustable: true, defaultValue: value };
  },
  "aws:ec2/getVpcs:getVpcs": listing(TYPES.vpc, (found) => ({ ids: found.map(({ id }) => id) })),
  "aws:ec2/getEips:getEips": listing(TYPES.eip, (found) => ({ allocationIds: found.map(({ id }) => id) })),
  "aws:eks/getClusters:getClusters": listing(TYPES.cluster, (found) => ({ names: found.map(({ id }) => id) })),
  "aws:ec2/getSecurityGroups:getSecurityGroups": listing(TYPES.securityGroup, (found) => ({
    ids: found.map(({ id }) => id),
  })),
  "aws:ec2/getSubnets:getSubnets": filtered(TYPES.subnet, { "availability-zone": "availabilityZone" }),
  "aws:ec2/getNatGateways:getNatGateways": filtered(TYPES.natGateway, { "subnet-id": "subnetId" }),
  "aws:iam/getRoles:getRoles": (_args, _settings, { world }) => ({
    id: "-",
    names: world.ofType(TYPES.role).map(({ id }) => id),
  }),
  "aws:route53/getZones:getZones": (_args, _settings, { world }) => ({
    id: "-",
    ids: world.ofType(TYPES.zone).map(({ id }) => id),
  }),
  // The nodes of Auto Mode are no resources of this account's model; what else runs is on demand.
  "aws:ec2/getInstances:getInstances": (args, { region }, { world }) => {
    const isSpot = records(args, "filters").some((each) => text(each, "name") === "instance-lifecycle");
    return { id: region, region, ids: isSpot ? [] : world.profile.instances.map((_, index) => `i-${index}`) };
  },
  "aws:ec2/getInstance:getInstance": (args, { region }, { world }) => {
    const id = text(args, "instanceId") ?? "";
    const instanceType = world.profile.instances[Number(id.slice(2))];
    if (instanceType === undefined) throw NO_RESULTS();
    return { id, region, instanceType };
  },
  "aws:ec2/getInstanceType:getInstanceType": (args, { region }) => {
    const instanceType = text(args, "instanceType") ?? "";
    const [, times = "", size = ""] = /\.(\d*)(x?\w*)$/.exec(instanceType) ?? [];
    return { id: instanceType, region, instanceType, defaultVcpus: size === "xlarge" ? 4 * Number(times || 1) : 2 };
  },
  "aws:rds/getInstances:getInstances": listing(TYPES.database, (found) => ({
    instanceIdentifiers: found.map(({ name }) => name ?? ""),
    instanceArns: found.map(({ arn }) => arn),
  })),
  "aws:lb/getLbs:getLbs": listing(TYPES.loadBalancer, (found) => ({ arns: found.map(({ arn }) => arn) })),
  "aws:vpc/getSecurityGroupRules:getSecurityGroupRules": (args, { region }, { world }) => {
    const groups = texts(args, "filters.values");
    const found = [TYPES.ingressRule, TYPES.egressRule].flatMap((type) => world.ofType(type));
    const own = found.filter(({ inputs }) => groups.includes(text(inputs, "securityGroupId") ?? ""));
    return { id: region, region, ids: own.map(({ id }) => id) };
  },
  "aws:vpc/getSecurityGroupRule:getSecurityGroupRule": (args, _settings, { world }) => {
    const found = world.find([TYPES.ingressRule, TYPES.egressRule], text(args, "securityGroupRuleId") ?? "");
    if (found === undefined) throw new AwsError("InvalidSecurityGroupRuleId.NotFound", "no such rule");
    return { ...found.inputs, id: found.id, securityGroupRuleId: found.id, isEgress: found.type === TYPES.egressRule };
  },
  "aws:resourcegroupstaggingapi/getResources:getResources": (args, { region }, { world, clock }) => {
    const filters = records(args, "tagFilters").map(
      (each) => [text(each, "key") ?? "", texts(each, "values")] as const,
    );
    const delay = world.profile.tagDelaySeconds;
    const listed = world.all().filter(({ createdAtModelSeconds }) => createdAtModelSeconds + delay <= clock.now());
    const found = [...listed, ...(delay > 0 ? world.deletedWithin(delay) : [])].filter(({ tags }) =>
      filters.every(([key, values]) => values.includes(tags[key] ?? "")),
    );
    // Under another name the provider tells the ARN of some, and of a NAT gateway none, but AWS has one.
    const kinds = texts(args, "resourceTypeFilters");
    const resourceTagMappingLists = found
      .flatMap(({ accountId, arn, id, tags, type, inputs, outputs }) => {
        const told = arn || text(outputs, "associationArn") || text(outputs, "accessEntryArn");
        const own = told || `arn:aws:ec2:${region}:${accountId}:natgateway/${id}`;
        // Each node of a replication group is a resource of its own there; who asks for all asks for what a program makes.
        const isGroup = type === TYPES.replicationGroup && kinds.includes(CACHE_NODES);
        const nodes = isGroup ? (number(inputs, "numCacheClusters") ?? 1) : 0;
        const members = Array.from({ length: nodes }, (_, index) =>
          own.replace(/:replicationgroup:.*$/, `:cluster:${id}-00${index + 1}`),
        );
        return [own, ...members].map((resourceArn) => ({ resourceArn, tags, complianceDetails: [] }));
      })
      .filter(({ resourceArn }) => kinds.length === 0 || kinds.some((kind) => isOfKind(resourceArn, kind)));
    return { id: region, region, resourceTagMappingLists };
  },
  "aws:secretsmanager/getSecretVersions:getSecretVersions": (args, { region }, { world }) => {
    const secretId = text(args, "secretId") ?? "";
    const found = world.ofType(TYPES.secretVersion).filter(({ inputs }) => text(inputs, "secretId") === secretId);
    const newest = Math.max(...found.map(({ serial }) => serial));
    const versions = found.map(({ id, serial }) => ({
      versionId: id.split("|").at(-1) ?? "",
      versionStages: serial === newest ? ["AWSCURRENT"] : [],
    }));
    return { id: secretId, region, secretId, arn: secretId, name: secretId, versions };
  },
  "aws:elasticache/getReplicationGroup:getReplicationGroup": named([TYPES.replicationGroup], "replicationGroupId"),
  "aws:elasticache/getSubnetGroup:getSubnetGroup": named([TYPES.cacheSubnetGroup], "name"),
  "aws:lb/getLoadBalancer:getLoadBalancer": named([TYPES.loadBalancer], "name"),
  "aws:lb/getTargetGroup:getTargetGroup": named([TYPES.targetGroup], "name"),
  "aws:rds/getParameterGroup:getParameterGroup": named([TYPES.databaseParameterGroup], "name"),
  "aws:rds/getSubnetGroup:getSubnetGroup": named([TYPES.databaseSubnetGroup], "name"),
  "aws:wafv2/getWebAcl:getWebAcl": named([TYPES.webAcl], "name"),
  "aws:s3/getBucket:getBucket": named([TYPES.bucket], "bucket"),
  "aws:kms/getAlias:getAlias": (args, { region }, { world }) => {
    const name = text(args, "name") ?? "";
    const found = world.find([TYPES.kmsAlias], name);
    if (found === undefined) throw NO_RESULTS();
    const target = text(found.inputs, "targetKeyId") ?? "";
    const targetKeyArn = world.find([TYPES.kmsKey], target)?.arn ?? "";
    return { id: found.arn, arn: found.arn, name, region, targetKeyId: target, targetKeyArn };
  },
  "aws:kms/getKey:getKey": (args, { region }, { world }) => {
    const id = text(args, "keyId") ?? "";
    const found = world.ofType(TYPES.kmsKey).find((key) => key.id === id || key.arn === id);
    if (found === undefined) throw new AwsError("NotFoundException", `Key '${id}' does not exist`);
    return { id: found.id, arn: found.arn, keyId: id, region, keyState: "Enabled" };
  },
  "aws:guardduty/getDetector:getDetector": (_args, { region }, { world }) => {
    const found = world.all().find(({ type }) => type === TYPES.detector);
    if (found === undefined) throw new AwsError("", "no GuardDuty Detectors found");
    return { id: found.id, arn: found.arn, region, status: "ENABLED" };
  },
  "aws:iam/getOpenIdConnectProvider:getOpenIdConnectProvider": (args, _settings, { world }) => {
    const arn = text(args, "arn") ?? "";
    const found = world.find([TYPES.openIdConnectProvider], arn);
    if (found === undefined) throw new AwsError("NoSuchEntity", `OpenIDConnect Provider not found for arn ${arn}`);
    return { ...found.inputs, id: found.arn, arn: found.arn };
  },
  // As CloudFormation's schema of the type has it; no other type is modelled.
  "aws:cloudcontrol/getResource:getResource": (args, { region }, { world }) => {
    const [typeName, identifier = ""] = [text(args, "typeName") ?? "", text(args, "identifier")];
    if (typeName !== "AWS::S3::Bucket") throw new Error(`sparki rehearsal: Cloud Control has no ${typeName} here`);
    if (standing(world.get(TYPES.bucket, identifier)) === undefined)
      throw new AwsError("ResourceNotFoundException", `${typeName} ${identifier} was not found.`);
    return { ...args, id: identifier, region, properties: JSON.stringify(bucketProperties(identifier, world)) };
  },
  "aws:cloudwatch/getLogGroup:getLogGroup": named([TYPES.logGroup], "name"),
  "aws:iam/getRole:getRole": (args, { accountId }, { world }) => {
    const name = text(args, "name") ?? "";
    const found = world.find([TYPES.role], name);
    if (found !== undefined) return { ...found.inputs, ...found.outputs, id: name, name, arn: found.arn };
    if (!SERVICE_ROLE.test(name) || !world.profile.hasServiceRoles) throw NO_RESULTS();
    return { id: name, name, arn: `arn:aws:iam::${accountId}:role/aws-service-role/${name}` };
  },
  "aws:iam/getPolicy:getPolicy": (args, { accountId }, { world }) => {
    const arn = text(args, "arn") ?? "";
    const found = world.find([TYPES.policy], arn);
    if (found === undefined && !isDelivered(arn, accountId, world))
      throw new AwsError("NoSuchEntity", `Policy ${arn} was not found.`);
    return { ...found?.inputs, id: arn, arn, name: arn.slice(arn.lastIndexOf("/") + 1) };
  },
  "aws:iam/getSessionContext:getSessionContext": (args) => {
    const arn = text(args, "arn") ?? "";
    const [, partition, account, role = ""] = /^arn:([^:]+):sts::(\d+):assumed-role\/([^/]+)\//.exec(arn) ?? [];
    const issuerArn = role === "" ? arn : `arn:${partition}:iam::${account}:role/${role}`;
    return { id: arn, arn, issuerArn, issuerId: "", issuerName: role, sessionName: arn.split("/").at(-1) ?? "" };
  },
  "aws:iam/getPrincipalPolicySimulation:getPrincipalPolicySimulation": (args, _settings, { world }) => {
    const actions = texts(args, "actionNames");
    const isDenied = (action: string) => world.profile.denied.some((pattern) => isLike(action, pattern));
    const results = actions.map((actionName) => ({
      actionName,
      allowed: !isDenied(actionName),
      decision: isDenied(actionName) ? "implicitDeny" : "allowed",
      missingContextKeys: [],
      matchedStatements: [],
      decisionDetails: {},
      resourceArn: "*",
    }));
    return { ...args, id: "-", allAllowed: results.every(({ allowed }) => allowed), results };
  },
  "aws:eks/getCluster:getCluster": (args, _settings, { world }) => {
    const name = text(args, "name") ?? "";
    const found = world.get(TYPES.cluster, name);
    if (found === undefined) throw new AwsError("ResourceNotFoundException", `No cluster found for name: ${name}.`);
    const data = text(found.outputs, "certificateAuthority.data") ?? "";
    const { certificateAuthority: _, ...outputs } = found.outputs;
    const { id, arn, inputs } = found;
    const told = { id, name, arn, status: CLUSTER_STATUS[found.status], certificateAuthorities: [{ data }] };
    return { ...inputs, endpoint: "", ...outputs, ...told };
  },
  "aws:eks/getAddon:getAddon": (args, _settings, { world }) => {
    const found = world.get(TYPES.addon, `${text(args, "clusterName")}:${text(args, "addonName")}`);
    if (found === undefined) throw new AwsError("ResourceNotFoundException", "No addon found.");
    return { ...found.inputs, ...found.outputs, id: found.id, arn: found.arn };
  },
  "aws:rds/getInstance:getInstance": (args, _settings, cloud) => {
    const found = databaseNamed(text(args, "dbInstanceIdentifier") ?? "", cloud);
    const { id, arn, inputs, outputs } = found;
    const vpcSecurityGroups = texts(inputs, "vpcSecurityGroupIds");
    return { ...inputs, ...outputs, id, dbInstanceArn: arn, dbInstanceIdentifier: found.name ?? "", vpcSecurityGroups };
  },
  "aws:rds/getSnapshot:getSnapshot": (args, { region }, cloud) => {
    const manual = text(args, "dbSnapshotIdentifier");
    const found = databaseNamed(text(args, "dbInstanceIdentifier") ?? "", cloud, NO_RESULTS);
    if (manual !== undefined) {
      if (!cloud.world.profile.snapshots.includes(manual)) throw NO_RESULTS();
      const engineVersion = text(found.outputs, "engineVersionActual") ?? "";
      const snapshotCreateTime = new Date().toISOString();
      return { ...args, id: manual, region, snapshotCreateTime, status: "available", engineVersion };
    }
    if ((number(found.inputs, "backupRetentionPeriod") ?? 0) === 0) throw NO_RESULTS();
    // RDS backs an instance up as soon as it exists, and then once a day.
    const age = (cloud.clock.now() - found.createdAtModelSeconds) % DAY;
    const taken = new Date(Date.now() - age * 1000).toISOString();
    const id = `rds:${found.name}-${taken.slice(0, 16).replace(/[T:]/g, "-")}`;
    return { ...args, id, region, dbSnapshotIdentifier: id, snapshotCreateTime: taken, status: "available" };
  },
  "aws:acm/getCertificate:getCertificate": (args, _settings, { world, vault }) => {
    const domain = text(args, "domain") ?? "";
    const statuses = at(args, "statuses").length > 0 ? texts(args, "statuses") : ["ISSUED"];
    const [wanted = {}] = records(args, "tags");
    const all = world
      .ofType(TYPES.certificate)
      .filter((it) => certificateNames(it.inputs)[0] === domain)
      .filter((it) => statuses.includes(text(it.outputs, "status") ?? "PENDING_VALIDATION"))
      .filter(({ tags }) => Object.entries(wanted).every(([key, value]) => tags[key] === value));
    if (new Set(all.map(({ outputs }) => text(outputs, "status"))).size > 1)
      throw new Error("most_recent filtering on different ACM certificate statuses is not supported");
    const [found] = all.sort((left, right) => right.serial - left.serial);
    if (found === undefined) throw new AwsError("NotFoundException", `no certificate for domain "${domain}" found`);
    const status = text(found.outputs, "status") ?? "PENDING_VALIDATION";
    return { id: found.id, arn: found.arn, domain, status, certificate: issuedPem(found.arn, vault) ?? "", tags: {} };
  },
  "aws:route53/getRecords:getRecords": (args, _settings, { world }) => {
    const zoneId = text(args, "zoneId") ?? "";
    const name = new RegExp(text(args, "nameRegex") ?? "");
    const found = world.ofType(TYPES.record).filter(({ inputs }) => text(inputs, "zoneId") === zoneId);
    const sets = found.map(({ inputs }) => ({
      name: `${recordName(inputs, world)}.`,
      type: text(inputs, "type") ?? "",
      setIdentifier: text(inputs, "setIdentifier") ?? "",
      resourceRecords: texts(inputs, "records").map((value) => ({ value })),
      ...(records(inputs, "aliases")[0] === undefined ? {} : { aliasTarget: aliasOf(inputs) }),
    }));
    return { id: zoneId, zoneId, resourceRecordSets: sets.filter((set) => name.test(set.name)) };
  },
  "aws:secretsmanager/getSecret:getSecret": (args, _settings, cloud) => {
    const found = cloud.world.find([TYPES.secret], text(args, "arn") ?? text(args, "name") ?? "");
    if (found === undefined || !cloud.world.profile.hasSecrets) throw NO_SECRET();
    return { ...found.inputs, id: found.arn, arn: found.arn, name: found.name ?? "" };
  },
  "aws:secretsmanager/getSecretVersion:getSecretVersion": (args, _settings, cloud) => {
    const secretId = text(args, "secretId") ?? "";
    const found = cloud.world.find([TYPES.secret], secretId);
    const secretString = secretValue(secretId, cloud);
    if (found === undefined || secretString === undefined) throw NO_SECRET();
    return { id: `${secretId}|AWSCURRENT`, secretId, arn: found.arn, secretString, versionStage: "AWSCURRENT" };
  },
};

const NO_SECRET = () => new AwsError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
const NO_RESULTS = () => new Error("Your query returned no results. Please change your search criteria and try again.");

function listing(type: string, show: (found: readonly WorldResource[]) => Readonly<Record<string, Value>>): Answer {
  return (_args, { region }, { world }) => {
    const found = world.ofType(type).filter((it) => it.region === region && it.status !== "deleting");
    return { id: region, region, ...show(found) };
  };
}

/** What a list function of EC2 finds by its filters, as far as they are an input of the type's. */
function filtered(type: string, inputOf: Readonly<Record<string, string>>): Answer {
  return (args, { region }, { world }) => {
    const wanted = records(args, "filters").flatMap((each) => {
      const input = inputOf[text(each, "name") ?? ""];
      return input === undefined ? [] : [[input, texts(each, "values")] as const];
    });
    const found = world
      .ofType(type)
      .filter((each) => each.region === region && each.status !== "deleting")
      .filter(({ inputs, outputs }) =>
        wanted.every(([input, values]) => values.includes(text(inputs, input) ?? text(outputs, input) ?? "")),
      );
    return { id: region, region, ids: found.map(({ id }) => id) };
  };
}

function bucketProperties(bucket: string, world: Cloud["world"]): object {
  const inputsOf = (type: string) => world.get(type, bucket)?.inputs ?? {};
  const status = text(inputsOf(TYPES.bucketVersioning), "versioningConfiguration.status");
  const [rule] = records(inputsOf(TYPES.bucketEncryption), "rules");
  const sse = rule === undefined ? "" : (text(rule, "applyServerSideEncryptionByDefault.sseAlgorithm") ?? "");
  const key = rule === undefined ? "" : (text(rule, "applyServerSideEncryptionByDefault.kmsMasterKeyId") ?? "");
  const block = world.get(TYPES.bucketPublicAccessBlock, bucket)?.inputs;
  const isBlocked = (name: string) => block === undefined || flag(block, name);
  const encrypted = { ServerSideEncryptionByDefault: { SSEAlgorithm: sse || "AES256", KMSMasterKeyID: key } };
  return {
    BucketName: bucket,
    BucketEncryption: { ServerSideEncryptionConfiguration: [encrypted] },
    ...(status === undefined ? {} : { VersioningConfiguration: { Status: status } }),
    PublicAccessBlockConfiguration: {
      BlockPublicAcls: isBlocked("blockPublicAcls"),
      BlockPublicPolicy: isBlocked("blockPublicPolicy"),
      IgnorePublicAcls: isBlocked("ignorePublicAcls"),
      RestrictPublicBuckets: isBlocked("restrictPublicBuckets"),
    },
  };
}

const CLUSTER_STATUS = { creating: "CREATING", available: "ACTIVE", failed: "FAILED", deleting: "DELETING" } as const;

function standing(found: WorldResource | undefined): WorldResource | undefined {
  return found?.status === "available" ? found : undefined;
}

function databaseNamed(name: string, { world }: Cloud, missing = () => noDatabase(name)): WorldResource {
  const found = world.ofType(TYPES.database).find((it) => it.name === name);
  if (standing(found) === undefined || found === undefined) throw missing();
  return found;
}

function noDatabase(name: string): Error {
  return new AwsError("DBInstanceNotFound", `DBInstance ${name} not found.`);
}

function aliasOf(inputs: Properties): Properties {
  return { dnsName: text(inputs, "aliases.name") ?? "", hostedZoneId: text(inputs, "aliases.zoneId") ?? "" };
}

type OfferAnswer = (args: Properties, settings: Settings, cloud: Cloud) => Properties;

/** How the provider says that nothing fits. */
const NOTHING = () => new Error("Your query returned no results. Please change your search criteria and try again.");

/** Whether RDS still makes this version of PostgreSQL, written with or without its minor part. */
/** When RDS's certificate authorities end: after 40 years of the first, after 100 of the others. */
const AUTHORITIES: Readonly<Record<string, string>> = {
  "rds-ca-rsa2048-g1": "2061-05-25T23:34:57Z",
  "rds-ca-rsa4096-g1": "2121-05-25T23:38:35Z",
  "rds-ca-ecc384-g1": "2121-05-25T23:41:55Z",
};

function isMade(version: string): boolean {
  const made = postgresVersions().filter((each) => !retiredPostgresVersions().includes(each));
  return made.includes(version) || made.some((each) => each.startsWith(`${version}.`));
}

/** What AWS offers in a region, by the same facts that inputs are judged by. */
const OFFERS: Readonly<Record<string, OfferAnswer>> = {
  "aws:rds/getOrderableDbInstance:getOrderableDbInstance": (args, { region }) => {
    const [engineVersion = "", instanceClass = ""] = [text(args, "engineVersion"), text(args, "instanceClass")];
    if (!isMade(engineVersion) || !instanceClasses(region).includes(instanceClass)) throw NOTHING();
    // The provider has AWS list an offer for each kind of storage, and answers with one only where there is no other.
    if (text(args, "storageType") === undefined)
      throw new Error("multiple (5) RDS DB Instance Classes match the criteria; try a different search");
    return { ...args, id: instanceClass, region, availabilityZones: zonesOf(region) };
  },
  "aws:eks/getClusterVersions:getClusterVersions": (args, { region }) => {
    const wanted = texts(args, "clusterVersionsOnlies");
    const found = kubernetesVersions().filter((version) => wanted.length === 0 || wanted.includes(version));
    const clusterVersions = found.map((clusterVersion) => ({
      clusterVersion,
      endOfStandardSupportDate: `${KUBERNETES[clusterVersion]?.standard}T00:00:00Z`,
      endOfExtendedSupportDate: `${KUBERNETES[clusterVersion]?.extended}T00:00:00Z`,
      versionStatus: "STANDARD_SUPPORT",
    }));
    return { id: region, region, clusterVersions };
  },
  "aws:eks/getAddonVersion:getAddonVersion": (args) => {
    const addonName = text(args, "addonName") ?? "";
    if (!isAddOn(addonName)) throw NOTHING();
    return { ...args, id: addonName, version: "v1.0.0-eksbuild.1" };
  },
};

type Answer = (args: Properties, settings: Settings, cloud: Cloud) => Properties;

const ANSWERS: Readonly<Record<string, Answer>> = {
  ...LOOK_UPS,
  ...OFFERS,
  "aws:index/getCallerIdentity:getCallerIdentity": (_args, { accountId }) => ({
    id: accountId,
    accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/${DEPLOYING_ROLE}/rehearsal`,
    userId: "AROAREHEARSAL:rehearsal",
  }),
  "aws:index/getPartition:getPartition": () => ({
    id: "aws",
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  }),
  "aws:index/getRegion:getRegion": (args, settings) => {
    const region = text(args, "region") ?? text(args, "name") ?? settings.region;
    const endpoint = `ec2.${region}.amazonaws.com`;
    return { id: region, name: region, region, endpoint, description: region };
  },
  "aws:index/getAvailabilityZones:getAvailabilityZones": (args, settings, { world }) => {
    const region = text(args, "region") ?? settings.region;
    const names = zonesOf(region);
    return {
      id: region,
      region,
      names,
      zoneIds: names.map((zone) => zoneIdOf(zone, world.profile)),
      groupNames: [region],
    };
  },
  "aws:iam/getPolicyDocument:getPolicyDocument": (args) => {
    const json = policyJson(args);
    return { ...args, id: String(json.length), json, minifiedJson: JSON.stringify(JSON.parse(json)) };
  },
  "aws:route53/getZone:getZone": (args, _settings, { world }) => {
    const [id, name] = [text(args, "zoneId"), text(args, "name")?.replace(/\.$/, "")];
    const named = world
      .ofType(TYPES.zone)
      .filter((it) => (id === undefined ? it.name?.replace(/\.$/, "") === name : it.id === id));
    if (named.length > 1)
      throw new Error(
        "multiple Route 53 Hosted Zones matched; use additional constraints to reduce matches to a single Route 53 Hosted Zone",
      );
    const [found] = named;
    if (found === undefined)
      throw new AwsError("NoSuchHostedZone", `no matching Route 53 Hosted Zone found: ${name ?? id}`);
    return {
      ...found.outputs,
      id: found.id,
      zoneId: found.id,
      arn: found.arn,
      name: found.name ?? "",
      privateZone: false,
    };
  },
  "aws:ec2/getPrefixList:getPrefixList": (args, { region }) => {
    const name = text(args, "name") ?? texts(args, "filters.values")[0] ?? `com.amazonaws.${region}.s3`;
    return {
      id: prefixListOf(region, name.split(".").at(-1) ?? ""),
      name,
      region,
      cidrBlocks: ["52.216.0.0/15", "3.5.0.0/19"],
    };
  },
  "aws:rds/getEngineVersion:getEngineVersion": (args, { region }) => {
    const version = text(args, "version") ?? texts(args, "preferredVersions")[0] ?? "17.6";
    if (!isMade(version)) throw NOTHING();
    const parameterGroupFamily = `postgres${version.split(".")[0]}`;
    return {
      id: version,
      region,
      engine: "postgres",
      version,
      versionActual: version,
      parameterGroupFamily,
      status: "available",
      validMajorTargets: postgresUpgradeTargets(version),
      validMinorTargets: laterMinors(version),
    };
  },
  "aws:rds/getCertificate:getCertificate": (args, { region }) => {
    const id = text(args, "id") ?? "";
    const validTill = AUTHORITIES[id];
    if (validTill === undefined) throw NOTHING();
    return {
      ...{ id, region, arn: `arn:aws:rds:${region}::cert:${id}`, certificateType: "CA" },
      ...{ customerOverride: false, customerOverrideValidTill: "", defaultForNewLaunches: false, thumbprint: "" },
      ...{ validFrom: "2021-05-25T22:34:57Z", validTill },
    };
  },
  "aws:eks/getClusterAuth:getClusterAuth": (args, _settings, cloud) => {
    const name = text(args, "name") ?? "";
    const token = clusterToken(name, cloud);
    if (token === undefined) throw new AwsError("ResourceNotFoundException", `No cluster found for name: ${name}.`);
    return { id: name, name, token };
  },
};

/** The later versions of the same major one that RDS makes. */
function laterMinors(version: string): string[] {
  const [major] = version.split(".");
  return postgresVersions().filter(
    (each) => each.split(".")[0] === major && compareVersions(each, version) > 0 && isMade(each),
  );
}

/** Answers a provider function; one that is not simulated is refused by name. */
export function answer(token: string, args: Properties, settings: Settings, cloud: Cloud): Properties {
  const known = ANSWERS[token];
  if (known === undefined) throw new Error(`sparki rehearsal: no function ${token}`);
  return known(args, settings, cloud);
}

function policyJson(args: Properties): string {
  const statements = records(args, "statements").map(statementOf);
  const version = text(args, "version") ?? "2012-10-17";
  return JSON.stringify({ Version: version, Statement: statements }, null, 2);
}

function statementOf(statement: Properties): Record<string, Value> {
  const list = (key: string) => {
    const values = texts(statement, key);
    return values.length === 1 ? (values[0] ?? "") : values;
  };
  const has = (key: string) => texts(statement, key).length > 0;
  const sid = text(statement, "sid");
  return {
    ...(sid === undefined ? {} : { Sid: sid }),
    Effect: text(statement, "effect") ?? "Allow",
    ...(has("actions") ? { Action: list("actions") } : {}),
    ...(has("notActions") ? { NotAction: list("notActions") } : {}),
    ...(has("resources") ? { Resource: list("resources") } : {}),
    ...(has("notResources") ? { NotResource: list("notResources") } : {}),
    ...principals(statement),
    ...conditions(statement),
  };
}

function principals(statement: Properties): Record<string, Value> {
  const given = records(statement, "principals");
  if (given.length === 0) return {};
  if (given.some((it) => text(it, "type") === "*")) return { Principal: "*" };
  return { Principal: Object.fromEntries(given.map((it) => [text(it, "type") ?? "AWS", texts(it, "identifiers")])) };
}

function conditions(statement: Properties): Record<string, Value> {
  const given = records(statement, "conditions");
  if (given.length === 0) return {};
  const grouped: Record<string, Record<string, Value>> = {};
  for (const condition of given) {
    const test = text(condition, "test") ?? "StringEquals";
    grouped[test] = { ...grouped[test], [text(condition, "variable") ?? ""]: texts(condition, "values") };
  }
  return { Condition: grouped };
}
