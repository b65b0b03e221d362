import type { Control } from "./control.ts";

const NO_REPOSITORY = "the program makes no ECR repository; images come from the allowed registries by digest";

export const identityControls: readonly Control[] = [
  { id: "S49", title: "Keys rotate every year", ids: ["CIS 4.6", "CKV_AWS_7", "AVD-AWS-0065"], metBy: "infra/keys.ts" },
  {
    id: "S50",
    title: "Keys trust no wildcard principal and wait 30 days before they are deleted",
    ids: ["KMS.3", "KMS.5", "CKV_AWS_33", "CKV2_AWS_64"],
    metBy: "infra/keys.ts",
  },
  {
    id: "S51",
    title: "No role may do everything",
    ids: ["IAM.1", "CIS 2.15", "CKV_AWS_62", "CKV_AWS_63", "CKV_AWS_274", "AVD-AWS-0057"],
    metBy: "infra/service-role.ts",
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
    metBy: "infra/service-role.ts",
  },
  {
    id: "S53",
    title:
      "Roles trust by name only; one that trusts a CI service trusts one repository and branch (no role here does: the deploy role is made outside this program)",
    ids: ["CKV_AWS_358", "CKV_AWS_393", "CKV_AWS_60", "CKV_AWS_61"],
    metBy: "infra/service-role.ts",
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
    title: "ECR tags cannot be moved",
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
