import { holds, isV4Block, isV6Address, isV6Block, PRIVATE_BLOCKS } from "../addresses.ts";
import { isRegion } from "../catalog.ts";
import {
  atMostOneOf,
  distinct,
  eachMatches,
  eachOf,
  eachOneOf,
  exactlyOneOf,
  type Finding,
  inside,
  matches,
  oneOf,
  type Rule,
  refuse,
  required,
  shown,
  within,
  wrong,
} from "../finding.ts";
import { type Input, type Inputs, isInputList, isInputRecord } from "../inputs.ts";
import { arn, type RuleTable, unique } from "./shared.ts";

const HOST = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/i;
const NAME32 = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,30}[a-zA-Z0-9])?$/;
const NAME_WORDS = "1 to 32 letters, digits and hyphens, no hyphen at an end";

const TLS_POLICIES = [
  "ELBSecurityPolicy-2016-08",
  "ELBSecurityPolicy-2015-05",
  "ELBSecurityPolicy-TLS-1-0-2015-04",
  "ELBSecurityPolicy-TLS-1-1-2017-01",
  "ELBSecurityPolicy-TLS-1-2-2017-01",
  "ELBSecurityPolicy-TLS-1-2-Ext-2018-06",
  "ELBSecurityPolicy-FS-2018-06",
  "ELBSecurityPolicy-FS-1-1-2019-08",
  "ELBSecurityPolicy-FS-1-2-2019-08",
  "ELBSecurityPolicy-FS-1-2-Res-2019-08",
  "ELBSecurityPolicy-FS-1-2-Res-2020-10",
  ...["3-2021-06", "2-2021-06", "2-Res-2021-06", "2-Ext1-2021-06", "2-Ext2-2021-06", "1-2021-06", "0-2021-06"].map(
    (each) => `ELBSecurityPolicy-TLS13-1-${each}`,
  ),
  ...["3", "2", "2-Res", "2-Ext0", "2-Ext1", "2-Ext2", "1", "0"].map(
    (each) => `ELBSecurityPolicy-TLS13-1-${each}-FIPS-2023-04`,
  ),
  ...["3", "2", "2-Res", "2-Ext1", "2-Ext2", "1", "0"].map((each) => `ELBSecurityPolicy-TLS13-1-${each}-PQ-2025-09`),
  ...["3", "2", "2-Res", "2-Ext0", "2-Ext1", "2-Ext2", "1", "0"].map(
    (each) => `ELBSecurityPolicy-TLS13-1-${each}-FIPS-PQ-2025-09`,
  ),
];

const isApplication = (it: Inputs) => (it.text("loadBalancerType") ?? "application") === "application";

const logBucket: readonly Rule[] = [
  refuse("bucket", "a bucket while logs are on", (it) => it.isTrue("enabled") && it.lacks("bucket")),
  refuse("prefix", "a prefix without AWSLogs and slashes at its ends", (it) =>
    /AWSLogs|^\/|\/$/.test(it.text("prefix") ?? ""),
  ),
];

const ACTION_TYPES = [
  "forward",
  "redirect",
  "fixed-response",
  "authenticate-cognito",
  "authenticate-oidc",
  "jwt-validation",
];
const CONTENT_TYPES = ["text/plain", "text/css", "text/html", "application/javascript", "application/json"];
const TERMINAL = ["forward", "redirect", "fixed-response"];
const NEEDED: Readonly<Record<string, string>> = {
  redirect: "redirect",
  "fixed-response": "fixedResponse",
  "authenticate-cognito": "authenticateCognito",
  "authenticate-oidc": "authenticateOidc",
  "jwt-validation": "jwtValidation",
};

const redirectRules: readonly Rule[] = [
  ...["host", "path", "port", "protocol", "query"].map((name) =>
    refuse(name, "no keyword but #{host}, #{path}, #{port}, #{protocol} and #{query}", (it) =>
      /#\{(?!(host|path|port|protocol|query)\})/.test(it.text(name) ?? ""),
    ),
  ),
  oneOf("statusCode", ["HTTP_301", "HTTP_302"]),
  required("statusCode", "HTTP_301 or HTTP_302"),
  matches(
    "port",
    /^(#\{port\}|[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
    "1 to 65535 or #{port}",
  ),
  matches("protocol", /^(HTTP|HTTPS|#\{protocol\})$/, "HTTP, HTTPS or #{protocol}"),
  matches("path", /^\//, "a path that begins with a slash"),
  refuse("path", "at most 128 characters", (it) => (it.text("path") ?? "").length > 128),
  refuse("host", "at most 128 characters", (it) => (it.text("host") ?? "").length > 128),
  refuse(
    "query",
    "a query without its question mark, at most 128 characters",
    (it) => /^\?/.test(it.text("query") ?? "") || (it.text("query") ?? "").length > 128,
  ),
];

const fixedRules: readonly Rule[] = [
  oneOf("contentType", CONTENT_TYPES),
  required("contentType", `one of ${CONTENT_TYPES.join(", ")}`),
  matches("statusCode", /^[245]\d\d$/, "a status of 2XX, 4XX or 5XX"),
  refuse("messageBody", "at most 1024 characters", (it) => (it.text("messageBody") ?? "").length > 1024),
];

const forwardRules: readonly Rule[] = [
  refuse("targetGroups", "1 to 5 target groups", (it) => {
    const groups = it.raw("targetGroups");
    return isInputList(groups) && (groups.length < 1 || groups.length > 5);
  }),
  eachOf("targetGroups", within("weight", 0, 999), arn("arn", "elasticloadbalancing", "targetgroup/.+")),
  inside("stickiness", within("duration", 1, 604_800, " seconds")),
];

const actionRules: readonly Rule[] = [
  oneOf("type", ACTION_TYPES),
  within("order", 1, 50_000),
  (it) => {
    const needed = NEEDED[it.text("type") ?? ""];
    return needed === undefined || it.has(needed)
      ? []
      : wrong(it, needed, `an object beside the type ${it.text("type")}`);
  },
  (it) => {
    const strange = Object.entries(NEEDED).find(
      ([type, name]) => it.has(name) && it.text("type") !== undefined && it.text("type") !== type,
    );
    return strange === undefined ? [] : wrong(it, strange[1], `nothing beside the type ${it.text("type")}`);
  },
  refuse(
    "targetGroupArn",
    "a target group to forward to",
    (it) => it.text("type") === "forward" && it.lacks("targetGroupArn") && it.lacks("forward"),
  ),
  refuse(
    "targetGroupArn",
    "no target group but to forward to",
    (it) => it.has("targetGroupArn") && it.text("type") !== undefined && it.text("type") !== "forward",
  ),
  arn("targetGroupArn", "elasticloadbalancing", "targetgroup/.+"),
  refuse("targetGroupArn", "the one group of forward, or no group beside it", (it) => {
    const groups = it.objects("forward.targetGroups");
    const own = it.text("targetGroupArn");
    return own !== undefined && groups.length > 0 && (groups.length > 1 || (groups[0]?.text("arn") ?? own) !== own);
  }),
  inside(
    "authenticateOidc",
    ...["authorizationEndpoint", "issuer", "tokenEndpoint", "userInfoEndpoint"].map((name) =>
      matches(name, /^https:\/\/\S+$/, "a whole URL that begins with https://"),
    ),
  ),
  ...["authenticateOidc", "authenticateCognito"].map((name) =>
    inside(
      name,
      oneOf("onUnauthenticatedRequest", ["deny", "allow", "authenticate"]),
      within("sessionTimeout", 1, 604_800, " seconds"),
      refuse("authenticationRequestExtraParams", "at most 10 parameters", (it) => {
        const given = it.raw("authenticationRequestExtraParams");
        return isInputRecord(given) && Object.keys(given).length > 10;
      }),
    ),
  ),
  inside("redirect", ...redirectRules),
  inside(
    "jwtValidation",
    refuse("additionalClaims", "at most 10 claims", (it) => it.objects("additionalClaims").length > 10),
    eachOf(
      "additionalClaims",
      refuse("values", "at most 10 values", (it) => it.knownTexts("values").length > 10),
      refuse(
        "values",
        "values without blanks, which separate them",
        (it) =>
          it.text("format") === "space-separated-values" && it.knownTexts("values").some((each) => /\s/.test(each)),
      ),
    ),
  ),
  inside("fixedResponse", ...fixedRules),
  inside("forward", ...forwardRules),
];

/** The actions of a listener or a rule end in one that answers. */
const actionsOf = (name: string): readonly Rule[] => [
  eachOf(name, ...actionRules),
  (it) => {
    const actions = it.objects(name);
    const types = actions.map((each) => each.text("type"));
    const ends = types.filter((type) => type !== undefined && TERMINAL.includes(type)).length;
    if (actions.length === 0 || types.includes(undefined) || ends === 1) return [];
    return wrong(it, name, "just one action that forwards, redirects or answers");
  },
  refuse(
    name,
    "at most one action that lets users log in",
    (it) => it.objects(name).filter((each) => /^authenticate-/.test(each.text("type") ?? "")).length > 1,
  ),
  (it) => {
    const inOrder = it
      .objects(name)
      .map((each, index) => ({ type: each.text("type") ?? "", order: each.number("order") ?? index + 1 }))
      .sort((one, other) => one.order - other.order);
    const last = inOrder.at(-1)?.type ?? "";
    return inOrder.length > 1 &&
      inOrder.some(({ type }) => TERMINAL.includes(type)) &&
      last !== "" &&
      !TERMINAL.includes(last)
      ? wrong(it, name, "the action that forwards, redirects or answers last")
      : [];
  },
  (it) => {
    const orders = it.objects(name).flatMap((each) => each.number("order") ?? []);
    return new Set(orders).size < orders.length ? wrong(it, name, "no order twice") : [];
  },
];

const isTls = (it: Inputs) => ["HTTPS", "TLS"].includes(it.text("protocol") ?? "");

/** A redirect that leads to where it came from never ends. */
const redirectsToItself =
  (actions: string): Rule =>
  (it) =>
    it.objects(actions).flatMap((action) => {
      const to = action.object("redirect");
      if (action.text("type") !== "redirect" || to === undefined) return [];
      const same = (name: string, kept: string, own: string | undefined) => {
        const value = to.text(name) ?? kept;
        return value === kept || (own !== undefined && value === own);
      };
      const here = same("protocol", "#{protocol}", it.text("protocol")) && same("port", "#{port}", it.text("port"));
      const rest =
        same("host", "#{host}", undefined) &&
        same("path", "/#{path}", undefined) &&
        same("query", "#{query}", undefined);
      return here && rest ? wrong(to, "protocol", "a redirect that changes protocol, port, host, path or query") : [];
    });

const CONDITIONS = ["hostHeader", "httpHeader", "httpRequestMethod", "pathPattern", "queryStrings", "sourceIp"];
const MOST_VALUES = 5;

const VALUED = ["hostHeader", "httpHeader", "httpRequestMethod", "pathPattern", "sourceIp"];

const conditionRules: readonly Rule[] = [
  exactlyOneOf(CONDITIONS),
  ...VALUED.map((name) =>
    inside(
      name,
      required("values", "values", (it) => it.lacks("regexValues")),
      atMostOneOf(["values", "regexValues"]),
    ),
  ),
  inside(
    "httpHeader",
    refuse("values", "values of at most 128 printable characters", (it) =>
      it.knownTexts("values").some((each) => each.length > 128 || !/^[\u0020-\u007E]*$/.test(each)),
    ),
  ),
  eachOf(
    "queryStrings",
    ...["key", "value"].map((name) =>
      refuse(name, "at most 128 characters", (it) => (it.text(name) ?? "").length > 128),
    ),
  ),
  inside(
    "httpHeader",
    matches("httpHeaderName", /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,40}$/, "1 to 40 characters of a header's name"),
    refuse("httpHeaderName", "another condition for the host: hostHeader", (it) =>
      /^host$/i.test(it.text("httpHeaderName") ?? ""),
    ),
  ),
  inside("httpRequestMethod", eachMatches("values", /^[A-Z_-]{1,40}$/, "methods in capital letters")),
  inside(
    "hostHeader",
    refuse("values", "host names of at most 128 characters, with letters, digits and -.*?", (it) =>
      it.knownTexts("values").some((each) => each.length > 128 || !/^[A-Za-z0-9.*?-]+$/.test(each)),
    ),
  ),
  inside(
    "pathPattern",
    refuse("values", "paths of at most 128 characters, with letters, digits and _-.$/~\"'@:+&*?", (it) =>
      it.knownTexts("values").some((each) => each.length > 128 || !/^[A-Za-z0-9_.$/~"'@:+&*?()=%;,-]+$/.test(each)),
    ),
  ),
  inside(
    "sourceIp",
    refuse("values", "blocks of addresses, as 10.0.0.0/8", (it) =>
      it.knownTexts("values").some((each) => !isV4Block(each) && !isV6Block(each)),
    ),
  ),
];

/** All conditions of a rule have at most five values, together. */
const fewValues: Rule = (it) => {
  const count = it
    .objects("conditions")
    .flatMap((each) => [
      ...CONDITIONS.filter((name) => name !== "queryStrings").map((name) => {
        const values = each.raw(`${name}.values`) ?? each.raw(`${name}.regexValues`);
        return isInputList(values) ? values.length : 0;
      }),
      each.objects("queryStrings").length,
    ])
    .reduce((sum, one) => sum + one, 0);
  return count > MOST_VALUES
    ? [{ path: "conditions", found: `${count} values`, expected: `at most ${MOST_VALUES} in all` }]
    : [];
};

const MOST_WILDCARDS = 6;
const fewWildcards: Rule = (it) => {
  const values = it
    .objects("conditions")
    .flatMap((each) => [
      ...CONDITIONS.flatMap((name) => (name === "sourceIp" ? [] : each.knownTexts(`${name}.values`))),
      ...each.objects("queryStrings").flatMap((pair) => [pair.text("key") ?? "", pair.text("value") ?? ""]),
    ]);
  const count = values.join("").replace(/[^*?]/g, "").length;
  return count > MOST_WILDCARDS
    ? [{ path: "conditions", found: `${count} wildcards`, expected: `at most ${MOST_WILDCARDS} in all` }]
    : [];
};

const transformRules: readonly Rule[] = [
  ["host-header-rewrite", "hostHeaderRewriteConfig"],
  ["url-rewrite", "urlRewriteConfig"],
].flatMap(([type = "", name = ""]) => [
  required(name, `its settings beside ${type}`, (it) => it.text("type") === type),
  refuse(name, `nothing but beside ${type}`, (it) => it.has(name) && it.knows("type") && it.text("type") !== type),
]);

const ONCE = ["hostHeader", "pathPattern", "httpRequestMethod", "sourceIp"];
const conditionsOnce: Rule = (it) => {
  const twice = ONCE.find((name) => it.objects("conditions").filter((each) => each.has(name)).length > 1);
  return twice === undefined ? [] : wrong(it, "conditions", `at most one ${twice}`);
};

const HTTP = ["HTTP", "HTTPS"];
const isHttp = (it: Inputs) => HTTP.includes(it.text("protocol") ?? "");
const isLambda = (it: Inputs) => it.text("targetType") === "lambda";

const targetGroupRules: readonly Rule[] = [
  matches("name", NAME32, NAME_WORDS),
  refuse("name", "a name that does not begin with internal-", (it) => (it.text("name") ?? "").startsWith("internal-")),
  refuse("namePrefix", "at most 6 characters", (it) => (it.text("namePrefix") ?? "").length > 6),
  oneOf("preserveClientIp", ["true", "false"]),
  refuse(
    "preserveClientIp",
    "targets of a network load balancer",
    (it) => it.has("preserveClientIp") && it.knows("protocol") && isHttp(it),
  ),
  refuse("healthCheck.matcher", "gRPC statuses of 0 to 99, as 0,1 or 0-99", (it) => {
    const matcher = it.text("healthCheck.matcher");
    return it.text("protocolVersion") === "GRPC" && matcher !== undefined && !/^\d{1,2}([,-]\d{1,2})*$/.test(matcher);
  }),
  oneOf("targetType", ["instance", "ip", "lambda", "alb"]),
  required("port", "a port", (it) => !isLambda(it)),
  required("protocol", "a protocol", (it) => !isLambda(it)),
  required("vpcId", "a VPC", (it) => !isLambda(it)),
  refuse("port", "no port for Lambda", (it) => isLambda(it) && it.has("port")),
  within("port", 1, 65_535),
  oneOf("protocol", ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"]),
  refuse(
    "protocol",
    "TCP or TLS before an application load balancer",
    (it) =>
      it.text("targetType") === "alb" && it.knows("protocol") && !["TCP", "TLS"].includes(it.text("protocol") ?? ""),
  ),
  oneOf("protocolVersion", ["HTTP1", "HTTP2", "GRPC"]),
  refuse(
    "protocolVersion",
    "no version but for HTTP and HTTPS",
    (it) => it.has("protocolVersion") && it.knows("protocol") && !isHttp(it),
  ),
  oneOf("ipAddressType", ["ipv4", "ipv6"]),
  refuse(
    "ipAddressType",
    "targets of the type ip or instance",
    (it) => it.has("ipAddressType") && ["lambda", "alb"].includes(it.text("targetType") ?? ""),
  ),
  within("deregistrationDelay", 0, 3600, " seconds"),
  refuse("slowStart", "0, or 30 to 900 seconds", (it) => {
    const seconds = it.number("slowStart");
    return seconds !== undefined && seconds !== 0 && (seconds < 30 || seconds > 900);
  }),
  oneOf("loadBalancingAlgorithmType", ["round_robin", "least_outstanding_requests", "weighted_random"]),
  refuse(
    "slowStart",
    "round_robin beside a slow start",
    (it) =>
      (it.number("slowStart") ?? 0) > 0 &&
      ["least_outstanding_requests", "weighted_random"].includes(it.text("loadBalancingAlgorithmType") ?? ""),
  ),
  oneOf("loadBalancingAnomalyMitigation", ["on", "off"]),
  refuse(
    "loadBalancingAnomalyMitigation",
    "weighted_random beside it",
    (it) =>
      it.text("loadBalancingAnomalyMitigation") === "on" && it.text("loadBalancingAlgorithmType") !== "weighted_random",
  ),
  oneOf("loadBalancingCrossZoneEnabled", ["true", "false", "use_load_balancer_configuration"]),
  inside(
    "stickiness",
    oneOf("type", ["lb_cookie", "app_cookie", "source_ip", "source_ip_dest_ip", "source_ip_dest_ip_proto"]),
    within("cookieDuration", 1, 604_800, " seconds"),
    refuse(
      "cookieName",
      "a cookie's name for app_cookie",
      (it) => it.text("type") === "app_cookie" && it.lacks("cookieName"),
    ),
    refuse("cookieName", "a name that ELB does not use itself", (it) => /^AWSALB/.test(it.text("cookieName") ?? "")),
  ),
  refuse(
    "stickiness.type",
    "source_ip for a network load balancer",
    (it) => it.knows("protocol") && !isHttp(it) && /cookie/.test(it.text("stickiness.type") ?? ""),
  ),
  refuse(
    "stickiness.type",
    "no stickiness for TLS",
    (it) =>
      it.text("protocol") === "TLS" &&
      (it.isTrue("stickiness.enabled") || (it.has("stickiness") && it.lacks("stickiness.enabled"))),
  ),
  refuse(
    "stickiness.type",
    "lb_cookie or app_cookie for HTTP",
    (it) => isHttp(it) && /^source_ip/.test(it.text("stickiness.type") ?? ""),
  ),
  inside(
    "healthCheck",
    within("interval", 5, 300, " seconds"),
    within("timeout", 2, 120, " seconds"),
    within("healthyThreshold", 2, 10),
    within("unhealthyThreshold", 2, 10),
    oneOf("protocol", ["HTTP", "HTTPS", "TCP"]),
    matches("path", /^\/[!-~]*$/, "a path that begins with a slash"),
    refuse("path", "at most 1024 characters", (it) => (it.text("path") ?? "").length > 1024),
    matches(
      "port",
      /^(traffic-port|[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])$/,
      "traffic-port or 1 to 65535",
    ),
    refuse("timeout", "less than the interval", (it) => {
      const [timeout, interval] = [it.number("timeout"), it.number("interval") ?? 30];
      return timeout !== undefined && timeout >= interval;
    }),
    refuse("path", "no path for TCP", (it) => it.text("protocol") === "TCP" && it.has("path")),
    refuse("matcher", "no matcher for TCP", (it) => it.text("protocol") === "TCP" && it.has("matcher")),
  ),
  refuse(
    "healthCheck.protocol",
    "HTTP or HTTPS before an application load balancer",
    (it) => it.text("targetType") === "alb" && it.text("healthCheck.protocol") === "TCP",
  ),
  refuse(
    "healthCheck.protocol",
    "HTTP or HTTPS for an HTTP group",
    (it) => isHttp(it) && it.text("healthCheck.protocol") === "TCP",
  ),
  refuse("healthCheck.matcher", "statuses of 200 to 499, as 200,202 or 200-299", (it) => {
    const matcher = it.text("healthCheck.matcher");
    if (matcher === undefined || !isHttp(it) || it.text("protocolVersion") === "GRPC") return false;
    return !/^[2-4]\d\d([,-][2-4]\d\d)*$/.test(matcher);
  }),
  refuse(
    "healthCheck.enabled",
    "true but for Lambda",
    (it) => it.has("healthCheck.enabled") && it.isFalse("healthCheck.enabled") && !isLambda(it),
  ),
  ...["proxyProtocolV2", "connectionTermination"].map((name) =>
    refuse(name, "false for HTTP", (it) => isHttp(it) && it.isTrue(name)),
  ),
  refuse("port", "6081 for GENEVE", (it) => it.text("protocol") === "GENEVE" && (it.number("port") ?? 6081) !== 6081),
  ...["dnsFailover", "unhealthyStateRouting"].map((name) =>
    inside(
      `targetGroupHealth.${name}`,
      matches("minimumHealthyTargetsCount", /^(off|[1-9]\d*)$/, "off, or 1 and more"),
      matches("minimumHealthyTargetsPercentage", /^(off|[1-9]\d?|100)$/, "off, or 1 to 100"),
    ),
  ),
  refuse("healthCheck.matcher", "statuses of 200 to 599, as 200,202 or 200-399", (it) => {
    const matcher = it.text("healthCheck.matcher");
    if (matcher === undefined || isHttp(it) || !it.knows("protocol")) return false;
    return !/^[2-5]\d\d([,-][2-5]\d\d)*$/.test(matcher);
  }),
  refuse(
    "healthCheck.matcher",
    "200-399 for a gateway",
    (it) => it.text("protocol") === "GENEVE" && (it.text("healthCheck.matcher") ?? "200-399") !== "200-399",
  ),
  refuse("healthCheck.matcher", "statuses from low to high", (it) =>
    (it.text("healthCheck.matcher") ?? "").split(",").some((each) => {
      const [from, to] = each.split("-").map(Number);
      return from !== undefined && to !== undefined && from > to;
    }),
  ),
  eachOf(
    "targetFailovers",
    refuse("onUnhealthy", "what onDeregistration is", (it) => {
      const [one, other] = [it.text("onDeregistration"), it.text("onUnhealthy")];
      return one !== undefined && other !== undefined && one !== other;
    }),
  ),
  refuse(
    "preserveClientIp",
    "true for UDP",
    (it) =>
      /UDP|QUIC/.test(it.text("protocol") ?? "") &&
      it.has("preserveClientIp") &&
      it.knows("preserveClientIp") &&
      it.isFalse("preserveClientIp"),
  ),
  ...["loadBalancingAlgorithmType", "loadBalancingAnomalyMitigation"].map((name) =>
    refuse(name, "nothing but for HTTP and HTTPS", (it) => it.has(name) && it.knows("protocol") && !isHttp(it)),
  ),
  refuse(
    "slowStart",
    "no slow start but for HTTP and HTTPS",
    (it) => (it.number("slowStart") ?? 0) > 0 && ((it.knows("protocol") && !isHttp(it)) || isLambda(it)),
  ),
  refuse(
    "targetGroupHealth.dnsFailover.minimumHealthyTargetsCount",
    "no fewer than unhealthyStateRouting has",
    (it) => {
      const [failover, routing] = ["dnsFailover", "unhealthyStateRouting"].map((name) =>
        it.number(`targetGroupHealth.${name}.minimumHealthyTargetsCount`),
      );
      return failover !== undefined && routing !== undefined && failover < routing;
    },
  ),
  refuse(
    "lambdaMultiValueHeadersEnabled",
    "a Lambda group",
    (it) => it.isTrue("lambdaMultiValueHeadersEnabled") && !isLambda(it),
  ),
];

const STATEMENTS = [
  "andStatement",
  "asnMatchStatement",
  "byteMatchStatement",
  "geoMatchStatement",
  "ipSetReferenceStatement",
  "labelMatchStatement",
  "managedRuleGroupStatement",
  "notStatement",
  "orStatement",
  "rateBasedStatement",
  "regexMatchStatement",
  "regexPatternSetReferenceStatement",
  "ruleGroupReferenceStatement",
  "sizeConstraintStatement",
  "sqliMatchStatement",
  "xssMatchStatement",
];
const WAF_NAME = /^[\w-]{1,128}$/;

/** AWS's managed groups of rules and their capacity units. @see https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-list.html */
const MANAGED_GROUPS: Readonly<Record<string, number>> = {
  AWSManagedRulesCommonRuleSet: 700,
  AWSManagedRulesAdminProtectionRuleSet: 100,
  AWSManagedRulesKnownBadInputsRuleSet: 200,
  AWSManagedRulesSQLiRuleSet: 200,
  AWSManagedRulesLinuxRuleSet: 200,
  AWSManagedRulesUnixRuleSet: 100,
  AWSManagedRulesWindowsRuleSet: 200,
  AWSManagedRulesPHPRuleSet: 100,
  AWSManagedRulesWordPressRuleSet: 100,
  AWSManagedRulesAmazonIpReputationList: 25,
  AWSManagedRulesAnonymousIpList: 50,
  AWSManagedRulesBotControlRuleSet: 50,
  AWSManagedRulesATPRuleSet: 50,
  AWSManagedRulesACFPRuleSet: 50,
  AWSManagedRulesAntiDDoSRuleSet: 50,
};
const MOST_CAPACITY = 5000;
const WINDOWS = [60, 120, 300, 600];

/** Parts of a request that a statement can look at. */
const FIELDS = [
  ..."allQueryArguments body cookies headerOrders headers ja3Fingerprint ja4Fingerprint jsonBody method".split(" "),
  ..."queryString singleHeader singleQueryArgument uriFragment uriPath".split(" "),
];
const TRANSFORMATIONS = [
  ..."NONE COMPRESS_WHITE_SPACE HTML_ENTITY_DECODE LOWERCASE CMD_LINE URL_DECODE BASE64_DECODE HEX_DECODE MD5".split(
    " ",
  ),
  ..."REPLACE_COMMENTS ESCAPE_SEQ_DECODE SQL_HEX_DECODE CSS_DECODE JS_DECODE NORMALIZE_PATH NORMALIZE_PATH_WIN".split(
    " ",
  ),
  ..."REMOVE_NULLS REPLACE_NULLS BASE64_DECODE_EXT URL_DECODE_UNI UTF8_TO_UNICODE UPPERCASE".split(" "),
];
const MATCHING = [
  ..."byteMatchStatement regexMatchStatement regexPatternSetReferenceStatement sizeConstraintStatement".split(" "),
  ..."sqliMatchStatement xssMatchStatement".split(" "),
];

/**
 * What WAF refuses of PCRE: back references, recursion, conditions, control verbs, single bytes, starts of a match, callouts,
 * atomic groups and possessive quantifiers.
 * @see https://docs.aws.amazon.com/waf/latest/developerguide/waf-regex-pattern-support.html
 */
const UNREAD = /\\[1-9gkCRK]|\((?:\*|\?(?:>|\||[R&(+\d]|-\d|C\d*\)|P[=>]))|(?:[*+?]|\{\d+(?:,\d*)?\})\+/;

function isUnread(expression: string): boolean {
  // What is escaped, or in a class, is the character itself.
  const plain = expression.replaceAll(/\\[^1-9gkCRK]/g, "x").replaceAll(/\[\^?\]?[^\]]*\]/g, "x");
  return UNREAD.test(plain);
}

/** A statement that looks at a part of the request: one part, and how it is read first. */
const matching: readonly Rule[] = MATCHING.map((name) =>
  inside(
    name,
    required("textTransformations", "a transformation, NONE at least"),
    refuse("textTransformations", "at most 10 transformations", (it) => it.objects("textTransformations").length > 10),
    eachOf("textTransformations", oneOf("type", TRANSFORMATIONS)),
    (it) => {
      const types = it.objects("textTransformations").flatMap((each) => each.text("priority") ?? []);
      return new Set(types).size < types.length ? wrong(it, "textTransformations", "no priority twice") : [];
    },
    required("fieldToMatch", "a part of the request"),
    inside(
      "fieldToMatch",
      exactlyOneOf(FIELDS),
      eachOf("headers", inside("matchPattern", exactlyOneOf(["all", "includedHeaders", "excludedHeaders"]))),
      inside(
        "cookies",
        refuse("matchPatterns", "one pattern", (it) => it.objects("matchPatterns").length > 1),
      ),
      inside("cookies", eachOf("matchPatterns", exactlyOneOf(["all", "includedCookies", "excludedCookies"]))),
      inside(
        "jsonBody",
        required("matchPattern", "all of the body, or its included paths"),
        inside("matchPattern", exactlyOneOf(["all", "includedPaths"])),
      ),
      inside("singleHeader", matches("name", /^[^A-Z\p{C}]{1,64}$/u, "1 to 64 characters in lower case")),
      inside("singleQueryArgument", matches("name", /^[^A-Z\p{C}]{1,30}$/u, "1 to 30 characters in lower case")),
    ),
    refuse(
      "fieldToMatch",
      "another part: a fingerprint holds no text",
      (it) => /sqli|xss/.test(name) && (it.has("fieldToMatch.ja3Fingerprint") || it.has("fieldToMatch.ja4Fingerprint")),
    ),
    refuse("regexString", "an expression without what WAF does not read, such as (?>a), a++ and \\1", (it) =>
      isUnread(it.text("regexString") ?? ""),
    ),
    refuse("regexString", "a regular expression", (it) => {
      try {
        return new RegExp((it.text("regexString") ?? "").replace(/\(\?[imsx-]+\)/g, "")) === undefined;
      } catch {
        return true;
      }
    }),
  ),
);

/** By what a rate may be counted. */
const RATE_KEYS = [
  ..."asn cookie forwardedIp header httpMethod ip ja3Fingerprint ja4Fingerprint labelNamespace".split(" "),
  ..."queryArgument queryString uriPath".split(" "),
];

/** Managed groups that do nothing without settings of their own. */
const CONFIGURED: Readonly<Record<string, string>> = {
  AWSManagedRulesATPRuleSet: "awsManagedRulesAtpRuleSet",
  AWSManagedRulesACFPRuleSet: "awsManagedRulesAcfpRuleSet",
  AWSManagedRulesBotControlRuleSet: "awsManagedRulesBotControlRuleSet",
  AWSManagedRulesAntiDDoSRuleSet: "awsManagedRulesAntiDdosRuleSet",
};
/** Of these the settings may not be left out. */
const MUST_BE_CONFIGURED = /^AWSManagedRules(ATP|ACFP|AntiDDoS)RuleSet$/;

const ACTIONS = ["allow", "block", "count", "captcha", "challenge"];

/** Statements that a rule has as a whole or not at all. */
const ALONE = ["managedRuleGroupStatement", "ruleGroupReferenceStatement", "rateBasedStatement"];

function statementFindings(statement: Inputs | undefined, depth = 0): Finding[] {
  if (statement === undefined) return [];
  const given = STATEMENTS.filter((name) => statement.has(name));
  if (given.length !== 1) return [{ path: statement.path, found: `${given.length} statements`, expected: "just one" }];
  const alone = depth === 0 ? undefined : ALONE.find((name) => statement.has(name));
  if (alone !== undefined) return wrong(statement, alone, "no such statement within another one");
  const rules: Rule[] = [
    inside(
      "managedRuleGroupStatement",
      refuse(
        "name",
        "one of AWS's managed groups of rules",
        (it) =>
          it.text("vendorName") === "AWS" &&
          it.text("name") !== undefined &&
          MANAGED_GROUPS[it.text("name") ?? ""] === undefined,
      ),
      refuse(
        "vendorName",
        "AWS, or the vendor of a group from its marketplace",
        (it) =>
          it.text("vendorName") !== undefined &&
          it.text("vendorName") !== "AWS" &&
          (/^aws$/i.test(it.text("vendorName") ?? "") || MANAGED_GROUPS[it.text("name") ?? ""] !== undefined),
      ),
      required("vendorName", "a vendor"),
      refuse("managedRuleGroupConfigs", "the settings of the group, as its login page", (it) => {
        const name = it.text("name") ?? "";
        const given = it.objects("managedRuleGroupConfigs").some((each) => each.has(CONFIGURED[name] ?? ""));
        return (
          MUST_BE_CONFIGURED.test(name) &&
          !given &&
          (it.lacks("managedRuleGroupConfigs") || it.knows("managedRuleGroupConfigs"))
        );
      }),
      refuse("managedRuleGroupConfigs", "settings of this group alone", (it) => {
        const own = CONFIGURED[it.text("name") ?? ""];
        const kinds = Object.values(CONFIGURED);
        return (
          it.knows("name") &&
          it.objects("managedRuleGroupConfigs").some((each) => kinds.some((kind) => each.has(kind) && kind !== own))
        );
      }),
      required("name", "a group's name"),
    ),
    inside(
      "rateBasedStatement",
      within("limit", 10, 2_000_000_000),
      required("limit", "a limit"),
      oneOf("aggregateKeyType", ["IP", "FORWARDED_IP", "CUSTOM_KEYS", "CONSTANT"]),
      oneOf("evaluationWindowSec", WINDOWS),
      refuse(
        "forwardedIpConfig",
        "a header for FORWARDED_IP",
        (it) => it.text("aggregateKeyType") === "FORWARDED_IP" && it.lacks("forwardedIpConfig"),
      ),
      refuse(
        "scopeDownStatement",
        "a statement for CONSTANT",
        (it) => it.text("aggregateKeyType") === "CONSTANT" && it.lacks("scopeDownStatement"),
      ),
      refuse(
        "customKeys",
        "keys for CUSTOM_KEYS",
        (it) => it.text("aggregateKeyType") === "CUSTOM_KEYS" && it.lacks("customKeys"),
      ),
      refuse("customKeys", "at most 5 keys", (it) => it.objects("customKeys").length > 5),
      eachOf("customKeys", exactlyOneOf(RATE_KEYS)),
      ...["cookie", "header", "queryArgument", "queryString", "uriPath"].map((name) =>
        eachOf("customKeys", inside(name, required("textTransformations", "a transformation, NONE at least"))),
      ),
      refuse("customKeys", "another key beside the address", (it) => {
        const keys = it.objects("customKeys");
        return keys.length === 1 && keys.some((each) => each.has("ip") || each.has("forwardedIp"));
      }),
      refuse(
        "forwardedIpConfig",
        "a header for keys of forwarded addresses",
        (it) => it.lacks("forwardedIpConfig") && it.objects("customKeys").some((each) => each.has("forwardedIp")),
      ),
      refuse(
        "customKeys",
        "keys for CUSTOM_KEYS alone",
        (it) => it.has("customKeys") && it.knows("aggregateKeyType") && it.text("aggregateKeyType") !== "CUSTOM_KEYS",
      ),
    ),
    inside("managedRuleGroupStatement", eachOf("ruleActionOverrides", inside("actionToUse", exactlyOneOf(ACTIONS)))),
    inside(
      "labelMatchStatement",
      refuse(
        "key",
        "a label's whole name, without a colon at its end",
        (it) => it.text("scope") === "LABEL" && /:$/.test(it.text("key") ?? ""),
      ),
    ),
    inside(
      "geoMatchStatement",
      eachMatches("countryCodes", /^[A-Z]{2}$/, "ISO 3166 codes of two letters"),
      required("countryCodes", "countries"),
    ),
    inside(
      "byteMatchStatement",
      refuse(
        "positionalConstraint",
        "EXACTLY for a fingerprint",
        (it) =>
          (it.has("fieldToMatch.ja3Fingerprint") || it.has("fieldToMatch.ja4Fingerprint")) &&
          it.knows("positionalConstraint") &&
          it.text("positionalConstraint") !== "EXACTLY",
      ),
      oneOf("positionalConstraint", ["EXACTLY", "STARTS_WITH", "ENDS_WITH", "CONTAINS", "CONTAINS_WORD"]),
      refuse("searchString", "at most 200 bytes", (it) => Buffer.byteLength(it.text("searchString") ?? "") > 200),
      required("textTransformations", "a transformation, NONE at least"),
    ),
    inside(
      "sizeConstraintStatement",
      oneOf("comparisonOperator", ["EQ", "NE", "LE", "LT", "GE", "GT"]),
      within("size", 0, 21_474_836_480),
    ),
  ];
  const own = [...rules, ...matching].flatMap((rule) => rule(statement, undefined));
  const nested = ["andStatement", "orStatement"].flatMap((name) => {
    const parts = statement.objects(`${name}.statements`);
    const count =
      statement.has(name) && parts.length < 2
        ? [{ path: statement.at(name), found: `${parts.length} statements`, expected: "two or more" }]
        : [];
    return [...count, ...(depth > 5 ? [] : parts.flatMap((each) => statementFindings(each, depth + 1)))];
  });
  const not = [
    "notStatement.statement",
    "rateBasedStatement.scopeDownStatement",
    "managedRuleGroupStatement.scopeDownStatement",
  ].flatMap((name) => [statement.object(name), ...statement.objects(name)]);
  return [...own, ...nested, ...not.flatMap((each) => statementFindings(each, depth + 1))];
}

const isGroup = (rule: Inputs) =>
  rule.has("statement.managedRuleGroupStatement") || rule.has("statement.ruleGroupReferenceStatement");

const visibility: Rule = inside(
  "visibilityConfig",
  matches("metricName", /^[\w#:./-]{1,255}$/, "1 to 255 letters, digits and _#:./-"),
  refuse("metricName", "a name other than All and Default_Action", (it) =>
    ["All", "Default_Action"].includes(it.text("metricName") ?? ""),
  ),
);

/** @see https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-label-requirements.html */
const KEPT_LABELS = ["awswaf", "aws", "waf", "rulegroup", "webacl", "regexpatternset", "ipset", "managed"];

/** For how long who has proven to be no robot is not asked again. */
function immunity(name: string, least: number): Rule {
  return inside(
    name,
    refuse(
      "immunityTimeProperty.immunityTime",
      `${least} to 259200 seconds`,
      (it) => !between(it.number("immunityTimeProperty.immunityTime"), least, 259_200),
    ),
  );
}

const wafRule: readonly Rule[] = [
  immunity("captchaConfig", 60),
  immunity("challengeConfig", 300),
  matches("name", WAF_NAME, "1 to 128 letters, digits and -_"),
  within("priority", 0, 2_147_483_647),
  required("visibilityConfig", "visibilityConfig"),
  visibility,
  (it) => statementFindings(it.object("statement")),
  eachOf(
    "ruleLabels",
    matches("name", /^[\w:-]{1,1024}$/, "1 to 1024 letters, digits and _:-"),
    refuse("name", "a name behind 5 namespaces at most, each of at most 128 characters", (it) => {
      const parts = (it.text("name") ?? "").split(":");
      return parts.length > 6 || parts.some((each) => each.length > 128);
    }),
    refuse("name", `a label without AWS's own words: ${KEPT_LABELS.join(", ")}`, (it) =>
      (it.text("name") ?? "").split(":").some((each) => KEPT_LABELS.includes(each.toLowerCase())),
    ),
  ),
  refuse("overrideAction", "overrideAction for a group of rules", (it) => isGroup(it) && it.lacks("overrideAction")),
  refuse(
    "action",
    "an action other than allow for a rate",
    (it) => it.has("statement.rateBasedStatement") && it.has("action.allow"),
  ),
  refuse("action", "no action for a group of rules", (it) => isGroup(it) && it.has("action")),
  refuse("action", "an action", (it) => it.has("statement") && !isGroup(it) && it.lacks("action")),
  refuse(
    "overrideAction",
    "no overrideAction but for a group of rules",
    (it) => !isGroup(it) && it.has("overrideAction") && it.knows("statement"),
  ),
  inside("action", exactlyOneOf(ACTIONS)),
  inside("overrideAction", exactlyOneOf(["none", "count"])),
];

/** Sets and groups of a regional web ACL are regional, those of CloudFront's are global. */
const setsOfScope: Rule = (it) => {
  const wanted = { REGIONAL: "regional", CLOUDFRONT: "global" }[it.text("scope") ?? ""];
  const stranger = (value: Input, path: string): Finding[] => {
    if (isInputList(value)) return value.flatMap((each, index) => stranger(each, `${path}[${index}]`));
    if (isInputRecord(value))
      return Object.entries(value).flatMap(([name, each]) => stranger(each, path === "" ? name : `${path}.${name}`));
    const scope =
      typeof value === "string" ? /^arn:aws[a-z-]*:wafv2:[^:]+:\d+:(regional|global)\//.exec(value)?.[1] : undefined;
    return scope === undefined || scope === wanted
      ? []
      : [{ path, found: shown(path, value), expected: `a ${wanted} one` }];
  };
  return wanted === undefined ? [] : stranger(it.raw("rules"), it.at("rules"));
};

const capacityOf = (rule: Inputs): number => {
  const managed = rule.text("statement.managedRuleGroupStatement.name");
  if (managed !== undefined) return MANAGED_GROUPS[managed] ?? 0;
  return 1;
};

const ROUTING = [
  "failoverRoutingPolicies",
  "geolocationRoutingPolicies",
  "geoproximityRoutingPolicy",
  "latencyRoutingPolicies",
  "weightedRoutingPolicies",
  "cidrRoutingPolicy",
];
const RECORD_TYPES = [
  "A",
  "AAAA",
  "CAA",
  "CNAME",
  "DS",
  "HTTPS",
  "MX",
  "NAPTR",
  "NS",
  "PTR",
  "SOA",
  "SPF",
  "SRV",
  "SSHFP",
  "SVCB",
  "TLSA",
  "TXT",
];
const DNS_NAME = /^(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;
/**
 * Labels of what Route 53 takes in names: letters, digits, marks, and codes of three octal digits.
 * @see https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/DomainNameFormat.html
 */
const LABEL = "(?!-)(\\\\[0-3][0-7]{2}|[!\"#$%&'()+,/0-9:;<=>?@A-Z[\\]^_`a-z{|}~-]){1,63}(?<!-)";
const RECORD_NAME = new RegExp(`^(\\*\\.)?(${LABEL}\\.)*${LABEL}\\.?$`);
/** A number of 16 bits. */
const WORD16 = "(6553[0-5]|655[0-2]\\d|65[0-4]\\d{2}|6[0-4]\\d{3}|[1-5]?\\d{1,4})";
/** A host's name, and no address. */
const NAMED =
  /^(?!(\d{1,3}\.){3}\d{1,3}\.?$)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;
/** One string, or several in quotes; the provider puts quotes around the first. */
const TEXTS = /^("([^"\\]|\\.)*"( "([^"\\]|\\.)*")*|([^"\\]|\\.)*("" ?"?([^"\\]|\\.)*|" "([^"\\]|\\.)*)*)$/;
/** Priority, target, and parameters as `alpn=h2,h3`. */
const BINDING = new RegExp(`^${WORD16} \\S+( [a-z0-9-]+(=("[^"]*"|\\S+))?)*$`);
const WORD: Readonly<Record<string, RegExp>> = {
  A: /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}$/,
  AAAA: /^[0-9a-f:.]*:[0-9a-f:.]*$/i,
  CNAME: NAMED,
  MX: new RegExp(`^${WORD16} \\S+$`),
  SRV: new RegExp(`^${WORD16} ${WORD16} ${WORD16} \\S+$`),
  CAA: /^(25[0-5]|2[0-4]\d|1?\d?\d) [a-z0-9]+ "[^"]*"$/i,
  SOA: /^\S+ \S+ \d+ \d+ \d+ \d+ \d+$/,
  NAPTR: new RegExp(`^${WORD16} ${WORD16} "[a-z0-9]*" "[^"]*" "[^"]*" \\S+$`, "i"),
  SSHFP: /^\d+ [12] [0-9a-f]+$/i,
  TLSA: /^[0-3] [01] [0-2] [0-9a-f]+$/i,
  NS: NAMED,
  PTR: NAMED,
  SPF: TEXTS,
  TXT: TEXTS,
  DS: /^\d{1,5} \d{1,3} [124] [0-9a-f]+$/i,
  HTTPS: BINDING,
  SVCB: BINDING,
};

/** What no pattern can tell. */
const FITS: Readonly<Record<string, (text: string) => boolean>> = {
  AAAA: isV6Address,
  DS: (text) => isDelegation(text),
};

/** A text of degrees with two decimals at the most. */
function degrees(name: string, most: number): Rule {
  return refuse(name, `-${most} to ${most}, with two decimals at the most`, (it) => {
    const text = it.text(name);
    return text !== undefined && (!/^-?\d{1,3}(\.\d{0,2})?$/.test(text) || Math.abs(Number(text)) > most);
  });
}

const CLOUDFRONT_ZONE = "Z2FDTNDATAQYW2";
/** The zones of application load balancers by region. @see https://docs.aws.amazon.com/general/latest/gr/elb.html */
const BALANCER_ZONES: Readonly<Record<string, string>> = {
  "us-east-1": "Z35SXDOTRQ7X7K",
  "us-east-2": "Z3AADJGX6KTTL2",
  "us-west-1": "Z368ELLRRE2KJ0",
  "us-west-2": "Z1H1FL5HABSF5",
  "ca-central-1": "ZQSVJUPU6J1EY",
  "eu-central-1": "Z215JYRZR1TBD5",
  "eu-west-1": "Z32O12XQLNTSW2",
  "eu-west-2": "ZHURV8PSTC4K8",
  "eu-west-3": "Z3Q77PNBQS71R4",
  "eu-north-1": "Z23TAZ6LKFMNIO",
  "ap-northeast-1": "Z14GRHDCWA56QT",
  "ap-northeast-2": "ZWKZPGTI48KDX",
  "ap-southeast-1": "Z1LMS91P8CMLE5",
  "ap-southeast-2": "Z1GM3OXH4ZPM65",
  "ap-south-1": "ZP97RAFLXTNZK",
  "sa-east-1": "Z2P70J7HTTTPLU",
};

const bare = (name: string | undefined) => name?.replace(/\.$/, "").toLowerCase();

/** An alias of a name to itself answers nothing. */
const aliasOfItself: Rule = (it) =>
  it
    .objects("aliases")
    .flatMap((each) =>
      each.text("zoneId") !== undefined &&
      each.text("zoneId") === it.text("zoneId") &&
      bare(each.text("name")) === bare(it.text("name")) &&
      it.lacks("setIdentifier")
        ? wrong(each, "name", "another name than the record's own")
        : [],
    );

/** What is wrong between an alias, the zone of its target and the type of the record. */
function aliasFindings(alias: Inputs, type: string | undefined): Finding[] {
  const [name, zone] = [alias.text("name")?.replace(/\.$/, ""), alias.text("zoneId")];
  const region = /(?:^|\.)([a-z]{2}-[a-z]+-\d)\.elb\.amazonaws\.com$/.exec(name ?? "")?.[1];
  const isDistribution = /\.cloudfront\.net$/.test(name ?? "");
  const ofTarget = isDistribution ? CLOUDFRONT_ZONE : BALANCER_ZONES[region ?? ""];
  if (zone !== undefined && ofTarget !== undefined && zone !== ofTarget)
    return wrong(alias, "zoneId", `the zone of the target: ${ofTarget}`);
  const types = isDistribution ? ["A", "AAAA", "HTTPS"] : ["A", "AAAA"];
  return (region !== undefined || isDistribution) && type !== undefined && !types.includes(type)
    ? [{ path: "type", found: type, expected: `one of ${types.join(", ")} for an alias to this target` }]
    : [];
}

/** Bytes in hexadecimal digits of each kind of digest. */
const DIGESTS: Readonly<Record<string, number>> = { "1": 40, "2": 64, "4": 96 };
const isDelegation = (text: string) => {
  const [, tag, algorithm, kind = "", digest = ""] = /^(\d{1,5}) (\d{1,3}) ([124]) ([0-9a-f]+)$/i.exec(text) ?? [];
  return Number(tag) <= 65_535 && Number(algorithm) <= 255 && digest.length === DIGESTS[kind];
};

const STATES =
  "AL AK AZ AR CA CO CT DE DC FL GA HI ID IL IN IA KS KY LA ME MD MA MI MN MS MO MT NE NV NH NJ NM NY NC ND OH OK OR PA RI SC SD TN TX UT VT VA WA WV WI WY";

const recordRules: readonly Rule[] = [
  oneOf("type", RECORD_TYPES),
  matches("name", RECORD_NAME, "a domain name"),
  refuse("name", "at most 255 characters", (it) => (it.text("name") ?? "").length > 255),
  (it) => {
    const [records, aliases] = [it.has("records"), it.has("aliases")];
    if (records === aliases) return wrong(it, "records", "just one of records and aliases");
    return [];
  },
  refuse("records", "at most 400 values", (it) => it.knownTexts("records").length > 400),
  required("ttl", "a time to live beside records", (it) => it.has("records")),
  refuse("ttl", "no time to live for an alias", (it) => it.has("aliases") && it.has("ttl")),
  within("ttl", 0, 2_147_483_647),
  atMostOneOf(ROUTING),
  refuse(
    "name",
    "a name without a star for NS",
    (it) => it.text("type") === "NS" && /^\*\./.test(it.text("name") ?? ""),
  ),
  refuse(
    "multivalueAnswerRoutingPolicy",
    "no multivalue answer of NS and CNAME",
    (it) => it.isTrue("multivalueAnswerRoutingPolicy") && ["NS", "CNAME"].includes(it.text("type") ?? ""),
  ),
  refuse(
    "setIdentifier",
    "an identifier beside a routing policy",
    (it) =>
      [...ROUTING, "multivalueAnswerRoutingPolicy"].some(
        (name) => it.has(name) && !(name.startsWith("multi") && it.isFalse(name)),
      ) && it.lacks("setIdentifier"),
  ),
  refuse(
    "setIdentifier",
    "a routing policy beside it",
    (it) =>
      it.has("setIdentifier") && ROUTING.every((name) => it.lacks(name)) && it.lacks("multivalueAnswerRoutingPolicy"),
  ),
  inside(
    "geoproximityRoutingPolicy",
    within("bias", -90, 90),
    exactlyOneOf(["awsRegion", "localZoneGroup", "coordinates"]),
    eachOf("coordinates", degrees("latitude", 90), degrees("longitude", 180)),
  ),
  inside(
    "cidrRoutingPolicy",
    matches("locationName", /^(\*|[0-9A-Za-z_-]{1,16})$/, "*, or 1 to 16 letters, digits and _-"),
  ),
  eachOf("weightedRoutingPolicies", within("weight", 0, 255)),
  eachOf("failoverRoutingPolicies", oneOf("type", ["PRIMARY", "SECONDARY"])),
  refuse(
    "healthCheckId",
    "a health check of the first answer, or an alias",
    (it) =>
      it.has("records") &&
      it.lacks("healthCheckId") &&
      it.objects("failoverRoutingPolicies").some((each) => each.text("type") === "PRIMARY"),
  ),
  (it) => it.objects("aliases").flatMap((each) => aliasFindings(each, it.text("type"))),
  aliasOfItself,
  ...["CNAME", "SOA"].map((type) =>
    refuse("records", `one value for ${type}`, (it) => it.text("type") === type && it.knownTexts("records").length > 1),
  ),
  (it) => {
    const word = WORD[it.text("type") ?? ""];
    const fits = FITS[it.text("type") ?? ""];
    return word !== undefined && it.knownTexts("records").some((each) => !word.test(each) || fits?.(each) === false)
      ? wrong(it, "records", `values of ${it.text("type")} records`)
      : [];
  },
  refuse(
    "records",
    "strings of at most 255 characters",
    (it) =>
      ["TXT", "SPF"].includes(it.text("type") ?? "") &&
      it.knownTexts("records").some((each) =>
        each
          .replace(/^"|"$/g, "")
          .split('" "')
          .some((part) => part.length > 255),
      ),
  ),
  distinct("records"),
  refuse("aliases", "one alias", (it) => it.objects("aliases").length > 1),
  eachOf(
    "aliases",
    required("evaluateTargetHealth", "true or false"),
    refuse(
      "evaluateTargetHealth",
      "false for a distribution of CloudFront",
      (it) => it.isTrue("evaluateTargetHealth") && it.text("zoneId") === CLOUDFRONT_ZONE,
    ),
    required("zoneId", "the target's zone"),
    required("name", "the target's name"),
    matches("name", NAMED, "the name of the target"),
  ),
  matches("setIdentifier", /^[^\p{C}]{1,128}$/u, "1 to 128 printable characters"),
  refuse(
    "multivalueAnswerRoutingPolicy",
    "no multivalue answer beside an alias or another policy",
    (it) => it.isTrue("multivalueAnswerRoutingPolicy") && (it.has("aliases") || ROUTING.some((name) => it.has(name))),
  ),
  eachOf(
    "geolocationRoutingPolicies",
    oneOf("continent", ["AF", "AN", "AS", "EU", "OC", "NA", "SA"]),
    matches("country", /^(\*|[A-Z]{2})$/, "a country's code of two letters, or *"),
    refuse("subdivision", "a country beside it", (it) => it.has("subdivision") && it.lacks("country")),
    refuse(
      "subdivision",
      "a state's code of two letters",
      (it) =>
        it.text("country") === "US" &&
        it.has("subdivision") &&
        it.knows("subdivision") &&
        !STATES.split(" ").includes(it.text("subdivision") ?? ""),
    ),
    refuse(
      "subdivision",
      "parts of the United States (US) and Ukraine (UA) alone",
      (it) => it.has("subdivision") && it.knows("country") && !["US", "UA"].includes(it.text("country") ?? ""),
    ),
    exactlyOneOf(["continent", "country"]),
  ),
  refuse(
    "aliases",
    "no alias of this type",
    (it) => it.has("aliases") && ["NS", "SOA", "DS"].includes(it.text("type") ?? ""),
  ),
];

/** What only one kind of health check has. */
const CHECKED_BY: Readonly<Record<string, readonly string[]>> = {
  CALCULATED: ["childHealthThreshold", "childHealthchecks"],
  CLOUDWATCH_METRIC: ["cloudwatchAlarmName", "cloudwatchAlarmRegion", "insufficientDataHealthStatus"],
  RECOVERY_CONTROL: ["routingControlArn"],
};

/** ACM certifies no names of AWS's own. @see https://docs.aws.amazon.com/acm/latest/userguide/acm-certificate-characteristics.html */
const AWS_OWN = /(^|\.)(amazonaws\.com|cloudfront\.net|elasticbeanstalk\.com)$/i;
const AWS_OWN_WORDS = "names outside of amazonaws.com, cloudfront.net and elasticbeanstalk.com";

/** What belongs to a certificate that is brought along, and not to one that ACM makes. */
const IMPORTED = ["certificateBody", "certificateChain", "privateKey", "privateKeyWo"];

/** What ELB, ACM, WAF and Route 53 refuse. */
export const edgeRules: RuleTable = {
  "aws:lb/loadBalancer:LoadBalancer": [
    matches("name", NAME32, NAME_WORDS),
    refuse("name", "a name that does not begin with internal-", (it) =>
      (it.text("name") ?? "").startsWith("internal-"),
    ),
    oneOf("loadBalancerType", ["application", "network", "gateway"]),
    exactlyOneOf(["subnets", "subnetMappings"]),
    ...["subnets", "subnetMappings"].map((name) =>
      refuse(name, "a subnet once", (it) => {
        const ids = [...it.knownTexts(name), ...it.objects(name).flatMap((each) => each.text("subnetId") ?? [])];
        return new Set(ids).size < ids.length;
      }),
    ),
    refuse("subnetMappings", "subnets of at least two zones", (it) => {
      const mappings = it.raw("subnetMappings");
      return isApplication(it) && isInputList(mappings) && mappings.length === 1;
    }),
    refuse("securityGroups", "at most 5 security groups", (it) => {
      const groups = it.raw("securityGroups");
      return isInputList(groups) && groups.length > 5;
    }),
    refuse(
      "ipamPools",
      "no pool of public addresses for an internal load balancer",
      (it) => it.has("ipamPools") && it.isTrue("internal"),
    ),
    (it) =>
      it.text("loadBalancerType") === "network" && (it.lacks("internal") || it.knows("internal"))
        ? eachOf(
            "subnetMappings",
            it.isTrue("internal")
              ? refuse("allocationId", "no public address for an internal load balancer", (each) =>
                  each.has("allocationId"),
                )
              : refuse("privateIpv4Address", "no private address but for an internal load balancer", (each) =>
                  each.has("privateIpv4Address"),
                ),
            refuse(
              "ipv6Address",
              "an address of its own with dualstack alone",
              (each) =>
                each.has("ipv6Address") &&
                it.text("ipAddressType") !== "dualstack" &&
                (it.lacks("ipAddressType") || it.knows("ipAddressType")),
            ),
          )(it, undefined)
        : [],
    refuse("subnets", "subnets of at least two zones", (it) => {
      const subnets = it.raw("subnets");
      return isApplication(it) && isInputList(subnets) && subnets.length < 2;
    }),
    distinct("subnets"),
    eachMatches("subnets", /^subnet-/, "ids that begin with subnet-"),
    eachMatches("securityGroups", /^sg-/, "ids that begin with sg-"),
    refuse(
      "securityGroups",
      "no security groups for a gateway",
      (it) => it.text("loadBalancerType") === "gateway" && it.has("securityGroups"),
    ),
    oneOf("ipAddressType", ["ipv4", "dualstack", "dualstack-without-public-ipv4"]),
    refuse(
      "ipAddressType",
      "ipv4 or dualstack for an internal or a network load balancer",
      (it) =>
        it.text("ipAddressType") === "dualstack-without-public-ipv4" && (it.isTrue("internal") || !isApplication(it)),
    ),
    refuse("namePrefix", "at most 6 characters", (it) => (it.text("namePrefix") ?? "").length > 6),
    (it) =>
      isApplication(it) && (it.lacks("loadBalancerType") || it.knows("loadBalancerType"))
        ? eachOf(
            "subnetMappings",
            ...["allocationId", "privateIpv4Address"].map((name) =>
              refuse(name, "an address for a network load balancer alone", (each) => each.has(name)),
            ),
          )(it, undefined)
        : [],
    refuse(
      "enablePrefixForIpv6SourceNat",
      "off but for dualstack",
      (it) =>
        it.text("enablePrefixForIpv6SourceNat") === "on" &&
        it.text("ipAddressType") !== "dualstack" &&
        (it.lacks("ipAddressType") || it.knows("ipAddressType")),
    ),
    oneOf("desyncMitigationMode", ["monitor", "defensive", "strictest"]),
    oneOf("xffHeaderProcessingMode", ["append", "preserve", "remove"]),
    oneOf("dnsRecordClientRoutingPolicy", [
      "any_availability_zone",
      "availability_zone_affinity",
      "partial_availability_zone_affinity",
    ]),
    oneOf("enforceSecurityGroupInboundRulesOnPrivateLinkTraffic", ["on", "off"]),
    within("idleTimeout", 1, 4000, " seconds"),
    within("clientKeepAlive", 60, 604_800, " seconds"),
    refuse(
      "enableCrossZoneLoadBalancing",
      "true for an application load balancer",
      (it) =>
        isApplication(it) &&
        it.has("enableCrossZoneLoadBalancing") &&
        it.knows("enableCrossZoneLoadBalancing") &&
        it.isFalse("enableCrossZoneLoadBalancing"),
    ),
    inside("accessLogs", ...logBucket),
    inside("connectionLogs", ...logBucket),
    refuse(
      "minimumLoadBalancerCapacity.capacityUnits",
      "100 or more",
      (it) => (it.number("minimumLoadBalancerCapacity.capacityUnits") ?? 100) < 100,
    ),
  ],
  "aws:lb/targetGroup:TargetGroup": targetGroupRules,
  "aws:lb/listener:Listener": [
    arn("loadBalancerArn", "elasticloadbalancing", "loadbalancer/(app|net|gwy)/.+"),
    required("port", "a port", (it) => !/loadbalancer\/gwy\//.test(it.text("loadBalancerArn") ?? "")),
    within("port", 1, 65_535),
    oneOf("protocol", ["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"]),
    refuse(
      "protocol",
      "HTTP or HTTPS for an application load balancer",
      (it) =>
        /loadbalancer\/app\//.test(it.text("loadBalancerArn") ?? "") &&
        it.has("protocol") &&
        it.knows("protocol") &&
        !HTTP.includes(it.text("protocol") ?? ""),
    ),
    refuse(
      "protocol",
      "TCP, TLS, UDP or QUIC for a network load balancer",
      (it) => /loadbalancer\/net\//.test(it.text("loadBalancerArn") ?? "") && isHttp(it),
    ),
    ...["port", "protocol"].map((name) =>
      refuse(
        name,
        "nothing for a gateway load balancer",
        (it) => /loadbalancer\/gwy\//.test(it.text("loadBalancerArn") ?? "") && it.has(name),
      ),
    ),
    refuse("certificateArn", "a certificate for HTTPS and TLS", (it) => isTls(it) && it.lacks("certificateArn")),
    refuse(
      "certificateArn",
      "no certificate but for HTTPS and TLS",
      (it) => it.has("certificateArn") && it.knows("protocol") && !isTls(it),
    ),
    refuse(
      "sslPolicy",
      "no TLS policy but for HTTPS and TLS",
      (it) => it.has("sslPolicy") && it.knows("protocol") && !isTls(it),
    ),
    matches(
      "certificateArn",
      /^arn:aws[a-z-]*:(acm:[a-z0-9-]+:\d{12}:certificate|iam::\d{12}:server-certificate)\/.+$/,
      "a certificate's ARN",
    ),
    oneOf("sslPolicy", TLS_POLICIES, "one of ELB's TLS policies"),
    oneOf("alpnPolicy", ["HTTP1Only", "HTTP2Only", "HTTP2Optional", "HTTP2Preferred", "None"]),
    refuse(
      "alpnPolicy",
      "no ALPN policy but for TLS",
      (it) => it.has("alpnPolicy") && it.knows("protocol") && it.text("protocol") !== "TLS",
    ),
    inside(
      "mutualAuthentication",
      oneOf("mode", ["off", "passthrough", "verify"]),
      refuse(
        "trustStoreArn",
        "a trust store to verify by",
        (it) => it.text("mode") === "verify" && it.lacks("trustStoreArn"),
      ),
      refuse(
        "trustStoreArn",
        "no trust store but to verify by",
        (it) => it.has("trustStoreArn") && it.knows("mode") && it.text("mode") !== "verify",
      ),
      refuse(
        "advertiseTrustStoreCaNames",
        "off but to verify by",
        (it) => it.text("advertiseTrustStoreCaNames") === "on" && it.knows("mode") && it.text("mode") !== "verify",
      ),
      refuse(
        "ignoreClientCertificateExpiry",
        "nothing but to verify by",
        (it) => it.isTrue("ignoreClientCertificateExpiry") && it.knows("mode") && it.text("mode") !== "verify",
      ),
    ),
    refuse(
      "mutualAuthentication.mode",
      "client certificates for HTTPS alone",
      (it) =>
        it.knows("protocol") &&
        it.text("protocol") !== "HTTPS" &&
        (it.text("mutualAuthentication.mode") ?? "off") !== "off",
    ),
    required("defaultActions", "an action"),
    ...actionsOf("defaultActions"),
    matches(
      "routingHttpResponseXFrameOptionsHeaderValue",
      /^(DENY|SAMEORIGIN|ALLOW-FROM https:\/\/\S+)$/,
      "DENY, SAMEORIGIN, or ALLOW-FROM and a URL",
    ),
    oneOf("routingHttpResponseXContentTypeOptionsHeaderValue", ["nosniff"]),
    oneOf("routingHttpResponseAccessControlAllowCredentialsHeaderValue", ["true"]),
    (it) =>
      it.knows("protocol") && it.text("protocol") !== "HTTPS"
        ? eachOf(
            "defaultActions",
            refuse("type", "authentication on HTTPS alone", (each) =>
              /^(authenticate-|jwt-)/.test(each.text("type") ?? ""),
            ),
          )(it, undefined)
        : [],
    redirectsToItself("defaultActions"),
    (it) =>
      it.text("protocol") === "HTTPS"
        ? eachOf(
            "defaultActions",
            refuse(
              "redirect.protocol",
              "HTTPS: no way leads from HTTPS to HTTP",
              (each) => each.text("redirect.protocol") === "HTTP",
            ),
          )(it, undefined)
        : [],
    refuse(
      "defaultActions",
      "forward for a network load balancer",
      (it) =>
        ["TCP", "TLS", "UDP", "TCP_UDP"].includes(it.text("protocol") ?? "") &&
        it.objects("defaultActions").some((each) => each.text("type") !== undefined && each.text("type") !== "forward"),
    ),
    within("tcpIdleTimeoutSeconds", 60, 6000),
  ],
  "aws:lb/listenerRule:ListenerRule": [
    arn("listenerArn", "elasticloadbalancing", "listener/.+"),
    within("priority", 1, 50_000),
    required("actions", "an action"),
    ...actionsOf("actions"),
    redirectsToItself("actions"),
    required("conditions", "a condition"),
    fewWildcards,
    eachOf("conditions", ...conditionRules),
    fewValues,
    conditionsOnce,
    unique("transforms", "type", "one transform of each type"),
    eachOf("transforms", ...transformRules),
  ],
  "aws:acm/certificate:Certificate": [
    matches("domainName", HOST, "a domain name, of labels of at most 63 characters"),
    refuse("domainName", AWS_OWN_WORDS, (it) => AWS_OWN.test(it.text("domainName") ?? "")),
    refuse("subjectAlternativeNames", AWS_OWN_WORDS, (it) =>
      it.knownTexts("subjectAlternativeNames").some((each) => AWS_OWN.test(each)),
    ),
    // It is the certificate's common name (RFC 5280); the other names may be longer.
    refuse("domainName", "at most 64 characters", (it) => (it.text("domainName") ?? "").length > 64),
    eachMatches("subjectAlternativeNames", HOST, "domain names"),
    refuse(
      "subjectAlternativeNames",
      "at most 100 names of at most 253 characters",
      (it) =>
        it.knownTexts("subjectAlternativeNames").length > 100 ||
        it.knownTexts("subjectAlternativeNames").some((each) => each.length > 253),
    ),
    oneOf("validationMethod", ["DNS", "EMAIL"]),
    refuse(
      "validationMethod",
      "no validation beside a private authority",
      (it) => it.has("validationMethod") && it.has("certificateAuthorityArn"),
    ),
    refuse(
      "validationMethod",
      "DNS or EMAIL for a certificate that ACM makes",
      (it) => it.has("domainName") && it.lacks("validationMethod") && it.lacks("certificateAuthorityArn"),
    ),
    (it) =>
      it.objects("validationOptions").flatMap((each) => {
        const [name, parent] = [each.text("domainName"), each.text("validationDomain")];
        return name === undefined || parent === undefined || name === parent || name.endsWith(`.${parent}`)
          ? []
          : wrong(each, "validationDomain", "the name itself, or a domain above it");
      }),
    (it) => {
      const names = [it.text("domainName"), ...(it.texts("subjectAlternativeNames") ?? [undefined])];
      if (names.includes(undefined)) return [];
      return it.objects("validationOptions").flatMap((each) => {
        const name = each.text("domainName");
        return name === undefined || names.includes(name)
          ? []
          : wrong(each, "domainName", "one of the certificate's own names");
      });
    },
    oneOf("keyAlgorithm", [
      "RSA_1024",
      "RSA_2048",
      "RSA_3072",
      "RSA_4096",
      "EC_prime256v1",
      "EC_secp384r1",
      "EC_secp521r1",
    ]),
    refuse(
      "keyAlgorithm",
      "RSA_2048, EC_prime256v1 or EC_secp384r1 for a certificate that ACM makes",
      (it) =>
        it.lacks("certificateAuthorityArn") &&
        it.lacks("privateKey") &&
        it.has("keyAlgorithm") &&
        it.knows("keyAlgorithm") &&
        !["RSA_2048", "EC_prime256v1", "EC_secp384r1"].includes(it.text("keyAlgorithm") ?? ""),
    ),
    inside(
      "options",
      oneOf("certificateTransparencyLoggingPreference", ["ENABLED", "DISABLED"]),
      oneOf("export", ["ENABLED", "DISABLED"]),
    ),
    (it) =>
      ["domainName", "privateKey", "privateKeyWo"].some((name) => it.has(name))
        ? []
        : wrong(it, "domainName", "a domain name, or a certificate to import"),
    refuse(
      "domainName",
      "no domain name beside an imported certificate",
      (it) => it.has("domainName") && (it.has("certificateBody") || it.has("privateKey")),
    ),
    ...["domainName", "certificateAuthorityArn", "validationMethod"].flatMap((made) =>
      IMPORTED.map((brought) =>
        refuse(
          brought,
          `nothing beside ${made}: a certificate is made or brought`,
          (it) => it.has(made) && it.has(brought),
        ),
      ),
    ),
    ...["privateKey", "privateKeyWo"].map((key) =>
      refuse("certificateBody", "the certificate beside its key", (it) => it.has(key) && it.lacks("certificateBody")),
    ),
    refuse(
      "privateKey",
      "the key beside its certificate",
      (it) => it.has("certificateBody") && it.lacks("privateKey") && it.lacks("privateKeyWo"),
    ),
    refuse(
      "certificateBody",
      "a certificate in PEM",
      (it) =>
        it.has("certificateBody") &&
        it.knows("certificateBody") &&
        !/^-----BEGIN CERTIFICATE-----/.test((it.text("certificateBody") ?? "").trim()),
    ),
  ],
  "aws:acm/certificateValidation:CertificateValidation": [arn("certificateArn", "acm", "certificate/.+")],
  "aws:wafv2/webAcl:WebAcl": [
    matches("name", WAF_NAME, "1 to 128 letters, digits and -_"),
    oneOf("scope", ["REGIONAL", "CLOUDFRONT"]),
    refuse(
      "scope",
      "us-east-1 for CLOUDFRONT",
      (it) => it.text("scope") === "CLOUDFRONT" && it.has("region") && it.text("region") !== "us-east-1",
    ),
    matches(
      "description",
      /^[\w+=:#@/\-,.][\w+=:#@/\-,.\s]+[\w+=:#@/\-,.]$/,
      "3 to 256 letters, digits, blanks and +=:#@/-,.",
    ),
    inside("defaultAction", exactlyOneOf(["allow", "block"])),
    required("visibilityConfig", "visibilityConfig"),
    visibility,
    eachOf("rules", ...wafRule),
    setsOfScope,
    (it) => {
      const bodies = it.objects("customResponseBodies").map((each) => each.text("key"));
      const answers = [it, ...it.objects("rules")].flatMap((each) => [
        each.object("action.block.customResponse") ?? [],
        each.object("defaultAction.block.customResponse") ?? [],
      ]);
      return answers.flat().flatMap((each) => {
        const key = each.text("customResponseBodyKey");
        return key === undefined || bodies.includes(key)
          ? []
          : wrong(each, "customResponseBodyKey", "a key of customResponseBodies");
      });
    },
    unique("rules", "name", "no rule's name twice"),
    unique("rules", "priority", "no priority twice"),
    (it) => {
      const units = it
        .objects("rules")
        .map(capacityOf)
        .reduce((sum, one) => sum + one, 0);
      return units > MOST_CAPACITY
        ? [{ path: "rules", found: `${units} capacity units`, expected: `at most ${MOST_CAPACITY}` }]
        : [];
    },
    immunity("captchaConfig", 60),
    immunity("challengeConfig", 300),
    inside(
      "dataProtectionConfig",
      eachOf(
        "dataProtections",
        refuse(
          "field.fieldKeys",
          "names for single headers, cookies and arguments alone",
          (it) =>
            /^SINGLE_/.test(it.text("field.fieldType") ?? "") !== it.has("field.fieldKeys") &&
            it.knows("field.fieldType"),
        ),
      ),
    ),
    eachMatches("tokenDomains", HOST, "domain names"),
    inside(
      "associationConfig",
      eachOf(
        "requestBodies",
        ...["apiGateway", "appRunnerService", "cloudfront", "cognitoUserPool", "verifiedAccessInstance"].map((name) =>
          inside(name, oneOf("defaultSizeInspectionLimit", ["KB_16", "KB_32", "KB_48", "KB_64"])),
        ),
      ),
    ),
    eachOf(
      "customResponseBodies",
      matches("key", WAF_NAME, "1 to 128 letters, digits and -_"),
      oneOf("contentType", ["TEXT_PLAIN", "TEXT_HTML", "APPLICATION_JSON"]),
      refuse("content", "1 to 10,240 characters", (it) => (it.text("content") ?? "").length > 10_240),
    ),
  ],
  "aws:wafv2/webAclAssociation:WebAclAssociation": [
    arn("webAclArn", "wafv2", "regional/webacl/.+"),
    matches(
      "resourceArn",
      /^arn:aws[a-z-]*:(elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer\/app\/|apigateway:[a-z0-9-]+::\/restapis\/|appsync:|cognito-idp:|apprunner:|ec2:)/,
      "the ARN of an application load balancer or another protected resource",
    ),
  ],
  "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration": [
    arn("resourceArn", "wafv2", "(regional|global)/webacl/.+"),
    refuse("logDestinationConfigs", "one destination", (it) => {
      const destinations = it.raw("logDestinationConfigs");
      return isInputList(destinations) && destinations.length !== 1;
    }),
    eachMatches(
      "logDestinationConfigs",
      /^arn:aws[a-z-]*:(logs:[a-z0-9-]+:\d{12}:log-group:aws-waf-logs-[^:]*(:\*)?|s3:::aws-waf-logs-.+|firehose:[a-z0-9-]+:\d{12}:deliverystream\/aws-waf-logs-.+)$/,
      "a destination whose name begins with aws-waf-logs-",
    ),
    refuse("redactedFields", "at most 100 fields", (it) => it.objects("redactedFields").length > 100),
    eachOf(
      "redactedFields",
      exactlyOneOf(["method", "queryString", "singleHeader", "uriPath"]),
      inside("singleHeader", matches("name", /^[^A-Z\p{C}]{1,40}$/u, "1 to 40 characters in lower case")),
    ),
    inside(
      "loggingFilter",
      oneOf("defaultBehavior", ["KEEP", "DROP"]),
      eachOf(
        "filters",
        oneOf("behavior", ["KEEP", "DROP"]),
        oneOf("requirement", ["MEETS_ALL", "MEETS_ANY"]),
        required("conditions", "conditions"),
        eachOf("conditions", exactlyOneOf(["actionCondition", "labelNameCondition"])),
      ),
    ),
  ],
  "aws:route53/zone:Zone": [
    required("name", "a domain name", (it) => it.raw("name") !== undefined),
    matches("name", new RegExp(`^(${LABEL}\\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.?$`, "i"), "a domain name"),
    refuse(
      "name",
      "a name below a top-level domain for a public zone",
      (it) => it.lacks("vpcs") && /^[^.]+\.?$/.test(it.text("name") ?? ""),
    ),
    refuse("name", "at most 255 characters", (it) => (it.text("name") ?? "").length > 255),
    refuse("comment", "at most 256 characters", (it) => (it.text("comment") ?? "").length > 256),
    refuse(
      "enableAcceleratedRecovery",
      "false for a private zone",
      (it) => it.isTrue("enableAcceleratedRecovery") && it.has("vpcs"),
    ),
    refuse(
      "delegationSetId",
      "no delegation set for a private zone",
      (it) => it.has("delegationSetId") && it.has("vpcs"),
    ),
  ],
  "aws:route53/record:Record": recordRules,
  "aws:route53/queryLog:QueryLog": [
    (it) => {
      const log = it.text("cloudwatchLogGroupArn");
      if (log === undefined) return [];
      return /^arn:aws[a-z-]*:logs:us-east-1:\d{12}:log-group:[^:]+$/.test(log)
        ? []
        : wrong(it, "cloudwatchLogGroupArn", "a log group of us-east-1");
    },
    matches("zoneId", /^(\/hostedzone\/)?Z[A-Z0-9]{1,31}$/, "a hosted zone's id"),
  ],
  "aws:route53/keySigningKey:KeySigningKey": [
    matches("name", /^[a-zA-Z0-9_]{3,128}$/, "3 to 128 letters, digits and underscores"),
    oneOf("status", ["ACTIVE", "INACTIVE"]),
    (it) => {
      const key = it.text("keyManagementServiceArn");
      if (key === undefined || /^arn:aws[a-z-]*:kms:us-east-1:\d{12}:(key|alias)\/.+$/.test(key)) return [];
      return wrong(it, "keyManagementServiceArn", "a key of us-east-1");
    },
  ],
  "aws:route53/hostedZoneDnsSec:HostedZoneDnsSec": [oneOf("signingStatus", ["SIGNING", "NOT_SIGNING"])],
  "aws:route53/healthCheck:HealthCheck": [
    oneOf("type", [
      "HTTP",
      "HTTPS",
      "HTTP_STR_MATCH",
      "HTTPS_STR_MATCH",
      "TCP",
      "CALCULATED",
      "CLOUDWATCH_METRIC",
      "RECOVERY_CONTROL",
    ]),
    oneOf("requestInterval", [10, 30]),
    within("failureThreshold", 1, 10),
    within("port", 1, 65_535),
    refuse(
      "searchString",
      "a text to search for",
      (it) => /STR_MATCH$/.test(it.text("type") ?? "") && it.lacks("searchString"),
    ),
    refuse("searchString", "at most 255 characters", (it) => (it.text("searchString") ?? "").length > 255),
    refuse(
      "fqdn",
      "a host or an address",
      (it) => /^(HTTP|TCP)/.test(it.text("type") ?? "") && it.lacks("fqdn") && it.lacks("ipAddress"),
    ),
    refuse(
      "regions",
      "three regions or more",
      (it) => it.knownTexts("regions").length > 0 && it.knownTexts("regions").length < 3,
    ),
    refuse("resourcePath", "at most 255 characters", (it) => (it.text("resourcePath") ?? "").length > 255),
    refuse("ipAddress", "an address that the world can reach", (it) => {
      const address = it.text("ipAddress");
      if (address === undefined) return false;
      const block = `${address}/32`;
      return isV4Block(block) && UNREACHABLE.some((outer) => holds(outer, block));
    }),
    eachOneOf(
      "regions",
      [
        "us-east-1",
        "us-west-1",
        "us-west-2",
        "eu-west-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-northeast-1",
        "sa-east-1",
      ],
      "regions that check health",
    ),
    ...["regions", "measureLatency", "requestInterval", "failureThreshold", "enableSni"].map((name) =>
      refuse(
        name,
        "nothing beside a sum, an alarm or a control",
        (it) =>
          /^(CALCULATED|CLOUDWATCH_METRIC|RECOVERY_CONTROL)$/.test(it.text("type") ?? "") &&
          it.has(name) &&
          it.raw(name) !== false,
      ),
    ),
    refuse("cloudwatchAlarmRegion", "a region that AWS has", (it) => {
      const region = it.text("cloudwatchAlarmRegion");
      return region !== undefined && !isRegion(region);
    }),
    required("childHealthchecks", "the checks that it sums up", (it) => it.text("type") === "CALCULATED"),
    required("routingControlArn", "a routing control", (it) => it.text("type") === "RECOVERY_CONTROL"),
    required("cloudwatchAlarmName", "an alarm's name", (it) => it.text("type") === "CLOUDWATCH_METRIC"),
    required("cloudwatchAlarmRegion", "an alarm's region", (it) => it.text("type") === "CLOUDWATCH_METRIC"),
    ...["fqdn", "ipAddress", "port", "resourcePath", "searchString"].map((name) =>
      refuse(
        name,
        "nothing beside a sum or an alarm",
        (it) => /^(CALCULATED|CLOUDWATCH_METRIC)$/.test(it.text("type") ?? "") && it.has(name),
      ),
    ),
    refuse(
      "searchString",
      "no text to search but for a type with STR_MATCH",
      (it) => it.has("searchString") && it.knows("type") && !/STR_MATCH$/.test(it.text("type") ?? ""),
    ),
    refuse("resourcePath", "no path for TCP", (it) => it.has("resourcePath") && it.text("type") === "TCP"),
    within("childHealthThreshold", 0, 256),
    matches("fqdn", DNS_NAME, "a host's name"),
    ...Object.entries(CHECKED_BY).flatMap(([kind, names]) =>
      names.map((name) =>
        refuse(name, `nothing but for ${kind}`, (it) => it.has(name) && it.knows("type") && it.text("type") !== kind),
      ),
    ),
    refuse("referenceName", "at most 27 characters", (it) => (it.text("referenceName") ?? "").length > 27),
    refuse("port", "a port for TCP", (it) => it.text("type") === "TCP" && it.lacks("port")),
  ],
};

const UNREACHABLE = [...PRIVATE_BLOCKS, "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "224.0.0.0/4", "0.0.0.0/8"];

function between(value: number | undefined, minimum: number, maximum: number): boolean {
  return value === undefined || (value >= minimum && value <= maximum);
}
