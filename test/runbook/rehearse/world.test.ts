import { resourcesIn } from "../../../records/state.ts";
import { compareWorld, worldSchema } from "../../../runbook/rehearse/rehearsal-report.ts";

const SECRET = "4dabf18193072939515e22adb298388d";
const vpc = { type: "aws:ec2/vpc:Vpc", id: "vpc-1", name: "sparki-prod", inputs: { cidrBlock: "10.40.0.0/16" } };
const world = (...resources: object[]) => worldSchema.parse({ resources }).resources;
const inState = (...resources: object[]) =>
  resourcesIn({ deployment: { resources: resources.map((each) => ({ urn: "u", custom: true, ...each })) } });

describe("compareWorld", () => {
  it("finds nothing when the account and the state agree", () => {
    const { findings, ...counts } = compareWorld(world(vpc), inState(vpc));
    expect({ findings, counts }).toEqual({
      findings: [],
      counts: { resources: 1, orphans: 0, duplicates: 0, drift: 0 },
    });
  });

  it("counts what no state knows as an orphan, but not what AWS made by itself", () => {
    const orphan = { type: "aws:ec2/eip:Eip", id: "eip-1" };
    const made = { type: "aws:ec2/routeTable:RouteTable", id: "rtb-1", owner: "vpc-1" };
    const report = compareWorld(world(vpc, orphan, made), inState(vpc));
    expect(report).toMatchObject({ resources: 2, orphans: 1, findings: ["orphan: aws:ec2/eip:Eip eip-1"] });
  });

  it("counts a second resource of the same type and name as a duplicate", () => {
    const second = { ...vpc, id: "vpc-2" };
    expect(compareWorld(world(vpc, second), inState(vpc, second)).duplicates).toBe(1);
  });

  it.each([
    ["gone", []],
    ["changed", [{ ...vpc, inputs: { cidrBlock: "10.41.0.0/16" } }]],
  ])("counts what is in the state and %s in the account as drift", (_, resources) => {
    expect(compareWorld(world(...resources), inState(vpc)).drift).toBe(1);
  });

  it("never takes a hidden secret for a difference", () => {
    const hidden = { ...vpc, inputs: { password: { [SECRET]: "x", ciphertext: "y" } } };
    expect(compareWorld(world({ ...vpc, inputs: { password: null } }), inState(hidden)).drift).toBe(0);
  });
});
