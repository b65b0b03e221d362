import type { Control } from "./control.ts";

const AUTO_MODE_NODES = "EKS Auto Mode makes the nodes; the program makes no launch template and no node group";

export const clusterControls: readonly Control[] = [
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
    title: "Nodes answer only IMDSv2, one hop away",
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
    title: "Nobody logs in to nodes by SSH from everywhere",
    ids: ["CKV_AWS_100"],
    metBy: "infra/cluster.ts",
    notApplicable: `${AUTO_MODE_NODES} (Auto Mode allows no SSH)`,
  },
  {
    id: "S17",
    title: "People enter the cluster by access entries, and nobody is in system:masters",
    ids: ["CIS EKS 4.1.7", "CIS EKS 5.5.1", "KSV0115", "KSV0123"],
    metBy: "infra/cluster.ts",
  },
  {
    id: "S18",
    title: "Each service account has an IAM role of its own, by Pod Identity",
    ids: ["CIS EKS 5.2.1"],
    metBy: "infra/workload-identity.ts",
  },
  {
    id: "S19",
    title: "The cluster's network plugin enforces network policies",
    ids: ["CIS EKS 4.3.1", "CIS EKS 5.4.4"],
    metBy: "infra/cluster.ts",
  },
];
