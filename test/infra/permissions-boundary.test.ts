import * as pulumi from "@pulumi/pulumi";
import { childrenMadeBy } from "../../infra/provider.ts";
import { boundedBy, childrenBoundedBy } from "../../infra/roles.ts";

const ROLE = { type: "aws:iam/role:Role", name: "role" };
const POLICY = { type: "aws:iam/policy:Policy", name: "policy" };
const BOUNDARY = "arn:aws:iam::111122223333:policy/sparki-prod-permission-boundary";

const own = (boundary: string | undefined, kind: typeof ROLE, props: pulumi.Inputs) =>
  // A transformation never looks at the resource itself.
  boundedBy(boundary)({ ...kind, resource: pulumi.rootStackResource, props, opts: {} })?.props;
const others = async (boundary: string | undefined, kind: typeof ROLE, props: pulumi.Inputs) =>
  (await childrenBoundedBy(boundary, childrenMadeBy("2026.11.2"))({ ...kind, custom: true, props, opts: {} }))?.props;

describe("boundedBy", () => {
  it("puts a role under the boundary, whatever boundary it asks for itself", () => {
    const wanted = { name: "role", permissionsBoundary: BOUNDARY };
    expect(own(BOUNDARY, ROLE, { name: "role" })).toEqual(wanted);
    expect(own(BOUNDARY, ROLE, { name: "role", permissionsBoundary: "arn:aws:iam::aws:policy/X" })).toEqual(wanted);
  });

  it("leaves what is no role, and roles of a stack without a boundary", () => {
    expect(own(BOUNDARY, POLICY, {})).toBeUndefined();
    expect(own(undefined, ROLE, {})).toBeUndefined();
  });
});

describe("childrenBoundedBy", () => {
  it("puts another package's role under the boundary, beside what the other transform changes", async () => {
    const props = await others(BOUNDARY, ROLE, { assumeRolePolicy: "{}" });
    expect(props).toMatchObject({ assumeRolePolicy: "{}", permissionsBoundary: BOUNDARY });
    expect(await new Promise((resolve) => pulumi.output(props?.tags).apply(resolve))).toEqual({ release: "2026.11.2" });
  });

  it("puts it there where the other transform changes nothing", async () => {
    const result = await childrenBoundedBy(BOUNDARY, () => undefined)({ ...ROLE, custom: true, props: {}, opts: {} });
    expect(result?.props).toEqual({ permissionsBoundary: BOUNDARY });
  });

  it("changes nothing else", async () => {
    expect(await others(BOUNDARY, POLICY, {})).not.toHaveProperty("permissionsBoundary");
    expect(await others(undefined, ROLE, {})).not.toHaveProperty("permissionsBoundary");
  });
});
