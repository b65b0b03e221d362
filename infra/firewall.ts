import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { createLogGroup } from "./log-group.ts";

export interface FirewallArgs {
  readonly stack: string;
  readonly loadBalancerArn: pulumi.Input<string>;
  readonly logKeyArn: pulumi.Input<string>;
}

const MANAGED_RULES = [
  "AWSManagedRulesAmazonIpReputationList",
  "AWSManagedRulesCommonRuleSet",
  "AWSManagedRulesKnownBadInputsRuleSet",
  "AWSManagedRulesSQLiRuleSet",
] as const;

/** Where clients send documents: projects' files are larger than the 8 KB that AWS's common rules let through. */
const API_PATH = "/api/";
const COMMON_RULES = "AWSManagedRulesCommonRuleSet";
const LARGE_BODY_RULE = "SizeRestrictions_BODY";
/** What the common rules mark a request with whose body is over 8 KB, where that rule only counts. */
const LARGE_BODY_LABEL = "awswaf:managed:aws:core-rule-set:SizeRestrictions_Body";

/** Requests a client may send in 5 minutes: above what gates send (60 a second to each of two tracks, TRACKS_AT_ONCE, make 36,000). */
export const REQUESTS_PER_CLIENT = 40_000;

/** A web firewall in front of the load balancer: AWS's managed rules and a limit a client, logged. */
export class Firewall extends pulumi.ComponentResource {
  constructor(name: string, args: FirewallArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Firewall", name, {}, options);
    const acl = new aws.wafv2.WebAcl(
      `${name}-acl`,
      {
        name: `sparki-${args.stack}`,
        description: "Public entrance of Sparki",
        scope: "REGIONAL",
        defaultAction: { allow: {} },
        rules: [rateRule(), ...MANAGED_RULES.map(managedRule), largeBodyRule(MANAGED_RULES.length + 1)],
        visibilityConfig: visibility(`sparki-${args.stack}`),
      },
      { parent: this },
    );
    new aws.wafv2.WebAclAssociation(
      `${name}-association`,
      { resourceArn: args.loadBalancerArn, webAclArn: acl.arn },
      { parent: this },
    );
    // The name must start with aws-waf-logs- (AWS limit).
    const logGroup = createLogGroup(this, `${name}-logs`, {
      name: `aws-waf-logs-sparki-${args.stack}`,
      logKeyArn: args.logKeyArn,
    });
    new aws.wafv2.WebAclLoggingConfiguration(
      `${name}-logging`,
      {
        resourceArn: acl.arn,
        logDestinationConfigs: [logGroup.arn],
        redactedFields: [{ singleHeader: { name: "authorization" } }, { singleHeader: { name: "cookie" } }],
      },
      { parent: this },
    );
    this.registerOutputs();
  }
}

function visibility(metricName: string) {
  return { cloudwatchMetricsEnabled: true, sampledRequestsEnabled: true, metricName };
}

function managedRule(name: string, index: number) {
  const counted = { name: LARGE_BODY_RULE, actionToUse: { count: {} } };
  const overrides = name === COMMON_RULES ? { ruleActionOverrides: [counted] } : {};
  return {
    name,
    priority: index + 1,
    overrideAction: { none: {} },
    statement: { managedRuleGroupStatement: { vendorName: "AWS", name, ...overrides } },
    visibilityConfig: visibility(name),
  };
}

function rateRule() {
  return {
    name: "rate-per-client",
    priority: 0,
    action: { block: {} },
    statement: { rateBasedStatement: { limit: REQUESTS_PER_CLIENT, aggregateKeyType: "IP" } },
    visibilityConfig: visibility("rate-per-client"),
  };
}

/** Refuses a large body as the common rules would, but on the API's paths; it stands after the rule that marks them. */
function largeBodyRule(priority: number) {
  const isLarge = { labelMatchStatement: { scope: "LABEL", key: LARGE_BODY_LABEL } };
  const isApi = {
    byteMatchStatement: {
      fieldToMatch: { uriPath: {} },
      positionalConstraint: "STARTS_WITH",
      searchString: API_PATH,
      textTransformations: [{ priority: 0, type: "NORMALIZE_PATH" }],
    },
  };
  return {
    name: "large-body-beside-api",
    priority,
    action: { block: {} },
    statement: { andStatement: { statements: [isLarge, { notStatement: { statement: isApi } }] } },
    visibilityConfig: visibility("large-body-beside-api"),
  };
}
