import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiRequest, covers, decide, type IdentityStatement } from "../../../aws/authorization.ts";
import { documentsOf, PERMISSIONS } from "../../../delivery/documents.ts";
import { places } from "../../../delivery/places.ts";
import {
  CALLS,
  demand,
  FUNCTION_CALLS,
  requestsOf,
  requestsOfFunction,
} from "../../../rehearsal/aws/iam/authorized-provider.ts";
import { TYPES } from "../../../rehearsal/aws/types.ts";
import { ModelledStack } from "../../support/modelled-stack.ts";
import { changesOf } from "../../support/stack-changes.ts";

/** What nothing that is modelled asks for, and why the deploying role may do it all the same. */
const UNASKED: Readonly<Record<string, string>> = {
  "ec2:DescribeAccountAttributes": "CloudFormation publishes it for an instance of RDS; the provider asks it of nobody",
  "ec2:DisassociateAddress": "the provider does it where EC2 still tells of an address's gateway that is gone already",
  "eks:ListTagsForResource": "the provider asks it only where EKS's answer has no tags in it",
  "elasticloadbalancing:CreateWebACLAssociation":
    "WAF asks it of load balancing by itself; AWS documents it as that alone",
  "elasticloadbalancing:DeleteWebACLAssociation":
    "WAF asks it of load balancing by itself; AWS documents it as that alone",
  "elasticloadbalancing:DescribeWebACLAssociation":
    "WAF asks it of load balancing by itself; AWS documents it as that alone",
  "elasticloadbalancing:GetLoadBalancerWebACL":
    "WAF asks it of load balancing by itself; AWS documents it as that alone",
  "iam:ListRoleTags": "the provider asks it only where IAM's answer has no tags in it",
  "kms:GenerateDataKeyWithoutPlaintext": "RDS and ElastiCache may make a volume's key by it in the name of who asks",
  "route53:ListHostedZonesByName": "the provider looks for a zone by either list, as its version goes",
  "route53:ListQueryLoggingConfigs": "io/aws-lookups.ts asks it without the provider, after an interrupted update",
};

/** What each stack's deployment asks for in an account that had nothing: making, reading, changing and deleting all of it. */
async function askedBy(stack: string): Promise<{ modelled: ModelledStack; asked: readonly ApiRequest[] }> {
  const modelled = new ModelledStack(stack);
  modelled.account.world.profile = { ...modelled.account.world.profile, hasServiceRoles: false };
  await modelled.deploy();
  const later = modelled
    .resources()
    .flatMap((there) => [
      ...modelled.requests("read", there),
      ...changesOf(there).flatMap(({ from, to }) => modelled.requests("update", { ...there, ...from }, to)),
      ...modelled.requests("delete", there, there.type === TYPES.bucket ? { forceDestroy: true } : {}),
    ]);
  const all = [...modelled.created.flatMap(({ requests }) => requests), ...later, ...modelled.looks()];
  return { modelled, asked: [...new Map(all.map((each) => [JSON.stringify(each), each])).values()] };
}

describe.each(places())("the deploying role of $stack", (place) => {
  let modelled: ModelledStack;
  let asked: readonly ApiRequest[] = [];
  const statements = Object.entries(documentsOf(place)).flatMap(([file, { Statement }]) =>
    file.startsWith("deploying-role.") ? Statement : [],
  );
  const deniedBy = (all: readonly IdentityStatement[], requests = asked) =>
    requests.filter((each) => decide(all, each) !== "allowed").map(({ action, resource }) => `${action} ${resource}`);

  beforeAll(async () => {
    ({ modelled, asked } = await askedBy(place.stack));
  });
  afterAll(() => modelled.close());

  it("may do all that a first deployment, changes and a destroy ask AWS for", () => {
    expect(modelled.created.length).toBeGreaterThan(130);
    expect(asked.length).toBeGreaterThan(950);
    expect(deniedBy(statements)).toEqual([]);
  });

  it("has no statement without which all of it would go as well", () => {
    const idle = statements.filter((each) => {
      const others = statements.filter((other) => other !== each);
      const about = asked.filter((request) => covers(each, request));
      return each.Effect === "Allow" && deniedBy(others, about).length === 0;
    });
    expect(idle).toEqual([]);
  });

  it("has no action in a statement without which all of it would go as well, but those with a reason", () => {
    const idle = statements.flatMap((statement) =>
      statement.Action.filter((action) => {
        const less = { ...statement, Action: statement.Action.filter((each) => each !== action) };
        const others = statements.map((each) => (each === statement ? less : each));
        return (
          statement.Effect === "Allow" &&
          deniedBy(
            others,
            asked.filter((each) => each.action === action),
          ).length === 0
        );
      }),
    );
    expect([...new Set(idle)].sort()).toEqual(Object.keys(UNASKED).sort());
  });

  it("may not do with another stack's, another account's or untagged resources what it may with its own", () => {
    const [stranger, foreign] = [place.stack === "prod" ? "staging" : "prod", "999999999999"];
    const named = asked.filter(({ resource }) => new RegExp(`[-/:]sparki[-/]${place.stack}\\b`).test(resource));
    expect(named.length).toBeGreaterThan(100);
    const other = named.map((each) => ({
      ...each,
      resource: each.resource.replace(new RegExp(`(sparki[-/])${place.stack}\\b`), `$1${stranger}`),
    }));
    const isLook = ({ action }: ApiRequest) => ["iam:GetRole"].includes(action);
    expect(other.filter((each) => !isLook(each) && decide(statements, each) === "allowed")).toEqual([]);
    const elsewhere = asked
      .filter(({ resource }) => resource.includes(`:${place.accountId}:`))
      .map((each) => ({ ...each, resource: each.resource.replace(`:${place.accountId}:`, `:${foreign}:`) }));
    expect(elsewhere.length).toBeGreaterThan(400);
    expect(elsewhere.filter((each) => decide(statements, each) === "allowed")).toEqual([]);
  });

  it("makes a role, gives it policies and changes it under the stack's boundary alone", () => {
    const bound = asked.filter(({ action }) =>
      /^iam:(CreateRole|PutRolePolicy|AttachRolePolicy|PutRolePerm)/.test(action),
    );
    expect(bound.length).toBeGreaterThan(15);
    const under = (boundary: readonly string[]) =>
      bound.map((each) => ({ ...each, context: { ...each.context, "iam:permissionsboundary": boundary } }));
    for (const boundary of [
      [],
      ["arn:aws:iam::aws:policy/AdministratorAccess"],
      [`arn:aws:iam::${place.accountId}:policy/x`],
    ])
      expect(under(boundary).filter((each) => decide(statements, each) !== "implicitDeny")).toEqual([]);
    const lifting = { action: "iam:DeleteRolePermissionsBoundary", resource: "arn:aws:iam::1:role/x", context: {} };
    expect(decide(statements, lifting)).toBe("explicitDeny");
    expect(decide([...statements, { Effect: "Allow", Action: ["*"], Resource: ["*"] }], lifting)).toBe("explicitDeny");
  });

  it("is refused in AWS's own words, with who asked, what for and on what", () => {
    const arn = `arn:aws:sts::${place.accountId}:assumed-role/deploys-sparki-${place.stack}/rehearsal`;
    const words = (action: string, less: readonly IdentityStatement[] = []) => {
      try {
        demand(
          { arn, statements: less },
          asked.filter((each) => each.action === action),
        );
        return "";
      } catch (error) {
        return String(error);
      }
    };
    const role = `arn:aws:iam::${place.accountId}:role/`;
    expect(words("iam:CreateRole")).toMatch(
      `AwsError: api error AccessDenied: User: ${arn} is not authorized to perform: iam:CreateRole on resource: ${role}`,
    );
    expect(words("iam:CreateRole")).toMatch(/ because no identity-based policy allows the iam:CreateRole action$/);
    expect(words("ec2:CreateVpc")).toContain(
      `api error UnauthorizedOperation: You are not authorized to perform this operation. User: ${arn} is`,
    );
    expect(words("kms:CreateKey")).toContain("api error AccessDeniedException: User: ");
    const deny: IdentityStatement = { Effect: "Deny", Action: ["kms:*"], Resource: ["*"] };
    expect(words("kms:CreateKey", [...statements, deny])).toMatch(
      / with an explicit deny in an identity-based policy$/,
    );
    expect(words("kms:CreateKey", statements)).toBe("");
  });
});

describe("what the provider asks AWS for", () => {
  it("is written down of every type that a stack may have, and of no other", () => {
    expect(Object.keys(CALLS).sort()).toEqual(Object.keys(PERMISSIONS).sort());
    const facts = { ...new ModelledStack("prod").facts(TYPES.topic, {}) };
    expect(() => requestsOf("create", facts)).toThrow(
      "what the provider asks IAM for aws:sns/topic:Topic is not known",
    );
    expect(() => requestsOfFunction("aws:sns/getTopic:getTopic", facts)).toThrow(
      "aws:sns/getTopic:getTopic is not known",
    );
  });

  it("is written down of the functions that something here calls, and of no other", () => {
    const root = join(import.meta.dirname, "..", "..", "..");
    const files = ["apps", "infra", "io", "runbook", "rehearsal/eks"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map((file) => join(root, folder, String(file))),
    );
    const text = files
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(file, "utf8"))
      .join("\n");
    // The program calls these by the SDK's own names.
    const called = (name: string) => text.includes(name) || text.includes(`aws.${name.split("/")[1]}(`);
    expect(Object.keys(FUNCTION_CALLS).filter((name) => !called(name))).toEqual([]);
  });
});
