import { isMap, parseDocument } from "yaml";
import { holds, isV4Block, isV6Block, overlap, PRIVATE_BLOCKS } from "../addresses.ts";
import { KUBERNETES, kubernetesVersions } from "../catalog.ts";
import { facts } from "../facts.ts";
import {
  distinct,
  eachMatches,
  eachOneOf,
  matches,
  oneOf,
  onUpdate,
  refuse,
  required,
  together,
  wrong,
} from "../finding.ts";
import type { Inputs } from "../inputs.ts";
import { arn, compareVersions, IAM_NAME, policyDocument, RFC1123, type RuleTable, v4Blocks } from "./shared.ts";

const PRINCIPAL = new RegExp(`^arn:aws[a-z-]*:iam::\\d{12}:(role|user)/${IAM_NAME}$`);
const LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
const ACCESS_MODES = ["API", "API_AND_CONFIG_MAP", "CONFIG_MAP"];
const ENTRY_TYPES = ["STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "EC2", "HYBRID_LINUX", "HYPERPOD_LINUX"];
/** Prefixes that Kubernetes and EKS keep for themselves. */
const KEPT = /^(system|eks|aws|amazon|iam):/;
const ACCESS_POLICIES = [
  "AmazonEKSAdminPolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSViewPolicy",
  "AmazonEKSSecretReaderPolicy",
  "AmazonEKSAutoNodePolicy",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSBlockStorageClusterPolicy",
  "AmazonEKSComputeClusterPolicy",
  "AmazonEKSClusterInsightsPolicy",
  "AmazonEKSHybridPolicy",
  "AmazonEKSEventPolicy",
  "AmazonAIOpsAssistantPolicy",
  "AmazonARCRegionSwitchScalingPolicy",
  "AmazonEKSACKPolicy",
  "AmazonEKSArgoCDClusterPolicy",
  "AmazonEKSArgoCDPolicy",
  "AmazonEKSKROPolicy",
];
const ACCESS_POLICY = new RegExp(`^arn:aws[a-z-]*:eks::aws:cluster-access-policy/(${ACCESS_POLICIES.join("|")})$`);

/** EKS's own add-ons. @see https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html */
const ADD_ONS = [
  "vpc-cni",
  "coredns",
  "kube-proxy",
  "aws-ebs-csi-driver",
  "aws-efs-csi-driver",
  "aws-fsx-csi-driver",
  "aws-mountpoint-s3-csi-driver",
  "snapshot-controller",
  "adot",
  "aws-guardduty-agent",
  "amazon-cloudwatch-observability",
  "aws-network-flow-monitoring-agent",
  "eks-node-monitoring-agent",
  "eks-pod-identity-agent",
  "metrics-server",
  "cert-manager",
  "external-dns",
  "kube-state-metrics",
  "prometheus-node-exporter",
  "aws-privateca-connector-for-kubernetes",
  "amazon-sagemaker-hyperpod-taskgovernance",
  "amazon-sagemaker-hyperpod-training-operator",
  "aws-secrets-store-csi-driver-provider",
  "fluent-bit",
  "aws-load-balancer-controller",
  "secrets-store-csi-driver",
  "aws-dra-driver",
  "aws-ebs-csi-driver-windows",
  "amazon-sagemaker-hyperpod-observability",
  "aws-network-policy-agent",
];

/** Whether EKS has an add-on of that name; sellers' have their own prefix and an underscore. */
export const isAddOn = (name: string) => ADD_ONS.includes(name) || /^[a-z0-9-]+_[a-z0-9-]+$/.test(name);

const autoMode = (it: Inputs) => it.isTrue("computeConfig.enabled");
const AUTO_PARTS = [
  "computeConfig.enabled",
  "storageConfig.blockStorage.enabled",
  "kubernetesNetworkConfig.elasticLoadBalancing.enabled",
];

/** What EKS refuses. */
export const clusterRules: RuleTable = {
  "aws:eks/cluster:Cluster": [
    matches("name", /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, "1 to 100 letters, digits and -_, a letter or digit first"),
    (it) => {
      const version = it.text("version");
      const made = kubernetesVersions();
      if (version === undefined || made.includes(version)) return [];
      const ended = KUBERNETES[version]?.extended;
      const why = ended === undefined ? "" : `; the support of this one ended on ${ended}`;
      return wrong(it, "version", `one of ${made.join(", ")}${why}, by AWS's lists of ${facts().dated}`);
    },
    onUpdate("version", "the version as it is, or the next minor one", (it, before) => {
      const [now, was] = [it.text("version"), before.text("version")];
      if (now === undefined || was === undefined || now === was) return false;
      const [minor, old] = [Number(now.split(".")[1]), Number(was.split(".")[1])];
      return compareVersions(now, was) < 0 || minor > old + 1;
    }),
    (it) => {
      const given = AUTO_PARTS.filter((part) => it.knows(part) || it.has(part));
      const on = AUTO_PARTS.filter((part) => it.isTrue(part));
      const unknown = AUTO_PARTS.some((part) => it.has(part) && !it.knows(part));
      if (given.length === 0 || unknown || on.length === 0 || on.length === AUTO_PARTS.length) return [];
      const missing = AUTO_PARTS.find((part) => !it.isTrue(part)) ?? "";
      return wrong(it, missing, `true: Auto Mode's three parts (${AUTO_PARTS.join(", ")}) are on or off together`);
    },
    refuse(
      "bootstrapSelfManagedAddons",
      "false with Auto Mode",
      (it) => autoMode(it) && (!it.has("bootstrapSelfManagedAddons") || it.isTrue("bootstrapSelfManagedAddons")),
    ),
    refuse(
      "accessConfig.authenticationMode",
      "API or API_AND_CONFIG_MAP with Auto Mode",
      (it) =>
        autoMode(it) &&
        (it.text("accessConfig.authenticationMode") ?? "CONFIG_MAP") === "CONFIG_MAP" &&
        (it.lacks("accessConfig.authenticationMode") || it.knows("accessConfig.authenticationMode")),
    ),
    oneOf("accessConfig.authenticationMode", ACCESS_MODES),
    refuse(
      "accessConfig.bootstrapClusterCreatorAdminPermissions",
      "true while the ConfigMap alone lets in",
      (it) =>
        it.has("accessConfig.bootstrapClusterCreatorAdminPermissions") &&
        it.isFalse("accessConfig.bootstrapClusterCreatorAdminPermissions") &&
        it.text("accessConfig.authenticationMode") === "CONFIG_MAP",
    ),
    ...["computeConfig.enabled", "encryptionConfig", "remoteNetworkConfig", "zonalShiftConfig.enabled"].map((part) =>
      refuse(
        "outpostConfig",
        `no Outpost beside ${part}`,
        (it) =>
          it.has("outpostConfig") &&
          it.has(part) &&
          (part === "encryptionConfig" || part === "remoteNetworkConfig" || it.isTrue(part)),
      ),
    ),
    onUpdate("accessConfig.authenticationMode", "access entries cannot be turned off again", (it, before) => {
      const order = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];
      const [now, was] = [it.text("accessConfig.authenticationMode"), before.text("accessConfig.authenticationMode")];
      return now !== undefined && was !== undefined && order.indexOf(now) < order.indexOf(was);
    }),
    oneOf("vpcConfig.controlPlaneEgressMode", ["AWS_MANAGED", "CUSTOMER_ROUTED"]),
    onUpdate(
      "vpcConfig.controlPlaneEgressMode",
      "CUSTOMER_ROUTED: it cannot be undone",
      (it, before) =>
        before.text("vpcConfig.controlPlaneEgressMode") === "CUSTOMER_ROUTED" &&
        it.text("vpcConfig.controlPlaneEgressMode") === "AWS_MANAGED",
    ),
    onUpdate("computeConfig.nodeRoleArn", "the role as it is while Auto Mode is on", (it, before) => {
      const [now, was] = [it.text("computeConfig.nodeRoleArn"), before.text("computeConfig.nodeRoleArn")];
      return autoMode(it) && autoMode(before) && now !== undefined && was !== undefined && now !== was;
    }),
    refuse("outpostConfig.outpostArns", "one Outpost", (it) => it.knownTexts("outpostConfig.outpostArns").length > 1),
    eachOneOf("computeConfig.nodePools", ["general-purpose", "system"]),
    distinct("computeConfig.nodePools"),
    refuse(
      "computeConfig.nodeRoleArn",
      "a role beside node pools",
      (it) => it.has("computeConfig.nodePools") && it.lacks("computeConfig.nodeRoleArn"),
    ),
    refuse(
      "computeConfig.nodePools",
      "node pools beside a node role",
      (it) => it.has("computeConfig.nodeRoleArn") && it.lacks("computeConfig.nodePools"),
    ),
    refuse(
      "computeConfig.nodePools",
      "no node pools while Auto Mode is off",
      (it) =>
        it.has("computeConfig") &&
        it.knows("computeConfig.enabled") &&
        !autoMode(it) &&
        it.has("computeConfig.nodePools"),
    ),
    eachOneOf("enabledClusterLogTypes", LOG_TYPES),
    distinct("enabledClusterLogTypes"),
    oneOf("upgradePolicy.supportType", ["STANDARD", "EXTENDED"]),
    refuse("upgradePolicy.supportType", "EXTENDED for a version whose standard support is over", (it, before) => {
      const ended = KUBERNETES[it.text("version") ?? ""]?.standard;
      return (
        before === undefined &&
        it.text("upgradePolicy.supportType") === "STANDARD" &&
        ended !== undefined &&
        ended < facts().dated
      );
    }),
    onUpdate("upgradePolicy.supportType", "EXTENDED while standard support of the version is over", (it, before) => {
      const [now, was] = [it.text("upgradePolicy.supportType"), before.text("upgradePolicy.supportType")];
      const ended = KUBERNETES[before.text("version") ?? ""]?.standard;
      return now === "STANDARD" && was !== "STANDARD" && ended !== undefined && ended < facts().dated;
    }),
    eachOneOf("encryptionConfig.resources", ["secrets"]),
    refuse(
      "vpcConfig.endpointPrivateAccess",
      "a way to the API: private, public or both",
      (it) =>
        it.knows("vpcConfig.endpointPublicAccess") &&
        it.isFalse("vpcConfig.endpointPublicAccess") &&
        it.isFalse("vpcConfig.endpointPrivateAccess"),
    ),
    refuse("vpcConfig.subnetIds", "at least two subnets", (it) => {
      const subnets = it.raw("vpcConfig.subnetIds");
      return Array.isArray(subnets) && subnets.length < 2;
    }),
    distinct("vpcConfig.subnetIds"),
    refuse("vpcConfig.subnetIds", "at most 16 subnets", (it) => {
      const subnets = it.raw("vpcConfig.subnetIds");
      return Array.isArray(subnets) && subnets.length > 16;
    }),
    refuse(
      "vpcConfig.publicAccessCidrs",
      "at most 40 blocks",
      (it) => it.knownTexts("vpcConfig.publicAccessCidrs").length > 40,
    ),
    ...["remoteNodeNetworks", "remotePodNetworks"].map((name) =>
      refuse(
        `remoteNetworkConfig.${name}.cidrs`,
        "blocks within 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
        (it) =>
          it
            .knownTexts(`remoteNetworkConfig.${name}.cidrs`)
            .some(
              (each) => !isV4Block(each) || ![...PRIVATE_BLOCKS, "100.64.0.0/10"].some((outer) => holds(outer, each)),
            ),
      ),
    ),
    // @see https://docs.aws.amazon.com/eks/latest/userguide/hybrid-nodes-networking.html
    ...["remoteNodeNetworks", "remotePodNetworks"].map((name) =>
      refuse(
        `remoteNetworkConfig.${name}.cidrs`,
        "at most 15 blocks",
        (it) => it.knownTexts(`remoteNetworkConfig.${name}.cidrs`).length > 15,
      ),
    ),
    ...["remoteNodeNetworks", "remotePodNetworks"].map((name) =>
      refuse(`remoteNetworkConfig.${name}.cidrs`, "blocks apart from each other and from the services'", (it) => {
        const path = `remoteNetworkConfig.${name}.cidrs`;
        const nodes = name === "remotePodNetworks" ? it.knownTexts("remoteNetworkConfig.remoteNodeNetworks.cidrs") : [];
        const services = it.text("kubernetesNetworkConfig.serviceIpv4Cidr") ?? [];
        const others = [...nodes, services].flat();
        const own = it.knownTexts(path);
        return own.some((each, index) => [...others, ...own.slice(0, index)].some((other) => overlap(each, other)));
      }),
    ),
    together("remoteNetworkConfig.remotePodNetworks", "remoteNodeNetworks beside it", (it) =>
      it.has("remoteNetworkConfig.remoteNodeNetworks"),
    ),
    eachMatches("vpcConfig.subnetIds", /^subnet-/, "ids that begin with subnet-"),
    eachMatches("vpcConfig.securityGroupIds", /^sg-/, "ids that begin with sg-"),
    refuse("vpcConfig.securityGroupIds", "at most 5", (it) => it.knownTexts("vpcConfig.securityGroupIds").length > 5),
    (it) => {
      const inner = it.object("vpcConfig");
      if (inner === undefined) return [];
      // Endpoints of IPv6 clusters are on both families.
      return it.text("kubernetesNetworkConfig.ipFamily") === "ipv6" &&
        inner.knownTexts("publicAccessCidrs").every((each) => isV4Block(each) || isV6Block(each))
        ? []
        : v4Blocks("publicAccessCidrs")(inner, undefined);
    },
    refuse("vpcConfig.publicAccessCidrs", "public blocks: the public endpoint is not reached from private ones", (it) =>
      it.knownTexts("vpcConfig.publicAccessCidrs").some((each) => PRIVATE_BLOCKS.some((block) => holds(block, each))),
    ),
    refuse(
      "kubernetesNetworkConfig.serviceIpv4Cidr",
      "a block of /24 to /12 within 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
      (it) => {
        const block = it.text("kubernetesNetworkConfig.serviceIpv4Cidr");
        if (block === undefined) return false;
        const prefix = Number(block.split("/")[1]);
        return !isV4Block(block) || prefix < 12 || prefix > 24 || !PRIVATE_BLOCKS.some((outer) => holds(outer, block));
      },
    ),
    oneOf("kubernetesNetworkConfig.ipFamily", ["ipv4", "ipv6"]),
    refuse(
      "kubernetesNetworkConfig.serviceIpv4Cidr",
      "no IPv4 range for an IPv6 cluster",
      (it) =>
        it.text("kubernetesNetworkConfig.ipFamily") === "ipv6" && it.has("kubernetesNetworkConfig.serviceIpv4Cidr"),
    ),
    arn("roleArn", "iam", "role/.+"),
  ],
  "aws:eks/accessEntry:AccessEntry": [
    matches(
      "principalArn",
      PRINCIPAL,
      "the ARN of an IAM role or user, with a name of 1 to 64 characters, not of a session",
    ),
    refuse("principalArn", "a role that is no service's own", (it) =>
      /:role\/aws-service-role\//.test(it.text("principalArn") ?? ""),
    ),
    oneOf("type", ENTRY_TYPES),
    refuse(
      "principalArn",
      "a role for nodes",
      (it) => (it.text("type") ?? "STANDARD") !== "STANDARD" && /:user\//.test(it.text("principalArn") ?? ""),
    ),
    eachMatches(
      "kubernetesGroups",
      /^(?!(system|eks|aws|amazon|iam):)/,
      "groups outside of system:, eks:, aws:, amazon: and iam:",
    ),
    refuse(
      "kubernetesGroups",
      "no groups for nodes",
      (it) => it.has("kubernetesGroups") && (it.text("type") ?? "STANDARD") !== "STANDARD",
    ),
    refuse(
      "userName",
      "no name for nodes",
      (it) => it.has("userName") && (it.text("type") ?? "STANDARD") !== "STANDARD",
    ),
    refuse("userName", "a name outside of system:, eks:, aws:, amazon: and iam:", (it) =>
      KEPT.test(it.text("userName") ?? ""),
    ),
    refuse("userName", "{{SessionName}} behind a colon", (it) =>
      /^[^:]*\{\{SessionName(Raw)?\}\}/.test(it.text("userName") ?? ""),
    ),
    distinct("kubernetesGroups"),
  ],
  "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": [
    matches(
      "principalArn",
      PRINCIPAL,
      "the ARN of an IAM role or user, with a name of 1 to 64 characters, not of a session",
    ),
    matches("policyArn", ACCESS_POLICY, "the ARN of one of EKS's access policies"),
    oneOf("accessScope.type", ["cluster", "namespace"]),
    refuse(
      "accessScope.namespaces",
      "namespaces",
      (it) => it.text("accessScope.type") === "namespace" && it.lacks("accessScope.namespaces"),
    ),
    refuse(
      "accessScope.namespaces",
      "no namespaces for the whole cluster",
      (it) => it.text("accessScope.type") === "cluster" && it.has("accessScope.namespaces"),
    ),
    eachMatches("accessScope.namespaces", /^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$/, "names of namespaces"),
  ],
  "aws:eks/addon:Addon": [
    refuse("addonName", "one of EKS's add-ons", (it) => {
      const name = it.text("addonName");
      return name !== undefined && !isAddOn(name);
    }),
    matches("addonVersion", /^v\d+\.\d+\.\d+(-[a-z]+[a-z0-9]*\.\d+)+$/, "a version such as v1.3.4-eksbuild.1"),
    oneOf("resolveConflictsOnCreate", ["NONE", "OVERWRITE"]),
    oneOf("resolveConflictsOnUpdate", ["NONE", "OVERWRITE", "PRESERVE"]),
    refuse("configurationValues", "JSON or YAML of an object", (it) => {
      const text = it.text("configurationValues");
      if (text === undefined) return false;
      // Whatever is JSON is YAML.
      const { contents, errors } = parseDocument(text);
      return errors.length > 0 || !isMap(contents);
    }),
    arn("serviceAccountRoleArn", "iam", "role/.+"),
    refuse("podIdentityAssociations", "one role for each service account", (it) => {
      const accounts = it.objects("podIdentityAssociations").flatMap((each) => each.text("serviceAccount") ?? []);
      return new Set(accounts).size < accounts.length;
    }),
    matches("clusterName", /^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$/, "a cluster's name"),
  ],
  "aws:eks/podIdentityAssociation:PodIdentityAssociation": [
    matches("namespace", RFC1123, "a namespace's name"),
    matches("serviceAccount", /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, "a service account's name"),
    arn("roleArn", "iam", "role/.+"),
    arn("targetRoleArn", "iam", "role/.+"),
    required("roleArn", "a role"),
    policyDocument("policy", "identity", 2048),
    together("targetRoleArn", "roleArn", (it) => it.has("roleArn")),
    refuse(
      "disableSessionTags",
      "true beside a policy of the session's",
      (it) => it.has("policy") && it.isFalse("disableSessionTags"),
    ),
  ],
};
