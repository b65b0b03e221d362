import * as pulumi from "@pulumi/pulumi";
import { childrenMadeBy, madeBy } from "../../infra/provider.ts";

const VPC = { type: "aws:ec2/vpc:Vpc", name: "vpc" };
const ROUTE = { type: "aws:ec2/route:Route", name: "route" };

function known(props: pulumi.Inputs): Promise<pulumi.Inputs> {
  return new Promise((resolve) => pulumi.output(props).apply(resolve));
}

/** What becomes of a resource's tags and of the changes that the engine ignores, by either way. */
async function transformed(kind: typeof VPC, props: pulumi.Inputs, opts: pulumi.CustomResourceOptions) {
  // A transformation never looks at the resource itself.
  const resource = pulumi.rootStackResource;
  const own = madeBy("2026.11.2")({ ...kind, resource, props, opts });
  const others = await childrenMadeBy("2026.11.2")({ ...kind, custom: true, props, opts });
  return Promise.all(
    [own, others].map(async (result) => {
      return result && { props: await known(result.props), ignored: result.opts?.ignoreChanges };
    }),
  );
}

describe.each([
  ["madeBy", 0],
  ["childrenMadeBy", 1],
] as const)("%s", (_, way) => {
  it("adds the release to a resource's own tags, once and for all", async () => {
    const results = await transformed(VPC, { cidrBlock: "10.0.0.0/16", tags: { Name: "sparki" } }, {});
    expect(results[way]).toEqual({
      props: { cidrBlock: "10.0.0.0/16", tags: { Name: "sparki", release: "2026.11.2" } },
      ignored: ["tags.release"],
    });
  });

  it("tags what has no tags of its own, and keeps what else is ignored", async () => {
    const results = await transformed(VPC, {}, { ignoreChanges: ["cidrBlock"] });
    expect(results[way]).toEqual({
      props: { tags: { release: "2026.11.2" } },
      ignored: ["cidrBlock", "tags.release"],
    });
  });

  it.each([ROUTE, { type: "kubernetes:core/v1:Secret", name: "secret" }])("leaves $type as it is", async (kind) => {
    expect((await transformed(kind, {}, {}))[way]).toBeUndefined();
  });
});
