/** `S01` to `S70` are the audit's controls; `D01` and on are this deployment's own. */
export type ControlId = `S${number}` | `D${number}`;

/** One line of the audit: what is demanded, under which names others know it, and where the program meets it. */
export interface Control {
  readonly id: ControlId;
  readonly title: string;
  /** Names in AWS FSBP, CIS AWS, CIS EKS, Checkov, Trivy and the Pod Security Standards. */
  readonly ids: readonly string[];
  /** File of the program that meets it. */
  readonly metBy: string;
  /** Why it cannot apply to this stack; its policy still guards what may be added later. */
  readonly notApplicable?: string;
  /** What checks it when no policy can see it. */
  readonly alsoCheckedBy?: string;
}

/** What this deployment demands beyond the audit, which no public pack has. */
export const ownControls: readonly Control[] = [
  {
    id: "D01",
    title: "Nothing that holds data is replaced or deleted without a dated approval",
    ids: ["stateful"],
    metBy: "infra/",
  },
  { id: "D02", title: "No property carries a secret as plain text", ids: ["plain-secrets"], metBy: "index.ts" },
  {
    id: "D03",
    title: "Everything on AWS is tagged with project, stack, owner and the release that made it",
    ids: ["tags"],
    metBy: "infra/",
  },
  { id: "D04", title: "Nothing is created outside the allowed regions", ids: ["regions"], metBy: "infra/provider.ts" },
  { id: "D05", title: "A stack is never smaller than its floor", ids: ["floor"], metBy: "stacks/schema.ts" },
  {
    id: "D06",
    title: "No resource type that the controls cover is used without a policy that reads it",
    ids: ["kinds"],
    metBy: "infra/",
  },
  { id: "D07", title: "Each zone has its own NAT gateway", ids: ["nat-per-zone"], metBy: "infra/network.ts" },
  {
    id: "D08",
    title: "No property has a value that AWS refuses by its own published rules",
    ids: ["aws-rules"],
    metBy: "infra/",
  },
  {
    id: "D09",
    title:
      "Nothing exists that is not declared: kind, name, properties, options, outputs, grants, flows, commands and providers",
    ids: ["closed-world"],
    metBy: "policies/declared/",
  },
  {
    id: "D10",
    title: "No chart renders what is not declared: kinds, pods, images, flows, secrets and definitions",
    ids: ["closed-charts"],
    metBy: "apps/charts/",
  },
];

const NO_REPOSITORY = "the program makes no ECR repository; images come from the allowed registries by digest";

const identityControls: readonly Control[] = [
  { id: "S49", title: "Keys rotate every year", ids: ["CIS 4.6", "CKV_AWS_7", "AVD-AWS-0065"], metBy: "infra/keys.ts" },
  {
    id: "S50",
    title: "Keys trust no wildcard principal and wait 30 days before they are deleted",
    ids: ["KMS.3", "KMS.5", "CKV_AWS_33", "CKV2_AWS_64"],
    metBy: "infra/keys.ts",
  },
  {
    id: "S51",
    title: "No role has full access",
    ids: ["IAM.1", "CIS 2.15", "CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_274", "AVD-AWS-0057"],
    metBy: "infra/roles.ts",
  },
  {
    id: "S52",
    title: "No role has a whole service, can raise its own rights, or decrypts everything",
    ids: [
      "IAM.21",
      "KMS.1",
      "KMS.2",
      "CKV_AWS_286",
      "CKV_AWS_287",
      "CKV_AWS_288",
      "CKV_AWS_289",
      "CKV_AWS_290",
      "CKV_AWS_355",
    ],
    metBy: "infra/roles.ts",
  },
  {
    id: "S53",
    title:
      "Roles trust by name only; one that trusts a CI service trusts one repository and branch (no role here does: the deploy role is made outside this program)",
    ids: ["CKV_AWS_358", "CKV_AWS_393", "CKV_AWS_60", "CKV_AWS_61"],
    metBy: "infra/roles.ts",
  },
  {
    id: "S54",
    title: "Secrets rotate within 90 days",
    ids: ["SecretsManager.1", "SecretsManager.4", "CKV2_AWS_57", "CKV_AWS_304"],
    metBy: "infra/secrets.ts",
  },
  {
    id: "S55",
    title: "Secrets are encrypted under a customer key",
    ids: ["CKV_AWS_149", "AVD-AWS-0098"],
    metBy: "infra/secrets.ts",
  },
  {
    id: "S56",
    title: "Log groups are encrypted under a customer key and kept for a year or more",
    ids: ["CKV_AWS_158", "CKV_AWS_66", "CKV_AWS_338", "AVD-AWS-0017"],
    metBy: "infra/log-group.ts",
  },
  {
    id: "S57",
    title: "ECR scans images on push",
    ids: ["ECR.1", "CKV_AWS_163", "AVD-AWS-0030", "CIS EKS 5.1.1"],
    metBy: "infra/",
    notApplicable: NO_REPOSITORY,
  },
  {
    id: "S58",
    title: "ECR tags are immutable",
    ids: ["ECR.2", "CKV_AWS_51", "AVD-AWS-0031"],
    metBy: "infra/",
    notApplicable: NO_REPOSITORY,
  },
  {
    id: "S59",
    title: "ECR repositories have a lifecycle and grant the least access",
    ids: ["ECR.3", "CKV_AWS_32", "CIS EKS 5.1.2", "CIS EKS 5.1.3"],
    metBy: "infra/",
    notApplicable: NO_REPOSITORY,
  },
];

const AUTO_MODE_NODES = "EKS Auto Mode makes the nodes; the program makes no launch template and no node group";

const clusterControls: readonly Control[] = [
  {
    id: "S09",
    title: "The cluster's API endpoint is private; a public one is off or pinned to named CIDRs",
    ids: ["EKS.1", "CIS EKS 5.4.1", "CIS EKS 5.4.2", "CKV_AWS_38", "CKV_AWS_39", "AVD-AWS-0040", "AVD-AWS-0041"],
    metBy: "infra/cluster.ts",
  },
  {
    id: "S10",
    title: "The cluster runs a Kubernetes version in standard support",
    ids: ["EKS.2", "CKV_AWS_339"],
    metBy: "infra/cluster.ts",
  },
  {
    id: "S11",
    title: "Kubernetes secrets are encrypted under a customer key from the cluster's creation",
    ids: ["EKS.3", "CIS EKS 5.3.1", "CKV_AWS_58", "AVD-AWS-0039"],
    metBy: "infra/cluster.ts",
  },
  {
    id: "S12",
    title: "The control plane writes all five kinds of log",
    ids: ["EKS.8", "CIS EKS 2.1.1", "CKV_AWS_37", "AVD-AWS-0038"],
    metBy: "infra/cluster.ts",
  },
  {
    id: "S13",
    title: "Nodes have no public address",
    ids: ["CIS EKS 5.4.3", "EC2.25", "CKV_AWS_88"],
    metBy: "infra/cluster.ts",
  },
  {
    id: "S14",
    title: "Nodes accept only IMDSv2, with a hop limit of 1",
    ids: ["EC2.170", "CIS 6.7", "CKV_AWS_79", "CKV_AWS_341"],
    metBy: "infra/cluster.ts",
    notApplicable: `${AUTO_MODE_NODES} (Auto Mode enforces IMDSv2 with a hop limit of 1)`,
  },
  {
    id: "S15",
    title: "Nodes' disks are encrypted",
    ids: ["EC2.181", "CIS 6.1.1", "AVD-AWS-0131"],
    metBy: "infra/cluster.ts",
    notApplicable: `${AUTO_MODE_NODES} (Auto Mode encrypts their disks)`,
  },
  {
    id: "S16",
    title: "No one can log in to nodes by SSH from everywhere",
    ids: ["CKV_AWS_100"],
    metBy: "infra/cluster.ts",
    notApplicable: `${AUTO_MODE_NODES} (Auto Mode allows no SSH)`,
  },
  {
    id: "S17",
    title: "People access the cluster by access entries, and no one is in system:masters",
    ids: ["CIS EKS 4.1.7", "CIS EKS 5.5.1", "KSV0115", "KSV0123"],
    metBy: "infra/cluster.ts",
  },
  {
    id: "S18",
    title: "Each service account has an IAM role of its own, by Pod Identity",
    ids: ["CIS EKS 5.2.1"],
    metBy: "infra/roles.ts",
  },
  {
    id: "S19",
    title: "The cluster's network plugin enforces network policies",
    ids: ["CIS EKS 4.3.1", "CIS EKS 5.4.4"],
    metBy: "infra/cluster.ts",
  },
];

const networkControls: readonly Control[] = [
  {
    id: "S01",
    title: "The VPC records flow logs of all its traffic",
    ids: ["EC2.6", "CIS 4.7", "CKV2_AWS_11", "AVD-AWS-0178"],
    metBy: "infra/network.ts",
  },
  {
    id: "S02",
    title: "The VPC's default security group allows nothing",
    ids: ["EC2.2", "CIS 6.5", "CKV2_AWS_12", "AVD-AWS-0173"],
    metBy: "infra/network.ts",
  },
  {
    id: "S03",
    title: "Subnets assign no public address by default",
    ids: ["EC2.15", "CKV_AWS_130", "AVD-AWS-0164"],
    metBy: "infra/network.ts",
  },
  {
    id: "S04",
    title: "Only ports 443 and 80 (redirected) of the load balancer are open to the internet",
    ids: ["EC2.18", "EC2.19", "CIS 6.3", "CIS 6.4", "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_277", "AVD-AWS-0107"],
    metBy: "infra/network.ts",
  },
  {
    id: "S05",
    title: "No security group allows all traffic to the internet",
    ids: ["CKV_AWS_382", "AVD-AWS-0104"],
    metBy: "infra/network.ts",
  },
  {
    id: "S06",
    title: "Security groups and their rules have a description",
    ids: ["CKV_AWS_23", "AVD-AWS-0099", "AVD-AWS-0124"],
    metBy: "infra/network.ts",
  },
  {
    id: "S07",
    title: "No network ACL allows SSH or RDP from the internet",
    ids: ["EC2.21", "CIS 6.2", "AVD-AWS-0105"],
    metBy: "infra/network.ts",
  },
  {
    id: "S08",
    title: "EC2, ECR and S3 are reached by endpoints of the VPC",
    ids: ["EC2.10", "EC2.55", "EC2.56"],
    metBy: "infra/network.ts",
  },
];

const edgeControls: readonly Control[] = [
  {
    id: "S40",
    title: "Listeners serve HTTPS only, and port 80 redirects",
    ids: ["ELB.1", "ELB.18", "CKV_AWS_2", "CKV2_AWS_20", "CKV_AWS_378", "AVD-AWS-0054"],
    metBy: "infra/load-balancer.ts",
  },
  {
    id: "S41",
    title: "HTTPS listeners accept TLS 1.2 or newer only",
    ids: ["ELB.17", "CKV_AWS_103", "CKV2_AWS_74", "AVD-AWS-0047"],
    metBy: "infra/load-balancer.ts",
  },
  {
    id: "S42",
    title: "The load balancer drops bad headers and defends against desync",
    ids: ["ELB.4", "ELB.12", "CKV_AWS_131", "CKV_AWS_328", "AVD-AWS-0052"],
    metBy: "infra/load-balancer.ts",
  },
  {
    id: "S43",
    title: "The load balancer keeps access logs",
    ids: ["ELB.5", "CKV_AWS_91"],
    metBy: "infra/load-balancer.ts",
  },
  {
    id: "S44",
    title: "The load balancer is protected from deletion and spans two zones or more",
    ids: ["ELB.6", "ELB.13", "CKV_AWS_150"],
    metBy: "infra/load-balancer.ts",
  },
  {
    id: "S45",
    title: "A public load balancer is protected by a WAF that logs",
    ids: ["CKV2_AWS_28", "CKV2_AWS_31", "WAF.10"],
    metBy: "infra/edge.ts",
  },
  {
    id: "S46",
    title: "Target groups check their targets' health",
    ids: ["CKV_AWS_261"],
    metBy: "infra/load-balancer.ts",
  },
  {
    id: "S47",
    title: "Certificates renew automatically and have RSA 2048 or better",
    ids: ["ACM.1", "ACM.2", "CKV_AWS_233"],
    metBy: "infra/edge.ts",
  },
  {
    id: "S48",
    title: "The hosted zone logs queries and is signed",
    ids: ["Route53.2", "CKV2_AWS_38", "CKV2_AWS_39"],
    metBy: "infra/edge.ts",
  },
];

const databaseControls: readonly Control[] = [
  {
    id: "S20",
    title: "The database is not public",
    ids: ["RDS.2", "CIS 3.2.3", "CKV_AWS_17", "AVD-AWS-0180"],
    metBy: "infra/database.ts",
  },
  { id: "S21", title: "The database is in private subnets only", ids: ["RDS.46"], metBy: "infra/database.ts" },
  {
    id: "S22",
    title: "The database's storage is encrypted under a customer key",
    ids: ["RDS.3", "CIS 3.2.1", "CKV_AWS_16", "AVD-AWS-0080"],
    metBy: "infra/database.ts",
  },
  {
    id: "S23",
    title: "The database refuses connections without TLS",
    ids: ["RDS.38", "CKV2_AWS_69"],
    metBy: "infra/database.ts",
  },
  {
    id: "S24",
    title: "The database has a standby in a second zone",
    ids: ["RDS.5", "CIS 3.2.4", "CKV_AWS_157"],
    metBy: "infra/database.ts",
  },
  {
    id: "S25",
    title: "The database is protected from deletion",
    ids: ["RDS.8", "CKV_AWS_293", "AVD-AWS-0177"],
    metBy: "infra/database.ts",
  },
  {
    id: "S26",
    title: "The database keeps backups for 7 days or more",
    ids: ["RDS.11", "CKV_AWS_133", "AVD-AWS-0077"],
    metBy: "infra/database.ts",
  },
  {
    id: "S27",
    title: "The database installs minor upgrades automatically",
    ids: ["RDS.13", "CIS 3.2.2", "CKV_AWS_226"],
    metBy: "infra/database.ts",
  },
  {
    id: "S28",
    title: "The database accepts IAM authentication",
    ids: ["RDS.10", "CKV_AWS_161", "AVD-AWS-0176"],
    metBy: "infra/database.ts",
  },
  {
    id: "S29",
    title: "The database exports its logs, and logs queries",
    ids: ["RDS.9", "RDS.36", "CKV_AWS_129", "CKV2_AWS_30"],
    metBy: "infra/database.ts",
  },
  {
    id: "S30",
    title: "The database has enhanced monitoring",
    ids: ["RDS.6", "CKV_AWS_118"],
    metBy: "infra/database.ts",
  },
  {
    id: "S31",
    title: "The database has Performance Insights under a customer key",
    ids: ["CKV_AWS_353", "CKV_AWS_354", "AVD-AWS-0133", "AVD-AWS-0078"],
    metBy: "infra/database.ts",
  },
  {
    id: "S32",
    title: "The database's administrator and port are not the default ones",
    ids: ["RDS.25", "RDS.23"],
    metBy: "infra/database.ts",
  },
  {
    id: "S33",
    title: "The database's snapshots carry its tags, and its certificate authority is current",
    ids: ["RDS.17", "CKV2_AWS_60", "CKV_AWS_211"],
    metBy: "infra/database.ts",
  },
];

const cacheControls: readonly Control[] = [
  {
    id: "S34",
    title: "Redis fails over to another zone",
    ids: ["ElastiCache.3", "CKV2_AWS_50"],
    metBy: "infra/cache.ts",
  },
  {
    id: "S35",
    title: "Redis is encrypted at rest under a customer key",
    ids: ["ElastiCache.4", "CKV_AWS_29", "CKV_AWS_191", "AVD-AWS-0045"],
    metBy: "infra/cache.ts",
  },
  {
    id: "S36",
    title: "Redis accepts only TLS",
    ids: ["ElastiCache.5", "CKV_AWS_30", "AVD-AWS-0051"],
    metBy: "infra/cache.ts",
  },
  { id: "S37", title: "Redis requires authentication", ids: ["ElastiCache.6", "CKV_AWS_31"], metBy: "infra/cache.ts" },
  {
    id: "S38",
    title: "Redis keeps snapshots",
    ids: ["ElastiCache.1", "CKV_AWS_134", "AVD-AWS-0050"],
    metBy: "infra/cache.ts",
  },
  {
    id: "S39",
    title: "Redis installs minor upgrades automatically and has its own subnet group",
    ids: ["ElastiCache.2", "ElastiCache.7", "CKV_AWS_322", "CKV_AWS_323"],
    metBy: "infra/cache.ts",
  },
];

const CHARTS = "apps/charts";
const RENDERED = "the rendered charts' tests, and Pod Security admission of the API server";

const podControls: readonly Control[] = [
  {
    id: "S60",
    title: "Pods do not run as root, and their user id is above 10000",
    ids: ["KSV0012", "KSV0020", "KSV0105", "CKV_K8S_23", "CKV_K8S_40"],
    metBy: CHARTS,
    alsoCheckedBy: RENDERED,
  },
  {
    id: "S61",
    title: "Pods cannot escalate their privileges",
    ids: ["KSV0001", "CKV_K8S_20", "CIS EKS 4.2.5"],
    metBy: CHARTS,
    alsoCheckedBy: RENDERED,
  },
  {
    id: "S62",
    title: "Pods drop all capabilities",
    ids: ["KSV0003", "KSV0106", "CKV_K8S_28", "CKV_K8S_37"],
    metBy: CHARTS,
    alsoCheckedBy: RENDERED,
  },
  {
    id: "S63",
    title: "Pods have a read-only root file system",
    ids: ["KSV0014", "CKV_K8S_22"],
    metBy: CHARTS,
    alsoCheckedBy: "the rendered charts' tests",
  },
  {
    id: "S64",
    title: "Pods are not privileged and share nothing with their host",
    ids: [
      "KSV0008",
      "KSV0009",
      "KSV0010",
      "KSV0017",
      "KSV0023",
      "KSV0024",
      "CKV_K8S_16",
      "CKV_K8S_17",
      "CKV_K8S_18",
      "CKV_K8S_19",
      "CIS EKS 4.2.1",
      "CIS EKS 4.2.2",
      "CIS EKS 4.2.3",
      "CIS EKS 4.2.4",
    ],
    metBy: CHARTS,
    alsoCheckedBy: RENDERED,
  },
  {
    id: "S65",
    title: "Pods have the runtime's seccomp profile, and namespaces enforce the restricted standard",
    ids: ["KSV0030", "CKV_K8S_31", "PSS restricted"],
    metBy: "apps/namespaces.ts",
    alsoCheckedBy: RENDERED,
  },
  {
    id: "S66",
    title: "Each namespace denies all traffic by default, then allows by name",
    ids: ["CIS EKS 4.3.2", "CKV2_K8S_6"],
    metBy: "apps/namespaces.ts",
  },
  {
    id: "S67",
    title: "Roles in the cluster have least privilege, and pods use no default service account or its token",
    ids: [
      "CIS EKS 4.1.1",
      "CIS EKS 4.1.2",
      "CIS EKS 4.1.3",
      "CIS EKS 4.1.4",
      "CIS EKS 4.1.5",
      "CIS EKS 4.1.6",
      "CIS EKS 4.1.8",
      "CKV_K8S_38",
      "CKV_K8S_41",
      "CKV_K8S_42",
      "CKV_K8S_49",
      "KSV0036",
      "KSV0041",
      "KSV0044",
    ],
    metBy: CHARTS,
    alsoCheckedBy: "the rendered charts' tests",
  },
  {
    id: "S68",
    title: "Pods have requests and limits, and readiness and liveness probes that differ",
    ids: [
      "KSV0011",
      "KSV0015",
      "KSV0016",
      "KSV0018",
      "CKV_K8S_8",
      "CKV_K8S_9",
      "CKV_K8S_10",
      "CKV_K8S_11",
      "CKV_K8S_12",
      "CKV_K8S_13",
    ],
    metBy: CHARTS,
    alsoCheckedBy: "the rendered charts' tests",
  },
  {
    id: "S69",
    title: "Pods get secrets as files from the secret store, never as a value",
    ids: ["CKV_K8S_35", "CIS EKS 4.4.1", "CIS EKS 4.4.2", "KSV0109"],
    metBy: CHARTS,
    alsoCheckedBy: "the rendered charts' tests",
  },
  {
    id: "S70",
    title: "Pods run images by digest from allowed registries",
    ids: ["CKV_K8S_43", "CKV_K8S_14", "CIS EKS 5.1.4", "KSV0125"],
    metBy: CHARTS,
    alsoCheckedBy: "the rendered charts' tests",
  },
];

/** The seventy controls that the stack is audited by, in the audit's order. */
export const auditControls: readonly Control[] = [
  ...networkControls,
  ...clusterControls,
  ...databaseControls,
  ...cacheControls,
  ...edgeControls,
  ...identityControls,
  ...podControls,
];

const byId = new Map([...auditControls, ...ownControls].map((control) => [control.id, control]));

/** @throws when no control has that id. */
export function controlOf(id: ControlId): Control {
  const control = byId.get(id);
  if (control === undefined) throw new RangeError(`no control is named ${id}`);
  return control;
}
