import { every, type Policy } from "./policy.ts";

/** Services that the controls are about, and which of their resource types policies read or need not read. */
const GUARDED: Readonly<Record<string, readonly string[]>> = {
  alb: [],
  applicationloadbalancing: [],
  ecr: ["LifecyclePolicy", "Repository", "RepositoryPolicy"],
  eks: ["AccessEntry", "AccessPolicyAssociation", "Addon", "Cluster", "NodeGroup", "PodIdentityAssociation"],
  elasticache: ["ReplicationGroup", "SubnetGroup", "ParameterGroup"],
  elasticloadbalancing: [],
  elasticloadbalancingv2: [],
  elb: [],
  iam: [
    "InstanceProfile",
    "OpenIdConnectProvider",
    "Policy",
    "Role",
    "RolePolicy",
    "RolePolicyAttachment",
    "ServiceLinkedRole",
  ],
  kms: ["Alias", "Key", "KeyPolicy"],
  lb: ["Listener", "ListenerRule", "LoadBalancer", "TargetGroup"],
  rds: ["Instance", "ParameterGroup", "SubnetGroup"],
  secretsmanager: ["Secret", "SecretPolicy", "SecretRotation", "SecretVersion"],
};

function partsOf(type: string): { readonly service: string; readonly kind: string } {
  const [, module = "", kind = ""] = type.split(":");
  return { service: module.split("/")[0] ?? "", kind };
}

export const guardedKindsOnly: Policy = {
  name: "guarded-kinds-only",
  control: "D06",
  reason: "A database, a load balancer or a user of a kind that no policy reads would pass every control unseen.",
  fix: "Use a kind that policies read, or write its policies and add it to policies/guarded-kinds-only.ts.",
  each: [
    every(
      (type) => type.startsWith("aws:") && partsOf(type).service in GUARDED,
      ({ type }, demand) => {
        const { service, kind } = partsOf(type);
        demand("type", () => GUARDED[service]?.includes(kind) === true);
      },
    ),
  ],
};
