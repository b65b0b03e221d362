import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { isTagged, UNTAGGED } from "../../stacks/tagging.ts";

const sdk = createRequire(__filename);

/** Whether the SDK's class of that kind takes tags. */
function takesTags(type: string): boolean {
  const module = type.slice("aws:".length, type.lastIndexOf(":"));
  return readFileSync(sdk.resolve(`@pulumi/aws/${module}.js`), "utf8").includes('resourceInputs["tags"] = args?.tags');
}

describe("isTagged", () => {
  it.each([...UNTAGGED])("says no of %s, which takes no tags", (type) => {
    expect({ type, isTagged: isTagged(type), takesTags: takesTags(type) }).toEqual({
      type,
      isTagged: false,
      takesTags: false,
    });
  });

  it.each([
    ["aws:ec2/vpc:Vpc", true],
    ["aws:kms/key:Key", true],
    ["kubernetes:core/v1:ConfigMap", false],
    ["eks:index:Cluster", false],
  ])("says of %s: %s", (type, expected) => {
    expect(isTagged(type)).toBe(expected);
  });
});
