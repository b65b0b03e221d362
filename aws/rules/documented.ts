import { isV4Address, isV4Block, isV6Address, isV6Block } from "../addresses.ts";
import { isRegion, regionOfZone } from "../catalog.ts";
import { type Finding, shown } from "../finding.ts";
import { type Input, type InputRecord, isInputList, isInputRecord } from "../inputs.ts";
import { RFC1123 } from "./shared.ts";

/** What a value must be, and the words for it. */
type Limit = readonly [fits: (value: string | number) => boolean, words: string];

const like = (pattern: RegExp, words: string): Limit => [(value) => pattern.test(String(value)), words];
const range = (least: number, most: number): Limit => [
  (value) => Number(value) >= least && Number(value) <= most,
  most === Number.POSITIVE_INFINITY ? `at least ${least}` : `${least} to ${most}`,
];
const among = (...values: readonly string[]): Limit => [
  (value) => values.includes(String(value)),
  `one of ${values.join(", ")}`,
];
const text = (fits: (value: string) => boolean, words: string): Limit => [(value) => fits(String(value)), words];

const POSITIVE = range(1, 2_147_483_647);
const NATURAL = range(0, 2_147_483_647);
/** What the provider only tells, and takes from nobody. */
const TOLD: Limit = [() => false, "nothing: it is an output of the provider's"];
const V4 = text(isV4Address, "an IPv4 address");
const V6 = text(isV6Address, "an IPv6 address");
const ZONE = text((value) => isRegion(regionOfZone(value) ?? ""), "an availability zone, as us-east-1a");
const ZONE_ID = like(/^[a-z]{3,4}\d(-[a-z]{3}\d)?-az\d$/, "a zone's id, as use1-az1");
const GROUP = like(/^sg-[0-9a-z-]+$/, "an id that begins with sg-");
const TOKEN = like(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/, "a name of letters, digits and !#$%&'*+.^_`|~-");
const HEADER = like(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}$/, "1 to 40 characters of a header's name");
const LINE = like(/^[\t\u0020-\u007E]{0,1024}$/, "at most 1024 printable ASCII characters");
const HOST = like(/^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]{2,63}\.?$/i, "a domain name");
const HTTPS = like(
  /^(?=.{1,256}$)https:\/\/[^\s/]+(\/\S*)?$/,
  "a whole URL of at most 256 characters that begins with https://",
);
const DURATION = like(/^\d+(h|m|s|ms)$/, "a duration of one unit, as 30m");
const TIME = text(
  (value) =>
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/.test(value) && !Number.isNaN(Date.parse(value)),
  "a time, as 2027-01-01T00:00:00Z",
);
const MIDNIGHT = text(
  (value) => /^\d{4}-\d\d-\d\d(T00:00:00(\.000)?Z)?$/.test(value) && !Number.isNaN(Date.parse(value)),
  "midnight UTC, as 2027-01-01T00:00:00Z",
);
const BUCKET = like(
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  "a bucket's name: 3 to 63 lower-case letters, digits, dots and hyphens",
);
const BUCKET_ARN = like(/^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "a bucket's ARN");
const ROLE = like(/^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, "the ARN of a role");
const ACCOUNT_NAME = text(
  (value) => value.length <= 253 && value.split(".").every((part) => RFC1123.test(part)),
  "a service account's name",
);
const EXPRESSION = text((value) => isExpression(value), "a regular expression of at most 512 characters");
const STAR = text((value) => value.split("*").length <= 2, "at most one star");
const CLASS = among("GLACIER", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "DEEP_ARCHIVE", "GLACIER_IR");
const URI_PATH = like(/^\/[!-~]{0,255}$/, "a path of at most 256 characters that begins with a slash");
const IDENTIFIER = like(
  /^[a-zA-Z](-?[a-zA-Z0-9])*$/,
  "letters, digits and single hyphens, a letter first, no hyphen last",
);
const SNAPSHOT = like(
  /^(arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:(cluster-)?snapshot:.+|(rds:|awsbackup:)?[a-zA-Z](-?[a-zA-Z0-9])*)$/,
  "a snapshot's name or ARN",
);
const json = (fits: (value: unknown) => boolean, words: string): Limit =>
  text((value) => {
    try {
      return fits(JSON.parse(value));
    } catch {
      return false;
    }
  }, words);

function isExpression(value: string, most = 512): boolean {
  if (value.length > most) return false;
  try {
    // Flags at the beginning are PCRE's, which ELB and WAF read and JavaScript does not.
    return new RegExp(value.replace(/^\(\?[imsx-]+\)/, "")) !== undefined;
  } catch {
    return false;
  }
}

/** Steps that listeners and their rules have in common. */
const STEPS: Readonly<Record<string, Limit>> = {
  scope: LINE,
  sessionCookieName: TOKEN,
  "authenticateCognito.userPoolArn": like(
    /^arn:aws[a-z-]*:cognito-idp:[a-z0-9-]+:\d{12}:userpool\/[\w-]+_[0-9a-zA-Z]+$/,
    "the ARN of a user pool",
  ),
  "authenticateCognito.userPoolClientId": like(/^[\w+]{1,128}$/, "the id of a user pool's client"),
  "authenticateCognito.userPoolDomain": like(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "the domain of a user pool"),
  "authenticateOidc.clientId": LINE,
  "jwtValidation.issuer": HTTPS,
  "jwtValidation.jwksEndpoint": HTTPS,
  "additionalClaims.name": like(/^(?!(exp|iss|nbf|iat)$)[\u0021-\u007E]+$/, "a claim other than exp, iss, nbf and iat"),
  "additionalClaims.values": like(/^[\u0020-\u007E]{1,256}$/, "1 to 256 printable ASCII characters"),
  "redirect.host": like(/^[A-Za-z0-9.#{}-]{1,128}$/, "a host's name, or #{host} in it"),
  "redirect.path": like(/^\/[!-~]{0,127}$/, "a path of printable ASCII that begins with a slash"),
  "redirect.query": like(/^[!-~]{0,128}$/, "at most 128 printable ASCII characters without blanks"),
  "fixedResponse.messageBody": like(/^[^\p{Cs}]*$/u, "a text"),
};

const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"];

/**
 * What AWS's guides say of values that its schemas leave open, by type and by the end of a property's path; lists are
 * entered. A test counts which properties nothing is said of.
 */
const DOCUMENTED: Readonly<Record<string, Readonly<Record<string, Limit>>>> = {
  "aws:ec2/vpc:Vpc": {
    ipv6CidrBlock: text((value) => /\/(44|48|52|56|60)$/.test(value), "an IPv6 block of /44, /48, /52, /56 or /60"),
  },
  "aws:ec2/subnet:Subnet": {
    ipv6NetmaskLength: among("44", "48", "52", "56", "60", "64"),
    outpostArn: like(/^arn:aws[a-z-]*:outposts:[a-z0-9-]+:\d{12}:outpost\/op-[0-9a-f]+$/, "an Outpost's ARN"),
    enableLniAtDeviceIndex: range(1, 15),
  },
  "aws:ec2/eip:Eip": { ipamPoolId: like(/^ipam-pool-[0-9a-z]+$/, "an id that begins with ipam-pool-") },
  "aws:ec2/natGateway:NatGateway": {
    "availabilityZoneAddresses.availabilityZone": ZONE,
    "availabilityZoneAddresses.availabilityZoneId": ZONE_ID,
  },
  "aws:ec2/route:Route": { ...reservedRoutes("destinationCidrBlock", "destinationIpv6CidrBlock") },
  "aws:ec2/routeTable:RouteTable": {
    "routes.gatewayId": like(/^(igw-|vgw-|vpce-|local$)/, "the id of an internet or VPN gateway"),
    "routes.vpcEndpointId": like(/^vpce-/, "an id that begins with vpce-"),
    ...reservedRoutes("routes.cidrBlock", "routes.ipv6CidrBlock"),
  },
  "aws:ec2/vpcEndpoint:VpcEndpoint": {
    resourceConfigurationArn: like(
      /^arn:aws[a-z-]*:vpc-lattice:[a-z0-9-]+:\d{12}:resourceconfiguration\/rcfg-/,
      "a resource configuration's ARN",
    ),
    serviceNetworkArn: like(
      /^arn:aws[a-z-]*:vpc-lattice:[a-z0-9-]+:\d{12}:servicenetwork\/sn-/,
      "a service network's ARN",
    ),
    "subnetConfigurations.ipv4": V4,
    "subnetConfigurations.ipv6": V6,
    "dnsOptions.privateDnsSpecifiedDomains": HOST,
  },
  "aws:ec2/flowLog:FlowLog": {
    logDestination: text((value) => !/:log-stream:/.test(value), "a log group, not a stream of it"),
  },
  "aws:ec2/launchTemplate:LaunchTemplate": {
    "blockDeviceMappings.deviceName": like(
      /^(\/dev\/)?(sd[a-z]\d*|xvd[a-z]{1,2}\d*|nvme\d.*)$/,
      "a device, as /dev/xvda",
    ),
    "blockDeviceMappings.virtualName": like(/^ephemeral\d+$/, "ephemeral and a number"),
    "ebs.iops": range(100, 256_000),
    "ebs.volumeInitializationRate": range(100, 300),
    "cpuOptions.coreCount": range(1, 512),
    "cpuOptions.threadsPerCore": range(1, 2),
    description: like(/^[\s\S]{0,255}$/, "at most 255 characters"),
    "spotOptions.blockDurationMinutes": among("60", "120", "180", "240", "300", "360"),
    "instanceMarketOptions.marketType": among("spot", "capacity-block", "interruptible-capacity-reservation"),
    "spotOptions.maxPrice": like(/^\d+(\.\d+)?$/, "a price in dollars, as 0.05"),
    "spotOptions.validUntil": TIME,
    "instanceRequirements.min": range(0, Number.POSITIVE_INFINITY),
    "instanceRequirements.max": range(0, Number.POSITIVE_INFINITY),
    maxSpotPriceAsPercentageOfOptimalOnDemandPrice: POSITIVE,
    onDemandMaxPricePercentageOverLowestPrice: NATURAL,
    spotMaxPricePercentageOverLowestPrice: NATURAL,
    kernelId: like(/^aki-/, "an id that begins with aki-"),
    ramDiskId: like(/^ari-/, "an id that begins with ari-"),
    keyName: like(/^[\u0020-\u007E]{1,255}$/, "1 to 255 printable ASCII characters"),
    "connectionTrackingSpecification.tcpEstablishedTimeout": range(60, 432_000),
    "connectionTrackingSpecification.udpStreamTimeout": range(60, 180),
    "connectionTrackingSpecification.udpTimeout": range(30, 60),
    deviceIndex: range(0, 31),
    networkCardIndex: range(0, 31),
    interfaceType: among("interface", "efa", "efa-only", "ena", "secondary"),
    "networkInterfaces.ipv4AddressCount": NATURAL,
    "networkInterfaces.ipv4PrefixCount": NATURAL,
    "networkInterfaces.ipv6AddressCount": NATURAL,
    "networkInterfaces.ipv6PrefixCount": NATURAL,
    "networkInterfaces.ipv4Addresses": V4,
    "networkInterfaces.privateIpAddress": V4,
    "networkInterfaces.ipv6Addresses": V6,
    "networkInterfaces.ipv4Prefixes": text((value) => isV4Block(value) && /\/28$/.test(value), "an IPv4 block of /28"),
    "networkInterfaces.ipv6Prefixes": text((value) => isV6Block(value) && /\/80$/.test(value), "an IPv6 block of /80"),
    "networkInterfaces.primaryIpv6": among("true", "false"),
    "networkInterfaces.securityGroups": GROUP,
    "placement.affinity": among("default", "host"),
    "placement.availabilityZone": ZONE,
    "placement.groupId": like(/^pg-/, "an id that begins with pg-"),
    "placement.hostId": like(/^h-/, "an id that begins with h-"),
    "placement.partitionNumber": range(1, 7),
    userData: text((value) => value.length <= 21_848, "at most 16 KB before they are encoded"),
  },
  "aws:eks/cluster:Cluster": {
    eventTtl: DURATION,
    horizontalPodAutoscalerSyncPeriod: DURATION,
    "scoringStrategy.resources.weight": range(1, 100),
    "serviceNodePortRange.minPort": range(1, 65_535),
    "serviceNodePortRange.maxPort": range(1, 65_535),
    "outpostConfig.controlPlaneInstanceType": like(/^[a-z0-9-]+\.[a-z0-9-]+$/, "an instance type, as m5.large"),
    "outpostConfig.etcdInstanceType": like(/^[a-z0-9-]+\.[a-z0-9-]+$/, "an instance type, as m5.large"),
    "outpostConfig.outpostArns": like(/^arn:aws[a-z-]*:outposts:/, "an Outpost's ARN"),
    serviceIpv6Cidr: TOLD,
    clusterSecurityGroupId: TOLD,
    "vpcConfig.vpcId": TOLD,
  },
  "aws:eks/addon:Addon": {
    "namespaceConfig.namespace": like(RFC1123, "a namespace's name"),
    "podIdentityAssociations.serviceAccount": ACCOUNT_NAME,
  },
  "aws:rds/parameterGroup:ParameterGroup": { description: like(/^[\u0020-\u00FF]{0,255}$/, "printable text") },
  "aws:rds/instance:Instance": {
    domainAuthSecretArn: like(/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+$/, "a secret's ARN"),
    "restoreToPointInTime.sourceDbInstanceAutomatedBackupsArn": like(
      /^arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:auto-backup:.+$/,
      "the ARN of automated backups",
    ),
    domain: like(/^d-[0-9a-f]{10}$/, "a directory's id, as d-0123456789"),
    domainFqdn: like(
      /^(?=.{1,64}$)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9-]{2,}$/i,
      "a domain name of at most 64 characters",
    ),
    domainOu: like(/^(?=.{1,64}$)((OU|DC|CN)=[^,=]+)(,(OU|DC|CN)=[^,=]+)*$/i, "a distinguished name, as OU=a,DC=b"),
    replicateSourceDb: like(
      /^(arn:aws[a-z-]*:rds:[a-z0-9-]+:\d{12}:(db|cluster):.+|[a-zA-Z](-?[a-zA-Z0-9])*)$/,
      "a database's identifier or ARN",
    ),
    "restoreToPointInTime.restoreTime": TIME,
    "restoreToPointInTime.sourceDbInstanceIdentifier": IDENTIFIER,
    "restoreToPointInTime.sourceDbiResourceId": like(/^db-[A-Z0-9]{26}$/, "a resource's id: db- and 26 characters"),
    "s3Import.bucketName": BUCKET,
    "s3Import.ingestionRole": ROLE,
    "s3Import.sourceEngineVersion": like(/^\d+(\.\d+)*$/, "a version"),
    snapshotIdentifier: SNAPSHOT,
    parameterGroupName: like(/^(default\.[a-z0-9.-]+|[a-z](-?[a-z0-9])*)$/i, "the name of a parameter group"),
  },
  "aws:elasticache/replicationGroup:ReplicationGroup": {
    "nodeGroupConfigurations.primaryAvailabilityZone": ZONE,
    "nodeGroupConfigurations.replicaAvailabilityZones": ZONE,
    globalReplicationGroupId: like(/^[a-zA-Z0-9-]+$/, "letters, digits and hyphens"),
    snapshotName: like(/^[a-zA-Z0-9.:-]+$/, "a snapshot's name"),
    securityGroupNames: [() => false, "nothing: these were for clusters outside of networks"],
    parameterGroupName: like(/^(default\.[a-z0-9.]+|[a-z](-?[a-z0-9])*)$/i, "the name of a parameter group"),
  },
  "aws:secretsmanager/secret:Secret": {
    "replicas.lastAccessedDate": TOLD,
    "replicas.status": TOLD,
    "replicas.statusMessage": TOLD,
  },
  "aws:secretsmanager/secretPolicy:SecretPolicy": {
    secretArn: like(
      /^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+|[A-Za-z0-9/_+=.@-]{1,512})$/,
      "a secret's ARN",
    ),
  },
  "aws:lb/loadBalancer:LoadBalancer": {
    "accessLogs.prefix": LINE,
    "connectionLogs.prefix": LINE,
    "healthCheckLogs.prefix": LINE,
    secondaryIpsAutoAssignedPerSubnet: range(0, 7),
    "subnetMappings.ipv6Address": V6,
    "subnetMappings.outpostId": TOLD,
  },
  "aws:lb/targetGroup:TargetGroup": {
    "stickiness.cookieName": TOKEN,
    "targetFailovers.onDeregistration": among("rebalance", "no_rebalance"),
    "targetFailovers.onUnhealthy": among("rebalance", "no_rebalance"),
    "targetHealthStates.unhealthyDrainingInterval": range(0, 360_000),
    "unhealthyStateRouting.minimumHealthyTargetsCount": range(1, 1000),
  },
  "aws:lb/listener:Listener": {
    ...STEPS,
    "mutualAuthentication.trustStoreArn": like(
      /^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:\d{12}:truststore\/.+$/,
      "a trust store's ARN",
    ),
    ...Object.fromEntries(
      [
        ..."MtlsClientcert MtlsClientcertIssuer MtlsClientcertLeaf MtlsClientcertSerialNumber MtlsClientcertSubject".split(
          " ",
        ),
        ..."MtlsClientcertValidity TlsCipherSuite TlsVersion".split(" "),
      ].map((name) => [`routingHttpRequestXAmzn${name}HeaderName`, HEADER]),
    ),
    routingHttpResponseAccessControlAllowHeadersHeaderValue: LINE,
    routingHttpResponseAccessControlExposeHeadersHeaderValue: LINE,
    routingHttpResponseContentSecurityPolicyHeaderValue: LINE,
    routingHttpResponseAccessControlAllowOriginHeaderValue: like(
      /^(\*|null|[a-z][a-z0-9+.-]*:\/\/[^\s/,]+)$/i,
      "one origin, as https://example.com, or *",
    ),
    routingHttpResponseAccessControlAllowMethodsHeaderValue: text(
      (value) => value === "*" || value.split(",").every((each) => METHODS.includes(each.trim())),
      `methods separated by commas: ${METHODS.join(", ")}`,
    ),
    routingHttpResponseAccessControlMaxAgeHeaderValue: like(/^(-1|\d{1,5})$/, "seconds, up to a day"),
    routingHttpResponseStrictTransportSecurityHeaderValue: like(
      /^max-age=\d+\s*(;\s*(includeSubDomains|preload)\s*)*$/i,
      "max-age=... and, if wanted, includeSubDomains and preload",
    ),
  },
  "aws:lb/listenerRule:ListenerRule": {
    ...STEPS,
    regexValues: text(
      (value) => value.length <= 128 && isExpression(value),
      "a regular expression of at most 128 characters",
    ),
    "queryStrings.key": LINE,
    "queryStrings.value": LINE,
    "rewrite.regex": text((value) => isExpression(value, 1024), "a regular expression of at most 1024 characters"),
    "rewrite.replace": like(/^[\u0020-\u007E]{0,1024}$/, "printable ASCII"),
    "sourceIp.values": text((value) => value !== "255.255.255.255/32", "blocks other than 255.255.255.255/32"),
    "hostHeader.values": text(
      (value) => /[*?]/.test(value) || /\.[A-Za-z-]+$/.test(value),
      "hosts with a dot, and with letters alone behind the last one",
    ),
  },
  "aws:acm/certificate:Certificate": {
    earlyRenewalDuration: like(/^(P(?=.)(\d+[YMWD])*(T(\d+[HMS])+)?|(\d+(h|m|s))+)$/, "a duration, as P60D or 1440h"),
    "validationOptions.validationDomain": HOST,
    certificateBody: like(/^\s*-----BEGIN CERTIFICATE-----/, "a certificate in PEM"),
    certificateChain: like(/^\s*-----BEGIN CERTIFICATE-----/, "certificates in PEM"),
    privateKey: like(/^\s*-----BEGIN (RSA |EC )?PRIVATE KEY-----/, "a private key in PEM, without a password"),
    certificateAuthorityArn: like(
      /^arn:aws[a-z-]*:acm-pca:[a-z0-9-]+:\d{12}:certificate-authority\/[0-9a-f-]+$/,
      "a private authority's ARN",
    ),
  },
  "aws:wafv2/webAcl:WebAcl": {
    "insertHeaders.value": like(/^[\u0020-\u007E]{1,255}$/, "1 to 255 printable ASCII characters"),
    "responseHeaders.name": text((value) => value.toLowerCase() !== "content-type", "a header other than Content-Type"),
    "responseHeaders.value": like(/^[\u0020-\u007E]{1,255}$/, "1 to 255 printable ASCII characters"),
    "fieldToMatch.singleHeader.name": TOKEN,
    "fieldToMatch.singleQueryArgument.name": like(/^[\u0020-\u007E]{1,64}$/, "printable ASCII"),
    "textTransformations.priority": NATURAL,
    ruleJson: json(Array.isArray, "a list of rules in JSON"),
    "awsManagedRulesAcfpRuleSet.creationPath": URI_PATH,
    "awsManagedRulesAcfpRuleSet.registrationPagePath": URI_PATH,
    loginPath: URI_PATH,
    "customKeys.header.name": TOKEN,
    "customKeys.cookie.name": TOKEN,
    "customKeys.queryArgument.name": like(/^[\u0020-\u007E]{1,64}$/, "printable ASCII"),
    regexString: EXPRESSION,
    "ipSetReferenceStatement.arn": setOf("ipset"),
    "regexPatternSetReferenceStatement.arn": setOf("regexpatternset"),
    "ruleGroupReferenceStatement.arn": setOf("rulegroup"),
    tokenDomains: text(
      (value) => !/^((com?|net|org|edu|gov|ac|mil)\.[a-z]{2}|[^.]+)$/i.test(value),
      "a domain that somebody can own, not a suffix of many",
    ),
    "geoMatchStatement.countryCodes": text(isCountry, "a country's code in ISO 3166"),
  },
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": {
    "labelNameCondition.labelName": like(/^[\w:-]{1,1024}$/, "1 to 1024 letters, digits and _:-"),
    "redactedFields.singleHeader.name": TOKEN,
  },
  "aws:route53/zone:Zone": { delegationSetId: like(/^(\/delegationset\/)?N[A-Z0-9]{1,31}$/, "a delegation set's id") },
  "aws:route53/record:Record": {
    "cidrRoutingPolicy.collectionId": like(
      /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/,
      "the id of a collection of blocks",
    ),
    "geoproximityRoutingPolicy.localZoneGroup": like(
      /^[a-z]{2}(-[a-z]+)+-\d-[a-z]{3}-\d[a-z]?$/,
      "a group of local zones",
    ),
    "geolocationRoutingPolicies.country": text(
      (value) => value === "*" || isCountry(value),
      "a country's code in ISO 3166, or *",
    ),
  },
  "aws:route53/healthCheck:HealthCheck": {
    cloudwatchAlarmName: like(/^[\u0020-\u007E]{1,255}$/, "1 to 255 printable ASCII characters"),
    routingControlArn: like(
      /^arn:aws[a-z-]*:route53-recovery-control::\d{12}:controlpanel\/[0-9a-f]+\/routingcontrol\/[0-9a-f]+$/,
      "a routing control's ARN",
    ),
    resourcePath: like(/^[!-~]{0,255}$/, "printable ASCII without blanks"),
    childHealthchecks: like(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, "the id of a health check"),
    ipAddress: text(
      (value) => !/^(f[cd]|fe[89ab]|ff|::1?$|::ffff:|2001:db8:)/i.test(value),
      "an address that the world can reach",
    ),
  },
  "aws:s3/bucket:Bucket": {
    "corsRules.allowedMethods": among("GET", "PUT", "POST", "DELETE", "HEAD"),
    "corsRules.allowedOrigins": STAR,
    "corsRules.allowedHeaders": STAR,
    "corsRules.exposeHeaders": TOKEN,
    "corsRules.maxAgeSeconds": NATURAL,
    "lifecycleRules.abortIncompleteMultipartUploadDays": POSITIVE,
    "lifecycleRules.expiration.date": MIDNIGHT,
    "lifecycleRules.expiration.days": NATURAL,
    "lifecycleRules.id": like(/^[^\p{C}]{1,255}$/u, "1 to 255 printable characters"),
    "lifecycleRules.noncurrentVersionExpiration.days": POSITIVE,
    "noncurrentVersionTransitions.days": NATURAL,
    "noncurrentVersionTransitions.storageClass": CLASS,
    "lifecycleRules.transitions.date": MIDNIGHT,
    "lifecycleRules.transitions.days": NATURAL,
    "lifecycleRules.transitions.storageClass": CLASS,
    "logging.targetBucket": BUCKET,
    "defaultRetention.days": range(1, 36_500),
    "defaultRetention.years": range(1, 100),
    "replicationConfiguration.role": ROLE,
    "destination.bucket": BUCKET_ARN,
    deleteMarkerReplicationStatus: among("Enabled", "Disabled"),
    "metrics.minutes": range(15, 15),
    "replicationTime.minutes": range(15, 15),
    "replicationConfiguration.rules.priority": NATURAL,
    "rule.blockedEncryptionTypes": among("SSE-C", "NONE"),
    "website.indexDocument": like(/^[^/]+$/, "a suffix without a slash"),
    "website.redirectAllRequestsTo": like(/^(https?:\/\/)?[a-zA-Z0-9.-]+(:\d+)?(\/\S*)?$/, "a host's name"),
    "website.routingRules": json(Array.isArray, "a list of rules in JSON"),
  },
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": {
    blockedEncryptionTypes: among("SSE-C", "NONE"),
  },
  "aws:s3/bucketVersioning:BucketVersioning": {
    mfa: like(/^\S+ \d{6}$/, "a device's serial number and a code of 6 digits"),
  },
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": {
    daysAfterInitiation: POSITIVE,
    "expiration.days": POSITIVE,
    "noncurrentVersionExpiration.noncurrentDays": POSITIVE,
    objectSizeGreaterThan: range(0, 53_687_091_200_000),
    objectSizeLessThan: range(1, 53_687_091_200_000),
    "noncurrentVersionTransitions.newerNoncurrentVersions": range(1, 100),
    "noncurrentVersionTransitions.noncurrentDays": NATURAL,
    "transitions.days": NATURAL,
    "transitions.date": MIDNIGHT,
    "tag.key": like(/^(?!aws:)[\s\S]{1,128}$/i, "a key of 1 to 128 characters that does not begin with aws:"),
    "tag.value": like(/^[\s\S]{0,256}$/, "a value of at most 256 characters"),
  },
  "aws:lambda/function:Function": {
    "deadLetterConfig.targetArn": like(
      /^arn:aws[a-z-]*:(sqs|sns):[a-z0-9-]+:\d{12}:.+$/,
      "the ARN of a queue or a topic",
    ),
    "durableConfig.retentionPeriod": range(1, 90),
    "imageConfig.workingDirectory": like(/^\/\S*$/, "a whole path"),
    replacementSecurityGroupIds: GROUP,
    s3Bucket: BUCKET,
    "snapStart.optimizationStatus": TOLD,
    "vpcConfig.vpcId": TOLD,
  },
  "aws:lambda/permission:Permission": {
    statementIdPrefix: like(/^[a-zA-Z0-9-_]{1,73}$/, "1 to 73 letters, digits and -_"),
  },
};

/** Where instances ask about themselves and the time: AWS takes no route there. */
function reservedRoutes(v4: string, v6: string): Record<string, Limit> {
  return {
    coreNetworkArn: like(/^arn:aws[a-z-]*:networkmanager::\d{12}:core-network\/core-network-/, "a core network's ARN"),
    odbNetworkArn: like(/^arn:aws[a-z-]*:odb:[a-z0-9-]+:\d{12}:odb-network\/odbnet_/, "an ODB network's ARN"),
    [v4]: text((value) => !/^169\.254\.(16[89]|17[01])\./.test(value), "a destination outside of 169.254.168.0/22"),
    [v6]: text((value) => !/^fd00:ec2:/i.test(value), "a destination outside of fd00:ec2::/32"),
  };
}

function setOf(kind: string): Limit {
  return like(
    new RegExp(`^arn:aws[a-z-]*:wafv2:[a-z0-9-]+:\\d{12}:(regional|global)/${kind}/.+$`),
    `the ARN of a WAF ${kind}`,
  );
}

const COUNTRIES =
  "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

function isCountry(code: string): boolean {
  return COUNTRIES.split(" ").includes(code);
}

/** What holds free names: they are no properties. */
const FREE = ["tags", "tagsAll", "variables", "triggers", "authenticationRequestExtraParams"];

/** Pairs of properties that stand beside each other, of which the first is not above the second. */
const ORDERED = [
  ["min", "max"],
  ["minPort", "maxPort"],
] as const;

/** What AWS's guides would refuse of values that its schemas leave open. */
export function documentedFindings(type: string, inputs: InputRecord): Finding[] {
  const limits = Object.entries(DOCUMENTED[type] ?? {});
  return limits.length === 0 ? [] : walk(inputs, "", "", limits);
}

function walk(value: Input, path: string, plain: string, limits: readonly (readonly [string, Limit])[]): Finding[] {
  if (isInputList(value)) return value.flatMap((each, index) => walk(each, `${path}[${index}]`, plain, limits));
  if (isInputRecord(value)) {
    const inner = (parent: string, name: string) => (parent === "" ? name : `${parent}.${name}`);
    const members = Object.entries(value).filter(([name]) => !FREE.includes(name));
    const unordered = ORDERED.flatMap(([least, most]) => {
      const [from, to] = [value[least], value[most]];
      return typeof from === "number" && typeof to === "number" && from > to
        ? [{ path: inner(path, most), found: String(to), expected: `no less than ${least}` }]
        : [];
    });
    return [
      ...members.flatMap(([name, each]) => walk(each, inner(path, name), inner(plain, name), limits)),
      ...unordered,
    ];
  }
  if ((typeof value !== "string" && typeof value !== "number") || value === "") return [];
  const limit = limits.find(([end]) => plain === end || endsIn(plain, end))?.[1];
  return limit === undefined || limit[0](value) ? [] : [{ path, found: shown(path, value), expected: limit[1] }];
}

/** Whether a path ends in those names; what lies between the first of them and the last may be left out. */
function endsIn(path: string, end: string): boolean {
  if (path.endsWith(`.${end}`)) return true;
  const [first = "", last = "", ...rest] = end.split(".");
  return last !== "" && rest.length === 0 && path.startsWith(`${first}.`) && path.endsWith(`.${last}`);
}
