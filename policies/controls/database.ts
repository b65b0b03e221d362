import type { Control } from "./control.ts";

const metBy = "infra/database.ts";

export const databaseControls: readonly Control[] = [
  {
    id: "S20",
    title: "The database is not public",
    ids: ["RDS.2", "CIS 3.2.3", "CKV_AWS_17", "AVD-AWS-0180"],
    metBy,
  },
  { id: "S21", title: "The database lives in private subnets only", ids: ["RDS.46"], metBy },
  {
    id: "S22",
    title: "The database's storage is encrypted under a customer key",
    ids: ["RDS.3", "CIS 3.2.1", "CKV_AWS_16", "AVD-AWS-0080"],
    metBy,
  },
  { id: "S23", title: "The database refuses connections without TLS", ids: ["RDS.38", "CKV2_AWS_69"], metBy },
  { id: "S24", title: "The database stands by in a second zone", ids: ["RDS.5", "CIS 3.2.4", "CKV_AWS_157"], metBy },
  {
    id: "S25",
    title: "The database is protected from deletion",
    ids: ["RDS.8", "CKV_AWS_293", "AVD-AWS-0177"],
    metBy,
  },
  {
    id: "S26",
    title: "The database keeps backups for 7 days or more",
    ids: ["RDS.11", "CKV_AWS_133", "AVD-AWS-0077"],
    metBy,
  },
  {
    id: "S27",
    title: "The database takes minor upgrades by itself",
    ids: ["RDS.13", "CIS 3.2.2", "CKV_AWS_226"],
    metBy,
  },
  {
    id: "S28",
    title: "The database accepts IAM authentication",
    ids: ["RDS.10", "CKV_AWS_161", "AVD-AWS-0176"],
    metBy,
  },
  {
    id: "S29",
    title: "The database exports its logs, and logs queries",
    ids: ["RDS.9", "RDS.36", "CKV_AWS_129", "CKV2_AWS_30"],
    metBy,
  },
  { id: "S30", title: "The database has enhanced monitoring", ids: ["RDS.6", "CKV_AWS_118"], metBy },
  {
    id: "S31",
    title: "The database has Performance Insights under a customer key",
    ids: ["CKV_AWS_353", "CKV_AWS_354", "AVD-AWS-0133", "AVD-AWS-0078"],
    metBy,
  },
  {
    id: "S32",
    title: "The database's administrator and port are not the default ones",
    ids: ["RDS.25", "RDS.23"],
    metBy,
  },
  {
    id: "S33",
    title: "The database's snapshots carry its tags, and its certificate authority is current",
    ids: ["RDS.17", "CKV2_AWS_60", "CKV_AWS_211"],
    metBy,
  },
];
