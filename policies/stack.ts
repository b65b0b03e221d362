import { findingsOf } from "../aws/check.ts";
import { facts } from "../aws/facts.ts";
import { inputRecordOf } from "../aws/inputs.ts";
import { isTagged } from "../stacks/tagging.ts";
import { isApproved, STATEFUL_TYPES } from "./judging/approvals.ts";
import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { type AnyResource, isGiven, isUnknownValue, textAt, valueAt } from "./judging/resource.ts";
import { each, every, type Policy } from "./policy.ts";

export const allowedRegionsOnly: Policy = {
  name: "allowed-regions-only",
  control: "D04",
  reason: "Resources in a region that is not monitored are neither protected nor noticed.",
  fix: "Use the stack's AWS provider and set no region of the resource's own; or add the region to sparki:allowedRegions.",
  each: [
    every(
      (type) => type.startsWith("aws:"),
      ({ props, provider }, demand, { config }) => {
        demand("region", () => {
          const region = props.region ?? provider?.props.region;
          return config.allowedRegions.some((allowed) => allowed === region);
        });
      },
    ),
    every(
      (type) => type === "pulumi:providers:aws",
      ({ props }, demand, { config }) => {
        demand("region", () => config.allowedRegions.some((allowed) => allowed === props.region));
      },
    ),
  ],
};

const TAGS = ["project", "stack", "owner"];

/** What the provider adds to every resource; the engine keeps a provider's nested settings as JSON text. */
function defaultTags(provider: AnyResource["provider"]): unknown {
  const settings = provider?.props.defaultTags;
  return valueAt(typeof settings === "string" ? JSON.parse(settings) : settings, "tags");
}

function isText(value: string | undefined): boolean {
  return value !== undefined && value !== "";
}

export const everythingTagged: Policy = {
  name: "everything-tagged",
  control: "D03",
  reason:
    "A resource without an owner tag is never cleaned up, one without a stack tag cannot be distinguished from an orphan, and one without a release tag cannot be traced to the change that created it.",
  fix: "Use the stack's AWS provider, whose default tags are project, stack and owner, below a component that is given the release's transformation (infra/provider.ts); add a type without tags to stacks/tagging.ts.",
  each: [
    every(
      (type) => type.startsWith("aws:"),
      ({ props, provider }, demand) => {
        for (const tag of TAGS)
          demand(`tags.${tag}`, () => isText(textAt(props.tags, tag) ?? textAt(defaultTags(provider), tag)));
      },
    ),
    // Its own tag: a default one would change every resource at every release.
    every(isTagged, ({ props }, demand) => demand("tags.release", () => isText(textAt(props.tags, "release")))),
  ],
};

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
  reason: "A database, load balancer or user of a type that no policy reads would pass every control unchecked.",
  fix: "Use a type that policies read, or write its policies and add it to policies/stack.ts.",
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

export const logGroupsKeptAndEncrypted: Policy = {
  name: "log-groups-kept-and-encrypted",
  control: "S56",
  reason: "Intrusions are often found months later, and logs contain users' data.",
  fix: "Set kmsKeyId to the log key's ARN and retentionInDays to 365 or more.",
  each: [
    each("aws:cloudwatch/logGroup:LogGroup", ({ props }, demand) => {
      demand("kmsKeyId", () => isCustomerKey(props.kmsKeyId), FROM_A_KEY);
      // 0 keeps logs for ever; nothing said is not a decision.
      const days = () => props.retentionInDays;
      demand("retentionInDays", () => days() === 0 || (days() ?? 1) >= 365);
    }),
  ],
};

export const stackAboveItsFloor: Policy = {
  name: "stack-above-its-floor",
  control: "D05",
  reason: "A stack that was scaled down for a test and not restored fails under its users' load.",
  fix: "Raise it to sparki:floor (zones, replicas, backupDays), or lower the floor in the stack's config, where a review sees it.",
  each: [
    each("aws:rds/instance:Instance", ({ props }, demand, { config }) => {
      demand("backupRetentionPeriod", () => (props.backupRetentionPeriod ?? 0) >= config.floor.backupDays);
    }),
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand, { config }) => {
      demand("numCacheClusters", () => (props.numCacheClusters ?? 1) >= config.floor.replicas);
    }),
    each("kubernetes:helm.sh/v3:Release", ({ name, props }, demand, { config }) => {
      if (!name.endsWith("-fleet")) return;
      demand("values.replicas", () => Number(valueAt(props.values, "replicas") ?? 0) >= config.floor.replicas);
    }),
  ],
  whole: (stack, demand, { config }) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      const subnets = () => stack.all("aws:ec2/subnet:Subnet").filter((subnet) => stack.refers(subnet, "vpcId", vpc));
      demand(vpc, "zones", () => {
        return new Set(subnets().map(({ props }) => props.availabilityZone)).size >= config.floor.zones;
      });
    }
  },
};

const isStateful = (type: string) => STATEFUL_TYPES.some((stateful) => stateful === type);

export const statefulKept: Policy = {
  name: "stateful-kept",
  control: "D01",
  reason:
    "Pulumi refuses to replace or delete a protected resource; without protection one changed property can lose all data.",
  fix: "Set protect: true, or add {resource, action, by, until} to sparki:approvals for the change that needs it.",
  each: [
    every(isStateful, ({ name, protect }, demand, situation) => {
      demand("protect", () => protect || isApproved(situation, name));
    }),
    each("aws:rds/instance:Instance", ({ props, name }, demand, situation) => {
      demand("skipFinalSnapshot", () => props.skipFinalSnapshot !== true || isApproved(situation, name));
      demand("finalSnapshotIdentifier", () => isGiven(() => props.finalSnapshotIdentifier ?? ""));
    }),
    each("aws:elasticache/replicationGroup:ReplicationGroup", ({ props }, demand) => {
      demand("finalSnapshotIdentifier", () => isGiven(() => props.finalSnapshotIdentifier ?? ""));
    }),
  ],
};

export const takenByAws: Policy = {
  name: "taken-by-aws",
  control: "D08",
  reason: "AWS would refuse it in the middle of the deployment, after earlier resources were created.",
  fix: "Give the property a value that AWS accepts: the rule is named after the property.",
  inputsOnly: true,
  each: [
    every(
      (type) => facts().types[type] !== undefined,
      ({ type, props }, demand) => {
        for (const { path, expected } of findingsOf(type, inputRecordOf(props, { throws: isUnknownValue })))
          demand(`${path} (AWS takes ${expected})`, () => false);
      },
    ),
  ],
};
