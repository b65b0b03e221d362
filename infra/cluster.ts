import * as aws from "@pulumi/aws";
import * as eks from "@pulumi/eks";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import type { Keys } from "./keys.ts";
import { createLogGroup } from "./log-group.ts";
import type { Network } from "./network.ts";
import { childrenMadeBy } from "./provider.ts";
import { childrenBoundedBy } from "./roles.ts";

export interface ClusterArgs {
  readonly stack: string;
  readonly version: string;
  readonly network: Network;
  readonly keys: Keys;
  /** Principals with cluster administration. */
  readonly administrators: readonly string[];
  /** Principals that may read everything in the cluster. */
  readonly readers: readonly string[];
  /** The public endpoint exists only for these; it is off when empty. */
  readonly publicAccessCidrs: readonly string[];
  /** Networks outside the VPC that the private endpoint answers. */
  readonly privateAccessCidrs: readonly string[];
  readonly protect: boolean;
  /** What must have happened before anything is made in the cluster, given its kubeconfig. @default nothing */
  readonly beforeEntry?: (kubeconfig: pulumi.Output<string>) => pulumi.ResourceHook;
  /** What the cluster's parts are tagged with when they are made. */
  readonly release: string;
  /** The policy that caps what EKS's own roles can do. @default no cap */
  readonly permissionsBoundary?: string | undefined;
}

const CONTROL_PLANE_LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
/** Of the cluster's services; EKS would choose one of two by itself, and the pods' DNS is at its tenth address. */
const SERVICE_CIDR = "172.20.0.0/16";
/** Where pods ask for names. */
export const DNS_ADDRESS = "172.20.0.10";
const ACCESS_POLICY = "arn:aws:eks::aws:cluster-access-policy";
/** What Helm keeps of a release is in a Secret, which the plain view policy does not show. */
const ACCESS = {
  admin: `${ACCESS_POLICY}/AmazonEKSClusterAdminPolicy`,
  view: `${ACCESS_POLICY}/AmazonEKSAdminViewPolicy`,
} as const;

/** EKS in Auto Mode, reachable privately, entered by access entries only, with its secrets under a customer key. */
export class Cluster extends pulumi.ComponentResource {
  readonly name: string;
  /** The same name, known once the cluster exists. */
  readonly eksName: pulumi.Output<string>;
  /** Secret. */
  readonly kubeconfig: pulumi.Output<string>;
  /** The security group of nodes and pods. */
  readonly securityGroupId: pulumi.Output<string>;
  readonly provider: kubernetes.Provider;
  /** Pods mount Secrets Manager secrets only once this exists. */
  readonly secretsStore: aws.eks.Addon;

  constructor(name: string, args: ClusterArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:Cluster", name, {}, options);
    this.name = `sparki-${args.stack}`;
    const logs = createLogGroup(this, `${name}-logs`, {
      name: `/aws/eks/${this.name}/cluster`,
      logKeyArn: args.keys.logs.arn,
    });
    const cluster = createEks(this, name, { ...args, clusterName: this.name, logs });

    this.eksName = cluster.eksCluster.name;
    this.kubeconfig = pulumi.secret(cluster.kubeconfigJson);
    this.securityGroupId = cluster.nodeSecurityGroupId;
    const admitted = admitToApi(this, name, args);
    this.provider = new kubernetes.Provider(
      `${name}-kubernetes`,
      {
        kubeconfig: this.kubeconfig,
        // A kubeconfig that a preview does not know yet is no other cluster: everything in it would be planned again.
        clusterIdentifier: cluster.eksCluster.arn,
        enableServerSideApply: true,
        // A changed ConfigMap or Secret is changed in place: by default it is deleted first, under the pods that read it.
        enableConfigMapMutable: true,
        enableSecretMutable: true,
        // EKS may have made its ConfigMap first, and a killed update any object: a create takes over what is there.
        upsertExistingObjects: true,
      },
      // Nobody may enter before the access entries exist, and EKS's API knows of them; whoever deploys from another network,
      // or as the runner, not before the API admits him.
      { parent: this, dependsOn: [cluster, ...admitted], ...hooked(args.beforeEntry?.(this.kubeconfig)) },
    );
    this.secretsStore = createSecretsStore(this, name, cluster);
    createMetricsServer(this, name, cluster);
    enforceNetworkPolicies(this, name);
    this.registerOutputs();
  }
}

function hooked(before: pulumi.ResourceHook | undefined): Pick<pulumi.ResourceOptions, "hooks"> {
  return before === undefined ? {} : { hooks: { beforeCreate: [before] } };
}

function createEks(parent: Cluster, name: string, args: ClusterArgs & { clusterName: string; logs: pulumi.Resource }) {
  return new eks.Cluster(
    `${name}-eks`,
    {
      name: args.clusterName,
      version: args.version,
      autoMode: { enabled: true },
      authenticationMode: eks.AuthenticationMode.Api,
      accessEntries: { ...entriesOf(args.administrators, "admin"), ...entriesOf(args.readers, "view") },
      vpcId: args.network.vpcId,
      // The built-in node class puts nodes into all of these; in a public subnet they would have no way out.
      privateSubnetIds: args.network.privateSubnetIds,
      kubernetesServiceIpAddressRange: SERVICE_CIDR,
      endpointPrivateAccess: true,
      ...publicEndpoint(args.publicAccessCidrs),
      encryptionConfigKeyArn: args.keys.cluster.arn,
      enabledClusterLogTypes: CONTROL_PLANE_LOGS,
      deletionProtection: args.protect,
      upgradePolicy: { supportType: "STANDARD" },
      createOidcProvider: false,
      // Auto Mode answers names on the nodes themselves; the add-on would wait for nodes of its own.
      corednsAddonOptions: { enabled: false },
      skipDefaultNodeGroup: true,
    },
    // EKS makes the log group itself, unencrypted and kept for ever, when it is not there first.
    { parent, dependsOn: [args.logs], transforms: [changedChildren(args)] },
  );
}

/** Access entries for the whole cluster, each by the last part of its principal's ARN. */
function entriesOf(principals: readonly string[], access: keyof typeof ACCESS) {
  const accessPolicies = { [access]: { policyArn: ACCESS[access], accessScope: { type: "cluster" } } };
  return Object.fromEntries(
    principals.map((principalArn) => [
      principalArn.slice(principalArn.lastIndexOf("/") + 1),
      { principalArn, accessPolicies },
    ]),
  );
}

/** What the program changes of the resources that EKS's component makes. */
export function changedChildren({
  permissionsBoundary,
  release,
}: Pick<ClusterArgs, "permissionsBoundary" | "release">): pulumi.ResourceTransform {
  return enteredByEntriesOnly(childrenBoundedBy(permissionsBoundary, childrenMadeBy(release)));
}

/**
 * Disables EKS's implicit administrator entry for the cluster's creator, who has an access entry like everybody: the
 * implicit one is in no state, and takes the place of the one that is. One transform with the other: the second of two would get nothing
 * for what a preview does not know.
 */
function enteredByEntriesOnly(other: pulumi.ResourceTransform): pulumi.ResourceTransform {
  return async (args) => {
    const changed = await other(args);
    if (changed === undefined || args.type !== "aws:eks/cluster:Cluster") return changed;
    const accessConfig = { ...changed.props.accessConfig, bootstrapClusterCreatorAdminPermissions: false };
    return { props: { ...changed.props, accessConfig }, opts: changed.opts };
  };
}

/** What the fleets' autoscalers measure by; Auto Mode does not bring it. */
function createMetricsServer(parent: Cluster, name: string, cluster: eks.Cluster): void {
  const settings = { clusterName: cluster.eksCluster.name, addonName: "metrics-server" };
  new aws.eks.Addon(`${name}-metrics-server`, settings, { parent });
}

/** The component refuses a list of CIDRs, even an empty one, beside a public endpoint that is off. */
function publicEndpoint(cidrs: readonly string[]) {
  return cidrs.length === 0
    ? { endpointPublicAccess: false }
    : { endpointPublicAccess: true, publicAccessCidrs: [...cidrs] };
}

/** Opens the private endpoint, which is behind the cluster's own security group, to the runner and to the networks that the config names. */
function admitToApi(
  parent: Cluster,
  name: string,
  { network, privateAccessCidrs }: Pick<ClusterArgs, "network" | "privateAccessCidrs">,
): pulumi.Resource[] {
  const admit = (from: string, who: Partial<aws.vpc.SecurityGroupIngressRuleArgs> & { description: string }) =>
    new aws.vpc.SecurityGroupIngressRule(
      `${name}-api-from-${from}`,
      { securityGroupId: parent.securityGroupId, ipProtocol: "tcp", fromPort: 443, toPort: 443, ...who },
      { parent },
    );
  return [
    admit("runner", {
      description: "Kubernetes API from jobs that deploy from inside the VPC",
      referencedSecurityGroupId: network.runnerGroupId,
    }),
    ...privateAccessCidrs.map((cidr) =>
      admit(cidr.replace(/[./]/g, "-"), {
        description: "Kubernetes API from a network outside the VPC",
        cidrIpv4: cidr,
      }),
    ),
  ];
}

/** Auto Mode enforces network policies only once this setting of its CNI says so (EKS user guide). */
function enforceNetworkPolicies(parent: Cluster, name: string): void {
  new kubernetes.core.v1.ConfigMap(
    `${name}-network-policies`,
    {
      metadata: {
        name: "amazon-vpc-cni",
        namespace: "kube-system",
        // Whoever made it first, and whatever it says: this setting is the program's.
        annotations: { "pulumi.com/patchForce": "true" },
      },
      data: { "enable-network-policy-controller": "true" },
    },
    { parent, provider: parent.provider },
  );
}

/** Secrets Manager secrets as files in pods, by the AWS add-on of the secrets-store CSI driver. */
function createSecretsStore(parent: Cluster, name: string, cluster: eks.Cluster): aws.eks.Addon {
  return new aws.eks.Addon(
    `${name}-secrets-store`,
    {
      clusterName: cluster.eksCluster.name,
      addonName: "aws-secrets-store-csi-driver-provider",
      configurationValues: JSON.stringify({
        "secrets-store-csi-driver": { enableSecretRotation: true, rotationPollInterval: "60s" },
      }),
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "OVERWRITE",
    },
    { parent },
  );
}
