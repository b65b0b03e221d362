import {
  asResource,
  isUnknownValue,
  knownValue,
  StackView,
  unknownsThrow,
  withInputs,
} from "../../../policies/judging/resource.ts";
import { UNKNOWN } from "../../../shared/engine-values.ts";

function resource(type: string, name: string, props: Record<string, unknown>, sources: Record<string, string> = {}) {
  const sourcesOf = (property: string) => {
    const urn = sources[property];
    return urn === undefined ? [] : [{ type: "any", urn }];
  };
  return asResource({
    type,
    name,
    urn: name,
    props: unknownsThrow(props),
    protect: false,
    provider: undefined,
    sourcesOf,
  });
}

const vpc = resource("aws:ec2/vpc:Vpc", "vpc", { arn: "arn:vpc-1", name: UNKNOWN });
const subnet = (props: Record<string, unknown>, sources?: Record<string, string>) =>
  resource("aws:ec2/subnet:Subnet", "subnet", props, sources);

describe("StackView", () => {
  it("lists the resources of one type", () => {
    const one = subnet({});
    expect(new StackView([vpc, one]).all("aws:ec2/subnet:Subnet")).toEqual([one]);
  });

  it.each<[string, Record<string, unknown>, Record<string, string>, boolean]>([
    ["a value that comes from it", { vpcId: UNKNOWN }, { vpcId: "vpc" }, true],
    ["its ARN", { vpcId: "arn:vpc-1" }, {}, true],
    ["its ARN, in a list", { vpcId: ["other", "arn:vpc-1"] }, {}, true],
    ["its ARN, deep inside", { vpcId: { inner: [{ id: "arn:vpc-1" }] } }, {}, true],
    ["another ARN", { vpcId: "arn:vpc-2" }, {}, false],
    ["a part of its ARN", { vpcId: "vpc-1" }, {}, false],
    ["nothing", {}, {}, false],
    ["an empty text", { vpcId: "" }, {}, false],
    ["an unknown value from elsewhere", { vpcId: UNKNOWN }, { vpcId: "other" }, false],
    ["another property", { other: "arn:vpc-1" }, { other: "vpc" }, false],
  ])("takes %s for a reference or not", (_title, props, sources, expected) => {
    const from = subnet(props, sources);
    expect(new StackView([]).refers(from, "vpcId", vpc)).toBe(expected);
    expect(new StackView([vpc]).referred(from, "vpcId", "aws:ec2/vpc:Vpc")).toEqual(expected ? [vpc] : []);
  });
});

describe("knownValue", () => {
  it("gives what is known", () => expect(knownValue(() => 1)).toBe(1));

  it("gives nothing for what preview cannot know", () => expect(knownValue(() => vpc.props.name)).toBeUndefined());

  it("hides no other error", () => {
    const fail = () => {
      throw new RangeError("other");
    };
    expect(() => knownValue(fail)).toThrow(RangeError);
    expect(isUnknownValue(new RangeError("other"))).toBe(false);
  });
});

describe("withInputs", () => {
  const outputs = subnet({ vpcId: "from the cloud", arn: UNKNOWN });
  const { props } = withInputs(outputs, { vpcId: "requested", arn: "requested", cidrBlock: "10.40.0.0/16" });

  it("takes what the cloud says where it says something", () => expect(props.vpcId).toBe("from the cloud"));

  it("takes what the program asked for where the cloud says nothing", () =>
    expect(props.cidrBlock).toBe("10.40.0.0/16"));

  it("leaves unknown what the cloud will say", () => expect(() => props.arn).toThrow("can't be known"));

  it("names every property once", () => expect(Object.keys(props).sort()).toEqual(["arn", "cidrBlock", "vpcId"]));

  it("leaves the rest of the resource as it is", () => {
    expect(withInputs(outputs, {})).toMatchObject({ type: outputs.type, name: outputs.name, urn: outputs.urn });
  });
});
