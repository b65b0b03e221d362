import { TRACKS_AT_ONCE } from "../../gates/live/pace.ts";
import { Firewall, REQUESTS_PER_CLIENT } from "../../infra/edge.ts";
import { parseConfig } from "../../stacks/config.ts";
import { find, record } from "../support/recorder.ts";
import { rawConfig } from "../support/stack-config.ts";

/** AWS WAF counts a client's requests over five minutes. */
const WINDOW_SECONDS = 300;

describe("REQUESTS_PER_CLIENT", () => {
  it.each(["prod", "staging"])(
    "lets the gates of %s ask a one-box and the fleet beside it without a break",
    (stack) => {
      const { syntheticRequestsPerSecond } = parseConfig(rawConfig(stack), stack).gate;
      expect(REQUESTS_PER_CLIENT).toBeGreaterThan(TRACKS_AT_ONCE * syntheticRequestsPerSecond * WINDOW_SECONDS);
    },
  );
});

describe("Firewall", () => {
  it("lets bodies over 8 KB through on the API's paths only, and refuses them after the rule that marks them (W118)", async () => {
    const recorded = await record(() => {
      new Firewall("firewall", { stack: "prod", loadBalancerArn: "arn:lb", logKeyArn: "arn:key" });
    });
    const { inputs } = find(recorded, "aws:wafv2/webAcl:WebAcl");
    const text = JSON.stringify(inputs.rules);
    const rules: { name: string; priority: number; action?: object; statement: object }[] = JSON.parse(text);
    const common = rules.find(({ name }) => name === "AWSManagedRulesCommonRuleSet");
    expect(common?.statement).toEqual({
      managedRuleGroupStatement: {
        vendorName: "AWS",
        name: "AWSManagedRulesCommonRuleSet",
        ruleActionOverrides: [{ name: "SizeRestrictions_BODY", actionToUse: { count: {} } }],
      },
    });
    const own = rules.find(({ name }) => name === "large-body-beside-api");
    expect(own?.action).toEqual({ block: {} });
    expect(JSON.stringify(own?.statement)).toContain("awswaf:managed:aws:core-rule-set:SizeRestrictions_Body");
    expect(own?.statement).toMatchObject({
      andStatement: {
        statements: [
          { labelMatchStatement: { scope: "LABEL" } },
          {
            notStatement: {
              statement: { byteMatchStatement: { searchString: "/api/", positionalConstraint: "STARTS_WITH" } },
            },
          },
        ],
      },
    });
    expect(own?.priority).toBeGreaterThan(common?.priority ?? Number.POSITIVE_INFINITY);
    expect(new Set(rules.map(({ priority }) => priority)).size).toBe(rules.length);
  });
});
