import * as pulumi from "@pulumi/pulumi";
import { foundBy } from "../../../runbook/recovery/found-by.ts";
import { type Finders, isOf, physicalIds } from "../../../runbook/recovery/state-edit.ts";
import { ORIGIN_TAG, originOf, TAGGED_WITH_ORIGIN } from "../../../stacks/tagging.ts";
import { type Recorded, record } from "../../support/recorder.ts";
import { rawConfig } from "../../support/stack-config.ts";

const ACCOUNT = "us-east-1:111122223333";
const nothing: Finders = { byOrigin: async () => [], secretVersions: async () => [], queryLogs: async () => [] };
const tagged = (...arns: string[]): Finders => ({ ...nothing, byOrigin: async () => arns });
const ids = (type: string, inputs: Readonly<Record<string, unknown>>, find = nothing) =>
  physicalIds({ urn: `urn:pulumi:prod::sparki::${type}::it`, type, name: "it", inputs }, find);

describe("physicalIds", () => {
  it.each([
    ["aws:rds/instance:Instance", { identifier: "sparki-prod-database" }, "sparki-prod-database"],
    ["aws:ec2/route:Route", { routeTableId: "rtb-1", destinationCidrBlock: "0.0.0.0/0" }, "rtb-1_0.0.0.0/0"],
    ["aws:ec2/routeTableAssociation:RouteTableAssociation", { subnetId: "s", routeTableId: "r" }, "s/r"],
    ["aws:eks/addon:Addon", { clusterName: "sparki-prod", addonName: "coredns" }, "sparki-prod:coredns"],
    ["aws:iam/rolePolicyAttachment:RolePolicyAttachment", { role: "r", policyArn: "arn:p" }, "r/arn:p"],
    ["aws:route53/record:Record", { zoneId: "Z", name: "_A.sparki.tools.", type: "CNAME" }, "Z__a.sparki.tools_CNAME"],
    [
      "aws:route53/record:Record",
      { zoneId: "Z", name: "prod.sparki.tools", type: "A", setIdentifier: "new" },
      "Z_prod.sparki.tools_A_new",
    ],
    ["kubernetes:core/v1:Namespace", { metadata: { name: "sparki-web" } }, "sparki-web"],
    ["kubernetes:core/v1:ConfigMap", { metadata: { namespace: "a", name: "b" } }, "a/b"],
    ["kubernetes:helm.sh/v3:Release", { namespace: "sparki-web", name: "web-fleet" }, "sparki-web/web-fleet"],
  ])("makes the id of a %s of what the program calls it", async (type, inputs, id) => {
    expect(await ids(type, inputs)).toEqual([id]);
  });

  it.each([
    ["aws:ec2/subnet:Subnet", `arn:aws:ec2:${ACCOUNT}:subnet/subnet-1`, "subnet-1"],
    ["aws:kms/key:Key", `arn:aws:kms:${ACCOUNT}:key/4b30`, "4b30"],
    ["aws:route53/zone:Zone", "arn:aws:route53:::hostedzone/Z1", "Z1"],
    ["aws:lb/targetGroup:TargetGroup", `arn:aws:elasticloadbalancing:${ACCOUNT}:targetgroup/a/b`, undefined],
    [
      "aws:eks/podIdentityAssociation:PodIdentityAssociation",
      `arn:aws:eks:${ACCOUNT}:x/sparki-prod/a-1`,
      "sparki-prod,a-1",
    ],
    ["aws:wafv2/webAcl:WebAcl", `arn:aws:wafv2:${ACCOUNT}:regional/webacl/sparki-prod/6f`, "6f/sparki-prod/REGIONAL"],
  ])("finds a %s by its tag", async (type, arn, id) => {
    expect(await ids(type, {}, tagged(arn))).toEqual([id ?? arn]);
  });

  it("gives every resource that carries the tag, so that two are noticed", async () => {
    const arn = (id: string) => `arn:aws:ec2:${ACCOUNT}:natgateway/${id}`;
    expect(await ids("aws:ec2/natGateway:NatGateway", {}, tagged(arn("nat-1"), arn("nat-2")))).toEqual([
      "nat-1",
      "nat-2",
    ]);
  });

  it("finds a secret's version by the secret", async () => {
    const find = { ...nothing, secretVersions: async (secret: string) => [`${secret}|version`] };
    const type = "aws:secretsmanager/secretVersion:SecretVersion";
    expect(await ids(type, { secretId: "arn:s" }, find)).toEqual(["arn:s|version"]);
  });

  it("finds a zone's query log by the zone", async () => {
    const find = { ...nothing, queryLogs: async (zone: string) => [`log-of-${zone}`] };
    expect(await ids("aws:route53/queryLog:QueryLog", { zoneId: "Z" }, find)).toEqual(["log-of-Z"]);
  });

  it.each([
    ["random:index/randomPassword:RandomPassword", {}],
    ["command:local:Command", { create: "true" }],
    ["aws:rds/instance:Instance", {}],
    ["aws:rds/instance:Instance", { identifier: "" }],
    ["kubernetes:core/v1:ConfigMap", {}],
  ])("knows no id of a %s with %j", async (type, inputs) => {
    expect(await ids(type, inputs)).toEqual([]);
  });
});

/** Ids that only AWS gives out, and no recording tells. */
const UNTOLD = { zoneId: "Z", hostedZoneId: "Z" };

describe("isOf", () => {
  it.each([
    ["aws:s3/bucket:Bucket", "logs", { bucket: "logs" }, "logs"],
    ["aws:ec2/routeTableAssociation:RouteTableAssociation", "rtbassoc-1", { subnetId: "s", routeTableId: "r" }, "s/r"],
    ["aws:eks/podIdentityAssociation:PodIdentityAssociation", "a-1", {}, "sparki-prod,a-1"],
    ["aws:wafv2/webAcl:WebAcl", "6f", {}, "6f/sparki-prod/REGIONAL"],
  ])("knows a %s of the state by what it is imported by", (type, id, inputs, imported) => {
    expect(isOf({ type, id, inputs }, imported)).toBe(true);
    expect(isOf({ type, id: "other", inputs: {} }, imported)).toBe(false);
  });
});

describe("the program's resources", () => {
  let recorded: readonly Recorded[] = [];
  beforeAll(async () => {
    recorded = await record(async () => {
      pulumi.runtime.setAllConfig({ ...rawConfig("prod"), "sparki:slackWebhook": "https://slack.test/x" });
      const { default: deployment } = await import("../../../index.ts");
      await deployment();
    });
  });

  it("can all be found again after an interrupted update, or are made again without harm", async () => {
    const find = {
      byOrigin: async () => ["arn:found/it"],
      secretVersions: async () => ["1"],
      queryLogs: async () => ["1"],
    };
    const custom = recorded.filter(({ type }) => /^(aws|kubernetes|command|random|pulumi):/.test(type));
    const own = custom.filter(({ type }) => !/^pulumi:(providers|pulumi):/.test(type));
    expect(own.filter(({ type }) => foundBy(type) === undefined)).toEqual([]);
    const sought = own.filter(({ type }) => foundBy(type)?.by !== "effect");
    const lost = await Promise.all(
      sought.map(async ({ type, inputs }) =>
        (await ids(type, { ...inputs, ...UNTOLD }, find)).length > 0 ? [] : [type],
      ),
    );
    expect(lost.flat()).toEqual([]);
    expect(sought.length).toBeGreaterThan(110);
  });

  it("carry their origin where AWS makes up their id, each its own", () => {
    const marked = recorded.filter(({ type }) => TAGGED_WITH_ORIGIN.has(type));
    const origins = marked.map(({ inputs: { tags } }) => Reflect.get(Object(tags), ORIGIN_TAG));
    expect(origins).toEqual(marked.map(({ type, name }) => originOf(type, name)));
    expect(new Set(origins).size).toBe(marked.length);
    for (const origin of origins) expect(origin).toMatch(/^[A-Za-z0-9+\-=._:/@ ]{1,256}$/);
  });
});
