import type { Control } from "./control.ts";

export const networkControls: readonly Control[] = [
  {
    id: "S01",
    title: "The VPC records flow logs of all its traffic",
    ids: ["EC2.6", "CIS 4.7", "CKV2_AWS_11", "AVD-AWS-0178"],
    metBy: "infra/flow-log.ts",
  },
  {
    id: "S02",
    title: "The VPC's default security group allows nothing",
    ids: ["EC2.2", "CIS 6.5", "CKV2_AWS_12", "AVD-AWS-0173"],
    metBy: "infra/network.ts",
  },
  {
    id: "S03",
    title: "Subnets give no public address by themselves",
    ids: ["EC2.15", "CKV_AWS_130", "AVD-AWS-0164"],
    metBy: "infra/network.ts",
  },
  {
    id: "S04",
    title: "The world reaches only the load balancer's 443, and 80 to be redirected",
    ids: ["EC2.18", "EC2.19", "CIS 6.3", "CIS 6.4", "CKV_AWS_24", "CKV_AWS_25", "CKV_AWS_277", "AVD-AWS-0107"],
    metBy: "infra/security-group.ts",
  },
  {
    id: "S05",
    title: "No security group lets everything out to the world",
    ids: ["CKV_AWS_382", "AVD-AWS-0104"],
    metBy: "infra/security-group.ts",
  },
  {
    id: "S06",
    title: "Security groups and their rules say what they are for",
    ids: ["CKV_AWS_23", "AVD-AWS-0099", "AVD-AWS-0124"],
    metBy: "infra/security-group.ts",
  },
  {
    id: "S07",
    title: "No network ACL lets SSH or RDP in from the world",
    ids: ["EC2.21", "CIS 6.2", "AVD-AWS-0105"],
    metBy: "infra/network.ts",
  },
  {
    id: "S08",
    title: "EC2, ECR and S3 are reached by endpoints of the VPC",
    ids: ["EC2.10", "EC2.55", "EC2.56"],
    metBy: "infra/endpoints.ts",
  },
];
