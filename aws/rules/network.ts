import { blockOf } from "../addresses.ts";
import { isRegion, regionOfZone } from "../catalog.ts";
import { facts } from "../facts.ts";
import {
  atMostOneOf,
  distinct,
  eachMatches,
  eachOf,
  exactlyOneOf,
  inside,
  matches,
  oneOf,
  type Rule,
  refuse,
  required,
  together,
  within,
  wrong,
} from "../finding.ts";
import { type Inputs, isInputList } from "../inputs.ts";
import { arn, policyDocument, type RuleTable, v4Block, v4Blocks, v6Block, v6Blocks } from "./shared.ts";

const ZONE_ID = /^[a-z]{3,4}\d-[a-z]{2,3}\d-?az\d$|^[a-z]{3,4}\d-az\d$/;
/** What EC2 takes in a security group's texts. */
const GROUP_TEXT = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/;
const GROUP_WORDS = "1 to 255 letters, digits, spaces and ._-:/()#,@[]+=&;{}!$*";
const id = (name: string, prefix: string): Rule =>
  matches(name, new RegExp(`^${prefix}-[0-9a-z-]+$`), `an id that begins with ${prefix}-`);
const ids = (name: string, prefix: string): Rule =>
  eachMatches(name, new RegExp(`^${prefix}-[0-9a-z-]+$`), `ids that begin with ${prefix}-`);

const PROTOCOL = /^(-1|all|tcp|udp|icmp|icmpv6|[0-9]|[1-9][0-9]|1[0-9]{2}|2[0-4][0-9]|25[0-5])$/i;
const PORTED = ["tcp", "udp", "6", "17"];
const ICMP = ["icmp", "icmpv6", "1", "58"];

/** Ports as security groups take them, under the names that a type gives them. */
function portRules(protocol: string): readonly Rule[] {
  const isPorted = (it: Inputs) => PORTED.includes((it.text(protocol) ?? "").toLowerCase());
  const isIcmp = (it: Inputs) => ICMP.includes((it.text(protocol) ?? "").toLowerCase());
  return [
    matches(protocol, PROTOCOL, "tcp, udp, icmp, icmpv6, -1 or a protocol's number"),
    refuse("fromPort", "a port for tcp and udp", (it) => isPorted(it) && it.raw("fromPort") === undefined),
    refuse("toPort", "a port for tcp and udp", (it) => isPorted(it) && it.raw("toPort") === undefined),
    refuse("fromPort", "0 to 65535", (it) => isPorted(it) && !inRange(it.number("fromPort"), 0, 65535)),
    refuse("toPort", "0 to 65535", (it) => isPorted(it) && !inRange(it.number("toPort"), 0, 65535)),
    refuse("fromPort", "-1 to 255", (it) => isIcmp(it) && !inRange(it.number("fromPort"), -1, 255)),
    refuse("toPort", "-1 to 255", (it) => isIcmp(it) && !inRange(it.number("toPort"), -1, 255)),
    refuse("fromPort", "-1 to 65535", (it) => !inRange(it.number("fromPort"), -1, 65535)),
    refuse("toPort", "-1 to 65535", (it) => !inRange(it.number("toPort"), -1, 65535)),
    refuse(
      "toPort",
      "-1 beside -1: all types have all codes",
      (it) => isIcmp(it) && it.number("fromPort") === -1 && (it.number("toPort") ?? -1) !== -1,
    ),
    refuse("toPort", "a port that is not below fromPort", (it) => {
      const [from, to] = [it.number("fromPort"), it.number("toPort")];
      return !isIcmp(it) && from !== undefined && to !== undefined && to < from;
    }),
  ];
}

function inRange(value: number | undefined, minimum: number, maximum: number): boolean {
  return value === undefined || (Number.isInteger(value) && value >= minimum && value <= maximum);
}

const GROUP_SOURCES = ["cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"];

const groupRule: readonly Rule[] = [
  exactlyOneOf(GROUP_SOURCES),
  v4Block("cidrIpv4"),
  v6Block("cidrIpv6"),
  id("prefixListId", "pl"),
  matches("referencedSecurityGroupId", /^(\d{12}\/)?sg-/, "a security group's id"),
  id("securityGroupId", "sg"),
  matches("description", GROUP_TEXT, GROUP_WORDS),
  ...portRules("ipProtocol"),
  refuse(
    "fromPort",
    "no port for all protocols",
    (it) => it.text("ipProtocol") === "-1" && (it.number("fromPort") ?? -1) > 0,
  ),
];

/** A region or a zone group in one, as `us-east-1` or `us-east-1-bos-1`; of the resource's own region where that is known. */
function borderGroup(name: string): Rule {
  return refuse(name, "the resource's region, or a group of zones in it", (it) => {
    const group = it.text(name);
    const own = /^([a-z]{2,4}(?:-[a-z]+)+-\d)(-[a-z]{3}-\d|-wl\d-[a-z]{3}-wlz-\d)?$/.exec(group ?? "")?.[1];
    return group !== undefined && (own === undefined || !isRegion(own) || own !== (it.text("region") ?? own));
  });
}

/** Whoever names all protocols names no ports, says the provider. */
function noPortsOfAll(protocol: string): Rule {
  return refuse(
    "fromPort",
    "0, as toPort, for all protocols",
    (it) =>
      /^(-1|all)$/i.test(it.text(protocol) ?? "") &&
      ((it.number("fromPort") ?? 0) > 0 || (it.number("toPort") ?? 0) > 0),
  );
}

const inlineGroupRule: readonly Rule[] = [
  ...portRules("protocol"),
  eachMatches("securityGroups", /^(\d{12}\/)?sg-[0-9a-z-]+$/, "ids that begin with sg-"),
  v4Blocks("cidrBlocks"),
  v6Blocks("ipv6CidrBlocks"),
  ids("prefixListIds", "pl"),
  matches("description", GROUP_TEXT, GROUP_WORDS),
  noPortsOfAll("protocol"),
];

/** A rule inside a group names who it is for. */
const sourced: Rule = refuse(
  "cidrBlocks",
  "a source: blocks, prefix lists, groups or the group itself",
  (it) =>
    ["cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"].every((name) => it.lacks(name)) &&
    it.isFalse("self"),
);

const aclEntry: readonly Rule[] = [
  within("ruleNo", 1, 32766),
  matches("action", /^(allow|deny)$/i, "allow or deny"),
  matches("protocol", PROTOCOL, "tcp, udp, icmp, icmpv6, -1 or a protocol's number"),
  v4Block("cidrBlock"),
  v6Block("ipv6CidrBlock"),
  exactlyOneOf(["cidrBlock", "ipv6CidrBlock"]),
  noPortsOfAll("protocol"),
  within("icmpType", -1, 255),
  within("icmpCode", -1, 255),
  within("fromPort", 0, 65535),
  within("toPort", 0, 65535),
  refuse(
    "toPort",
    "a port that is not below fromPort",
    (it) => (it.number("toPort") ?? 65535) < (it.number("fromPort") ?? 0),
  ),
];

const MOST_ACL_ENTRIES = 40;

const aclRules: readonly Rule[] = ["ingress", "egress"].flatMap((direction) => [
  eachOf(direction, ...aclEntry),
  (it: Inputs) => {
    const numbers = it.objects(direction).map((each) => each.number("ruleNo"));
    return new Set(numbers).size < numbers.length ? wrong(it, direction, "no rule number twice") : [];
  },
  (it: Inputs) =>
    it.objects(direction).length > MOST_ACL_ENTRIES ? wrong(it, direction, `at most ${MOST_ACL_ENTRIES} entries`) : [],
]);

const DESTINATIONS = ["destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"];
const TARGETS = [
  "carrierGatewayId",
  "coreNetworkArn",
  "egressOnlyGatewayId",
  "gatewayId",
  "localGatewayId",
  "natGatewayId",
  "networkInterfaceId",
  "transitGatewayId",
  "vpcEndpointId",
  "vpcPeeringConnectionId",
];

const routeRules: readonly Rule[] = [
  exactlyOneOf(DESTINATIONS),
  exactlyOneOf(TARGETS),
  v4Block("destinationCidrBlock"),
  v6Block("destinationIpv6CidrBlock"),
  id("destinationPrefixListId", "pl"),
  id("natGatewayId", "nat"),
  matches("gatewayId", /^(igw-|vgw-|vpce-|local$)/, "the id of an internet or VPN gateway"),
  id("egressOnlyGatewayId", "eigw"),
  id("transitGatewayId", "tgw"),
  id("vpcPeeringConnectionId", "pcx"),
  id("vpcEndpointId", "vpce"),
  id("networkInterfaceId", "eni"),
  together("egressOnlyGatewayId", "an IPv6 destination", (it) => it.lacks("destinationCidrBlock")),
];

const inlineRoute: readonly Rule[] = [
  exactlyOneOf(["cidrBlock", "ipv6CidrBlock", "destinationPrefixListId"]),
  exactlyOneOf(TARGETS),
  v4Block("cidrBlock"),
  v6Block("ipv6CidrBlock"),
];

const routesApart: Rule = refuse("routes", "no destination twice", (it) => {
  const to = it
    .objects("routes")
    .flatMap(
      (each) => each.text("cidrBlock") ?? each.text("ipv6CidrBlock") ?? each.text("destinationPrefixListId") ?? [],
    );
  return new Set(to).size < to.length;
});

const isGateway = (it: Inputs) => !it.has("vpcEndpointType") || it.text("vpcEndpointType") === "Gateway";
const isInterface = (it: Inputs) => it.text("vpcEndpointType") === "Interface";
const GATEWAY_SERVICE = /\.(s3|dynamodb|s3express)$/;

const endpointRules: readonly Rule[] = [
  exactlyOneOf(["serviceName", "resourceConfigurationArn", "serviceNetworkArn"]),
  matches(
    "serviceName",
    /^((cn\.)?com\.amazonaws(\.[a-z0-9-]+)+|aws\.api\.[a-z0-9-]+\.[a-z0-9-]+|aws\.sagemaker\.[a-z0-9-]+\.[a-z0-9-]+|com\.amazonaws\.vpce\.[a-z0-9-]+\.vpce-svc-[0-9a-f]+)$/,
    "an endpoint service's name, as com.amazonaws.us-east-1.s3",
  ),
  refuse("serviceName", "a service's name with its region, as com.amazonaws.us-east-1.sts", (it) => {
    const place = /^(?:cn\.)?com\.amazonaws\.([a-z0-9-]+)/.exec(it.text("serviceName") ?? "")?.[1];
    return place !== undefined && !isRegion(place) && !["vpce", "s3-global"].includes(place) && !/-\d+$/.test(place);
  }),
  refuse("serviceName", "a service of AWS's, as com.amazonaws.us-east-1.sts", (it) => {
    const name = /^com\.amazonaws\.(?!vpce\.)[a-z0-9-]+\.([a-z0-9-]+)/.exec(it.text("serviceName") ?? "")?.[1];
    return name !== undefined && !isEndpointService(name);
  }),
  (it) => {
    const name = /^com\.amazonaws\.(?!vpce\.)[a-z0-9-]+\.(.+)/.exec(it.text("serviceName") ?? "")?.[1] ?? "";
    const meant = ENDPOINTS_OF[name] ?? (/^ecr\.(?!(api|dkr)$)/.test(name) ? ENDPOINTS_OF.ecr : undefined);
    return meant === undefined ? [] : wrong(it, "serviceName", `${meant}: that is what its endpoints are called`);
  },
  refuse("serviceName", "a service of a region that AWS has", (it) => {
    const named = /^(?:cn\.)?com\.amazonaws\.(?:vpce\.)?([a-z]{2,4}(?:-[a-z]+)+-\d+)\./.exec(
      it.text("serviceName") ?? "",
    );
    return named !== null && !isRegion(named[1] ?? "");
  }),
  refuse("serviceName", "a service of the stack's region, or serviceRegion beside it", (it) => {
    const own = /^(?:cn\.)?com\.amazonaws\.([a-z0-9-]+)\./.exec(it.text("serviceName") ?? "")?.[1];
    const region = it.text("region");
    return own !== undefined && isRegion(own) && region !== undefined && own !== region && it.lacks("serviceRegion");
  }),
  refuse(
    "dnsOptions.privateDnsOnlyForInboundResolverEndpoint",
    "an interface endpoint of S3 with private DNS",
    (it) =>
      it.isTrue("dnsOptions.privateDnsOnlyForInboundResolverEndpoint") &&
      it.knows("serviceName") &&
      !/\.s3$/.test(it.text("serviceName") ?? ""),
  ),
  refuse("serviceName", "a service that gateway endpoints are for: s3 or dynamodb", (it) => {
    const service = it.text("serviceName");
    return isGateway(it) && service !== undefined && !GATEWAY_SERVICE.test(service);
  }),
  refuse(
    "serviceName",
    "a service that has interface endpoints",
    (it) => isInterface(it) && /\.s3express$/.test(it.text("serviceName") ?? ""),
  ),
  refuse("subnetIds", "no subnets for a gateway endpoint", (it) => isGateway(it) && it.has("subnetIds")),
  refuse(
    "securityGroupIds",
    "no security groups for a gateway endpoint",
    (it) => isGateway(it) && it.has("securityGroupIds"),
  ),
  refuse(
    "privateDnsEnabled",
    "no private DNS for a gateway endpoint",
    (it) => isGateway(it) && it.isTrue("privateDnsEnabled"),
  ),
  refuse(
    "privateDnsEnabled",
    "private DNS for interface endpoints alone",
    (it) => it.isTrue("privateDnsEnabled") && it.text("vpcEndpointType") === "GatewayLoadBalancer",
  ),
  refuse(
    "routeTableIds",
    "no route tables for an interface endpoint",
    (it) => !isGateway(it) && it.has("routeTableIds"),
  ),
  refuse("subnetIds", "one subnet for a gateway load balancer's endpoint", (it) => {
    const subnets = it.raw("subnetIds");
    return it.text("vpcEndpointType") === "GatewayLoadBalancer" && isInputList(subnets) && subnets.length > 1;
  }),
  refuse(
    "securityGroupIds",
    "no security groups for a gateway load balancer's endpoint",
    (it) => it.has("securityGroupIds") && it.text("vpcEndpointType") === "GatewayLoadBalancer",
  ),
  refuse(
    "policy",
    "a policy for gateway and interface endpoints alone",
    (it) => it.has("policy") && it.text("vpcEndpointType") === "GatewayLoadBalancer",
  ),
  ...[
    ["Resource", "resourceConfigurationArn"],
    ["ServiceNetwork", "serviceNetworkArn"],
  ].flatMap(([type = "", name = ""]) => [
    refuse(
      name,
      `a value for an endpoint of the type ${type}`,
      (it) => it.text("vpcEndpointType") === type && it.lacks(name),
    ),
    refuse(
      name,
      `nothing but for an endpoint of the type ${type}`,
      (it) =>
        it.has(name) &&
        it.text("vpcEndpointType") !== type &&
        (it.lacks("vpcEndpointType") || it.knows("vpcEndpointType")),
    ),
  ]),
  refuse("subnetConfigurations", "addresses in subnets of subnetIds", (it) => {
    const subnets = it.texts("subnetIds");
    const named = it.objects("subnetConfigurations").flatMap((each) => each.text("subnetId") ?? []);
    return subnets !== undefined && named.some((each) => !subnets.includes(each));
  }),
  refuse(
    "dnsOptions.privateDnsPreference",
    "nothing but for endpoints of the types ServiceNetwork and Resource with private DNS",
    (it) =>
      it.has("dnsOptions.privateDnsPreference") &&
      (it.isFalse("privateDnsEnabled") ||
        ["Interface", "Gateway", "GatewayLoadBalancer"].includes(it.text("vpcEndpointType") ?? "")),
  ),
  refuse("dnsOptions.privateDnsSpecifiedDomains", "domains beside a preference for specified ones", (it) => {
    const asks = /SPECIFIED_DOMAINS/.test(it.text("dnsOptions.privateDnsPreference") ?? "");
    const given = it.has("dnsOptions.privateDnsSpecifiedDomains");
    return asks !== given && (given || it.knows("dnsOptions.privateDnsPreference"));
  }),
  distinct("subnetIds"),
  distinct("routeTableIds"),
  distinct("securityGroupIds"),
  ids("subnetIds", "subnet"),
  ids("securityGroupIds", "sg"),
  ids("routeTableIds", "rtb"),
  policyDocument("policy", "resource", 20_480),
  refuse("dnsOptions.dnsRecordIpType", "an address family that ipAddressType has", (it) => {
    const [records, addresses] = [it.text("dnsOptions.dnsRecordIpType"), it.text("ipAddressType")];
    return (
      (addresses === "ipv4" && (records === "ipv6" || records === "dualstack")) ||
      (addresses === "ipv6" && (records === "ipv4" || records === "dualstack"))
    );
  }),
  oneOf("ipAddressType", ["ipv4", "dualstack", "ipv6"]),
  inside(
    "dnsOptions",
    oneOf("dnsRecordIpType", ["ipv4", "dualstack", "service-defined", "ipv6"]),
    oneOf("privateDnsPreference", [
      "ALL_DOMAINS",
      "VERIFIED_DOMAINS_ONLY",
      "VERIFIED_DOMAINS_AND_SPECIFIED_DOMAINS",
      "SPECIFIED_DOMAINS_ONLY",
    ]),
  ),
];

/** Services whose endpoints are not called after their hosts or IAM's prefixes. */
const FURTHER_SERVICES = [
  ..."aps-workspaces git-codecommit codeconnections codestar-connections ec2messages ecr ecs-agent ecs-telemetry eks-auth".split(
    " ",
  ),
  ..."email-smtp emr-containers emrwal emr-serverless evs execute-api guardduty-data inspector-scan kendra-ranking".split(
    " ",
  ),
  ..."kinesis-firehose kinesis-streams monitoring networkmonitor notebook neptune-graph pca-connector-ad pinpoint".split(
    " ",
  ),
  ..."private-networks q qapps quicksight-website redshift-data s3-global s3-outposts s3express s3tables sagemaker".split(
    " ",
  ),
  ..."secretsmanager servicecatalog-appregistry sms-voice ssm-contacts ssm-incidents ssmmessages studio sync-states".split(
    " ",
  ),
  ..."transcribestreaming transfer vpc-lattice workspaces wellarchitected xray awsconnector app-integrations backup-gateway".split(
    " ",
  ),
  ..."cassandra cases codeartifact dms dms-fips docdb-elastic elastic-inference greengrass iotsitewise iotwireless".split(
    " ",
  ),
  ..."lookoutequipment models-v2-lex m2 mwaa airflow panorama personalize profile refactor-spaces rum-dataplane".split(
    " ",
  ),
  ..."scn securityhub signin simspaceweaver sso-directory states swf-fips tax timestream voiceid wisdom elasticmapreduce".split(
    " ",
  ),
];

/**
 * Services whose endpoints are not called as the service is.
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
 */
const ENDPOINTS_OF: Readonly<Record<string, string>> = {
  amp: "aps-workspaces",
  cloudwatch: "monitoring",
  ecr: "ecr.api or ecr.dkr",
  efs: "elasticfilesystem",
  elb: "elasticloadbalancing",
  elbv2: "elasticloadbalancing",
  emr: "elasticmapreduce",
  firehose: "kinesis-firehose",
  keyspaces: "cassandra",
  kinesis: "kinesis-streams",
  mwaa: "airflow.api",
  sagemaker: "sagemaker.api or sagemaker.runtime",
  ses: "email-smtp",
  sesv2: "email-smtp",
  stepfunctions: "states",
};

/** Whether AWS has a service whose endpoints are called that. */
function isEndpointService(name: string): boolean {
  const { endpointPrefixes, servicePrefixes } = facts().catalog;
  const plain = name.replace(/-fips$/, "");
  return [endpointPrefixes, servicePrefixes, FURTHER_SERVICES].some(
    (list) => list.includes(plain) || list.includes(name),
  );
}

/** The fields of flow logs, versions 2 to 10. @see https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html */
const FLOW_FIELDS = [
  ..."version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status".split(
    " ",
  ),
  ..."vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id".split(
    " ",
  ),
  ..."pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path ecs-cluster-arn ecs-cluster-name".split(" "),
  ..."ecs-container-instance-arn ecs-container-instance-id ecs-container-id ecs-second-container-id ecs-service-name".split(
    " ",
  ),
  ..."ecs-task-definition-arn ecs-task-arn ecs-task-id reject-reason resource-id encryption-status".split(" "),
  ..."tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id tgw-dst-vpc-id".split(" "),
  ..."tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id tgw-pair-attachment-id".split(
    " ",
  ),
  ..."packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired resource-type".split(
    " ",
  ),
];

const FLOW_SOURCES = [
  "vpcId",
  "subnetId",
  "eniId",
  "transitGatewayId",
  "transitGatewayAttachmentId",
  "regionalNatGatewayId",
];
const toLogs = (it: Inputs) => !it.has("logDestinationType") || it.text("logDestinationType") === "cloud-watch-logs";

const flowLogRules: readonly Rule[] = [
  exactlyOneOf(FLOW_SOURCES),
  oneOf("logDestinationType", ["cloud-watch-logs", "s3", "kinesis-data-firehose"]),
  oneOf("maxAggregationInterval", [60, 600]),
  refuse(
    "maxAggregationInterval",
    "60 for a transit gateway",
    (it) =>
      (it.has("transitGatewayId") || it.has("transitGatewayAttachmentId")) &&
      (it.number("maxAggregationInterval") ?? 60) !== 60,
  ),
  required(
    "trafficType",
    "ACCEPT, REJECT or ALL",
    (it) => it.lacks("transitGatewayId") && it.lacks("transitGatewayAttachmentId"),
  ),
  oneOf("trafficType", ["ACCEPT", "REJECT", "ALL"]),
  refuse(
    "trafficType",
    "no kind of traffic for a transit gateway",
    (it) => it.has("trafficType") && (it.has("transitGatewayId") || it.has("transitGatewayAttachmentId")),
  ),
  required("iamRoleArn", "the role by which flow logs reach CloudWatch Logs", toLogs),
  required("logDestination", "where the logs go", (it) => it.lacks("logGroupName")),
  refuse(
    "iamRoleArn",
    "no role for logs to S3",
    (it) => it.text("logDestinationType") === "s3" && it.has("iamRoleArn"),
  ),
  arn("iamRoleArn", "iam", "role/.+"),
  (it) => {
    const service = { "cloud-watch-logs": "logs", s3: "s3", "kinesis-data-firehose": "firehose" }[
      it.text("logDestinationType") ?? "cloud-watch-logs"
    ];
    const kind = { logs: "log-group:.+", s3: "[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/.*)?", firehose: "deliverystream/.+" };
    return service === "logs" || service === "s3" || service === "firehose"
      ? arn("logDestination", service, kind[service])(it, undefined)
      : [];
  },
  refuse("logDestination", "a folder that is not AWSLogs, which is AWS's own", (it) =>
    /^arn:aws[a-z-]*:s3:::[^/]+\/AWSLogs(\/|$)/.test(it.text("logDestination") ?? ""),
  ),
  refuse("logFormat", "fields that flow logs have", (it) =>
    [...(it.text("logFormat") ?? "").matchAll(/\$\{([a-z0-9-]+)\}/g)].some(
      ([, field = ""]) => !FLOW_FIELDS.includes(field),
    ),
  ),
  together("destinationOptions", "logs to S3", (it) => it.text("logDestinationType") === "s3"),
  matches(
    "logFormat",
    /^(\$\{[a-z0-9-]+\})( \$\{[a-z0-9-]+\})*$/,
    "fields in braces behind a dollar sign, separated by blanks",
  ),
  id("vpcId", "vpc"),
  id("subnetId", "subnet"),
  id("eniId", "eni"),
];

/** How many items a list has, known or not. */
function countOf(it: Inputs, name: string): number {
  const value = it.raw(name);
  return isInputList(value) ? value.length : 0;
}

const outside = (value: number | undefined, least: number, most: number) =>
  value !== undefined && (value < least || value > most);

const launchTemplateRules: readonly Rule[] = [
  inside("creditSpecification", oneOf("cpuCredits", ["standard", "unlimited"])),
  inside("iamInstanceProfile", atMostOneOf(["arn", "name"])),
  within("defaultVersion", 1, Number.MAX_SAFE_INTEGER),
  atMostOneOf(["updateDefaultVersion", "defaultVersion"]),
  atMostOneOf(["instanceRequirements", "instanceType"]),
  matches("name", /^[a-zA-Z0-9().\-/_]{3,128}$/, "3 to 128 letters, digits and ().-/_"),
  matches("imageId", /^(ami-[0-9a-z-]+|resolve:ssm:\S+)$/, "an image's id, or resolve:ssm: and a parameter's name"),
  inside(
    "metadataOptions",
    oneOf("httpTokens", ["optional", "required"]),
    oneOf("httpEndpoint", ["enabled", "disabled"]),
    within("httpPutResponseHopLimit", 1, 64),
  ),
  ids("vpcSecurityGroupIds", "sg"),
  atMostOneOf(["securityGroupNames", "vpcSecurityGroupIds"]),
  refuse(
    "vpcSecurityGroupIds",
    "no groups beside interfaces, which have their own",
    (it) => it.has("vpcSecurityGroupIds") && it.has("networkInterfaces"),
  ),
  eachOf(
    "blockDeviceMappings",
    inside(
      "ebs",
      refuse("iops", "IOPS for io1 and io2", (it) => /^io[12]$/.test(it.text("volumeType") ?? "") && it.lacks("iops")),
      refuse(
        "iops",
        "no IOPS for gp2, st1 and sc1",
        (it) => /^(gp2|st1|sc1|standard)$/.test(it.text("volumeType") ?? "") && it.has("iops"),
      ),
      refuse(
        "throughput",
        "throughput for gp3 alone",
        (it) => it.has("throughput") && it.knows("volumeType") && it.text("volumeType") !== "gp3",
      ),
      within("volumeSize", 1, 65_536, " GiB"),
      refuse(
        "iops",
        "3000 to 80000 for gp3",
        (it) => it.text("volumeType") === "gp3" && outside(it.number("iops"), 3000, 80_000),
      ),
      refuse("throughput", "125 to 2000 MiB/s", (it) => outside(it.number("throughput"), 125, 2000)),
      refuse("kmsKeyId", "encrypted: true beside a key", (it) => it.has("kmsKeyId") && it.isFalse("encrypted")),
    ),
  ),
  refuse("userData", "base64", (it) => /[^A-Za-z0-9+/=\s]/.test(it.text("userData") ?? "")),
];

const MOST_GROUP_RULES = 60;

/** How many rules a group's entries are: each source of an entry is one. */
function rulesIn(it: Inputs, direction: string): number {
  return it
    .objects(direction)
    .map(
      (each) =>
        ["cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "securityGroups"]
          .map((name) => countOf(each, name))
          .reduce((sum, one) => sum + one, 0) + (each.isTrue("self") ? 1 : 0),
    )
    .reduce((sum, one) => sum + one, 0);
}

const fewGroupRules: readonly Rule[] = ["ingress", "egress"].map((direction) =>
  refuse(direction, `at most ${MOST_GROUP_RULES} rules`, (it) => rulesIn(it, direction) > MOST_GROUP_RULES),
);

const PUBLIC_CIDR_LIMIT = "an IPv4 block of /16 to /28";

/** What EC2 refuses about networks. */
export const networkRules: RuleTable = {
  "aws:ec2/vpc:Vpc": [
    v4Block("cidrBlock", 16, 28),
    required("cidrBlock", "a block, or a pool in ipv4IpamPoolId", (it) => it.lacks("ipv4IpamPoolId")),
    atMostOneOf(["cidrBlock", "ipv4NetmaskLength"]),
    atMostOneOf(["ipv6CidrBlock", "ipv6NetmaskLength"]),
    oneOf("instanceTenancy", ["default", "dedicated"]),
    refuse(
      "enableDnsHostnames",
      "false while enableDnsSupport is false",
      (it) => it.isTrue("enableDnsHostnames") && it.has("enableDnsSupport") && it.isFalse("enableDnsSupport"),
    ),
    atMostOneOf(["assignGeneratedIpv6CidrBlock", "ipv6IpamPoolId"]),
    v6Block("ipv6CidrBlock"),
    borderGroup("ipv6CidrBlockNetworkBorderGroup"),
    together("ipv6CidrBlock", "a pool that the block is from, in ipv6IpamPoolId", (it) => it.has("ipv6IpamPoolId")),
    together("ipv4NetmaskLength", "ipv4IpamPoolId", (it) => it.has("ipv4IpamPoolId")),
    within("ipv4NetmaskLength", 16, 28),
    oneOf("ipv6NetmaskLength", [44, 48, 52, 56, 60]),
    together("ipv6NetmaskLength", "ipv6IpamPoolId", (it) => it.has("ipv6IpamPoolId")),
    refuse(
      "ipv6CidrBlockNetworkBorderGroup",
      "a block of AWS's own beside it",
      (it) => it.has("ipv6CidrBlockNetworkBorderGroup") && it.isFalse("assignGeneratedIpv6CidrBlock"),
    ),
    refuse("cidrBlock", `${PUBLIC_CIDR_LIMIT} outside of 127.0.0.0/8, 169.254.0.0/16 and 224.0.0.0/4`, (it) =>
      /^(0|127|169\.254|22[4-9]|2[3-5]\d)\./.test(it.text("cidrBlock") ?? ""),
    ),
  ],
  "aws:ec2/vpcIpv4CidrBlockAssociation:VpcIpv4CidrBlockAssociation": [
    refuse("cidrBlock", `${PUBLIC_CIDR_LIMIT} outside of 127.0.0.0/8, 169.254.0.0/16 and 224.0.0.0/4`, (it) =>
      /^(0|127|169\.254|22[4-9]|2[3-5]\d)\./.test(it.text("cidrBlock") ?? ""),
    ),
    v4Block("cidrBlock", 16, 28),
    required("cidrBlock", "a block, or a pool in ipv4IpamPoolId", (it) => it.lacks("ipv4IpamPoolId")),
    atMostOneOf(["cidrBlock", "ipv4NetmaskLength"]),
    together("ipv4NetmaskLength", "ipv4IpamPoolId", (it) => it.has("ipv4IpamPoolId")),
    within("ipv4NetmaskLength", 16, 28),
  ],
  "aws:ec2/subnet:Subnet": [
    ...["mapPublicIpOnLaunch", "enableResourceNameDnsARecordOnLaunch", "mapCustomerOwnedIpOnLaunch"].map((name) =>
      refuse(name, "false in a subnet without IPv4", (it) => it.isTrue("ipv6Native") && it.isTrue(name)),
    ),
    refuse(
      "privateDnsHostnameTypeOnLaunch",
      "resource-name in a subnet without IPv4",
      (it) => it.isTrue("ipv6Native") && it.text("privateDnsHostnameTypeOnLaunch") === "ip-name",
    ),
    v4Block("cidrBlock", 16, 28),
    v6Block("ipv6CidrBlock"),
    refuse("ipv6CidrBlock", "an IPv6 block of /44, /48, /52, /56, /60 or /64", (it) => {
      const prefix = blockOf(it.text("ipv6CidrBlock") ?? "")?.prefix;
      return prefix !== undefined && (prefix < 44 || prefix > 64 || prefix % 4 !== 0);
    }),
    within("ipv4NetmaskLength", 16, 28),
    together("ipv4NetmaskLength", "ipv4IpamPoolId", (it) => it.has("ipv4IpamPoolId")),
    required("cidrBlock", "an IPv4 block", (it) => !it.isTrue("ipv6Native") && it.lacks("ipv4IpamPoolId")),
    atMostOneOf(["cidrBlock", "ipv4NetmaskLength"]),
    atMostOneOf(["ipv6CidrBlock", "ipv6NetmaskLength"]),
    atMostOneOf(["availabilityZone", "availabilityZoneId"]),
    refuse("availabilityZone", "an availability zone, as us-east-1a", (it) => {
      const zone = it.text("availabilityZone");
      return zone !== undefined && !isRegion(regionOfZone(zone) ?? "");
    }),
    matches("availabilityZoneId", ZONE_ID, "a zone's id, as use1-az1"),
    refuse("availabilityZone", "a zone of the stack's region", (it) => {
      const [zone, region] = [it.text("availabilityZone"), it.text("region")];
      return zone !== undefined && region !== undefined && regionOfZone(zone) !== region;
    }),
    oneOf("privateDnsHostnameTypeOnLaunch", ["ip-name", "resource-name"]),
    refuse(
      "assignIpv6AddressOnCreation",
      "an IPv6 block beside it",
      (it) => it.isTrue("assignIpv6AddressOnCreation") && it.lacks("ipv6CidrBlock") && it.lacks("ipv6IpamPoolId"),
    ),
    refuse(
      "ipv6Native",
      "ipv6CidrBlock and no cidrBlock",
      (it) => it.isTrue("ipv6Native") && (it.has("cidrBlock") || it.lacks("ipv6CidrBlock")),
    ),
    refuse("enableDns64", "an IPv6 block beside it", (it) => it.isTrue("enableDns64") && it.lacks("ipv6CidrBlock")),
    refuse(
      "mapCustomerOwnedIpOnLaunch",
      "customerOwnedIpv4Pool and outpostArn",
      (it) => it.isTrue("mapCustomerOwnedIpOnLaunch") && (it.lacks("customerOwnedIpv4Pool") || it.lacks("outpostArn")),
    ),
    refuse(
      "availabilityZone",
      "the zone of the Outpost",
      (it) => it.has("outpostArn") && it.lacks("availabilityZone") && it.lacks("availabilityZoneId"),
    ),
    refuse("enableLniAtDeviceIndex", "1 or more", (it) => (it.number("enableLniAtDeviceIndex") ?? 1) < 1),
    id("vpcId", "vpc"),
  ],
  "aws:ec2/securityGroup:SecurityGroup": [
    ...fewGroupRules,
    matches("name", GROUP_TEXT, GROUP_WORDS),
    refuse(
      "namePrefix",
      "at most 229 characters that do not begin with sg-",
      (it) => (it.text("namePrefix") ?? "").length > 229 || /^sg-/i.test(it.text("namePrefix") ?? ""),
    ),
    refuse("name", "a name that does not begin with sg-", (it) => /^sg-/i.test(it.text("name") ?? "")),
    refuse("name", "a name other than default", (it) => it.text("name") === "default"),
    refuse(
      "name",
      "a name without blanks at its ends",
      (it) => (it.text("name") ?? "").trim() !== (it.text("name") ?? ""),
    ),
    matches("description", GROUP_TEXT, GROUP_WORDS),
    refuse("description", GROUP_WORDS, (it) => it.raw("description") === ""),
    id("vpcId", "vpc"),
    eachOf("ingress", ...inlineGroupRule, sourced),
    eachOf("egress", ...inlineGroupRule, sourced),
  ],
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": [
    ...fewGroupRules,
    eachOf("ingress", ...inlineGroupRule),
    eachOf("egress", ...inlineGroupRule),
  ],
  "aws:ec2/securityGroupRule:SecurityGroupRule": [
    oneOf("type", ["ingress", "egress"]),
    ...inlineGroupRule,
    refuse(
      "sourceSecurityGroupId",
      "just one of cidrBlocks, sourceSecurityGroupId and self",
      (it) => it.has("sourceSecurityGroupId") && (it.has("cidrBlocks") || it.isTrue("self")),
    ),
    refuse(
      "cidrBlocks",
      "a source",
      (it) =>
        ["cidrBlocks", "ipv6CidrBlocks", "prefixListIds", "sourceSecurityGroupId"].every((name) => it.lacks(name)) &&
        !it.isTrue("self"),
    ),
  ],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": groupRule,
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": groupRule,
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl": [
    ...aclRules,
    ids("subnetIds", "subnet"),
    id("defaultNetworkAclId", "acl"),
  ],
  "aws:ec2/networkAcl:NetworkAcl": [...aclRules, ids("subnetIds", "subnet"), id("vpcId", "vpc")],
  "aws:ec2/internetGateway:InternetGateway": [id("vpcId", "vpc")],
  "aws:ec2/eip:Eip": [
    oneOf("domain", ["vpc"]),
    borderGroup("networkBorderGroup"),
    atMostOneOf(["customerOwnedIpv4Pool", "publicIpv4Pool"]),
    atMostOneOf(["instance", "networkInterface"]),
    id("instance", "i"),
    id("networkInterface", "eni"),
    together(
      "associateWithPrivateIp",
      "instance or networkInterface",
      (it) => it.has("instance") || it.has("networkInterface"),
    ),
  ],
  "aws:ec2/natGateway:NatGateway": [
    oneOf("connectivityType", ["public", "private"]),
    oneOf("availabilityMode", ["zonal", "regional"]),
    refuse(
      "connectivityType",
      "public for a regional NAT gateway",
      (it) => it.text("availabilityMode") === "regional" && it.text("connectivityType") === "private",
    ),
    required(
      "allocationId",
      "the address of a public NAT gateway",
      (it) => it.text("connectivityType") !== "private" && it.text("availabilityMode") !== "regional",
    ),
    refuse(
      "allocationId",
      "no address for a private NAT gateway",
      (it) => it.text("connectivityType") === "private" && it.has("allocationId"),
    ),
    required("subnetId", "a subnet", (it) => it.text("availabilityMode") !== "regional"),
    refuse(
      "subnetId",
      "no subnet for a regional NAT gateway",
      (it) => it.text("availabilityMode") === "regional" && it.has("subnetId"),
    ),
    refuse(
      "vpcId",
      "no VPC but for a regional NAT gateway",
      (it) => it.has("vpcId") && (it.lacks("availabilityMode") || it.text("availabilityMode") === "zonal"),
    ),
    required("vpcId", "the VPC of a regional NAT gateway", (it) => it.text("availabilityMode") === "regional"),
    id("allocationId", "eipalloc"),
    id("subnetId", "subnet"),
    atMostOneOf(["secondaryPrivateIpAddressCount", "secondaryPrivateIpAddresses"]),
    refuse(
      "secondaryPrivateIpAddressCount",
      "no number of private addresses for a public NAT gateway: one comes with each of its public ones",
      (it) =>
        it.has("secondaryPrivateIpAddressCount") &&
        (it.lacks("connectivityType") || it.text("connectivityType") === "public"),
    ),
    refuse("secondaryAllocationIds", "addresses other than allocationId, none of them twice", (it) => {
      const ids = [it.text("allocationId") ?? [], it.knownTexts("secondaryAllocationIds")].flat();
      return new Set(ids).size < ids.length;
    }),
    refuse("secondaryAllocationIds", "at most 7", (it) => countOf(it, "secondaryAllocationIds") > 7),
    refuse("secondaryPrivateIpAddresses", "at most 31", (it) => countOf(it, "secondaryPrivateIpAddresses") > 31),
    refuse("secondaryPrivateIpAddresses", "addresses other than privateIp, none of them twice", (it) => {
      const own = [it.text("privateIp") ?? [], it.knownTexts("secondaryPrivateIpAddresses")].flat();
      return new Set(own).size < own.length;
    }),
    together(
      "availabilityZoneAddresses",
      "availabilityMode regional",
      (it) => it.has("availabilityMode") && it.text("availabilityMode") !== "zonal",
    ),
    eachOf("availabilityZoneAddresses", exactlyOneOf(["availabilityZone", "availabilityZoneId"])),
    refuse(
      "secondaryAllocationIds",
      "no second addresses for a private NAT gateway",
      (it) => it.text("connectivityType") === "private" && it.has("secondaryAllocationIds"),
    ),
  ],
  "aws:ec2/route:Route": [...routeRules, id("routeTableId", "rtb")],
  "aws:ec2/routeTable:RouteTable": [id("vpcId", "vpc"), eachOf("routes", ...inlineRoute), routesApart],
  "aws:ec2/routeTableAssociation:RouteTableAssociation": [
    exactlyOneOf(["subnetId", "gatewayId"]),
    id("routeTableId", "rtb"),
    id("subnetId", "subnet"),
    matches("gatewayId", /^(igw|vgw)-/, "the id of an internet or VPN gateway"),
  ],
  "aws:ec2/vpcEndpoint:VpcEndpoint": endpointRules,
  "aws:ec2/flowLog:FlowLog": flowLogRules,
  "aws:ec2/launchTemplate:LaunchTemplate": launchTemplateRules,
};
