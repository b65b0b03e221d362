import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ApiRequest, decide } from "../../aws/authorization.ts";
import { allows, documentFaults, type Request } from "../../aws/policy-document.ts";
import {
  documentsOf,
  keptDocuments,
  LONGEST_POLICY,
  lengthOf,
  MOST_POLICIES,
  PERMISSIONS,
  type Place,
} from "../../delivery/documents.ts";
import { places } from "../../delivery/places.ts";
import { IDENTITIES } from "../../policies/declared/identities.ts";
import { DECLARATIONS } from "../../policies/declared/world.ts";
import { requestsOfFunction } from "../../rehearsal/aws/iam/authorized-provider.ts";
import { CHECKLIST } from "../../runbook/preflight/checklist.ts";
import type { PreflightContext } from "../../runbook/preflight/context.ts";
import { fakeContext, look } from "../support/preflight.ts";
import { RehearsedAccount } from "../support/rehearsed-account.ts";

const FOLDER = join(import.meta.dirname, "..", "..", "delivery", "documents");
const PROD: Place = { stack: "prod", accountId: "111122223333", region: "us-east-1", domain: "prod.sparki.tools" };
const BOUNDARY = "arn:aws:iam::111122223333:policy/sparki-prod-permission-boundary";
const ROLE = "arn:aws:iam::111122223333:role/sparki-prod-engine";

const entries = Object.entries(documentsOf(PROD));
const ofRole = entries.filter(([file]) => file.startsWith("deploying-role."));
const boundary = JSON.stringify(documentsOf(PROD)["permission-boundary.prod.json"]);
/** A role is judged by all of its policies together. */
const role = JSON.stringify({ Version: "2012-10-17", Statement: ofRole.flatMap(([, { Statement }]) => Statement) });

const here = { "aws:requestedregion": "us-east-1" };
const own = { ...here, "aws:resourcetag/project": "sparki", "aws:resourcetag/stack": "prod" };
const marked = { ...here, "aws:requesttag/project": "sparki", "aws:requesttag/stack": "prod" };
const bounded = { ...here, "iam:permissionsboundary": BOUNDARY };
const arn = (service: string, rest: string) => `arn:aws:${service}:us-east-1:111122223333:${rest}`;
const can = (text: string, action: string, resource: string, context: Request["context"] = here) =>
  allows(text, { action, resource, context });

type Example = readonly [action: string, resource: string, context?: Readonly<Record<string, string>>];
const asked = (examples: readonly Example[]) =>
  examples.map(([action, resource, context]) => ({ action, resource, context }));

const NEEDED: readonly Example[] = [
  ["ec2:CreateVpc", arn("ec2", "vpc/vpc-1"), marked],
  ["ec2:CreateTags", arn("ec2", "vpc/vpc-1"), { ...here, "ec2:createaction": "CreateVpc" }],
  ["ec2:DeleteVpc", arn("ec2", "vpc/vpc-1"), own],
  ["ec2:CreateSubnet", arn("ec2", "vpc/vpc-1"), own],
  ["ec2:AuthorizeSecurityGroupIngress", arn("ec2", "security-group/sg-of-eks")],
  ["ec2:DescribeNatGateways", "*"],
  ["iam:CreateRole", ROLE, bounded],
  ["iam:CreateRole", "arn:aws:iam::111122223333:role/cluster-eks-nodeRole-role-1a2b3c4", bounded],
  ["iam:PutRolePolicy", ROLE, bounded],
  [
    "iam:AttachRolePolicy",
    ROLE,
    { ...bounded, "iam:policyarn": "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole" },
  ],
  ["iam:PassRole", ROLE, { ...here, "iam:passedtoservice": "pods.eks.amazonaws.com" }],
  ["eks:CreateCluster", "*", marked],
  ["eks:UpdateClusterVersion", arn("eks", "cluster/sparki-prod")],
  ["eks:CreateAddon", arn("eks", "cluster/sparki-prod")],
  ["rds:CreateDBInstance", arn("rds", "db:sparki-prod-database")],
  ["rds:CreateDBSnapshot", arn("rds", "snapshot:sparki-prod-database-final")],
  ["elasticache:ModifyReplicationGroup", arn("elasticache", "replicationgroup:sparki-prod-cache")],
  ["secretsmanager:PutSecretValue", arn("secretsmanager", "secret:sparki/prod/cache-AbCdEf")],
  ["kms:CreateKey", "*", marked],
  ["kms:CreateGrant", arn("kms", "key/1"), { ...own, "kms:grantisforawsresource": "true" }],
  ["logs:CreateLogGroup", arn("logs", "log-group:/aws/route53/prod.sparki.tools")],
  ["elasticloadbalancing:CreateListener", arn("elasticloadbalancing", "loadbalancer/app/sparki-prod/1")],
  ["acm:RequestCertificate", "*", marked],
  ["wafv2:UpdateWebACL", arn("wafv2", "regional/webacl/sparki-prod/1")],
  ["route53:CreateKeySigningKey", "arn:aws:route53:::hostedzone/Z1"],
  ["s3:PutBucketPolicy", "arn:aws:s3:::sparki-prod-access-logs-111122223333"],
];

const STRANGE: readonly Example[] = [
  ["iam:CreateUser", "arn:aws:iam::111122223333:user/me"],
  ["iam:CreateAccessKey", "arn:aws:iam::111122223333:user/me"],
  ["iam:CreatePolicyVersion", BOUNDARY],
  ["iam:CreatePolicyVersion", "arn:aws:iam::111122223333:policy/deploys-sparki-prod-cluster"],
  ["iam:DeleteRolePermissionsBoundary", ROLE, bounded],
  [
    "iam:PutRolePermissionsBoundary",
    ROLE,
    { ...here, "iam:permissionsboundary": "arn:aws:iam::aws:policy/AdministratorAccess" },
  ],
  ["iam:CreateRole", ROLE],
  ["iam:CreateRole", ROLE, { ...here, "iam:permissionsboundary": BOUNDARY.replace("prod", "staging") }],
  ["iam:CreateRole", "arn:aws:iam::111122223333:role/sparki-staging-engine", bounded],
  ["iam:CreateRole", "arn:aws:iam::444455556666:role/sparki-prod-engine", bounded],
  ["iam:PutRolePolicy", ROLE],
  ["iam:AttachRolePolicy", ROLE, { ...bounded, "iam:policyarn": "arn:aws:iam::aws:policy/AdministratorAccess" }],
  ["iam:PassRole", ROLE, { ...here, "iam:passedtoservice": "lambda.amazonaws.com" }],
  ["iam:PassRole", "arn:aws:iam::111122223333:role/admin", { ...here, "iam:passedtoservice": "eks.amazonaws.com" }],
  ["sts:AssumeRole", "arn:aws:iam::111122223333:role/admin"],
  ["organizations:LeaveOrganization", "*"],
  ["ec2:CreateVpc", arn("ec2", "vpc/vpc-1")],
  ["ec2:DeleteVpc", arn("ec2", "vpc/vpc-1"), { ...own, "aws:resourcetag/stack": "staging" }],
  ["ec2:RunInstances", arn("ec2", "instance/i-1"), marked],
  ["ec2:DescribeVpcs", "*", { "aws:requestedregion": "eu-west-1" }],
  ["eks:DeleteCluster", arn("eks", "cluster/sparki-staging")],
  ["eks:DeleteCluster", arn("eks", "cluster/sparki-prod-2")],
  ["rds:DeleteDBInstance", arn("rds", "db:sparki-staging-database")],
  ["rds:ModifyDBInstance", arn("rds", "db:billing"), own],
  ["secretsmanager:GetSecretValue", arn("secretsmanager", "secret:sparki/staging/cache-AbCdEf")],
  ["secretsmanager:GetSecretValue", arn("secretsmanager", "secret:rds!db-1")],
  ["kms:ScheduleKeyDeletion", arn("kms", "key/1")],
  ["kms:CreateGrant", arn("kms", "key/1"), own],
  ["logs:DeleteLogGroup", arn("logs", "log-group:/aws/eks/other/cluster")],
  ["route53:ChangeResourceRecordSets", "arn:aws:route53:::hostedzone/Z1"],
  ["s3:GetObject", "arn:aws:s3:::sparki-prod-access-logs-111122223333/a"],
  ["s3:DeleteBucket", "arn:aws:s3:::sparki-staging-access-logs-111122223333"],
];

describe("the deploying role's documents", () => {
  it("are kept as the program needs them now (npm run deploying-role writes them again)", () => {
    const wanted = places().flatMap((place) => Object.entries(keptDocuments(place, place.repository)));
    expect(readdirSync(FOLDER).sort()).toEqual(wanted.map(([file]) => file).sort());
    for (const [file, document] of wanted)
      expect([file, JSON.parse(readFileSync(join(FOLDER, file), "utf8"))]).toEqual([file, document]);
    expect(places().map(({ stack }) => stack)).toEqual(["prod", "staging"]);
  });

  it("know every type of AWS's resources that a stack may have, and no other", () => {
    const declared = new Set(DECLARATIONS.map(({ type }) => type).filter((type) => type.startsWith("aws:")));
    expect(Object.keys(PERMISSIONS).sort()).toEqual([...declared].sort());
    for (const grants of Object.values(PERMISSIONS)) expect(grants.length).toBeGreaterThan(0);
  });

  it.each(places())("are such as IAM takes, in $stack", (place) => {
    const documents = Object.entries(documentsOf(place));
    for (const [file, document] of documents) {
      const text = JSON.stringify(document);
      expect([file, documentFaults(text, "identity")]).toEqual([file, []]);
      expect(lengthOf(document)).toBeLessThanOrEqual(LONGEST_POLICY);
      expect(text).not.toMatch(/\{\w+\}/);
    }
    expect(documents.filter(([file]) => file.startsWith("deploying-role.")).length).toBeLessThanOrEqual(MOST_POLICIES);
  });

  it("allow no action by a wildcard, and nothing on all resources but what AWS lets nobody narrow", () => {
    const allowed = ofRole.flatMap(([, { Statement }]) => Statement).filter(({ Effect }) => Effect === "Allow");
    expect(allowed.flatMap(({ Action }) => Action).filter((action) => action.includes("*"))).toEqual([]);
    const wide = allowed.filter(({ Resource, Condition }) => Resource.includes("*") && Condition === undefined);
    expect(wide.flatMap(({ Action }) => Action)).toEqual([
      "route53:CreateHostedZone",
      "route53:ListHostedZones",
      "route53:ListHostedZonesByName",
    ]);
  });

  it.each(asked(NEEDED))("allow $action on $resource", ({ action, resource, context }) => {
    expect(can(role, action, resource, context)).toBe(true);
  });

  it.each(asked(STRANGE))("do not allow $action on $resource", ({ action, resource, context }) => {
    expect(can(role, action, resource, context)).toBe(false);
  });

  it("let records be changed for the domain's names only", () => {
    const changing = ofRole.flatMap(([, { Statement }]) =>
      Statement.filter(({ Action }) => Action.includes("route53:ChangeResourceRecordSets")),
    );
    const names = ["*.prod.sparki.tools", "prod.sparki.tools"];
    const key = "route53:ChangeResourceRecordSetsNormalizedRecordNames";
    expect(changing.map(({ Condition }) => Condition)).toEqual([{ "ForAllValues:StringLike": { [key]: names } }]);
  });

  it("let the checklist ask all that it asks AWS", async () => {
    const account = new RehearsedAccount();
    const asked = new Map<string, readonly ApiRequest[]>();
    const { world } = account.account;
    const aws: PreflightContext["aws"] = {
      find: (name, args, schema) => {
        const inputs = JSON.parse(JSON.stringify(args));
        const requests = requestsOfFunction(`aws:${name}`, { ...PROD, world, inputs });
        asked.set(name, [...(asked.get(name) ?? []), ...requests]);
        return account.find(name, args, schema);
      },
      close: async () => {},
    };
    const context = { ...fakeContext(), aws };
    await Promise.all(CHECKLIST.map((check) => look(check, context).catch(() => undefined)));
    await account.close();
    expect(asked.size).toBeGreaterThan(20);
    const statements = ofRole.flatMap(([, { Statement }]) => Statement);
    const requests = [...asked.values()].flat();
    expect(requests.length).toBeGreaterThan(20);
    expect(requests.filter((each) => decide(statements, each) !== "allowed")).toEqual([]);
  });

  it("name the region in which Route 53 keeps its logs and keys, whichever is the stack's", () => {
    const text = JSON.stringify(documentsOf({ ...PROD, region: "eu-central-1" }));
    expect(text).toContain("arn:aws:logs:us-east-1:111122223333:log-group:/aws/route53/prod.sparki.tools");
    expect(text).toContain("arn:aws:kms:us-east-1:111122223333:key/*");
    expect(text).toContain("arn:aws:eks:eu-central-1:111122223333:cluster/sparki-prod");
  });
});

describe("the permission boundary", () => {
  const filled = (text: string) =>
    text
      .replaceAll("{stack}", PROD.stack)
      .replaceAll("{account}", PROD.accountId)
      .replaceAll("{region}", PROD.region)
      .replaceAll(/\{any\}|\*/g, "x1");
  const grants = IDENTITIES.flatMap((identity) =>
    (identity.grants ?? []).flatMap(({ actions, resources = [] }) =>
      actions.flatMap((action) => resources.map((each): Example => [action, filled(each)])),
    ),
  );

  it.each(asked(grants))(
    "leaves to a role of the stack what it is given: $action on $resource",
    ({ action, resource }) => {
      expect(can(boundary, action, resource)).toBe(true);
    },
  );

  it.each(
    asked([
      ["iam:CreateUser", "arn:aws:iam::111122223333:user/me"],
      ["iam:PutRolePolicy", ROLE, bounded],
      ["iam:AttachRolePolicy", ROLE, bounded],
      ["iam:DeleteRolePermissionsBoundary", ROLE],
      ["iam:PassRole", ROLE, { ...here, "iam:passedtoservice": "ec2.amazonaws.com" }],
      ["sts:AssumeRole", "arn:aws:iam::111122223333:role/admin"],
      ["organizations:ListAccounts", "*"],
      ["kms:ScheduleKeyDeletion", arn("kms", "key/1"), own],
      ["secretsmanager:GetSecretValue", arn("secretsmanager", "secret:sparki/staging/cache-AbCdEf")],
      ["ec2:RunInstances", arn("ec2", "instance/i-1"), { "aws:requestedregion": "eu-west-1" }],
      ["ec2:ModifySnapshotAttribute", arn("ec2", "snapshot/s-1")],
      ["s3:GetObject", "arn:aws:s3:::any/a"],
      ["rds:DeleteDBInstance", arn("rds", "db:sparki-prod-database")],
    ]),
  )("leaves no role $action on $resource", ({ action, resource, context }) => {
    expect(can(boundary, action, resource, context)).toBe(false);
  });
});
