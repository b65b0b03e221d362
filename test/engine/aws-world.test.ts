import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";

jest.setTimeout(3_600_000);

const CASES = join(import.meta.dirname, "..", "rehearsal", "aws", "world-cases.ts");
const AGREES = { orphans: 0, duplicates: 0, drift: 0, findings: [] };

describe("the simulated AWS on the real engine", () => {
  let results: Record<string, Record<string, unknown>>;

  beforeAll(async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [CASES], { maxBuffer: 2 ** 26 });
    results = JSON.parse(stdout);
  });

  it("makes a network, changes nothing the second time, agrees with the state, and leaves an empty world", () => {
    expect(results.whole).toEqual({
      changes: [{ create: 7 }, { create: 7 }, { same: 7 }, { same: 7 }, { delete: 7 }],
      tags: { Name: "sparki", project: "sparki" },
      comparison: { resources: 5, ...AGREES },
      left: 0,
    });
  });

  it.each([
    ["an unknown type", "an unknown type", "sparki rehearsal: no model for aws:foo/bar:Baz"],
    ["a missing argument", "a missing argument", 'The argument "vpcId" is required, but no definition was found'],
    [
      "a missing reference",
      "what only AWS can tell",
      "creating EC2 Security Group (missing): api error InvalidVpcID.NotFound: The vpc ID 'vpc-0123' does not exist",
    ],
    [
      "an overlapping subnet",
      "what only AWS can tell",
      "api error InvalidSubnet.Conflict: The CIDR '10.40.24.0/24' conflicts with another subnet",
    ],
    [
      "a duplicate name",
      "what only AWS can tell",
      "api error InvalidGroup.Duplicate: The security group 'group' already exists for VPC 'vpc-",
    ],
  ])("refuses %s with AWS's own words, and keeps the state true", (_what, name, words) => {
    expect(results[name]?.diagnostics).toContain(words);
    expect(results[name]?.comparison).toMatchObject(AGREES);
  });

  it("changes nothing after RDS has moved the database's minor version, before and after a refresh", () => {
    expect(results.minor).toEqual({
      changes: [{ create: 26 }, { same: 26 }, { same: 26 }, { same: 26 }],
      diagnostics: "",
      has: { version: "17.9", uses: "sparki-test-database-17", groups: ["sparki-test-database-17"] },
      comparison: { resources: 22, ...AGREES },
    });
  });

  it("upgrades the major version in place where that is permitted, with the new parameters before the old ones go", () => {
    const upgrade = { replace: 1, update: 1, same: 24 };
    expect(results.major).toEqual({
      // Without the permission afterwards, the instance is no longer asked to change versions, and nothing else differs.
      changes: { preview: upgrade, upgraded: upgrade, afterwards: { update: 1, same: 25 }, again: { same: 26 } },
      diagnostics: "",
      has: { version: "17.7", uses: "sparki-test-database-17", groups: ["sparki-test-database-17"] },
      comparison: { resources: 22, ...AGREES },
    });
  });

  it("shows by refresh what was changed or deleted behind Pulumi's back, and then repairs it", () => {
    expect(results.drift).toMatchObject({
      before: { findings: [expect.stringMatching(/^drift: .* vpc-0/), expect.stringMatching(/^drift: .* sg-0/)] },
      changes: [
        { update: 1, delete: 1 },
        { update: 1, create: 1 },
      ],
      after: AGREES,
    });
  });

  it("keeps secrets out of the state and the world", () => {
    const { value, secret, stored, ran, again, state, world } = results.secrets ?? {};
    expect(value).toMatch(/^recognisable \w{40}$/);
    expect({ secret, ran, again }).toEqual({ secret: true, ran: true, again: { same: 6 } });
    expect(value).toBe(`recognisable ${stored}`);
    for (const text of [state, world]) {
      expect(text).not.toContain(stored);
      expect(text).not.toContain("recognisable");
    }
  });

  it("constructs the EKS component with the children of the real one in Auto Mode", () => {
    const { preview, made, names, cluster, again, comparison, left } = results.component ?? {};
    expect(preview).toMatchObject({ changes: { create: 24 }, diagnostics: "" });
    expect(made).toMatchObject({
      diagnostics: "",
      outputs: {
        name: { value: "sparki-test", secret: false },
        endpoint: { value: "https://127.99.0.10:6443" },
        nodeSecurityGroupId: { value: expect.stringMatching(/^sg-0/) },
        kubeconfigJson: { value: expect.stringContaining('"user":{"token":"cluster-token"}'), secret: true },
      },
    });
    expect(Array.isArray(names) && names.sort()).toEqual([
      ...["AccessEntry", "AccessPolicyAssociation", "Addon", "Cluster", "InternetGateway", "Role", "Role"],
      ...Array.from({ length: 7 }, () => "RolePolicyAttachment"),
      ...["SecurityGroup", "Subnet", "Subnet", "Vpc"],
    ]);
    expect(cluster).toMatchObject({
      tags: { Name: "cluster-eksCluster", team: "platform", project: "sparki" },
      inputs: { computeConfig: { enabled: true }, accessConfig: { authenticationMode: "API" } },
    });
    expect(again).toEqual({ same: 24 });
    expect(comparison).toMatchObject(AGREES);
    expect(left).toBe(0);
  });

  it("goes on after a component that was refused, or one of its children", () => {
    const { unsupported, impossible, good, names } = results.recovery ?? {};
    expect(unsupported).toMatchObject({
      diagnostics: expect.stringContaining('version is "1.2"; AWS takes what matches'),
    });
    expect(impossible).toMatchObject({
      diagnostics: expect.stringContaining("`publicAccessCidrs` can only be set when"),
    });
    expect(good).toMatchObject({ diagnostics: "" });
    expect(Array.isArray(names) && names.filter((name) => name === "Cluster")).toHaveLength(1);
  });
});
