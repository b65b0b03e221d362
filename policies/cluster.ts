import { inStandardSupport } from "../aws/catalog.ts";
import { FROM_A_KEY, isCustomerKey } from "./judging/customer-key.ts";
import { someWorld } from "./judging/internet.ts";
import { type AnyResource, isGiven, listAt, textAt } from "./judging/resource.ts";
import { each, every, type Policy } from "./policy.ts";

const BINDING = /^kubernetes:rbac\.authorization\.k8s\.io\/v1[^:]*:(Cluster)?RoleBinding$/;

const MASTERS = "system:masters";

export const clusterAccessEntries: Policy = {
  name: "cluster-access-entries",
  control: "S17",
  reason:
    "Members of system:masters bypass all authorization in the cluster, and changes to the aws-auth map are not in AWS's audit log.",
  fix: 'Set accessConfig.authenticationMode to "API" and grant people access policies; name system:masters nowhere.',
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand) => {
      demand("accessConfig.authenticationMode", () => props.accessConfig?.authenticationMode === "API");
    }),
    each("aws:eks/accessEntry:AccessEntry", ({ props }, demand) => {
      demand("kubernetesGroups", () => !(props.kubernetesGroups ?? []).includes(MASTERS));
    }),
    every(
      (type) => BINDING.test(type),
      ({ props }, demand) => {
        demand("subjects", () => listAt(props, "subjects").every((subject) => textAt(subject, "name") !== MASTERS));
      },
    ),
  ],
};

export const clusterEndpointPrivate: Policy = {
  name: "cluster-endpoint-private",
  control: "S09",
  reason: "An API endpoint that is open to the internet is only as safe as the weakest administrator's credentials.",
  fix: "Set endpointPrivateAccess: true, and endpointPublicAccess: false or publicAccessCidrs to named networks.",
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand) => {
      demand("vpcConfig.endpointPrivateAccess", () => props.vpcConfig?.endpointPrivateAccess === true);
      demand("vpcConfig.publicAccessCidrs", () => {
        if (props.vpcConfig?.endpointPublicAccess === false) return true;
        const cidrs = props.vpcConfig?.publicAccessCidrs ?? [];
        return cidrs.length > 0 && !someWorld(cidrs);
      });
    }),
  ],
};

const KINDS = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

export const clusterLogsComplete: Policy = {
  name: "cluster-logs-complete",
  control: "S12",
  reason: "Past actions in the cluster can be reconstructed only from logs that were already enabled.",
  fix: `Set enabledClusterLogTypes to ${KINDS.join(", ")}.`,
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand) => {
      demand("enabledClusterLogTypes", () => KINDS.every((kind) => props.enabledClusterLogTypes?.includes(kind)));
    }),
  ],
};

const ROLE = /^kubernetes:rbac\.authorization\.k8s\.io\/v1[^:]*:(Cluster)?Role$/;

/** Verbs that give their holder the rights of others, and resources that are as good. */
const ESCALATING = ["escalate", "bind", "impersonate"];

const POWERFUL = ["secrets", "pods/exec", "pods/attach", "serviceaccounts/token", "nodes/proxy"];

function isLeast(rule: unknown): boolean {
  const [verbs, resources] = [listAt(rule, "verbs"), listAt(rule, "resources")];
  const wild = [verbs, resources, listAt(rule, "apiGroups")].some((list) => list.includes("*"));
  const powerful = resources.some((resource) => POWERFUL.some((name) => name === resource));
  return !wild && !powerful && !verbs.some((verb) => ESCALATING.some((name) => name === verb));
}

export const clusterRolesLeast: Policy = {
  name: "cluster-roles-least",
  control: "S67",
  reason: "Permission to read secrets, run commands in pods or grant roles amounts to full control of the cluster.",
  fix: "Name verbs and resources; leave out secrets, exec, tokens, escalate, bind and impersonate; bind no cluster-admin.",
  each: [
    every(
      (type) => ROLE.test(type),
      ({ props }, demand) => demand("rules", () => listAt(props, "rules").every(isLeast)),
    ),
    every(
      (type) => BINDING.test(type),
      ({ props }, demand) => demand("roleRef", () => textAt(props, "roleRef", "name") !== "cluster-admin"),
    ),
  ],
};

export const clusterSecretsEncrypted: Policy = {
  name: "cluster-secrets-encrypted",
  control: "S11",
  reason: "Encryption must be enabled at creation: earlier content of etcd stays readable in its backups.",
  fix: "Set encryptionConfigKeyArn to the cluster key's ARN.",
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand) => {
      const provider = () => props.encryptionConfig?.provider;
      demand("encryptionConfig.provider.keyArn", () => isCustomerKey(provider()?.keyArn), FROM_A_KEY);
      const resources = () => props.encryptionConfig?.resources ?? [];
      demand("encryptionConfig.resources", () => resources().includes("secrets"), FROM_A_KEY);
    }),
  ],
};

export const clusterVersionSupported: Policy = {
  name: "cluster-version-supported",
  control: "S10",
  reason: "After standard support a cluster costs six times as much, and gets fixes later.",
  fix: 'Set version to one in standard support (aws/catalog.ts) and upgradePolicy.supportType to "STANDARD".',
  each: [
    each("aws:eks/cluster:Cluster", ({ props }, demand, { today }) => {
      demand("version", () => inStandardSupport(props.version, today));
      demand("upgradePolicy.supportType", () => props.upgradePolicy?.supportType === "STANDARD");
    }),
  ],
};

/** How EKS Auto Mode is told to enforce them. @see https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html */
function isSwitch({ type, props }: AnyResource): boolean {
  return (
    type === "kubernetes:core/v1:ConfigMap" &&
    textAt(props, "metadata", "namespace") === "kube-system" &&
    textAt(props, "metadata", "name") === "amazon-vpc-cni" &&
    textAt(props, "data", "enable-network-policy-controller") === "true"
  );
}

/** How the VPC CNI add-on of a cluster without Auto Mode is told. */
function isAddon(resource: AnyResource): boolean {
  if (!resource.is("aws:eks/addon:Addon") || resource.props.addonName !== "vpc-cni") return false;
  return /"enableNetworkPolicy"\s*:\s*"true"/.test(resource.props.configurationValues ?? "");
}

export const networkPoliciesEnforced: Policy = {
  name: "network-policies-enforced",
  control: "S19",
  reason: "The API server accepts every network policy, but without a plugin that enforces them they have no effect.",
  fix: 'In Auto Mode add the ConfigMap kube-system/amazon-vpc-cni with enable-network-policy-controller: "true".',
  whole: (stack, demand) => {
    for (const cluster of stack.all("aws:eks/cluster:Cluster")) {
      demand(cluster, "network policy controller", () =>
        stack.resources.some((resource) => isSwitch(resource) || isAddon(resource)),
      );
    }
  },
};

export const podIdentityPerAccount: Policy = {
  name: "pod-identity-per-account",
  control: "S18",
  reason: "Two workloads under one role each have the other's permissions.",
  fix: "Give every aws.eks.PodIdentityAssociation an aws.iam.Role of its own.",
  each: [
    each("aws:eks/podIdentityAssociation:PodIdentityAssociation", ({ props }, demand) => {
      demand("serviceAccount", () => props.serviceAccount !== undefined && props.serviceAccount !== "default");
      demand("roleArn", () => props.roleArn !== undefined && props.roleArn !== "", { comesFrom: "aws:iam/role:Role" });
    }),
  ],
  whole: (stack, demand) => {
    const associations = stack.all("aws:eks/podIdentityAssociation:PodIdentityAssociation");
    for (const role of stack.all("aws:iam/role:Role")) {
      const users = associations.filter((association) => stack.refers(association, "roleArn", role));
      for (const [index, association] of users.entries()) {
        demand(association, "roleArn is its own", () => index === 0);
      }
    }
  },
};

export const nodesDisksEncrypted: Policy = {
  name: "nodes-disks-encrypted",
  control: "S15",
  reason: "A node's disk contains images, logs and everything that pods write.",
  fix: "Set encrypted: true on every disk; give a node group a launch template that does.",
  each: [
    each("aws:ec2/launchTemplate:LaunchTemplate", ({ props }, demand) => {
      const disks = () => props.blockDeviceMappings ?? [];
      demand("blockDeviceMappings", () => disks().length > 0 && disks().every(({ ebs }) => ebs?.encrypted === "true"));
    }),
    each("aws:ec2/instance:Instance", ({ props }, demand) => {
      demand("rootBlockDevice.encrypted", () => props.rootBlockDevice?.encrypted === true);
      demand("ebsBlockDevices", () => (props.ebsBlockDevices ?? []).every(({ encrypted }) => encrypted === true));
    }),
    each("aws:eks/nodeGroup:NodeGroup", ({ props }, demand) => {
      demand("launchTemplate", () => isGiven(() => props.launchTemplate));
    }),
  ],
};

interface Metadata {
  readonly httpTokens?: string | undefined;
  readonly httpPutResponseHopLimit?: number | undefined;
}

const isTight = (options: Metadata | undefined) =>
  options?.httpTokens === "required" && options.httpPutResponseHopLimit === 1;

export const nodesImdsv2: Policy = {
  name: "nodes-imdsv2",
  control: "S14",
  reason: "With IMDSv1, or a second hop, any pod that can be tricked into fetching a URL obtains the node's role.",
  fix: 'Set metadataOptions to httpTokens: "required" and httpPutResponseHopLimit: 1.',
  each: [
    each("aws:ec2/launchTemplate:LaunchTemplate", ({ props }, demand) => {
      demand("metadataOptions", () => isTight(props.metadataOptions));
    }),
    each("aws:ec2/instance:Instance", ({ props }, demand) => {
      demand("metadataOptions", () => isTight(props.metadataOptions));
    }),
  ],
};

export const nodesNoOpenSsh: Policy = {
  name: "nodes-no-open-ssh",
  control: "S16",
  reason: "A node group with an SSH key and no named source opens port 22 of every node to the world.",
  fix: "Leave out remoteAccess, or name its sourceSecurityGroupIds.",
  each: [
    each("aws:eks/nodeGroup:NodeGroup", ({ props }, demand) => {
      demand("remoteAccess.sourceSecurityGroupIds", () => {
        if (props.remoteAccess?.ec2SshKey === undefined) return true;
        return (props.remoteAccess.sourceSecurityGroupIds ?? []).length > 0;
      });
    }),
  ],
};

const OFF: unknown[] = [undefined, false, "false"];

export const nodesPrivate: Policy = {
  name: "nodes-private",
  control: "S13",
  reason: "A node with a public address exposes every pod's vulnerabilities to the internet.",
  fix: "Give the cluster subnets that assign no public address, and leave associatePublicIpAddress off.",
  each: [
    each("aws:ec2/launchTemplate:LaunchTemplate", ({ props }, demand) => {
      const interfaces = () => props.networkInterfaces ?? [];
      demand("networkInterfaces", () =>
        interfaces().every(({ associatePublicIpAddress }) => OFF.includes(associatePublicIpAddress)),
      );
    }),
    each("aws:ec2/instance:Instance", ({ props }, demand) => {
      demand("associatePublicIpAddress", () => OFF.includes(props.associatePublicIpAddress));
    }),
  ],
  whole: (stack, demand) => {
    for (const cluster of stack.all("aws:eks/cluster:Cluster")) {
      const subnets = () => stack.referred(cluster, "vpcConfig", "aws:ec2/subnet:Subnet");
      demand(cluster, "vpcConfig.subnetIds", () =>
        subnets().every((subnet) => subnet.props.mapPublicIpOnLaunch !== true),
      );
    }
  },
};
