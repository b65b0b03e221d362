import * as pulumi from "@pulumi/pulumi";
import { guardOptions, missingGates, refuseUndeclaredOptions, undeclaredOptions } from "../../infra/run.ts";
import { HOSTILE_ALIASES, HOSTILE_READS } from "../policies/hostile/options.ts";

const VPC = { type: "aws:ec2/vpc:Vpc", name: "network-vpc" };
const LISTENER = { type: "aws:lb/listener:Listener", name: "edge-lb-https" };
const FLEET = { type: "kubernetes:helm.sh/v3:Release", name: "engine-fleet" };
const CACHE = { type: "aws:elasticache/replicationGroup:ReplicationGroup", name: "cache-redis" };
const JOB = { type: "command:local:Command", name: "database-jobs-migrate-run" };
const nothing = () => undefined;
const GATED = { hooks: { beforeCreate: [nothing], beforeUpdate: [nothing] } };
class Component extends pulumi.ComponentResource {}
const component = (type: string) => new Component(type, "one", {});

describe("undeclaredOptions", () => {
  it.each<[string, pulumi.CustomResourceOptions]>([
    ["import", { import: "vpc-0123" }],
    ["id", { id: "vpc-0123" }],
    ["retainOnDelete", { retainOnDelete: true }],
    ["pluginDownloadURL", { pluginDownloadURL: "https://evil.example" }],
    ["transforms", { transforms: [() => undefined] }],
    ["aliases", { aliases: [pulumi.output("urn:pulumi:prod::sparki::aws:ec2/vpc:Vpc::other")] }],
    ["aliases", { aliases: [{ type: "aws:ec2/vpc:Vpc", name: "other" }] }],
    ["aliases", { aliases: [{ type: "aws:ec2/subnet:Subnet" }] }],
    ["aliases", { aliases: [{ type: "evil:ec2/vpc:Vpc" }] }],
    ["aliases", { aliases: [{ parent: pulumi.rootStackResource }] }],
    ["aliases", { aliases: [{}] }],
    ["replaceOnChanges", { replaceOnChanges: ["*"] }],
    ["replaceOnChanges", { replaceOnChanges: ["triggers[*]"] }],
    ["hooks", { hooks: { beforeCreate: [nothing] } }],
    ["hooks", { hooks: { afterUpdate: [nothing] } }],
  ])("names %s of a resource that may not have it", (option, options) => {
    expect(undeclaredOptions(VPC, options)).toEqual([option]);
  });

  it.each(HOSTILE_ALIASES.map((one) => [one.title, one] as const))("names the aliases of %s", (_, one) => {
    expect(undeclaredOptions(one, one.options)).toEqual(["aliases"]);
  });

  it.each(HOSTILE_READS.map((one) => [one.title, one] as const))("names the id of %s", (_, one) => {
    expect(undeclaredOptions(one, one.options)).toEqual(["id"]);
  });

  it("names what leaves a resource behind with another one, or replaces it with one", async () => {
    await pulumi.runtime.setMocks({ newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) });
    const other = component("sparki:test:Other");
    expect(undeclaredOptions(VPC, { deletedWith: other })).toEqual(["deletedWith"]);
    expect(undeclaredOptions(VPC, { replaceWith: [other] })).toEqual(["replaceWith"]);
  });

  it.each<[string, { readonly type: string; readonly name: string }, pulumi.CustomResourceOptions]>([
    ["a plain one", VPC, { protect: true, ignoreChanges: ["tags.release"], retainOnDelete: false, aliases: [] }],
    ["the key of the final snapshots", { type: "aws:kms/key:Key", name: "keys-data" }, { retainOnDelete: true }],
    [
      "a kind that had a version in its name",
      { type: "aws:s3/bucket:Bucket", name: "edge-lb-access-logs" },
      { aliases: [{ type: "aws:s3/bucketV2:BucketV2" }] },
    ],
    [
      "the kinds that the SDK's class knows",
      LISTENER,
      { aliases: [{ type: "aws:elasticloadbalancingv2/listener:Listener" }] },
    ],
    [
      "the stack's own outputs",
      { type: "pulumi:pulumi:StackReference", name: "previous-outputs" },
      { id: "a/sparki/prod" },
    ],
    [
      "what the stack has already",
      { type: "pulumi:providers:aws", name: "aws" },
      { urn: "urn:pulumi:prod::sparki::x::aws" },
    ],
    ["a fleet behind its gate", FLEET, GATED],
    ["a cache that keeps its token", CACHE, { hooks: { beforeUpdate: [nothing] } }],
    ["hooks that are none", VPC, { hooks: { afterCreate: [] } }],
    ["what the SDK runs a command again for", JOB, { replaceOnChanges: ["triggers[*]"] }],
    ["the cluster's component", { type: "eks:index:Cluster", name: "cluster-eks" }, { transforms: [() => undefined] }],
  ])("names nothing of %s", (_, resource, options) => {
    expect(undeclaredOptions(resource, options)).toEqual([]);
  });
});

describe("hooks of what has some", () => {
  it.each<[string, { readonly type: string; readonly name: string }, string]>([
    ["after a fleet's change", FLEET, "afterUpdate"],
    ["before a fleet's end", FLEET, "beforeDelete"],
    ["when a fleet fails", FLEET, "onError"],
    ["before a cache is made", CACHE, "beforeCreate"],
    ["before a job's second run", JOB, "beforeUpdate"],
  ])("are named %s", (_, resource, event) => {
    expect(undeclaredOptions(resource, { hooks: { [event]: [nothing] } })).toEqual(["hooks"]);
  });
});

describe("missingGates", () => {
  it.each([
    ["a fleet", FLEET],
    ["a one-box", { ...FLEET, name: "web-one-box" }],
    ["the promotion's record", { type: "pulumi:index:Stash", name: "promotion-record" }],
    ["the answer of DNS", { type: "aws:route53/record:Record", name: "cutover-record" }],
  ])("names what %s may do unjudged", (_, resource) => {
    expect(missingGates(resource, {})).toEqual(["beforeCreate", "beforeUpdate"]);
    expect(missingGates(resource, { hooks: { beforeCreate: [nothing], beforeUpdate: [] } })).toEqual(["beforeUpdate"]);
    expect(missingGates(resource, GATED)).toEqual([]);
  });

  it("asks for none of what no gate judges", () => {
    for (const resource of [VPC, LISTENER, CACHE, JOB, { ...FLEET, name: "monitoring" }])
      expect(missingGates(resource, {})).toEqual([]);
  });
});

describe("refuseUndeclaredOptions", () => {
  const asked = (opts: pulumi.CustomResourceOptions) => {
    const resource = component("sparki:test:One");
    return () => refuseUndeclaredOptions({ resource, ...VPC, props: {}, opts });
  };

  it("says which resource has which option, and what to do", () => {
    expect(asked({ import: "vpc-0123" })).toThrow(
      expect.objectContaining({
        code: "SPARKI_GATE",
        message: 'aws:ec2/vpc:Vpc "network-vpc" has the option import; expected none that is not declared',
        hint: expect.stringContaining("stacks/kept-resources.ts"),
      }),
    );
  });

  it("says what has no gate before it", () => {
    const resource = component("sparki:test:Two");
    expect(() => refuseUndeclaredOptions({ resource, ...FLEET, props: {}, opts: {} })).toThrow(
      expect.objectContaining({
        code: "SPARKI_GATE",
        message:
          'kubernetes:helm.sh/v3:Release "engine-fleet" has no gate in beforeCreate; expected one that judges it',
        hint: expect.stringContaining("stacks/kept-resources.ts"),
      }),
    );
  });

  it("is asked of every resource of a stack, and of none of a program without an engine", async () => {
    expect(guardOptions).not.toThrow();
    await pulumi.runtime.setMocks({ newResource: ({ name }) => ({ id: name, state: {} }), call: () => ({}) });
    let refused: unknown;
    await pulumi.runtime.runInPulumiStack(async () => {
      guardOptions();
      const parent = component("sparki:test:Fine");
      try {
        new Component("sparki:test:Kept", "two", {}, { parent, retainOnDelete: true });
      } catch (error) {
        refused = error;
      }
    });
    expect(String(refused)).toContain('sparki:test:Kept "two" has the option retainOnDelete');
  });

  it("leaves all else as it is", () => {
    expect(asked({ protect: true })()).toBeUndefined();
  });
});
