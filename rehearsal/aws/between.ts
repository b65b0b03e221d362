import { cacheFamilyOf } from "../../aws/rules/cache.ts";
import {
  balancerLogs,
  checkKeys,
  clusterRole,
  entriesRead,
  entryOfPeople,
  functionRights,
  inlinePolicies,
  podSession,
  principalsExist,
  publicPolicy,
  roleTrusts,
  rotationAllowed,
  signingKey,
} from "./identity-checks.ts";
import { type Check, type Draft, fail, textOf } from "./model.ts";
import {
  activeKey,
  associationOfOneVpc,
  balancerSubnets,
  cacheZones,
  clusterGroups,
  clusterRange,
  clusterZones,
  fewSigningKeys,
  functionGroups,
  furtherBlock,
  groupsIn,
  namesOfNetwork,
  ofGroup,
  ofSubnets,
  ofVpc,
  peerGroup,
  privateAddress,
  privateNames,
  publicDatabase,
  publicZone,
  recordInZone,
  routeInVpc,
  subnetsApart,
  subnetsOfOneVpc,
  tablesOfVpc,
  targetsOfBalancer,
  zonesOfGroup,
} from "./network-checks.ts";
import { TYPES } from "./types.ts";
import { at, text } from "./values.ts";
import type { World } from "./world.ts";

const cacheFamily: Check = (draft, world) => {
  const group = world.get(TYPES.cacheParameterGroup, text(draft.inputs, "parameterGroupName") ?? "");
  const [family, version] = [textOf(group, "family"), text(draft.inputs, "engineVersion")];
  const wanted =
    version === undefined
      ? undefined
      : cacheFamilyOf(text(draft.inputs, "engine") ?? "redis", version === "6.x" ? "6.2" : version);
  if (family !== undefined && wanted !== undefined && family !== wanted)
    fail(
      "InvalidParameterCombination",
      `Expected a parameter group of family ${wanted} but found one of family ${family}`,
    );
};

const replicaSource: Check = (draft, world) => {
  const source = text(draft.inputs, "replicateSourceDb");
  if (source === undefined || /^arn:[^:]*:rds:[^:]*:\d+:cluster:/.test(source)) return;
  const region = /^arn:[^:]*:rds:([^:]*):/.exec(source)?.[1] ?? draft.region;
  const found = world
    .ofType(TYPES.database)
    .find((each) => [each.arn, each.id, textOf(each, "identifier")].includes(source));
  if (found === undefined && region === draft.region) fail("DBInstanceNotFound", `DBInstance ${source} not found.`);
  if (found !== undefined && at(found.inputs, "backupRetentionPeriod")[0] === 0)
    fail("InvalidDBInstanceState", "Automated backups are not enabled for this database instance.");
};

const CHECKS: Readonly<Record<string, readonly Check[]>> = {
  [TYPES.vpcEndpoint]: [
    subnetsApart("subnetIds", "DuplicateSubnetsInSameZone"),
    subnetsOfOneVpc("subnetIds", ofVpc, "InvalidSubnetId"),
    groupsIn("securityGroupIds", ofVpc, "InvalidGroup.NotFound"),
    tablesOfVpc,
    privateNames,
  ],
  [TYPES.vpcCidrBlock]: [furtherBlock],
  [TYPES.rolePolicy]: [inlinePolicies],
  [TYPES.accessEntry]: [entriesRead],
  [TYPES.accessPolicyAssociation]: [entryOfPeople],
  [TYPES.zone]: [namesOfNetwork],
  [TYPES.flowLog]: [
    roleTrusts({ path: "iamRoleArn", service: "vpc-flow-logs.amazonaws.com", code: "InvalidParameter" }),
  ],
  [TYPES.ingressRule]: [peerGroup],
  [TYPES.egressRule]: [peerGroup],
  [TYPES.route]: [routeInVpc],
  [TYPES.routeTableAssociation]: [associationOfOneVpc],
  [TYPES.networkAcl]: [subnetsOfOneVpc("subnetIds", ofVpc, "InvalidParameterValue")],
  [TYPES.role]: [principalsExist("assumeRolePolicy", "MalformedPolicyDocument")],
  [TYPES.kmsKey]: [principalsExist("policy", "MalformedPolicyDocumentException")],
  [TYPES.bucketPolicy]: [principalsExist("policy", "MalformedPolicy"), publicPolicy],
  [TYPES.secretRotation]: [rotationAllowed],
  [TYPES.secretPolicy]: [principalsExist("policy", "MalformedPolicyDocumentException")],
  [TYPES.cluster]: [
    subnetsOfOneVpc("vpcConfig.subnetIds", ofSubnets("vpcConfig.subnetIds"), "InvalidParameterException"),
    clusterRange,
    clusterZones,
    clusterRole,
    clusterGroups,
  ],
  [TYPES.podIdentityAssociation]: [
    roleTrusts({
      path: "roleArn",
      service: "pods.eks.amazonaws.com",
      code: "InvalidParameterException",
      actions: ["sts:AssumeRole", "sts:TagSession"],
      says: podSession,
    }),
  ],
  [TYPES.databaseSubnetGroup]: [subnetsOfOneVpc("subnetIds", ofSubnets("subnetIds"), "InvalidSubnet")],
  [TYPES.cacheSubnetGroup]: [subnetsOfOneVpc("subnetIds", ofSubnets("subnetIds"), "InvalidSubnet")],
  [TYPES.database]: [
    replicaSource,
    publicDatabase,
    zonesOfGroup("availabilityZone", "dbSubnetGroupName", TYPES.databaseSubnetGroup, "InvalidVPCNetworkStateFault"),
    roleTrusts({ path: "monitoringRoleArn", service: "monitoring.rds.amazonaws.com", code: "InvalidParameterValue" }),
  ],
  [TYPES.replicationGroup]: [
    cacheFamily,
    cacheZones,
    zonesOfGroup("preferredCacheClusterAzs", "subnetGroupName", TYPES.cacheSubnetGroup, "InvalidParameterValue"),
    groupsIn("securityGroupIds", ofGroup("subnetGroupName", TYPES.cacheSubnetGroup), "InvalidParameterValue"),
  ],
  [TYPES.loadBalancer]: [
    subnetsApart("subnets", "ValidationError"),
    subnetsOfOneVpc("subnets", ofSubnets("subnets"), "ValidationError"),
    balancerSubnets,
    groupsIn("securityGroups", ofSubnets("subnets"), "InvalidSecurityGroup"),
    balancerLogs,
  ],
  [TYPES.natGateway]: [privateAddress],
  [TYPES.lambdaFunction]: [
    functionGroups,
    functionRights,
    roleTrusts({ path: "role", service: "lambda.amazonaws.com", code: "InvalidParameterValueException" }),
  ],
  [TYPES.listener]: [targetsOfBalancer],
  [TYPES.listenerRule]: [targetsOfBalancer],
  [TYPES.queryLog]: [publicZone("zoneId", "InvalidInput")],
  [TYPES.record]: [recordInZone],
  [TYPES.keySigningKey]: [publicZone("hostedZoneId", "InvalidArgument"), fewSigningKeys, signingKey],
  [TYPES.hostedZoneDnsSec]: [activeKey],
  [TYPES.bucketReplication]: [roleTrusts({ path: "role", service: "s3.amazonaws.com", code: "InvalidRequest" })],
  [TYPES.configRecorder]: [
    roleTrusts({ path: "roleArn", service: "config.amazonaws.com", code: "InvalidRoleException" }),
  ],
  [TYPES.buildProject]: [
    roleTrusts({ path: "serviceRole", service: "codebuild.amazonaws.com", code: "InvalidInputException" }),
  ],
  [TYPES.topicPolicy]: [principalsExist("policy", "InvalidParameter")],
};

/** Throws what AWS answers when a resource's inputs and the resources that they name do not fit together. */
export function checkBetween(draft: Draft, world: World): void {
  checkKeys(draft, world);
  for (const check of CHECKS[draft.type] ?? []) check(draft, world);
}
