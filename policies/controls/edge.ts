import type { Control } from "./control.ts";

export const edgeControls: readonly Control[] = [
  {
    id: "S40",
    title: "Listeners serve HTTPS only, and port 80 redirects",
    ids: ["ELB.1", "ELB.18", "CKV_AWS_2", "CKV2_AWS_20", "CKV_AWS_378", "AVD-AWS-0054"],
    metBy: "infra/routes.ts",
  },
  {
    id: "S41",
    title: "HTTPS listeners accept TLS 1.2 or newer only",
    ids: ["ELB.17", "CKV_AWS_103", "CKV2_AWS_74", "AVD-AWS-0047"],
    metBy: "infra/routes.ts",
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
    title: "A public load balancer stands behind a WAF that logs",
    ids: ["CKV2_AWS_28", "CKV2_AWS_31", "WAF.10"],
    metBy: "infra/firewall.ts",
  },
  {
    id: "S46",
    title: "Target groups check their targets' health",
    ids: ["CKV_AWS_261"],
    metBy: "infra/load-balancer.ts",
  },
  {
    id: "S47",
    title: "Certificates renew themselves and have RSA 2048 or better",
    ids: ["ACM.1", "ACM.2", "CKV_AWS_233"],
    metBy: "infra/certificate.ts",
  },
  {
    id: "S48",
    title: "The hosted zone logs queries and is signed",
    ids: ["Route53.2", "CKV2_AWS_38", "CKV2_AWS_39"],
    metBy: "infra/zone.ts",
  },
];
