import { ManagedPolicy } from "@pulumi/aws/types/enums/iam/index.js";
import type { Properties } from "../../provider/properties.ts";
import type { Draft, Reference, ResourceModel, Uniqueness } from "../model.ts";
import { AwsError, checkPolicy, globalArn, upperId } from "../model.ts";
import { TYPES } from "../types.ts";
import { text } from "../values.ts";
import type { World } from "../world.ts";

const MALFORMED = "MalformedPolicyDocument";
const pathOf = (inputs: Properties) => text(inputs, "path") ?? "/";
const created = { createDate: () => "2026-01-01T00:00:00Z" };

/** AWS's own policies: those of the SDK, and newer ones that it does not list yet. */
const AWS_POLICIES = new Set<string>([
  ...Object.values(ManagedPolicy),
  ...[
    "AmazonEKSComputePolicy",
    "AmazonEKSBlockStoragePolicy",
    "AmazonEKSLoadBalancingPolicy",
    "AmazonEKSNetworkingPolicy",
    "AmazonEKSWorkerNodeMinimalPolicy",
    "AmazonEC2ContainerRegistryPullOnly",
  ].map((name) => `arn:aws:iam::aws:policy/${name}`),
]);

const roleReference: Reference = {
  path: "role",
  to: [TYPES.role],
  missing: (name) => new AwsError("NoSuchEntity", `The role with name ${name} cannot be found.`),
};

const uniqueName = (words: (name: string) => string): Uniqueness => ({
  key: (inputs) => text(inputs, "name")?.toLowerCase(),
  taken: (inputs) => new AwsError("EntityAlreadyExists", words(text(inputs, "name") ?? "")),
});

/** The boundaries that `sparki-delivery` makes, whose account has them without being in this world. */
const DELIVERED = /^arn:aws:iam::(\d{12}):policy\/sparki-[a-z0-9-]+-permission-boundary$/;

const noBoundary = (arn: string) =>
  new AwsError("NoSuchEntity", `Scope ARN: ${arn} does not exist or is not attachable.`);

/** Whether it is a boundary that `sparki-delivery` has made in the account, which is not this world's own. */
export function isDelivered(arn: string, accountId: string, { profile }: World): boolean {
  return profile.hasDelivery && DELIVERED.exec(arn)?.[1] === accountId;
}

/** CreateRole and PutRolePermissionsBoundary take only a policy that there is. */
function checkBoundary({ inputs, accountId }: Draft, world: World): void {
  const arn = text(inputs, "permissionsBoundary") ?? "";
  if (!DELIVERED.test(arn) || world.find([TYPES.policy], arn) !== undefined) return;
  if (!isDelivered(arn, accountId, world)) throw noBoundary(arn);
}

const role: ResourceModel = {
  type: TYPES.role,
  title: "IAM Role",
  required: ["assumeRolePolicy"],
  immutable: ["name", "namePrefix", "path"],
  defaults: { path: "/", maxSessionDuration: 3600, forceDetachPolicies: false },
  nameProperty: "name",
  global: true,
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => globalArn(subject, "iam", `role${pathOf(subject.inputs)}${subject.id}`),
  references: [
    {
      path: "permissionsBoundary",
      to: [TYPES.policy],
      missing: noBoundary,
      exempt: (arn) => AWS_POLICIES.has(arn) || DELIVERED.test(arn),
    },
  ],
  unique: [uniqueName((name) => `Role with name ${name} already exists.`)],
  quotas: [
    {
      limit: 1000,
      exceeded: (limit) => new AwsError("LimitExceeded", `Cannot exceed quota for RolesPerAccount: ${limit}`),
    },
  ],
  validate: (draft, world) => {
    const { inputs } = draft;
    checkPolicy(text(inputs, "assumeRolePolicy"), MALFORMED);
    checkBoundary(draft, world);
    const name = text(inputs, "name") ?? "";
    if (/^[\w+=,.@-]{1,64}$/.test(name)) return;
    throw new AwsError(
      "ValidationError",
      `The specified value for roleName is invalid: ${name}. It has 1 to 64 letters, digits or +=,.@_-`,
    );
  },
  outputs: { ...created, uniqueId: (subject) => `AROA${upperId(subject, "role", 17)}` },
  inUse: () => new AwsError("DeleteConflict", "Cannot delete entity, must detach all policies first."),
};

const rolePolicy: ResourceModel = {
  type: TYPES.rolePolicy,
  title: "IAM Role Policy",
  required: ["policy", "role"],
  immutable: ["name", "namePrefix", "role"],
  nameProperty: "name",
  global: true,
  tagged: false,
  id: ({ inputs }) => `${text(inputs, "role")}:${text(inputs, "name")}`,
  references: [roleReference],
  validate: ({ inputs }) => checkPolicy(text(inputs, "policy"), MALFORMED),
};

const rolePolicyAttachment: ResourceModel = {
  type: TYPES.rolePolicyAttachment,
  title: "IAM Role Policy Attachment",
  required: ["policyArn", "role"],
  immutable: ["*"],
  global: true,
  tagged: false,
  id: ({ inputs }) => `${text(inputs, "role")}/${text(inputs, "policyArn")}`,
  references: [
    roleReference,
    {
      path: "policyArn",
      to: [TYPES.policy],
      missing: (arn) => new AwsError("NoSuchEntity", `Policy ${arn} does not exist or is not attachable.`),
      exempt: (arn) => AWS_POLICIES.has(arn),
    },
  ],
  quotas: [
    {
      limit: 10,
      within: (inputs) => text(inputs, "role"),
      exceeded: (limit) => new AwsError("LimitExceeded", `Cannot exceed quota for PoliciesPerRole: ${limit}`),
    },
  ],
};

const policy: ResourceModel = {
  type: TYPES.policy,
  title: "IAM Policy",
  required: ["policy"],
  immutable: ["name", "namePrefix", "path", "description"],
  defaults: { path: "/" },
  nameProperty: "name",
  global: true,
  id: (draft) => globalArn(draft, "iam", `policy${pathOf(draft.inputs)}${text(draft.inputs, "name")}`),
  arn: ({ id }) => id,
  unique: [uniqueName((name) => `A policy called ${name} already exists. Duplicate names are not allowed.`)],
  validate: ({ inputs }) => checkPolicy(text(inputs, "policy"), MALFORMED),
  outputs: { policyId: (subject) => `ANPA${upperId(subject, "policy", 17)}`, attachmentCount: () => 0 },
  inUse: () => new AwsError("DeleteConflict", "Cannot delete a policy attached to entities."),
};

const instanceProfile: ResourceModel = {
  type: TYPES.instanceProfile,
  title: "IAM Instance Profile",
  immutable: ["name", "namePrefix", "path"],
  defaults: { path: "/" },
  nameProperty: "name",
  global: true,
  id: ({ inputs }) => text(inputs, "name") ?? "",
  arn: (subject) => globalArn(subject, "iam", `instance-profile${pathOf(subject.inputs)}${subject.id}`),
  references: [roleReference],
  unique: [uniqueName((name) => `Instance Profile ${name} already exists.`)],
  outputs: { ...created, uniqueId: (subject) => `AIPA${upperId(subject, "profile", 17)}` },
};

const hostOf = (inputs: Properties) => (text(inputs, "url") ?? "").replace(/^https:\/\//, "");

const openIdConnectProvider: ResourceModel = {
  type: TYPES.openIdConnectProvider,
  title: "IAM OIDC Provider",
  required: ["clientIdLists", "url"],
  immutable: ["url"],
  global: true,
  id: (draft) => globalArn(draft, "iam", `oidc-provider/${hostOf(draft.inputs)}`),
  arn: ({ id }) => id,
  unique: [
    {
      key: (inputs) => text(inputs, "url"),
      taken: (inputs) =>
        new AwsError("EntityAlreadyExists", `Provider with url ${text(inputs, "url")} already exists.`),
    },
  ],
};

export const iamModels: readonly ResourceModel[] = [
  role,
  rolePolicy,
  rolePolicyAttachment,
  policy,
  instanceProfile,
  openIdConnectProvider,
];
