import { type ApiRequest, decide, type IdentityStatement } from "../../aws/authorization.ts";

const allow = (statement: Partial<IdentityStatement> = {}): IdentityStatement => ({
  Effect: "Allow",
  Action: ["s3:Get*"],
  Resource: ["arn:aws:s3:::mine/*"],
  ...statement,
});
const { Action: _, ...anything } = allow();
const request = (context: ApiRequest["context"] = {}, more: Partial<ApiRequest> = {}): ApiRequest => ({
  action: "s3:GetObject",
  resource: "arn:aws:s3:::mine/a/b",
  context,
  ...more,
});
const when = (Condition: object, context: ApiRequest["context"]) => decide([allow({ Condition })], request(context));
const VARIABLE = "$".concat("{aws:username}");
const TAG = "aws:ResourceTag/stack";
const tagged = (...values: readonly string[]) => ({ "aws:resourcetag/stack": values });

describe("decide", () => {
  it("denies what no statement allows, and by one that denies what others allow", () => {
    expect(decide([], request())).toBe("implicitDeny");
    expect(decide([allow()], request())).toBe("allowed");
    expect(decide([allow(), { Effect: "Deny", Action: ["*"], Resource: ["*"] }], request())).toBe("explicitDeny");
    expect(decide([{ Effect: "Deny", Action: ["*"], Resource: ["*"] }], request())).toBe("explicitDeny");
  });

  it.each([
    ["an action in other letters", {}, { action: "S3:getobject" }, "allowed"],
    ["another action", {}, { action: "s3:PutObject" }, "implicitDeny"],
    ["another resource", {}, { resource: "arn:aws:s3:::mine" }, "implicitDeny"],
    ["a resource in other letters", {}, { resource: "arn:aws:s3:::MINE/a" }, "implicitDeny"],
    ["one character for a question mark", { Resource: ["arn:aws:s3:::m?ne/*"] }, {}, "allowed"],
    ["what is not left out", { ...anything, NotAction: ["s3:Put*"] }, {}, "implicitDeny"],
  ] as const)("compares as IAM does: %s", (_title, statement, more, decision) => {
    const { NotAction, ...rest } = statement as Partial<IdentityStatement>;
    const made: IdentityStatement =
      NotAction === undefined ? allow(rest) : { Effect: "Allow", NotAction: ["s3:Get*"], Resource: ["*"] };
    expect(decide([made], request({}, more))).toBe(decision);
  });

  it("reads NotAction and NotResource as all but those", () => {
    const but: IdentityStatement = { Effect: "Allow", NotAction: ["iam:*"], NotResource: ["arn:aws:s3:::theirs/*"] };
    expect(decide([but], request())).toBe("allowed");
    expect(decide([but], request({}, { action: "iam:CreateUser" }))).toBe("implicitDeny");
    expect(decide([but], request({}, { resource: "arn:aws:s3:::theirs/a" }))).toBe("implicitDeny");
  });

  it.each([
    ["StringEquals", "prod", tagged("prod"), true],
    ["StringEquals", ["a", "prod"], tagged("prod"), true],
    ["StringEquals", "prod", tagged("Prod"), false],
    ["StringEquals", "prod", {}, false],
    ["StringEqualsIfExists", "prod", {}, true],
    ["StringNotEquals", "prod", tagged("prod"), false],
    ["StringNotEquals", "prod", {}, true],
    ["StringLike", "pr*", tagged("prod"), true],
    ["StringNotLike", "pr*", tagged("prod"), false],
    ["ArnLike", "arn:aws:iam::*:role/x", tagged("arn:aws:iam::1:role/x"), true],
    ["Bool", "true", tagged("TRUE"), true],
    ["ForAllValues:StringLike", "*.a.test", tagged("x.a.test", "y.a.test"), true],
    ["ForAllValues:StringLike", "*.a.test", tagged("x.a.test", "b.test"), false],
    ["ForAllValues:StringEquals", "a", {}, true],
    ["ForAnyValue:StringEquals", "a", tagged("b", "a"), true],
    ["ForAnyValue:StringEquals", "a", {}, false],
  ] as const)("holds %s of %j against %j: %s", (operator, wanted, context, isMet) => {
    expect(when({ [operator]: { [TAG]: wanted } }, context)).toBe(isMet ? "allowed" : "implicitDeny");
  });

  it("asks all conditions of a statement, and all keys of each", () => {
    const both = { StringEquals: { [TAG]: "prod", "aws:RequestTag/stack": "prod" } };
    expect(when(both, tagged("prod"))).toBe("implicitDeny");
    expect(when(both, { ...tagged("prod"), "aws:requesttag/stack": ["prod"] })).toBe("allowed");
  });

  it.each([
    ["an operator", { Condition: { NumericLessThan: { [TAG]: "1" } } }, "condition operator NumericLessThan"],
    ["a misspelt operator", { Condition: { StringEqual: { [TAG]: "1" } } }, "condition operator StringEqual"],
    [
      "a set of a negation",
      { Condition: { "ForAllValues:StringNotLike": { [TAG]: "1" } } },
      "ForAllValues:StringNotLike",
    ],
    ["a key", { Condition: { StringEquals: { "aws:SourceIp": "1" } } }, "condition key aws:SourceIp"],
    ["a misspelt key", { Condition: { StringEquals: { "aws:ResourceTags/stack": "1" } } }, "aws:ResourceTags/stack"],
    ["a variable in a resource", { Resource: [`arn:aws:s3:::${VARIABLE}/*`] }, "policy variables"],
    ["a variable in a condition", { Condition: { StringLike: { [TAG]: VARIABLE } } }, "policy variables"],
  ])("refuses to guess at %s, though the request be another", (_title, statement, message) => {
    expect(() => decide([allow(statement)], request({}, { action: "ec2:CreateVpc" }))).toThrow(message);
  });

  it("refuses to compare several values with one", () => {
    expect(() => when({ StringEquals: { [TAG]: "a" } }, tagged("a", "b"))).toThrow("several values");
  });
});
