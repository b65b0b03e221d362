import { holds, overlap } from "../../aws/addresses.ts";
import { isExistingService, publishedPrincipals } from "../../aws/catalog.ts";
import { allows, statementsOf } from "../../aws/policy-document.ts";
import { cacheFamilyOf } from "../../aws/rules/cache.ts";
import type { Draft } from "./model.ts";
import { AwsError } from "./model.ts";
import { hasInternetGateway } from "./services/ec2-gateways.ts";
import { blocksOf } from "./services/ec2-vpc.ts";
import { balancerOf } from "./services/lb.ts";
import { vpcAt, zonesAt } from "./services/rds-groups.ts";
import { TYPES } from "./types.ts";
import { at, flag, text, texts } from "./values.ts";
import type { World, WorldResource } from "./world.ts";

/** Throws what AWS answers to inputs that do not fit the resources that they name. */
type Check = (draft: Draft, world: World) => void;

function fail(code: string, words: string): never {
  throw new AwsError(code, words);
}

const textOf = (resource: WorldResource | undefined, path: string) => text(resource?.inputs ?? {}, path);

function named(draft: Draft, path: string, types: readonly string[], world: World): WorldResource[] {
  return texts(draft.inputs, path).flatMap((id) => world.find(types, id) ?? []);
}

/** What IAM and the services know of a request: for whom it is, and how it came. */
function context(draft: Draft, arn = "*"): Record<string, string> {
  return {
    "aws:securetransport": "true",
    "aws:sourceaccount": draft.accountId,
    "aws:sourcearn": arn,
    "aws:principalaccount": draft.accountId,
  };
}

interface Assumption {
  /** The input that names the role. */
  readonly path: string;
  readonly service: string;
  readonly code: string;
  /** @default ["sts:AssumeRole"] */
  readonly actions?: readonly string[];
  /** What the service says of itself beside its account, by condition key in lower case. */
  readonly says?: (draft: Draft) => Readonly<Record<string, string>>;
}

/** The role at that path must let the service take it, with all of these actions. */
function roleTrusts({ path, service, code, actions = ["sts:AssumeRole"], says = () => ({}) }: Assumption): Check {
  return (draft, world) => {
    for (const role of named(draft, path, [TYPES.role], world)) {
      const trust = forOwnSources(textOf(role, "assumeRolePolicy") ?? "", draft);
      const known = { ...context(draft), ...says(draft) };
      const missing = actions.find((action) => !allows(trust, { action, principal: service, context: known }));
      if (missing !== undefined)
        fail(
          code,
          `Role with arn: ${role.arn}, could not be assumed because it does not exist or the trusted entity is not correct: ${service} may not call ${missing}`,
        );
    }
  };
}

/** A condition on the source's ARN names what is yet to be made: it counts as met where it names this account. */
function forOwnSources(document: string, { accountId }: Draft): string {
  return document.replaceAll(/"(aws:SourceArn)":\s*("[^"]*"|\[[^\]]*\])/gi, (whole) =>
    whole.includes(`:${accountId}:`) ? `"aws:SourceArn":"*"` : whole,
  );
}

/** The tags that EKS Pod Identity puts on a session, those that a role's trust may go by. */
function podSession({ inputs, region, accountId }: Draft): Record<string, string> {
  const tag = (name: string, value: string | undefined) => [`aws:requesttag/${name}`, value ?? ""] as const;
  const cluster = text(inputs, "clusterName");
  return Object.fromEntries([
    tag("eks-cluster-arn", `arn:aws:eks:${region}:${accountId}:cluster/${cluster}`),
    tag("eks-cluster-name", cluster),
    tag("kubernetes-namespace", text(inputs, "namespace")),
    tag("kubernetes-service-account", text(inputs, "serviceAccount")),
  ]);
}

/** Security groups and subnets must be of one VPC. */
function groupsIn(groups: string, vpcOf: (draft: Draft, world: World) => string | undefined, code: string): Check {
  return (draft, world) => {
    const vpcId = vpcOf(draft, world);
    const stranger = named(draft, groups, [TYPES.securityGroup], world).find(
      (group) => vpcId !== undefined && textOf(group, "vpcId") !== vpcId,
    );
    if (stranger !== undefined) fail(code, `The security group '${stranger.id}' does not belong to the VPC ${vpcId}`);
  };
}

const ofSubnets = (path: string) => (draft: Draft, world: World) => vpcAt(draft, path, world);
const ofVpc = (draft: Draft) => text(draft.inputs, "vpcId");
const ofGroup = (path: string, type: string) => (draft: Draft, world: World) => {
  const group = world.get(type, text(draft.inputs, path) ?? "");
  return group === undefined ? undefined : vpcAt(group, "subnetIds", world);
};

function subnetsApart(path: string, code: string): Check {
  return (draft, world) => {
    const subnets = named(draft, path, [TYPES.subnet], world);
    const zones = subnets.map((subnet) => textOf(subnet, "availabilityZone"));
    const twice = zones.find((zone, index) => zone !== undefined && zones.indexOf(zone) !== index);
    if (twice !== undefined) fail(code, `Two subnets of the zone ${twice}: only one of each zone may be given`);
  };
}

function subnetsOfOneVpc(path: string, vpcOf: (draft: Draft, world: World) => string | undefined, code: string): Check {
  return (draft, world) => {
    const vpcId = vpcOf(draft, world);
    const stranger = named(draft, path, [TYPES.subnet], world).find(
      (subnet) => vpcId !== undefined && textOf(subnet, "vpcId") !== vpcId,
    );
    if (stranger !== undefined) fail(code, `The subnet '${stranger.id}' does not belong to the VPC ${vpcId}`);
  };
}

const LEAST_BALANCER_SUBNET = 27;
const balancerSubnets: Check = (draft, world) => {
  for (const subnet of named(draft, "subnets", [TYPES.subnet], world)) {
    const prefix = Number((textOf(subnet, "cidrBlock") ?? "/0").split("/")[1]);
    if (prefix > LEAST_BALANCER_SUBNET)
      fail("InvalidSubnet", `The subnet '${subnet.id}' is too small: a load balancer needs /${LEAST_BALANCER_SUBNET}`);
  }
};

const LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com";
const balancerLogs: Check = (draft, world) => {
  const bucket = flag(draft.inputs, "accessLogs.enabled") ? text(draft.inputs, "accessLogs.bucket") : undefined;
  if (bucket === undefined) return;
  const region = world.get(TYPES.bucket, bucket)?.region ?? draft.region;
  if (region !== draft.region)
    fail(
      "InvalidConfigurationRequest",
      `The bucket ${bucket} is in ${region}; it must be in the load balancer's region`,
    );
  const prefix = text(draft.inputs, "accessLogs.prefix");
  const resource = `arn:aws:s3:::${bucket}/${prefix === undefined ? "" : `${prefix}/`}AWSLogs/${draft.accountId}/log.gz`;
  const encryption = world.get(TYPES.bucketEncryption, bucket)?.inputs ?? {};
  const cipher = text(encryption, "rules.applyServerSideEncryptionByDefault.sseAlgorithm") ?? "AES256";
  if (cipher !== "AES256")
    fail(
      "InvalidConfigurationRequest",
      `Access Denied for bucket: ${bucket}. It encrypts by ${cipher}; logs of load balancers need Amazon S3's own keys (AES256)`,
    );
  const policy = textOf(world.get(TYPES.bucketPolicy, bucket), "policy") ?? "";
  const source = `arn:aws:elasticloadbalancing:${draft.region}:${draft.accountId}:loadbalancer/app/any`;
  const request = { action: "s3:PutObject", resource, principal: LOG_DELIVERY, context: context(draft, source) };
  if (!allows(policy, request))
    fail("InvalidConfigurationRequest", `Access Denied for bucket: ${bucket}. Please check S3bucket permission`);
};

const clusterRange: Check = (draft, world) => {
  const services = text(draft.inputs, "kubernetesNetworkConfig.serviceIpv4Cidr");
  const blocks = blocksOf(vpcAt(draft, "vpcConfig.subnetIds", world) ?? "", world);
  const remote = ["remoteNodeNetworks", "remotePodNetworks"].flatMap((each) =>
    texts(draft.inputs, `remoteNetworkConfig.${each}.cidrs`),
  );
  const taken = remote.find((each) => blocks.some((block) => overlap(each, block)));
  if (taken !== undefined) fail("InvalidParameterException", `The remote network ${taken} overlaps with the VPC's`);
  const network = blocks.find((block) => services !== undefined && overlap(services, block));
  if (network !== undefined)
    fail("InvalidParameterException", `The service range ${services} overlaps with the VPC's ${network}`);
};

const clusterRole: Check = (draft, world) => {
  const actions = flag(draft.inputs, "computeConfig.enabled")
    ? ["sts:AssumeRole", "sts:TagSession"]
    : ["sts:AssumeRole"];
  roleTrusts({ path: "roleArn", service: "eks.amazonaws.com", code: "InvalidParameterException", actions })(
    draft,
    world,
  );
};

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

const cacheZones: Check = (draft, world) => {
  const group = world.get(TYPES.cacheSubnetGroup, text(draft.inputs, "subnetGroupName") ?? "");
  if (group === undefined || !flag(draft.inputs, "multiAzEnabled")) return;
  if (zonesAt(group, "subnetIds", world).length < 2)
    fail("InvalidParameterCombination", "A Multi-AZ replication group needs subnets in at least two zones");
};

const KEY_SIGNER = "dnssec-route53.amazonaws.com";
const signingKey: Check = (draft, world) => {
  for (const key of named(draft, "keyManagementServiceArn", [TYPES.kmsKey], world)) {
    if (flag(key.inputs, "multiRegion"))
      fail("InvalidKMSArn", `${key.arn} is a key of many regions; it must be of one`);
    const policy = textOf(key, "policy") ?? "";
    const zone = `arn:aws:route53:::hostedzone/${text(draft.inputs, "hostedZoneId")}`;
    const wanted = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"];
    const missing = wanted.find(
      (action) => !allows(policy, { action, principal: KEY_SIGNER, context: context(draft, zone) }),
    );
    if (missing !== undefined)
      fail("InvalidKMSArn", `The policy of ${key.arn} does not let ${KEY_SIGNER} call ${missing}`);
  }
};

/** Names that only a network can ask for are neither signed nor logged. */
function publicZone(path: string, code: string): Check {
  return (draft, world) => {
    const zone = world.find([TYPES.zone], text(draft.inputs, path) ?? "");
    if (at(zone?.inputs ?? {}, "vpcs").flat().length > 0)
      fail(code, `The hosted zone ${zone?.id} is private; only a public one may have this`);
  };
}

const MOST_SIGNING_KEYS = 2;
const fewSigningKeys: Check = (draft, world) => {
  const zone = text(draft.inputs, "hostedZoneId");
  const others = world
    .ofType(TYPES.keySigningKey)
    .filter(({ inputs, serial }) => serial !== draft.serial && text(inputs, "hostedZoneId") === zone);
  if (others.length >= MOST_SIGNING_KEYS)
    fail("TooManyKeySigningKeys", `You've reached the limit of ${MOST_SIGNING_KEYS} key-signing keys of a zone`);
};

const privateAddress: Check = (draft, world) => {
  const addresses = ["privateIp", "secondaryPrivateIpAddresses"].flatMap((path) => texts(draft.inputs, path));
  for (const subnet of named(draft, "subnetId", [TYPES.subnet], world)) {
    const block = textOf(subnet, "cidrBlock");
    const stranger = addresses.find((each) => block !== undefined && !holds(block, `${each}/32`));
    if (stranger !== undefined)
      fail("InvalidParameterValue", `Address ${stranger} does not fall within the subnet's address range`);
  }
};

const activeKey: Check = (draft, world) => {
  if (text(draft.inputs, "signingStatus") === "NOT_SIGNING") return;
  const keys = world
    .ofType(TYPES.keySigningKey)
    .filter((key) => textOf(key, "hostedZoneId") === text(draft.inputs, "hostedZoneId"));
  if (!keys.some((key) => (textOf(key, "status") ?? "ACTIVE") === "ACTIVE"))
    fail(
      "KeySigningKeyWithActiveStatusNotFound",
      "There is no key-signing key (KSK) with ACTIVE status in the hosted zone.",
    );
};

const recordInZone: Check = (draft, world) => {
  const zone = textOf(world.find([TYPES.zone], text(draft.inputs, "zoneId") ?? ""), "name")
    ?.replace(/\.$/, "")
    .toLowerCase();
  const name = text(draft.inputs, "name")?.replace(/\.$/, "").toLowerCase();
  if (zone === undefined || name === undefined) return;
  const type = text(draft.inputs, "type") ?? "";
  if (type === "DS" && name === zone)
    fail("InvalidChangeBatch", `[RRSet of type DS with DNS name ${zone}. is not permitted at apex in zone ${zone}.]`);
  if (["NS", "SOA"].includes(type) && name === zone && !flag(draft.inputs, "allowOverwrite"))
    fail(
      "InvalidChangeBatch",
      `[Tried to create resource record set [name='${name}.', type='${type}'] but it already exists]`,
    );
  if (text(draft.inputs, "type") === "CNAME" && name === zone)
    fail(
      "InvalidChangeBatch",
      `[RRSet of type CNAME with DNS name ${zone}. is not permitted at apex in zone ${zone}.]`,
    );
};

/** Whoever a policy names must exist: IAM and KMS keep identities, not names. */
function principalsExist(path: string, code: string): Check {
  return (draft, world) => {
    const { services, arns } = publishedPrincipals(text(draft.inputs, path) ?? "{}");
    const service = services.find((each) => !isExistingService(each));
    if (service !== undefined) fail(code, `Invalid principal in policy: "SERVICE":"${service}"`);
    const own = new RegExp(`^arn:aws[a-z-]*:iam::${draft.accountId}:role/`);
    const missing = arns.find((arn) => own.test(arn) && world.find([TYPES.role], arn) === undefined && !isGiven(arn));
    if (missing !== undefined) fail(code, `Invalid principal in policy: "AWS":"${missing}"`);
  };
}

/** Roles that are in the account before any stack: people's, and those of services. */
const isGiven = (arn: string) => /:role\/(aws-service-role\/|aws-reserved\/|platform-engineering$)/.test(arn);

/** EKS reads entries where its ConfigMap is not all that counts. Whose they are only the account knows: people have their roles. */
const entriesRead: Check = (draft, world) => {
  const cluster = world.get(TYPES.cluster, text(draft.inputs, "clusterName") ?? "");
  if (textOf(cluster, "accessConfig.authenticationMode") === "CONFIG_MAP")
    fail(
      "InvalidRequestException",
      "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    );
};

const peerGroup: Check = (draft, world) => {
  const group = world.get(TYPES.securityGroup, text(draft.inputs, "securityGroupId") ?? "");
  for (const peer of named(draft, "referencedSecurityGroupId", [TYPES.securityGroup], world))
    if (group !== undefined && textOf(peer, "vpcId") !== textOf(group, "vpcId"))
      fail(
        "InvalidGroup.NotFound",
        `You have specified two resources that belong to different networks: ${group.id} and ${peer.id}`,
      );
};

const associationOfOneVpc: Check = (draft, world) => {
  const table = world.get(TYPES.routeTable, text(draft.inputs, "routeTableId") ?? "");
  subnetsOfOneVpc("subnetId", () => textOf(table, "vpcId"), "InvalidParameterValue")(draft, world);
};

const routeInVpc: Check = (draft, world) => {
  const table = world.get(TYPES.routeTable, text(draft.inputs, "routeTableId") ?? "");
  const vpcId = textOf(table, "vpcId");
  if (vpcId === undefined) return;
  for (const gateway of named(draft, "gatewayId", [TYPES.internetGateway], world))
    if (textOf(gateway, "vpcId") !== vpcId)
      fail(
        "InvalidParameterValue",
        `route table ${table?.id} and network gateway ${gateway.id} belong to different networks`,
      );
  for (const gateway of named(draft, "natGatewayId", [TYPES.natGateway], world))
    if (vpcAt(gateway, "subnetId", world) !== vpcId)
      fail(
        "InvalidParameterValue",
        `route table ${table?.id} and NAT gateway ${gateway.id} belong to different networks`,
      );
  const [network, destination] = [
    textOf(world.get(TYPES.vpc, vpcId), "cidrBlock"),
    text(draft.inputs, "destinationCidrBlock"),
  ];
  if (network !== undefined && destination !== undefined && holds(network, destination) && network === destination)
    fail("RouteAlreadyExists", `The route identified by ${destination} already exists.`);
  const inside = blocksOf(vpcId, world).find((block) => destination !== undefined && holds(block, destination));
  if (inside !== undefined && /^(igw|vgw)-/.test(text(draft.inputs, "gatewayId") ?? ""))
    fail(
      "InvalidParameterValue",
      `The destination ${destination} is within ${inside}: such a route leads to a NAT gateway, an interface or a gateway load balancer's endpoint`,
    );
};

/** What each kind of load balancer speaks to its targets. */
const SPOKEN: Readonly<Record<string, readonly string[]>> = {
  application: ["HTTP", "HTTPS"],
  network: ["TCP", "TLS", "UDP", "TCP_UDP", "QUIC", "TCP_QUIC"],
  gateway: ["GENEVE"],
};

const targetsOfBalancer: Check = (draft, world) => {
  const balancer = world.find([TYPES.loadBalancer], balancerOf(draft.inputs, world) ?? "");
  const vpcId = balancer === undefined ? undefined : vpcAt(balancer, "subnets", world);
  const groups = ["defaultActions", "actions"].flatMap((each) => [
    `${each}.targetGroupArn`,
    `${each}.forward.targetGroups.arn`,
  ]);
  const spoken = SPOKEN[textOf(balancer, "loadBalancerType") ?? "application"] ?? [];
  for (const group of groups.flatMap((path) => named(draft, path, [TYPES.targetGroup], world))) {
    const protocol = textOf(group, "protocol");
    if (protocol !== undefined && !spoken.includes(protocol))
      fail("InvalidLoadBalancerAction", `The protocol ${protocol} of ${group.id} does not go with this load balancer`);
    const own = text(draft.inputs, "protocol");
    if ([own, protocol].some((each) => /^TCP_/.test(each ?? "")) && own !== undefined && protocol !== own)
      fail(
        "InvalidLoadBalancerAction",
        `A listener of ${own} needs a target group of ${own}; ${group.id} is of ${protocol}`,
      );
    if (vpcId !== undefined && textOf(group, "vpcId") !== vpcId)
      fail("InvalidTarget", `The target group ${group.id} and the load balancer are in different VPCs`);
  }
};

/** Blocks that may not be added to a VPC of another range. @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions */
const APART = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
const furtherBlock: Check = (draft, world) => {
  const [block, own] = [text(draft.inputs, "cidrBlock"), textOf(world.get(TYPES.vpc, ofVpc(draft) ?? ""), "cidrBlock")];
  if (block === undefined || own === undefined) return;
  const range = APART.find((each) => holds(each, own));
  const strange = [...APART.filter((each) => each !== range), "198.19.0.0/16"].find((each) => overlap(each, block));
  if (range !== undefined && strange !== undefined)
    fail(
      "InvalidVpc.Range",
      `The CIDR '${block}' is restricted. Use a CIDR from the same private address range as ${own}`,
    );
};

/** Characters of all inline policies of a role together. */
const MOST_INLINE = 10_240;
const inlinePolicies: Check = (draft, world) => {
  const role = text(draft.inputs, "role");
  const others = world
    .ofType(TYPES.rolePolicy)
    .filter(({ inputs, serial }) => serial !== draft.serial && text(inputs, "role") === role);
  const length = [draft, ...others].map(({ inputs }) => (text(inputs, "policy") ?? "").replace(/\s/g, "").length);
  if (length.reduce((sum, one) => sum + one, 0) > MOST_INLINE)
    fail("LimitExceeded", `Maximum policy size of ${MOST_INLINE} bytes exceeded for role ${role}`);
};

const zonesOfGroup =
  (zones: string, group: string, type: string, code: string): Check =>
  (draft, world) => {
    const found = world.get(type, text(draft.inputs, group) ?? "");
    if (found === undefined) return;
    const stranger = texts(draft.inputs, zones).find((each) => !zonesAt(found, "subnetIds", world).includes(each));
    if (stranger !== undefined)
      fail(code, `The subnet group '${found.id}' has no subnet in the availability zone ${stranger}`);
  };

const functionGroups: Check = (draft, world) => {
  subnetsOfOneVpc(
    "vpcConfig.subnetIds",
    ofSubnets("vpcConfig.subnetIds"),
    "InvalidParameterValueException",
  )(draft, world);
  groupsIn(
    "vpcConfig.securityGroupIds",
    ofSubnets("vpcConfig.subnetIds"),
    "InvalidParameterValueException",
  )(draft, world);
};

/** Whether a role's policies let it do something: those in it, and those of AWS's and of the account that it has. */
function roleMay(role: WorldResource, action: string, world: World): boolean {
  const isOf = (each: WorldResource) => [role.name, role.id].includes(textOf(each, "role"));
  const attached = world.ofType(TYPES.rolePolicyAttachment).filter(isOf);
  // What AWS's own policies allow is not known here, so having one counts.
  if (attached.some((each) => textOf(each, "policyArn")?.startsWith("arn:aws:iam::aws:") === true)) return true;
  const own = attached.flatMap((each) => world.find([TYPES.policy], textOf(each, "policyArn") ?? "") ?? []);
  const inline = world.ofType(TYPES.rolePolicy).filter(isOf);
  const within = texts(role.inputs, "inlinePolicies.policy");
  const documents = [...[...own, ...inline].flatMap((each) => textOf(each, "policy") ?? []), ...within];
  return (
    documents.some((document) => allows(document, { action })) || texts(role.inputs, "managedPolicyArns").length > 0
  );
}

/** Lambda asks at once whether the role can do what the function's network and letters need. */
const functionRights: Check = (draft, world) => {
  const needs = [
    texts(draft.inputs, "vpcConfig.subnetIds").length > 0
      ? ["ec2:CreateNetworkInterface", "CreateNetworkInterface on EC2"]
      : [],
    /:sqs:/.test(text(draft.inputs, "deadLetterConfig.targetArn") ?? "")
      ? ["sqs:SendMessage", "SendMessage on SQS"]
      : [],
    /:sns:/.test(text(draft.inputs, "deadLetterConfig.targetArn") ?? "") ? ["sns:Publish", "Publish on SNS"] : [],
  ];
  for (const role of named(draft, "role", [TYPES.role], world))
    for (const [action, words] of needs)
      if (action !== undefined && !roleMay(role, action, world))
        fail(
          "InvalidParameterValueException",
          `The provided execution role does not have permissions to call ${words}`,
        );
};

/** A cluster stays in the zones that it was made in. */
const clusterZones: Check = (draft, world) => {
  const before = world.ofType(TYPES.cluster).find(({ serial }) => serial === draft.serial);
  if (before === undefined) return;
  const [now, was] = [draft, before].map((each) => zonesAt(each, "vpcConfig.subnetIds", world).join(", "));
  if (now !== was)
    fail(
      "InvalidParameterException",
      `Provided subnets belong to the AZs '${now}'. But they should match the exact set of AZs '${was}' in which subnets were provided during cluster creation`,
    );
};

/** Who is to be reached from the internet needs a way to it. */
const publicDatabase: Check = (draft, world) => {
  const group = world.get(TYPES.databaseSubnetGroup, text(draft.inputs, "dbSubnetGroupName") ?? "");
  const vpcId = group === undefined ? undefined : vpcAt(group, "subnetIds", world);
  if (flag(draft.inputs, "publiclyAccessible") && vpcId !== undefined && !hasInternetGateway(vpcId, world))
    fail(
      "InvalidVPCNetworkStateFault",
      `Cannot create a publicly accessible DBInstance. The VPC ${vpcId} has no internet gateway attached.`,
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

/** Nodes get their rights from their type; only people's entries have policies. */
const entryOfPeople: Check = (draft, world) => {
  const [cluster, principal] = ["clusterName", "principalArn"].map((name) => text(draft.inputs, name));
  const type = textOf(world.get(TYPES.accessEntry, `${cluster}:${principal}`), "type") ?? "STANDARD";
  if (!["STANDARD", "EC2"].includes(type))
    fail(
      "InvalidRequestException",
      `The access entry of ${principal} is of the type ${type}: it takes no access policy`,
    );
};

/** A private zone's name is one in each of its networks. */
const namesOfNetwork: Check = (draft, world) => {
  const name = text(draft.inputs, "name");
  const networks = texts(draft.inputs, "vpcs.vpcId");
  const other = world
    .ofType(TYPES.zone)
    .find(
      (each) =>
        each.serial !== draft.serial &&
        textOf(each, "name") === name &&
        texts(each.inputs, "vpcs.vpcId").some((id) => networks.includes(id)),
    );
  if (other !== undefined)
    fail("ConflictingDomainExists", `A private zone ${name} is associated with the VPC already: ${other.id}`);
};

const tablesOfVpc: Check = (draft, world) => {
  const vpcId = ofVpc(draft);
  const stranger = named(draft, "routeTableIds", [TYPES.routeTable], world).find(
    (table) => vpcId !== undefined && textOf(table, "vpcId") !== vpcId,
  );
  if (stranger !== undefined)
    fail("InvalidParameter", `Route table ${stranger.id} does not belong to the VPC ${vpcId}`);
};

const privateNames: Check = (draft, world) => {
  const vpc = world.get(TYPES.vpc, ofVpc(draft) ?? "");
  if (!flag(draft.inputs, "privateDnsEnabled") || vpc === undefined) return;
  if (!flag(vpc.inputs, "enableDnsHostnames"))
    fail(
      "InvalidParameter",
      `Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true for ${vpc.id}`,
    );
};

const publicPolicy: Check = (draft, world) => {
  const block = world.get(TYPES.bucketPublicAccessBlock, text(draft.inputs, "bucket") ?? "");
  if (!flag(block?.inputs ?? {}, "blockPublicPolicy")) return;
  const isPublic = statementsOf(text(draft.inputs, "policy") ?? "").some(
    ({ effect, isOpen, conditionKeys }) => effect === "Allow" && isOpen && conditionKeys.length === 0,
  );
  if (isPublic)
    fail("AccessDenied", "public policies are blocked by the BlockPublicPolicy block public access setting");
};

const rotationAllowed: Check = (draft, world) => {
  for (const rotator of named(draft, "rotationLambdaArn", [TYPES.lambdaFunction], world)) {
    const isAllowed = world
      .ofType(TYPES.lambdaPermission)
      .some(
        ({ inputs }) =>
          [rotator.id, rotator.arn, rotator.name].includes(text(inputs, "function")) &&
          text(inputs, "principal") === "secretsmanager.amazonaws.com",
      );
    if (!isAllowed)
      fail("AccessDeniedException", `Secrets Manager cannot invoke the specified Lambda function ${rotator.arn}`);
  }
};

const clusterGroups: Check = groupsIn(
  "vpcConfig.securityGroupIds",
  ofSubnets("vpcConfig.subnetIds"),
  "InvalidParameterException",
);

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

/** Inputs that name the key under which a service encrypts. */
const ENCRYPTING: Readonly<Record<string, readonly string[]>> = {
  [TYPES.database]: ["kmsKeyId", "masterUserSecretKmsKeyId", "performanceInsightsKmsKeyId"],
  [TYPES.replicationGroup]: ["kmsKeyId"],
  [TYPES.secret]: ["kmsKeyId"],
  [TYPES.logGroup]: ["kmsKeyId"],
  [TYPES.cluster]: ["encryptionConfig.provider.keyArn"],
  [TYPES.bucketEncryption]: ["rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"],
  [TYPES.lambdaFunction]: ["kmsKeyArn"],
  [TYPES.topic]: ["kmsMasterKeyId"],
  [TYPES.trail]: ["kmsKeyId"],
};

/** Throws what a service answers to a key that it cannot encrypt under: one that signs, or that is disabled. */
function checkKeys({ type, inputs }: Draft, world: World): void {
  for (const name of (ENCRYPTING[type] ?? []).flatMap((path) => texts(inputs, path))) {
    const key = keyCalled(name, world);
    if (key === undefined) continue;
    const spec = text(key.inputs, "customerMasterKeySpec") ?? "SYMMETRIC_DEFAULT";
    if (spec !== "SYMMETRIC_DEFAULT")
      throw new AwsError("InvalidKeyUsage", `The key ${key.arn} is of ${spec}; it must be a symmetric encryption key`);
    if (at(key.inputs, "isEnabled")[0] === false)
      throw new AwsError("DisabledException", `The key ${key.arn} is disabled`);
  }
}

/** By its id, its ARN or its alias. */
function keyCalled(name: string, world: World): WorldResource | undefined {
  const alias = world.find([TYPES.kmsAlias], name);
  return world.find([TYPES.kmsKey], alias === undefined ? name : (text(alias.inputs, "targetKeyId") ?? ""));
}
