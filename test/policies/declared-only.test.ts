import fc from "fast-check";
import { IDENTITIES, uncovered } from "../../policies/declared/identities.ts";
import { DECLARATIONS } from "../../policies/declared/world.ts";
import { declaredOnly } from "../../policies/declared-only.ts";
import { asResource } from "../../policies/judging/resource.ts";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { Example, judge, situation, thing } from "../support/policy-fixtures.ts";
import { parsedStackConfig } from "../support/policy-stack.ts";

const VPC = "aws:ec2/vpc:Vpc";
const INTERNET = "aws:ec2/internetGateway:InternetGateway";
const vpc = thing(VPC, { cidrBlock: "10.40.0.0/16", enableDnsHostnames: true, enableDnsSupport: true }).named(
  "network-vpc",
);
const gateway = thing(INTERNET, {}).named("network-internet").from("vpcId", vpc);
const awsProvider = {
  region: "us-east-1",
  allowedAccountIds: '["111122223333"]',
  defaultTags: '{"tags":{"project":"sparki","stack":"prod","owner":"platform-engineering","managed-by":"pulumi"}}',
  maxRetries: "10",
};
const kubeconfig = thing("pulumi:providers:kubernetes", {}).named("cluster-kubernetes");
const keepers = { since: parsedStackConfig().cache.authTokenSince };
const password = thing("random:index/randomPassword:RandomPassword", { length: 64, special: false, keepers }).named(
  "cache-auth",
);
const account = thing("kubernetes:core/v1:ServiceAccount", {
  apiVersion: "v1",
  kind: "ServiceAccount",
  metadata: { name: "web", namespace: "sparki-web" },
  automountServiceAccountToken: false,
}).named("sparki-web-web");

/** Settings of a Release that are off unless the program says otherwise. */
const FILLED_IN = [
  ...["allowNullValues", "createNamespace", "dependencyUpdate", "devel", "disableCRDHooks", "disableOpenapiValidation"],
  ...["disableWebhooks", "forceUpdate", "lint", "recreatePods", "renderSubchartNotes", "replace", "resetValues"],
  ...["reuseValues", "skipCrds", "verify", "waitForJobs"],
];

const said = (...stack: Example<object>[]) => judge([declaredOnly], stack).map(({ property }) => property);

describe(declaredOnly.name, () => {
  it.each([
    ["a declared resource", [vpc]],
    ["a resource made of declared ones", [vpc, gateway]],
    ["a resource under the declared provider", [vpc.under({ type: "pulumi:providers:aws", props: awsProvider })]],
    [
      "a provider without settings that the engine makes up",
      [thing("pulumi:providers:random", { version: "4.21.2", __internal: {} }).named("default_4_21_2")],
    ],
    ["what such a provider makes", [password.under({ type: "pulumi:providers:random", props: { version: "4.21.2" } })]],
    ["a component of the program", [thing("sparki:infra:Network", {}).named("network")]],
    ["the stack itself", [thing("pulumi:pulumi:Stack", {}).named("sparki-prod")]],
  ])("lets pass %s", (_title, stack) => expect(said(...stack)).toEqual([]));

  it.each([
    ["engine-one-box", { skipAwait: true }],
    ["monitoring", { atomic: true, cleanupOnFail: true }],
  ])("lets pass what the Kubernetes provider fills into the release %s once there is a cluster", (name, settings) => {
    const chart = name.split("-")[0];
    const off = Object.fromEntries(FILLED_IN.map((setting) => [setting, false]));
    const texts = { description: "", keyring: "", postrender: "" };
    const filled = {
      ...off,
      ...texts,
      repositoryOpts: null,
      status: null,
      timeout: 300,
      version: "1.0.0",
      ...settings,
    };
    const props = { name, chart: `./apps/charts/${chart}`, namespace: `sparki-${chart}`, maxHistory: 10, values: {} };
    const made = thing("kubernetes:helm.sh/v3:Release", { ...props, ...filled }).named(name);
    const about = said(made).filter((property) => !/^(values$|provider$|its guard)/.test(property ?? ""));
    expect(about).toEqual([]);
    expect(said(made.with({ forceUpdate: true }))).toContain("forceUpdate (declared: false)");
  });

  it.each([
    ["a kind that is not declared", [thing("aws:iam/user:User", {})], ["type and name, which are not declared"]],
    ["a name that is not declared", [vpc.named("other")], ["type and name, which are not declared"]],
    [
      "a property that is not declared",
      [vpc.with({ instanceTenancy: "dedicated" })],
      ["properties", "instanceTenancy (declared: not to be set)"],
    ],
    [
      "a value that is not declared",
      [vpc.with({ cidrBlock: "10.0.0.0/8" })],
      ["properties", 'cidrBlock (declared: "10.40.0.0/16")'],
    ],
    ["a value that nothing declared made", [gateway.with({ vpcId: "vpc-1" })], []],
    [
      "another account's provider",
      [vpc.under({ type: "pulumi:providers:aws", props: { ...awsProvider, allowedAccountIds: '["9"]' } })],
      ["provider"],
    ],
    ["a default provider of AWS", [vpc.under({ type: "pulumi:providers:aws", props: {} })], ["provider"]],
    [
      "a default provider of Kubernetes",
      [account.under({ type: "pulumi:providers:kubernetes", props: {} })],
      ["provider"],
    ],
    [
      "AWS under a provider of another package",
      [vpc.under({ type: "pulumi:providers:random", props: {} })],
      ["provider"],
    ],
    [
      "an object under a provider of another package",
      [account.under({ type: "pulumi:providers:command", props: {} })],
      ["provider"],
    ],
    ["a random value under AWS", [password.under({ type: "pulumi:providers:aws-native", props: {} })], ["provider"]],
    [
      "another stack",
      [thing("pulumi:pulumi:Stack", {}).named("sparki-other")],
      ["type and name, which are not declared"],
    ],
  ])("stops %s", (_title, stack, expected) => {
    if (expected.length > 0) expect(said(...stack)).toEqual(expected);
    else
      expect(said(vpc, thing(INTERNET, { vpcId: "vpc-1" }).named("network-internet"))).toEqual([
        "vpcId (declared: an output of network-vpc)",
        "vpcId, by where its value comes from",
      ]);
  });

  it("stops a default provider of another version, and what is there without its guard", () => {
    const older = thing("pulumi:providers:random", { version: "0.0.1" }).named("default_4_21_2");
    expect(said(older)).toEqual(["type and name, which are not declared"]);
    const release = thing("kubernetes:helm.sh/v3:Release", {}).named("engine-one-box");
    expect(said(release).filter((property) => property?.startsWith("its guard"))).toEqual([
      "its guard kubernetes:core/v1:Namespace sparki-engine",
      ...["users", "migrate", "seed"].map((job) => `its guard command:local:Command database-jobs-${job}-run`),
    ]);
    const web = thing("kubernetes:helm.sh/v3:Release", {}).named("web-one-box");
    expect(said(web).filter((property) => property?.startsWith("its guard"))).toEqual([
      "its guard kubernetes:core/v1:Namespace sparki-web",
    ]);
    expect(said(vpc).filter((property) => property?.startsWith("its guard"))).toEqual([]);
  });

  describe("the boundary of a role", () => {
    const own = "arn:aws:iam::111122223333:policy/sparki-prod-permission-boundary";
    const about = (
      boundary: Readonly<Record<string, unknown>>,
      configured: string | undefined,
      names: readonly string[],
    ) => {
      const { permissionsBoundary: _, ...config } = situation().config;
      const bounded = configured === undefined ? config : { ...config, permissionsBoundary: configured };
      const roles = names.map((name) => thing("aws:iam/role:Role", boundary).named(name));
      const found = judge([declaredOnly], roles, { ...situation(), config: bounded });
      return found.flatMap(({ property }) => (property?.startsWith("permissionsBoundary") ? [property] : []));
    };
    const roles = IDENTITIES.map(({ role }) => role);

    it("is the config's on each of the seven roles, and none where the config has none", () => {
      expect(roles).toHaveLength(7);
      expect(about({ permissionsBoundary: own }, own, roles)).toEqual([]);
      expect(about({}, undefined, roles)).toEqual([]);
    });

    it.each(roles)(
      "stops %s without the boundary, under another, or under one that the config does not name",
      (role) => {
        const says = "what sparki:permissionsBoundary says";
        expect(about({}, own, [role])).toEqual([`permissionsBoundary (declared: ${says})`]);
        const wrong: readonly (readonly [boundary: unknown, configured: string | undefined])[] = [
          ["arn:aws:iam::aws:policy/AdministratorAccess", own],
          [own.replace("prod", "staging"), own],
          [own.replace("111122223333", "999999999999"), own],
          [`${own}s`, own],
          ["", own],
          [[own], own],
          [own, undefined],
        ];
        for (const [boundary, configured] of wrong)
          expect(about({ permissionsBoundary: boundary }, configured, [role])).toEqual([
            `permissionsBoundary (declared: ${says})`,
          ]);
      },
    );

    it("stops the one role without it among others that have it", () => {
      const made = roles.map((name, index) =>
        thing("aws:iam/role:Role", index === 3 ? {} : { permissionsBoundary: own }).named(name),
      );
      const found = judge([declaredOnly], made).filter(({ property }) => property?.startsWith("permissionsBoundary"));
      expect(found.map(({ urn }) => urn)).toEqual([made[3]?.urn]);
    });

    it("stops one that preview cannot know, wherever it comes from", () => {
      const unknown = thing("aws:iam/role:Role", {}).named("network-flow-logs").from("permissionsBoundary", vpc);
      expect(said(vpc, unknown).join()).toContain("permissionsBoundary (declared: a value that preview knows");
    });
  });

  it("stops an option that is not declared, and no other", () => {
    const options = {
      protect: false,
      ignoreChanges: ["tags.release"],
      aliases: [],
      additionalSecretOutputs: [],
      customTimeouts: {},
    };
    expect(said(vpc.optioned(options))).toEqual([]);
    expect(said(vpc.optioned({ ...options, ignoreChanges: ["cidrBlock"] }))).toEqual([
      "option ignoreChanges (declared: tags.release)",
    ]);
  });

  it("stops an output of the stack that is not declared, and takes no other resource's for one", () => {
    const found = judge([{ ...declaredOnly, each: [] }], [vpc, thing("pulumi:pulumi:Stack", { password: "hunter2" })]);
    expect(found.map(({ property }) => property)).toEqual(["output password (declared: not to be set)"]);
  });

  it("stops a value that comes from a resource which it must not come from", () => {
    const bucket = thing("aws:s3/bucket:Bucket", {}).named("evil");
    const wrong = said(vpc, bucket, thing(INTERNET, {}).named("network-internet").from("vpcId", bucket));
    expect(wrong).toContain("vpcId, by where its value comes from");
  });

  it("stops a declared value that is made of something else besides", () => {
    const both = thing(INTERNET, {}).named("network-internet").from("vpcId", vpc, password);
    expect(said(vpc, password, both)).toEqual(["vpcId, by where its value comes from"]);
  });

  const closed = thing("aws:ec2/securityGroup:SecurityGroup", {}).named("database-access");
  const instance = thing("aws:rds/instance:Instance", {}).named("database-instance");
  const groups = (values: readonly string[], ...from: readonly Example<object>[]) => {
    const traits = { ...instance.traits, sources: { vpcSecurityGroupIds: from } };
    const judged = new Example(instance.type, { vpcSecurityGroupIds: values }, traits);
    return said(...from, judged).filter((path) => path?.startsWith("vpcSecurityGroupIds"));
  };

  it.each([
    ["beside one that preview cannot know", [UNKNOWN, "sg-0evil"], {}],
    ["beside one that is told", ["sg-0good", "sg-0evil"], { id: "sg-0good" }],
    ["in the place of one", ["sg-0evil"], { id: "sg-0good" }],
    ["that has the end of one", ["good"], { id: "sg-0good" }],
  ])("stops a text %s, although the list comes from where it should", (_, values, outputs) => {
    expect(groups(values, closed.with(outputs))).toEqual([
      "vpcSecurityGroupIds (declared: outputs of database-access)",
    ]);
  });

  it.each([
    ["its id", ["sg-0good"], { id: "sg-0good" }],
    ["the end of its ARN", ["sg-0good"], { arn: "arn:aws:ec2:us-east-1:111122223333:security-group/sg-0good" }],
    ["what preview cannot know", [UNKNOWN], {}],
  ])("lets pass a list of outputs by %s", (_, values, outputs) => {
    expect(groups(values, closed.with(outputs))).toEqual([]);
  });

  const own = "sparki-prod-database.c1own.us-east-1.rds.amazonaws.com";
  const alike = "sparki-prod-database.c9evil.us-east-1.rds.amazonaws.com";
  const ownCache = "master.sparki-prod-cache.own.use1.cache.amazonaws.com";
  it.each([
    ["stops a database of another account that is named like this one", { database: { host: alike } }, 1],
    ["stops it beside a cache that preview cannot know", { database: { host: alike }, cache: { host: UNKNOWN } }, 1],
    ["stops such a cache", { cache: { host: ownCache.replace("own", "evil") } }, 1],
    ["lets pass this stack's own", { database: { host: own }, cache: { host: ownCache } }, 0],
    ["lets pass what preview cannot know", { database: { host: UNKNOWN }, cache: { host: UNKNOWN } }, 0],
  ])("%s, where a release's values say where pods ask", (_, values, count) => {
    const cache = thing("aws:elasticache/replicationGroup:ReplicationGroup", { primaryEndpointAddress: ownCache });
    const release = thing("kubernetes:helm.sh/v3:Release", { values }).named("engine-fleet");
    const wrong = said(instance.with({ address: own }), cache.named("cache-redis"), release);
    expect(wrong.filter((path) => path?.startsWith("values (declared: values, with the addresses"))).toHaveLength(
      count,
    );
  });

  it("asks of a NAT gateway's id only where it comes from, unless the provider tells the id", () => {
    const nat = thing("aws:ec2/natGateway:NatGateway", {}).named("network-nat-us-east-1a");
    const way = thing("aws:ec2/route:Route", {}).named("network-private-us-east-1a-nat");
    const about = (made: Example<object>) => {
      const route = new Example(
        way.type,
        { natGatewayId: "nat-0evil" },
        { ...way.traits, sources: { natGatewayId: [made] } },
      );
      return said(made, route).filter((path) => path?.startsWith("natGatewayId"));
    };
    expect(about(nat)).toEqual([]);
    expect(about(nat.with({ id: "nat-0evil" }))).toEqual([]);
    expect(about(nat.with({ id: "nat-0good" }))).toEqual(["natGatewayId (declared: an output of network-nat-{zone})"]);
  });

  it("lets pass a value that is known, with or without where it comes from", () => {
    const alias = thing("aws:elasticache/subnetGroup:SubnetGroup", {}).named("cache-subnets");
    const cache = thing("aws:elasticache/replicationGroup:ReplicationGroup", { subnetGroupName: "sparki-prod-cache" });
    const about = (one: Example<object>) =>
      said(alias, one.named("cache-redis")).filter((path) => path?.startsWith("subnetGroupName"));
    expect(about(cache)).toEqual([]);
    expect(about(cache.from("subnetGroupName", alias))).toEqual([]);
    expect(about(cache.from("subnetGroupName", vpc))).toEqual(["subnetGroupName, by where its value comes from"]);
  });

  it("asks only of what is set where it comes from", () => {
    expect(said(thing(INTERNET, {}).named("network-internet"))).toEqual([
      "properties",
      "vpcId (declared: an output of network-vpc)",
    ]);
  });

  it("asks of a value that is declared word for word nothing of where it comes from", () => {
    const traits = { ...vpc.traits, sources: { cidrBlock: [password] } };
    expect(said(password, new Example(vpc.type, vpc.props, traits))).toEqual([]);
  });

  it("knows the signing key's name of a stack with hyphens, which AWS takes without them", () => {
    const key = thing("aws:route53/keySigningKey:KeySigningKey", { name: "sparki_staging_eu_west_1" }).named(
      "edge-dns-ksk",
    );
    const found = judge([declaredOnly], [key], situation({}, "staging-eu-west-1"));
    expect(found.map(({ property }) => property).filter((property) => property?.startsWith("name"))).toEqual([]);
  });

  it("leaves to the provider what it puts out", () => {
    const demanded: string[] = [];
    const { type, props } = vpc;
    const facts = { type, name: "network-vpc", urn: vpc.urn, protect: false, provider: undefined, sourcesOf: () => [] };
    const made = asResource({ ...facts, props: { ...props, arn: "arn:aws:ec2:x" }, holdsOutputs: true });
    for (const { check } of declaredOnly.each ?? []) check(made, (property) => demanded.push(property), situation());
    expect(demanded).toEqual([]);
  });

  it("stops a provider that was told more than is declared", () => {
    expect(said(kubeconfig.with({ context: "evil" }))).toContain("context (declared: not to be set)");
  });

  it("refuses any type that is not declared, whatever its name", () => {
    const types = new Set(DECLARATIONS.map(({ type }) => type));
    const names = fc.constantFrom(...DECLARATIONS.map(({ name }) => name));
    const type = fc.stringMatching(/^(aws|kubernetes|pulumi|sparki):[a-z0-9./]{1,20}:[A-Z][A-Za-z]{1,20}$/);
    fc.assert(
      fc.property(type, names, (one, name) => {
        fc.pre(!types.has(one));
        expect(said(thing(one, {}).named(name))).toEqual(["type and name, which are not declared"]);
      }),
    );
  });

  it("refuses every change to a declared statement that widens it", () => {
    const world = { ...situation(), bound: {} };
    const granted = IDENTITIES.flatMap(({ grants = [] }) => grants.map((grant) => ({ grant, grants })));
    const filled = (text: string) =>
      text
        .replaceAll("{region}", "us-east-1")
        .replaceAll("{account}", "111122223333")
        .replaceAll("{stack}", "prod")
        .replaceAll("{any}", "AbCdEf");
    const statementOf = ({ actions, resources = [] }: (typeof granted)[number]["grant"]) => ({
      Effect: "Allow",
      Action: [...actions],
      Resource: resources.map(filled),
    });
    const documentOf = (statement: object) => JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
    const widenings = fc.constantFrom<(one: ReturnType<typeof statementOf>, at: number) => object>(
      (one) => ({ ...one, Action: [...one.Action, "iam:PassRole"] }),
      (one) => ({ ...one, Resource: [...one.Resource, "*"] }),
      (one) => ({ ...one, Resource: "*" }),
      (one) => ({ ...one, Action: "*" }),
      (one, at) => ({ ...one, Action: one.Action.map((action) => `${action.slice(0, (at % action.length) + 1)}*`) }),
      (one, at) => ({ ...one, Resource: one.Resource.map((arn) => `${arn.slice(0, at % arn.length)}*`) }),
      (one, at) => ({
        ...one,
        Resource: one.Resource.map((arn) => `${arn.slice(0, at % arn.length)}?${arn.slice((at % arn.length) + 1)}`),
      }),
      (one) => ({ ...one, Action: undefined, NotAction: "iam:*" }),
      (one) => ({ ...one, Resource: undefined, NotResource: "arn:aws:s3:::x" }),
      (one) => ({ ...one, Principal: "*" }),
      (one) => ({ ...one, Resource: one.Resource.map((arn) => arn.replace("111122223333", "999999999999")) }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...granted), widenings, fc.nat(200), ({ grant, grants }, widen, at) => {
        const statement = statementOf(grant);
        expect(uncovered(documentOf(statement), grants, world)).toEqual([]);
        fc.pre(documentOf(widen(statement, at)) !== documentOf(statement));
        expect(uncovered(documentOf(widen(statement, at)), grants, world)).not.toEqual([]);
      }),
    );
  });
});
