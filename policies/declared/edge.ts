import { ENTERED, routingOf, SERVICE_NAMES, TRACK_KINDS } from "../../stacks/services.ts";
import {
  config,
  type Declaration,
  declare,
  known,
  Matcher,
  matching,
  optional,
  ref,
  refs,
  type Shape,
} from "./shape.ts";

const protection = config("protection", ({ protection }) => protection);
const zoneId = ref("edge-dns-zone");

/** A forward to the target groups of tracks, with a weight each. */
const forwardTo = (workload: string, weights: Readonly<Record<string, number>>) => [
  {
    type: "forward",
    order: optional(1),
    forward: {
      targetGroups: Object.entries(weights).map(([track, weight]) => ({
        arn: ref(`edge-lb-${workload}-${track}`),
        weight,
      })),
    },
  },
];
const SHARES = { fleet: 95, "one-box": 5 };
const { named: NAMED, rest: REST } = routingOf(SERVICE_NAMES);
const pathsOf = (values: readonly string[]) => (values.length === 0 ? [] : [{ pathPattern: { values } }]);
const trackHeader = (track: string) => ({ httpHeader: { httpHeaderName: "x-sparki-track", values: [track] } });
const rule = (priority: number, conditions: Shape, actions: Shape) => ({
  listenerArn: ref("edge-lb-https"),
  priority,
  conditions,
  actions,
});

const targetGroup = (workload: string, track: string) => ({
  name: `sparki-{stack}-${workload}-${track}`,
  port: 8080,
  protocol: "HTTP",
  targetType: "ip",
  vpcId: ref("network-vpc"),
  deregistrationDelay: 30,
  ipAddressType: optional("ipv4"),
  lambdaMultiValueHeadersEnabled: optional(false),
  proxyProtocolV2: optional(false),
  slowStart: optional(0),
  protocolVersion: optional("HTTP1"),
  healthCheck: {
    path: "/ready",
    interval: 10,
    timeout: 5,
    healthyThreshold: 2,
    unhealthyThreshold: 2,
    enabled: optional(true),
    protocol: optional("HTTP"),
    port: optional("traffic-port"),
  },
});

const visibility = (metricName: string) => ({
  cloudwatchMetricsEnabled: true,
  sampledRequestsEnabled: true,
  metricName,
});
/** Refused by a rule of its own, but on the API's paths. */
const LARGE_BODY_COUNTED = { name: "SizeRestrictions_BODY", actionToUse: { count: {} } };
const largeBody = {
  labelMatchStatement: { scope: "LABEL", key: "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body" },
};
const apiPath = {
  byteMatchStatement: {
    fieldToMatch: { uriPath: {} },
    positionalConstraint: "STARTS_WITH",
    searchString: "/api/",
    textTransformations: [{ priority: 0, type: "NORMALIZE_PATH" }],
  },
};
const largeBodyRule = {
  name: "large-body-beside-api",
  priority: 5,
  action: { block: {} },
  statement: { andStatement: { statements: [largeBody, { notStatement: { statement: apiPath } }] } },
  visibilityConfig: visibility("large-body-beside-api"),
};
const managedRules = [
  "AWSManagedRulesAmazonIpReputationList",
  "AWSManagedRulesCommonRuleSet",
  "AWSManagedRulesKnownBadInputsRuleSet",
  "AWSManagedRulesSQLiRuleSet",
].map((name, index) => ({
  name,
  priority: index + 1,
  overrideAction: { none: {} },
  statement: {
    managedRuleGroupStatement: {
      vendorName: "AWS",
      name,
      ...(name === "AWSManagedRulesCommonRuleSet" ? { ruleActionOverrides: [LARGE_BODY_COUNTED] } : {}),
    },
  },
  visibilityConfig: visibility(name),
}));

/** How the world reaches Sparki: zone, certificate, load balancer and firewall. */
export const edge: readonly Declaration[] = [
  ...declare("aws:route53/zone:Zone", {
    "edge-dns-zone": { name: "{domain}", comment: "Sparki {stack}", forceDestroy: optional(false) },
  }),
  ...declare("aws:route53/queryLog:QueryLog", {
    "edge-dns-query-log": { cloudwatchLogGroupArn: ref("edge-dns-queries"), zoneId },
  }),
  ...declare("aws:route53/keySigningKey:KeySigningKey", {
    "edge-dns-ksk": {
      hostedZoneId: zoneId,
      keyManagementServiceArn: ref("edge-dns-dnssec"),
      name: config("the stack's name", (_, { stack }) => `sparki_${stack.replaceAll("-", "_")}`),
      status: optional("ACTIVE"),
    },
  }),
  ...declare("aws:route53/hostedZoneDnsSec:HostedZoneDnsSec", {
    "edge-dns-signed": { hostedZoneId: ref("edge-dns-ksk"), signingStatus: optional("SIGNING") },
  }),
  ...declare("aws:route53/record:Record", {
    "edge-tls-proof": {
      name: ref("edge-tls-certificate"),
      records: refs("edge-tls-certificate"),
      ttl: new Matcher("60 or 300", (value) => value === 60 || value === 300),
      type: known("CNAME", "edge-tls-certificate"),
      zoneId,
      allowOverwrite: optional(true),
    },
    "cutover-record": {
      name: "{domain}",
      type: "A",
      setIdentifier: "sparki-{stack}",
      weightedRoutingPolicies: [{ weight: 100 }],
      aliases: [{ evaluateTargetHealth: true, name: ref("edge-lb-balancer"), zoneId: ref("edge-lb-balancer") }],
      zoneId,
    },
  }),
  ...declare("aws:acm/certificate:Certificate", {
    "edge-tls-certificate": { domainName: "{domain}", keyAlgorithm: "EC_prime256v1", validationMethod: "DNS" },
  }),
  ...declare("aws:acm/certificateValidation:CertificateValidation", {
    "edge-tls-issued": {
      certificateArn: ref("edge-tls-certificate"),
      validationRecordFqdns: refs("edge-tls-proof"),
    },
  }),
  ...declare("aws:lb/loadBalancer:LoadBalancer", {
    "edge-lb-balancer": {
      name: "sparki-{stack}",
      internal: false,
      loadBalancerType: "application",
      accessLogs: { bucket: ref("edge-lb-access-logs-policy"), enabled: true },
      desyncMitigationMode: "strictest",
      dropInvalidHeaderFields: true,
      enableDeletionProtection: protection,
      securityGroups: refs("edge-lb-entrance"),
      subnets: refs("network-public-{zone}", ["network-public-internet"]),
      clientKeepAlive: optional(3600),
      enableCrossZoneLoadBalancing: optional(true),
      enableHttp2: optional(true),
      enableTlsVersionAndCipherSuiteHeaders: optional(false),
      enableWafFailOpen: optional(false),
      enableXffClientPort: optional(false),
      enableZonalShift: optional(false),
      idleTimeout: optional(60),
      preserveHostHeader: optional(false),
      xffHeaderProcessingMode: optional("append"),
    },
  }),
  ...declare(
    "aws:lb/targetGroup:TargetGroup",
    Object.fromEntries(
      ENTERED.flatMap((workload) =>
        TRACK_KINDS.map((track) => [`edge-lb-${workload}-${track}`, targetGroup(workload, track)]),
      ),
    ),
  ),
  ...declare("aws:lb/listener:Listener", {
    "edge-lb-http": {
      loadBalancerArn: ref("edge-lb-balancer"),
      port: 80,
      protocol: "HTTP",
      defaultActions: [
        {
          type: "redirect",
          order: optional(1),
          redirect: {
            port: "443",
            protocol: "HTTPS",
            statusCode: "HTTP_301",
            host: optional("#{host}"),
            path: optional("/#{path}"),
            query: optional("#{query}"),
          },
        },
      ],
    },
    "edge-lb-https": {
      loadBalancerArn: ref("edge-lb-balancer"),
      port: 443,
      protocol: "HTTPS",
      sslPolicy: matching(
        "a TLS 1.3 policy",
        /^ELBSecurityPolicy-TLS13-1-[23](-2021-06|-Res-2021-06|-Res-PQ-2025-09|-PQ-2025-09)$/,
      ),
      certificateArn: ref("edge-tls-issued"),
      defaultActions: forwardTo(REST, SHARES),
    },
  }),
  ...declare("aws:lb/listenerRule:ListenerRule", {
    "edge-lb-not-public": rule(
      1,
      [{ pathPattern: { values: ["/metrics", "/ready"] } }],
      [
        {
          type: "fixed-response",
          order: optional(1),
          fixedResponse: { contentType: "text/plain", messageBody: "not found", statusCode: "404" },
        },
      ],
    ),
    ...Object.fromEntries(
      [...NAMED, { service: REST, paths: [] }].flatMap(({ service, paths }, index) =>
        TRACK_KINDS.map((kind, at) => [
          `edge-lb-gate-${service}-${kind}`,
          rule(10 + 2 * index + at, [...pathsOf(paths), trackHeader(kind)], forwardTo(service, { [kind]: 100 })),
        ]),
      ),
    ),
    ...Object.fromEntries(
      NAMED.map(({ service, paths }, index) => [
        `edge-lb-${service}`,
        rule(Math.max(20, 12 + 2 * NAMED.length) + index, pathsOf(paths), forwardTo(service, SHARES)),
      ]),
    ),
  }),
  ...declare("aws:wafv2/webAcl:WebAcl", {
    "edge-waf-acl": {
      name: "sparki-{stack}",
      description: "Public entrance of Sparki",
      scope: "REGIONAL",
      defaultAction: { allow: {} },
      visibilityConfig: visibility("sparki-{stack}"),
      rules: [
        {
          name: "rate-per-client",
          priority: 0,
          action: { block: {} },
          statement: {
            rateBasedStatement: { limit: 40_000, aggregateKeyType: "IP", evaluationWindowSec: optional(300) },
          },
          visibilityConfig: visibility("rate-per-client"),
        },
        ...managedRules,
        largeBodyRule,
      ],
    },
  }),
  ...declare("aws:wafv2/webAclAssociation:WebAclAssociation", {
    "edge-waf-association": { resourceArn: ref("edge-lb-balancer"), webAclArn: ref("edge-waf-acl") },
  }),
  ...declare("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration", {
    "edge-waf-logging": {
      logDestinationConfigs: refs("edge-waf-logs"),
      redactedFields: [{ singleHeader: { name: "authorization" } }, { singleHeader: { name: "cookie" } }],
      resourceArn: ref("edge-waf-acl"),
    },
  }),
];
