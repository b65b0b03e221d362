import { holds, isV4Block, isV6Block, PRIVATE_BLOCKS } from "../addresses.ts";
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
  within,
  wrong,
} from "../finding.ts";
import { type Inputs, isInputList } from "../inputs.ts";
import { arn, type RuleTable } from "./shared.ts";

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
  inside("redirect", ...redirectRules),
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
  (it) => {
    const orders = it.objects(name).flatMap((each) => each.number("order") ?? []);
    return new Set(orders).size < orders.length ? wrong(it, name, "no order twice") : [];
  },
];

const isTls = (it: Inputs) => ["HTTPS", "TLS"].includes(it.text("protocol") ?? "");

/** A redirect that leads to where it came from never ends. */
const redirectsToItself: Rule = (it) =>
  it.objects("defaultActions").flatMap((action) => {
    const to = action.object("redirect");
    if (action.text("type") !== "redirect" || to === undefined) return [];
    const same = (name: string, kept: string, own: string | undefined) => {
      const value = to.text(name) ?? kept;
      return value === kept || (own !== undefined && value === own);
    };
    const here = same("protocol", "#{protocol}", it.text("protocol")) && same("port", "#{port}", it.text("port"));
    const rest =
      same("host", "#{host}", undefined) && same("path", "/#{path}", undefined) && same("query", "#{query}", undefined);
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
  refuse("proxyProtocolV2", "false for HTTP", (it) => isHttp(it) && it.isTrue("proxyProtocolV2")),
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

/** A statement that looks at a part of the request: one part, and how it is read first. */
const matching: readonly Rule[] = MATCHING.map((name) =>
  inside(
    name,
    required("textTransformations", "a transformation, NONE at least"),
    eachOf("textTransformations", oneOf("type", TRANSFORMATIONS)),
    (it) => {
      const types = it.objects("textTransformations").flatMap((each) => each.text("priority") ?? []);
      return new Set(types).size < types.length ? wrong(it, "textTransformations", "no priority twice") : [];
    },
    required("fieldToMatch", "a part of the request"),
    inside(
      "fieldToMatch",
      exactlyOneOf(FIELDS),
      inside("singleHeader", matches("name", /^[^A-Z\p{C}]{1,64}$/u, "1 to 64 characters in lower case")),
      inside("singleQueryArgument", matches("name", /^[^A-Z\p{C}]{1,30}$/u, "1 to 30 characters in lower case")),
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

function statementFindings(statement: Inputs | undefined, depth = 0): Finding[] {
  if (statement === undefined) return [];
  const given = STATEMENTS.filter((name) => statement.has(name));
  if (given.length !== 1) return [{ path: statement.path, found: `${given.length} statements`, expected: "just one" }];
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
        (it) => /^aws$/i.test(it.text("vendorName") ?? "") && it.text("vendorName") !== "AWS",
      ),
      required("vendorName", "a vendor"),
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
    ),
    inside(
      "geoMatchStatement",
      eachMatches("countryCodes", /^[A-Z]{2}$/, "ISO 3166 codes of two letters"),
      required("countryCodes", "countries"),
    ),
    inside(
      "byteMatchStatement",
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
const ACTIONS = ["allow", "block", "count", "captcha", "challenge"];

const visibility: Rule = inside(
  "visibilityConfig",
  matches("metricName", /^[\w#:./-]{1,255}$/, "1 to 255 letters, digits and _#:./-"),
  refuse("metricName", "a name other than All and Default_Action", (it) =>
    ["All", "Default_Action"].includes(it.text("metricName") ?? ""),
  ),
);

const wafRule: readonly Rule[] = [
  matches("name", WAF_NAME, "1 to 128 letters, digits and -_"),
  within("priority", 0, 2_147_483_647),
  required("visibilityConfig", "visibilityConfig"),
  visibility,
  (it) => statementFindings(it.object("statement")),
  refuse("overrideAction", "overrideAction for a group of rules", (it) => isGroup(it) && it.lacks("overrideAction")),
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

const capacityOf = (rule: Inputs): number => {
  const managed = rule.text("statement.managedRuleGroupStatement.name");
  if (managed !== undefined) return MANAGED_GROUPS[managed] ?? 0;
  return 1;
};

function unique(list: string, property: string, expected: string): Rule {
  return (it) => {
    const values = it.objects(list).flatMap((each) => each.text(property) ?? []);
    return new Set(values).size < values.length ? wrong(it, list, expected) : [];
  };
}

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
/** A number of 16 bits. */
const WORD16 = "(6553[0-5]|655[0-2]\\d|65[0-4]\\d{2}|6[0-4]\\d{3}|[1-5]?\\d{1,4})";
/** A host's name, and no address. */
const NAMED =
  /^(?!(\d{1,3}\.){3}\d{1,3}\.?$)(\*\.)?([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i;
/** One string, or several in quotes; the provider puts quotes around the first. */
const TEXTS = /^("([^"\\]|\\.)*"( "([^"\\]|\\.)*")*|([^"\\]|\\.)*("" ?"?([^"\\]|\\.)*|" "([^"\\]|\\.)*)*)$/;
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
};

const recordRules: readonly Rule[] = [
  oneOf("type", RECORD_TYPES),
  matches("name", DNS_NAME, "a domain name"),
  refuse("name", "at most 255 characters", (it) => (it.text("name") ?? "").length > 255),
  (it) => {
    const [records, aliases] = [it.has("records"), it.has("aliases")];
    if (records === aliases) return wrong(it, "records", "just one of records and aliases");
    return [];
  },
  required("ttl", "a time to live beside records", (it) => it.has("records")),
  refuse("ttl", "no time to live for an alias", (it) => it.has("aliases") && it.has("ttl")),
  within("ttl", 0, 2_147_483_647),
  atMostOneOf(ROUTING),
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
  inside("geoproximityRoutingPolicy", within("bias", -90, 90)),
  eachOf("weightedRoutingPolicies", within("weight", 0, 255)),
  eachOf("failoverRoutingPolicies", oneOf("type", ["PRIMARY", "SECONDARY"])),
  refuse("records", "one value for CNAME", (it) => it.text("type") === "CNAME" && it.knownTexts("records").length > 1),
  (it) => {
    const word = WORD[it.text("type") ?? ""];
    return word !== undefined && it.knownTexts("records").some((each) => !word.test(each))
      ? wrong(it, "records", `values of ${it.text("type")} records`)
      : [];
  },
  refuse(
    "records",
    "strings of at most 255 characters",
    (it) =>
      it.text("type") === "TXT" &&
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
    atMostOneOf(["continent", "country"]),
  ),
  refuse(
    "aliases",
    "no alias of this type",
    (it) => it.has("aliases") && ["NS", "SOA", "DS"].includes(it.text("type") ?? ""),
  ),
];

/** What ELB, ACM, WAF and Route 53 refuse. */
export const edgeRules: RuleTable = {
  "aws:lb/loadBalancer:LoadBalancer": [
    matches("name", NAME32, NAME_WORDS),
    refuse("name", "a name that does not begin with internal-", (it) =>
      (it.text("name") ?? "").startsWith("internal-"),
    ),
    oneOf("loadBalancerType", ["application", "network", "gateway"]),
    exactlyOneOf(["subnets", "subnetMappings"]),
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
    arn("loadBalancerArn", "elasticloadbalancing", "loadbalancer/.+"),
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
    ),
    required("defaultActions", "an action"),
    ...actionsOf("defaultActions"),
    oneOf("routingHttpResponseXFrameOptionsHeaderValue", ["DENY", "SAMEORIGIN"]),
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
    redirectsToItself,
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
    required("conditions", "a condition"),
    fewWildcards,
    eachOf("conditions", ...conditionRules),
    fewValues,
    conditionsOnce,
  ],
  "aws:acm/certificate:Certificate": [
    matches("domainName", HOST, "a domain name, of labels of at most 63 characters"),
    refuse("domainName", "at most 253 characters", (it) => (it.text("domainName") ?? "").length > 253),
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
    inside(
      "captchaConfig",
      refuse(
        "immunityTimeProperty.immunityTime",
        "60 to 259200 seconds",
        (it) => !between(it.number("immunityTimeProperty.immunityTime"), 60, 259_200),
      ),
    ),
    inside(
      "challengeConfig",
      refuse(
        "immunityTimeProperty.immunityTime",
        "300 to 259200 seconds",
        (it) => !between(it.number("immunityTimeProperty.immunityTime"), 300, 259_200),
      ),
    ),
    eachMatches("tokenDomains", HOST, "domain names"),
    eachOf(
      "customResponseBodies",
      matches("key", WAF_NAME, "1 to 128 letters, digits and -_"),
      oneOf("contentType", ["TEXT_PLAIN", "TEXT_HTML", "APPLICATION_JSON"]),
    ),
  ],
  "aws:wafv2/webAclAssociation:WebAclAssociation": [
    arn("webAclArn", "wafv2", "regional/webacl/.+"),
    matches(
      "resourceArn",
      /^arn:aws[a-z-]*:(elasticloadbalancing:[a-z0-9-]+:\d{12}:loadbalancer\/app\/|apigateway:|appsync:|cognito-idp:|apprunner:|ec2:)/,
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
      ),
    ),
  ],
  "aws:route53/zone:Zone": [
    required("name", "a domain name", (it) => it.raw("name") !== undefined),
    matches(
      "name",
      /^([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.?$/i,
      "a domain name",
    ),
    refuse("name", "at most 255 characters", (it) => (it.text("name") ?? "").length > 255),
    refuse("comment", "at most 256 characters", (it) => (it.text("comment") ?? "").length > 256),
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
    required("childHealthchecks", "the checks that it sums up", (it) => it.text("type") === "CALCULATED"),
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
    refuse("referenceName", "at most 27 characters", (it) => (it.text("referenceName") ?? "").length > 27),
    refuse("port", "a port for TCP", (it) => it.text("type") === "TCP" && it.lacks("port")),
  ],
};

const UNREACHABLE = [...PRIVATE_BLOCKS, "127.0.0.0/8", "169.254.0.0/16", "100.64.0.0/10", "224.0.0.0/4", "0.0.0.0/8"];

function between(value: number | undefined, minimum: number, maximum: number): boolean {
  return value === undefined || (value >= minimum && value <= maximum);
}
