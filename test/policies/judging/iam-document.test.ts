import { policies } from "../../../policies/all.ts";
import { statementsOf } from "../../../policies/judging/iam-document.ts";
import { role } from "../../support/policy-examples.ts";
import { judge } from "../../support/policy-fixtures.ts";

const statement = {
  Effect: "Allow",
  Principal: { Service: "eks.amazonaws.com", AWS: ["1111", "2222"] },
  Action: "s3:GetObject",
  Resource: ["a", "b"],
  Condition: { StringEquals: { "aws:SourceAccount": "1111" } },
};

describe("statementsOf", () => {
  it("gives lists where the document may have a single text", () => {
    expect(statementsOf(JSON.stringify({ Statement: statement }))).toEqual([
      {
        allows: true,
        actions: ["s3:GetObject"],
        notActions: [],
        resources: ["a", "b"],
        notResources: [],
        principals: { Service: ["eks.amazonaws.com"], AWS: ["1111", "2222"] },
        conditions: { StringEquals: { "aws:SourceAccount": ["1111"] } },
      },
    ]);
  });

  it("takes a document given as an object", () => {
    expect(statementsOf({ Statement: [statement, statement] })).toHaveLength(2);
  });

  it("takes a bare * for every account", () => {
    expect(statementsOf({ Statement: { Effect: "Deny", Principal: "*" } })[0]).toMatchObject({
      allows: false,
      principals: { AWS: ["*"] },
    });
  });

  it.each([undefined, "", "{}", {}])("finds nothing in %j", (document) => expect(statementsOf(document)).toEqual([]));

  it("refuses what is not JSON", () => expect(() => statementsOf("{")).toThrow(SyntaxError));

  it("breaks the policies that read it where it is not JSON, and stops none of them from saying so", () => {
    const broken = role.with({ assumeRolePolicy: `\ufeff${role.props.assumeRolePolicy}` });
    const said = judge(policies, [broken]).map(({ property }) => property);
    expect(said).toContain("assumeRolePolicy.Principal");
  });
});
