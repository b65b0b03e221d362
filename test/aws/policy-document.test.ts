import fc from "fast-check";
import { allows, documentFaults, isLike } from "../../aws/policy-document.ts";
import { policy } from "./right-inputs.ts";

const read = { action: "s3:GetObject", resource: "arn:aws:s3:::logs/a" };
const two = (first: object, second: object) =>
  JSON.stringify({ Version: "2012-10-17", Statement: [first, second].map((each) => ({ Resource: "*", ...each })) });

describe("allows", () => {
  const cases: [string, string, boolean][] = [
    ["an action and a resource that are covered", policy({ Action: "s3:Get*", Resource: "arn:aws:s3:::logs/*" }), true],
    ["another case of the action", policy({ Action: "S3:getobject", Resource: "*" }), true],
    ["another action", policy({ Action: "s3:PutObject", Resource: "*" }), false],
    ["another resource", policy({ Action: "s3:*", Resource: "arn:aws:s3:::other/*" }), false],
    ["all but that action", policy({ NotAction: "s3:GetObject", Resource: "*" }), false],
    ["a Deny beside the Allow", two({ Effect: "Allow", Action: "s3:*" }, { Effect: "Deny", Action: "s3:Get*" }), false],
    [
      "a condition on what the request lacks",
      policy({ Action: "s3:*", Resource: "*", Condition: { StringEquals: { "aws:SourceAccount": "1" } } }),
      false,
    ],
    [
      "a condition that counts only if the key is there",
      policy({ Action: "s3:*", Resource: "*", Condition: { StringEqualsIfExists: { "aws:SourceAccount": "1" } } }),
      true,
    ],
    [
      "an operator that is not evaluated",
      policy({ Action: "s3:*", Resource: "*", Condition: { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } } }),
      false,
    ],
    ["a text that is no document", "{", false],
  ];
  it.each(cases)("judges %s", (_, document, expected) => expect(allows(document, read)).toBe(expected));

  it("reads switches of the request", () => {
    const deny = { Effect: "Deny", Action: "s3:*", Condition: { Bool: { "aws:SecureTransport": "false" } } };
    const document = two({ Effect: "Allow", Action: "s3:*" }, deny);
    expect(allows(document, { ...read, context: { "aws:securetransport": "true" } })).toBe(true);
    expect(allows(document, { ...read, context: { "aws:securetransport": "false" } })).toBe(false);
  });

  it("takes an account and its root for the same principal", () => {
    const document = policy({ Principal: { AWS: "111122223333" }, Action: "s3:*", Resource: "*" });
    expect(allows(document, { ...read, principal: "arn:aws:iam::111122223333:root" })).toBe(true);
    expect(allows(document, { ...read, principal: "arn:aws:iam::444455556666:root" })).toBe(false);
  });
});

describe("documentFaults", () => {
  it("finds none in what it takes", () => {
    expect(documentFaults(policy({ Action: ["s3:GetObject"], Resource: ["arn:aws:s3:::a/*"] }), "identity")).toEqual(
      [],
    );
  });

  it("never throws, whatever the text", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => documentFaults(text, "resource").length > 0));
  });
});

describe("isLike", () => {
  it("agrees with the pattern's own meaning", () => {
    const part = fc.constantFrom("a", "b", "*", "?");
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 6 }),
        fc.array(fc.constantFrom("a", "b"), { maxLength: 8 }),
        (pattern, text) => {
          const expression = new RegExp(`^${pattern.join("").replaceAll("*", ".*").replaceAll("?", ".")}$`);
          expect(isLike(text.join(""), pattern.join(""))).toBe(expression.test(text.join("")));
        },
      ),
    );
  });

  it("is quick with many stars against a long text", () => {
    expect(isLike("a".repeat(100_000), `${"*a".repeat(50)}*b`)).toBe(false);
  });
});
