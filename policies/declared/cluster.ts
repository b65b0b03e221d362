import {
  config,
  type Declaration,
  declare,
  json,
  known,
  Matcher,
  madeOf,
  matching,
  mismatches,
  optional,
  parsedOnce,
  ref,
  refs,
  type Shape,
  same,
  type World,
} from "./shape.ts";

/**
 * The arguments by which the AWS command line gives a token for this stack's cluster, and for no other; the component puts
 * the region first (https://github.com/pulumi/pulumi-eks, `generateKubeconfig`).
 */
const tokenArguments = new Matcher("aws eks get-token of the stack's cluster", (value, { config, stack }) => {
  if (!Array.isArray(value) || !value.every((argument) => typeof argument === "string")) return false;
  const allowed = [` --region ${config.region} `, " --output json "];
  const left = allowed.reduce((words, option) => words.replace(option, " "), ` ${value.join(" ")} `);
  return left.trim() === `eks get-token --cluster-name sparki-${stack}`;
});

/** A user who asks the AWS command line, as EKS's do, or whose token is there, as in a rehearsal; no other command runs. */
const KUBECONFIG_USERS: readonly Shape[] = [
  {
    exec: {
      apiVersion: matching("a version of the client's protocol", /^client\.authentication\.k8s\.io\/v1(beta1)?$/),
      command: "aws",
      args: tokenArguments,
      env: optional(
        new Matcher("what the protocol needs", (value, world) =>
          [value].flat().every((one) => mismatches(() => one, EXEC_PROTOCOL, world).length === 0),
        ),
      ),
      interactiveMode: optional(matching("a mode", /^(IfAvailable|Never)$/)),
      provideClusterInfo: optional(false),
    },
  },
  { token: matching("a token", /^[\w.~+/=-]+$/) },
];
const EXEC_PROTOCOL: Shape = {
  name: "KUBERNETES_EXEC_INFO",
  value: matching("JSON", /^\{"apiVersion": ?"client\.authentication\.k8s\.io\/v1(beta1)?"\}$/),
};
const KUBECONFIG_SOURCES = ["cluster-eks-eksCluster"];
const KUBECONFIG_SHAPE: Shape = {
  apiVersion: "v1",
  kind: "Config",
  clusters: [
    {
      name: "kubernetes",
      cluster: {
        server: new Matcher(
          "the API of a cluster of EKS in the stack's region",
          (value, world) =>
            typeof value === "string" &&
            serverOf(world.config.region).test(value) &&
            // What is kept as it was may be of a cluster that has changed since.
            (world.bound.kept?.includes("stdin") === true || world.tells?.(KUBECONFIG_SOURCES, value, world) !== false),
        ),
        "certificate-authority-data": matching("a certificate in base64", /^[A-Za-z0-9+/=]+$/),
      },
    },
  ],
  contexts: [{ name: "aws", context: { cluster: "kubernetes", user: "aws" } }],
  "current-context": "aws",
  users: [
    {
      name: "aws",
      user: new Matcher("a user of EKS", (value, world) =>
        KUBECONFIG_USERS.some((shape) => mismatches(() => value, shape, world).length === 0),
      ),
    },
  ],
};

/** EKS's own names; a rehearsal's cluster listens on this machine alone. */
const serverOf = (region: string) =>
  new RegExp(
    `^https://([A-Z0-9]{8,40}\\.[a-z0-9]{1,8}\\.${region}\\.eks\\.amazonaws\\.com|127(\\.\\d{1,3}){3}:\\d{1,5})$`,
    "i",
  );

/** How the engine and the database's jobs reach this stack's cluster: no file, no proxy, and no command but AWS's own. */
export const KUBECONFIG = new Matcher("a kubeconfig of the stack's cluster", (value: unknown, world: World) => {
  const parsed = typeof value === "string" ? parsedOnce(value) : undefined;
  return parsed !== undefined && mismatches(() => parsed, KUBECONFIG_SHAPE, world).length === 0;
});

const CLUSTER = ["cluster-eks", "cluster-eks-eksCluster"] as const;
const CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy";
const CLUSTER_VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSAdminViewPolicy";
const LOGS = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
const clusterName = known("sparki-{stack}", ...CLUSTER);
const protection = config("protection", ({ protection }) => protection);
const kubernetesVersion = config("cluster.version", ({ cluster }) => cluster.version);

/** The administrator, or the reader, whose name the resource's logical name ends with. */
const administrator = config("cluster.administrators", ({ cluster }, { bound }) =>
  cluster.administrators.find((arn) => arn.endsWith(`/${bound.administrator}`)),
);
const reader = config("cluster.readers", ({ cluster }, { bound }) =>
  cluster.readers.find((arn) => arn.endsWith(`/${bound.reader}`)),
);
const accessEntries = config("cluster.administrators and readers", ({ cluster }) => ({
  ...entriesOf(cluster.administrators, "admin", CLUSTER_ADMIN),
  ...entriesOf(cluster.readers, "view", CLUSTER_VIEW),
}));

function entriesOf(principals: readonly string[], access: string, policyArn: string) {
  return Object.fromEntries(
    principals.map((principalArn) => [
      principalArn.slice(principalArn.lastIndexOf("/") + 1),
      { principalArn, accessPolicies: { [access]: { accessScope: { type: "cluster" }, policyArn } } },
    ]),
  );
}

/** The API's public endpoint is there for the networks of the config only, and off when it names none. */
const isPublic = config("cluster.publicAccessCidrs", ({ cluster }) => cluster.publicAccessCidrs.length > 0);
/** Left out of a public endpoint, they would be everybody's. */
const publicAccessCidrs = new Matcher(
  "what sparki:cluster.publicAccessCidrs says",
  (value, { config }) => same(value, config.cluster.publicAccessCidrs),
  { isOptional: ({ config }) => config.cluster.publicAccessCidrs.length === 0 },
);

/** All that the component's children are made of: the engine is told so of each of their properties. */
const MADE_OF = [
  "keys-cluster",
  "cluster-logs",
  "cluster-eks-eksRole-role",
  "cluster-eks-nodeRole-role",
  "cluster-eks-eksRole-*",
  "cluster-eks-nodeRole-*",
  "network-private-{zone}",
  "network-vpc",
];

/** EKS, who enters it, and its add-ons. */
export const cluster: readonly Declaration[] = [
  ...declare("eks:index:Cluster", {
    "cluster-eks": {
      name: "sparki-{stack}",
      version: kubernetesVersion,
      authenticationMode: "API",
      accessEntries,
      autoMode: { enabled: true, createNodeRole: optional(true) },
      corednsAddonOptions: {
        enabled: false,
        resolveConflictsOnCreate: optional("OVERWRITE"),
        resolveConflictsOnUpdate: optional("OVERWRITE"),
      },
      createOidcProvider: false,
      deletionProtection: protection,
      enabledClusterLogTypes: LOGS,
      encryptionConfigKeyArn: ref("keys-cluster", "cluster-logs", "network-private-{zone}", "network-vpc"),
      endpointPrivateAccess: true,
      endpointPublicAccess: isPublic,
      publicAccessCidrs,
      kubernetesServiceIpAddressRange: "172.20.0.0/16",
      privateSubnetIds: refs("network-private-{zone}", ["keys-cluster", "cluster-logs", "network-vpc"]),
      skipDefaultNodeGroup: true,
      upgradePolicy: { supportType: "STANDARD" },
      vpcId: ref("keys-cluster", "cluster-logs", "network-private-{zone}", "network-vpc"),
    },
  }),
  ...declare("eks:index:ServiceRole", { "cluster-eks-eksRole": {}, "cluster-eks-nodeRole": {} }),
  ...declare("aws:eks/cluster:Cluster", {
    "cluster-eks-eksCluster": {
      name: "sparki-{stack}",
      version: kubernetesVersion,
      accessConfig: { authenticationMode: "API", bootstrapClusterCreatorAdminPermissions: false },
      bootstrapSelfManagedAddons: false,
      computeConfig: { enabled: true, nodePools: ["general-purpose", "system"], nodeRoleArn: ref(...MADE_OF) },
      deletionProtection: protection,
      enabledClusterLogTypes: LOGS,
      encryptionConfig: { provider: { keyArn: ref(...MADE_OF) }, resources: ["secrets"] },
      kubernetesNetworkConfig: {
        elasticLoadBalancing: { enabled: true },
        ipFamily: optional("ipv4"),
        serviceIpv4Cidr: "172.20.0.0/16",
      },
      roleArn: ref(...MADE_OF),
      storageConfig: { blockStorage: { enabled: true } },
      upgradePolicy: { supportType: "STANDARD" },
      vpcConfig: {
        endpointPrivateAccess: true,
        endpointPublicAccess: isPublic,
        publicAccessCidrs,
        subnetIds: refs("network-private-{zone}", MADE_OF),
      },
      forceUpdateVersion: optional(false),
    },
  }),
  ...declare("aws:eks/accessEntry:AccessEntry", {
    "cluster-eks-{administrator}": { clusterName, principalArn: administrator, type: optional("STANDARD") },
    "cluster-eks-{reader}": { clusterName, principalArn: reader, type: optional("STANDARD") },
  }),
  ...declare("aws:eks/accessPolicyAssociation:AccessPolicyAssociation", {
    "cluster-eks-{administrator}-admin": {
      clusterName: known("sparki-{stack}", ...CLUSTER, "cluster-eks-{administrator}"),
      principalArn: administrator,
      policyArn: CLUSTER_ADMIN,
      accessScope: { type: "cluster" },
    },
    "cluster-eks-{reader}-view": {
      clusterName: known("sparki-{stack}", ...CLUSTER, "cluster-eks-{reader}"),
      principalArn: reader,
      policyArn: CLUSTER_VIEW,
      accessScope: { type: "cluster" },
    },
  }),
  ...declare("aws:eks/addon:Addon", {
    "cluster-metrics-server": { addonName: "metrics-server", clusterName },
    "cluster-secrets-store": {
      addonName: "aws-secrets-store-csi-driver-provider",
      clusterName,
      configurationValues: json({
        "secrets-store-csi-driver": { enableSecretRotation: true, rotationPollInterval: "60s" },
      }),
      resolveConflictsOnCreate: "OVERWRITE",
      resolveConflictsOnUpdate: "OVERWRITE",
    },
  }),
];

export const SEMVER = matching("a version", /^\d+\.\d+\.\d+$/);
const internal = optional({});

/** The only providers: of this account and region, by the credentials of who deploys, and of this cluster. */
export const providers: readonly Declaration[] = [
  ...declare("pulumi:providers:aws", {
    aws: {
      region: "{region}",
      allowedAccountIds: json(["{account}"]),
      defaultTags: json({ tags: { project: "sparki", stack: "{stack}", owner: "{owner}", "managed-by": "pulumi" } }),
      maxRetries: matching("10", /^10$/),
      skipCredentialsValidation: optional("false"),
      skipRegionValidation: optional("true"),
      version: optional(SEMVER),
      __internal: internal,
    },
  }),
  ...declare("pulumi:providers:kubernetes", {
    // The component's own, by which it makes nothing in Auto Mode.
    "cluster-eks-eks-k8s": {
      kubeconfig: madeOf(KUBECONFIG, ...CLUSTER),
      enableConfigMapMutable: optional(matching("true", /^true$/)),
      version: optional(SEMVER),
      __internal: internal,
    },
    "cluster-kubernetes": {
      kubeconfig: madeOf(KUBECONFIG, ...CLUSTER),
      clusterIdentifier: madeOf("arn:aws:eks:{region}:{account}:cluster/sparki-{stack}", ...CLUSTER),
      enableServerSideApply: matching("true", /^true$/),
      enableConfigMapMutable: matching("true", /^true$/),
      enableSecretMutable: matching("true", /^true$/),
      upsertExistingObjects: matching("true", /^true$/),
      version: optional(SEMVER),
      __internal: internal,
    },
  }),
];

/** What the engine makes up for packages that need no settings. */
export const DEFAULT_PROVIDERS = /^pulumi:providers:(command|eks|random|pulumi)$/;
