import { example, KEY_ARN, thing } from "./policy-fixtures.ts";

/** A database that meets every control. */
export const database = example("aws:rds/instance:Instance", {
  identifier: "sparki-prod-database",
  engine: "postgres",
  instanceClass: "db.r7g.large",
  username: "sparki_admin",
  port: 5433,
  manageMasterUserPassword: true,
  masterUserSecretKmsKeyId: KEY_ARN,
  storageEncrypted: true,
  kmsKeyId: KEY_ARN,
  publiclyAccessible: false,
  dbSubnetGroupName: "sparki-prod-database",
  parameterGroupName: "sparki-prod-database-17",
  multiAz: true,
  deletionProtection: true,
  backupRetentionPeriod: 14,
  autoMinorVersionUpgrade: true,
  iamDatabaseAuthenticationEnabled: true,
  enabledCloudwatchLogsExports: ["postgresql", "upgrade"],
  monitoringInterval: 60,
  monitoringRoleArn: "arn:aws:iam::111122223333:role/sparki-prod-database-monitoring",
  performanceInsightsEnabled: true,
  performanceInsightsKmsKeyId: KEY_ARN,
  copyTagsToSnapshot: true,
  caCertIdentifier: "rds-ca-rsa2048-g1",
  skipFinalSnapshot: false,
  finalSnapshotIdentifier: "sparki-prod-database-final",
}).named("database-instance");

const PARAMETERS = { "rds.force_ssl": "1", log_statement: "ddl", log_min_duration_statement: "1000" };

/** The database's parameter group, with some parameters changed or, by an undefined value, left out. */
export function parameterGroup(changes: Readonly<Record<string, string | undefined>> = {}) {
  const all: [string, string | undefined][] = Object.entries({ ...PARAMETERS, ...changes });
  const parameters = all.flatMap(([name, value]) => (value === undefined ? [] : [{ name, value }]));
  return example("aws:rds/parameterGroup:ParameterGroup", {
    name: "sparki-prod-database-17",
    family: "postgres17",
    parameters,
  });
}

/** A Redis that meets every control. */
export const cache = example("aws:elasticache/replicationGroup:ReplicationGroup", {
  replicationGroupId: "sparki-prod-cache",
  automaticFailoverEnabled: true,
  multiAzEnabled: true,
  numCacheClusters: 3,
  atRestEncryptionEnabled: true,
  kmsKeyId: KEY_ARN,
  transitEncryptionEnabled: true,
  transitEncryptionMode: "required",
  authToken: "made-by-random-password",
  autoMinorVersionUpgrade: true,
  snapshotRetentionLimit: 7,
  subnetGroupName: "sparki-prod-cache",
  finalSnapshotIdentifier: "sparki-prod-cache-final",
});

/** A cluster that meets every control. */
export const cluster = example("aws:eks/cluster:Cluster", {
  name: "sparki-prod",
  version: "1.35",
  vpcConfig: { subnetIds: [], endpointPrivateAccess: true, endpointPublicAccess: false },
  encryptionConfig: { provider: { keyArn: KEY_ARN }, resources: ["secrets"] },
  enabledClusterLogTypes: ["api", "audit", "authenticator", "controllerManager", "scheduler"],
  accessConfig: { authenticationMode: "API" },
  upgradePolicy: { supportType: "STANDARD" },
});

export const key = example("aws:kms/key:Key", {
  enableKeyRotation: true,
  deletionWindowInDays: 30,
  policy: document({ Principal: { AWS: "arn:aws:iam::111122223333:root" }, Action: "kms:*", Resource: "*" }),
});

export const vpc = example("aws:ec2/vpc:Vpc", { cidrBlock: "10.40.0.0/16" });

export const zones = ["us-east-1a", "us-east-1b", "us-east-1c"];

/** One subnet of the VPC in each zone. */
export const subnets = zones.map((availabilityZone) =>
  example("aws:ec2/subnet:Subnet", { vpcId: "", availabilityZone, mapPublicIpOnLaunch: false })
    .named(`subnet-${availabilityZone}`)
    .from("vpcId", vpc),
);

export const role = example("aws:iam/role:Role", {
  name: "sparki-prod-engine",
  assumeRolePolicy: document({ Principal: { Service: "pods.eks.amazonaws.com" }, Action: "sts:AssumeRole" }),
});

/** An IAM policy document of one allowing statement. */
export function document(statement: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}

export const loadBalancer = example("aws:lb/loadBalancer:LoadBalancer", {
  name: "sparki-prod",
  internal: false,
  subnets: ["subnet-a", "subnet-b"],
  dropInvalidHeaderFields: true,
  desyncMitigationMode: "strictest",
  enableDeletionProtection: true,
  accessLogs: { enabled: true, bucket: "sparki-prod-access-logs" },
});

const IMAGE = `ghcr.io/alexarno/sparki/engine@sha256:${"0123456789abcdef".repeat(4)}`;

const CONTAINER = {
  name: "engine",
  image: IMAGE,
  env: [{ name: "DATABASE_HOST", value: "database.internal" }],
  resources: { requests: { cpu: "250m", memory: "512Mi" }, limits: { cpu: "1", memory: "512Mi" } },
  readinessProbe: { httpGet: { path: "/ready", port: 8080 } },
  livenessProbe: { httpGet: { path: "/health", port: 8080 } },
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  },
};

const POD = {
  serviceAccountName: "engine",
  automountServiceAccountToken: false,
  securityContext: { runAsNonRoot: true, runAsUser: 10_001, seccompProfile: { type: "RuntimeDefault" } },
};

type Changes = Readonly<Record<string, unknown>>;

/** A pod's spec that meets every control, with something changed in the pod or in its container. */
export function podSpec(changes: { readonly pod?: Changes; readonly container?: Changes } = {}) {
  return { ...POD, containers: [{ ...CONTAINER, ...changes.container }], ...changes.pod };
}

/** As `podSpec`, with something changed in the container's security context. */
export function securedPod(changes: Changes) {
  return podSpec({ container: { securityContext: { ...CONTAINER.securityContext, ...changes } } });
}

export function deployment(spec: object = podSpec()) {
  return thing("kubernetes:apps/v1:Deployment", { spec: { template: { spec } } });
}

/** The command that runs a Job with that pod in the cluster. */
export function jobCommand(spec: object = podSpec()) {
  const stdin = JSON.stringify({ kubeconfig: "", job: { spec: { template: { spec } } } });
  return thing("command:local:Command", { create: "node io/run-job.ts", stdin });
}

/** A Helm release that meets every control. */
export const release = example("kubernetes:helm.sh/v3:Release", {
  name: "engine-fleet",
  chart: "./apps/charts/engine",
  values: { image: IMAGE, replicas: 3, cache: { secretArn: "arn:aws:secretsmanager:us-east-1:111122223333:secret:x" } },
}).named("engine-fleet");

export const namespace = thing("kubernetes:core/v1:Namespace", {
  metadata: { name: "sparki-engine", labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
});
