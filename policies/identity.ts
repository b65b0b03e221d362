import { everyAttachment, everyGrant, isPinned, type Statement, statementsOf } from "./judging/iam-document.ts";
import { each, type Policy } from "./policy.ts";

/** Everybody is trusted only where a condition says who of them. */
const trustsAnybody = ({ allows, principals, conditions }: Statement) =>
  allows && principals.AWS?.includes("*") === true && Object.keys(conditions).length === 0;

export const keyGuarded: Policy = {
  name: "key-guarded",
  control: "S50",
  reason: "Whoever may use the key can read the data, and deleting the key by mistake loses all data under it.",
  fix: "Give the key a policy that names its principals, and deletionWindowInDays: 30.",
  each: [
    each("aws:kms/key:Key", ({ props }, demand) => {
      demand("deletionWindowInDays", () => (props.deletionWindowInDays ?? 30) === 30);
      const statements = () => statementsOf(props.policy);
      demand("policy", () => statements().length > 0 && !statements().some(trustsAnybody), "update");
    }),
    each("aws:kms/keyPolicy:KeyPolicy", ({ props }, demand) => {
      demand("policy", () => !statementsOf(props.policy).some(trustsAnybody), "update");
    }),
  ],
};

export const keyRotates: Policy = {
  name: "key-rotates",
  control: "S49",
  reason: "A leaked key that never rotates decrypts all data ever written.",
  fix: "Set enableKeyRotation: true, with a rotationPeriodInDays of 365 or less.",
  each: [
    each("aws:kms/key:Key", ({ props }, demand) => {
      const rotatable = () => (props.keyUsage ?? "ENCRYPT_DECRYPT") === "ENCRYPT_DECRYPT";
      // AWS cannot rotate an asymmetric key, such as the one that signs the zone.
      demand("enableKeyRotation", () => !rotatable() || props.enableKeyRotation === true);
      demand("rotationPeriodInDays", () => (props.rotationPeriodInDays ?? 365) <= 365);
    }),
  ],
};

/** Actions that hand out data or secrets, which must name what they read. */
const EXPOSING =
  /^(kms:(Decrypt|ReEncrypt)|secretsmanager:GetSecretValue|ssm:GetParameter|s3:GetObject|rds:.*Snapshot|sts:AssumeRole|iam:PassRole)/i;

const READING = /^[a-z0-9-]+:(Describe|List|Get)[A-Za-z]*\*?$/;

/** AWS offers no resource to name for these. @see https://docs.aws.amazon.com/service-authorization/ */
const WITHOUT_RESOURCES = ["cloudwatch:PutMetricData", "xray:PutTelemetryRecords", "xray:PutTraceSegments"];

/** Every key or secret of an account, which is as good as everything. */
const EVERY_ONE = /:(kms:[^:]*:[^:]*:key\/|secretsmanager:[^:]*:[^:]*:secret:)\*$/;

const isWholeService = (action: string) => action === "*" || /:\*$/.test(action);

function mayBeOnEverything(action: string): boolean {
  return WITHOUT_RESOURCES.includes(action) || (READING.test(action) && !EXPOSING.test(action));
}

function isLeast({ actions, notActions, resources, notResources, conditions }: Statement): boolean {
  if (notActions.length > 0 || notResources.length > 0 || actions.some(isWholeService)) return false;
  if (resources.includes("*")) return actions.every(mayBeOnEverything);
  const namesKeys = Object.values(conditions).some((tests) => "kms:ResourceAliases" in tests);
  return namesKeys || !resources.some((resource) => EVERY_ONE.test(resource));
}

export const leastPrivilege: Policy = {
  name: "least-privilege",
  control: "S52",
  reason: "If a role with excess permissions is compromised, the attacker can escalate privileges or read all data.",
  fix: "Name actions instead of a whole service, and the resources that they act on; * is for Describe, List and Get.",
  each: [everyGrant(isLeast)],
};

/** AWS's policies that let their holder do everything, or give it to himself. */
const EVERYTHING = /:policy\/(AdministratorAccess|PowerUserAccess|IAMFullAccess)(-.*)?$/;

export const noFullAccess: Policy = {
  name: "no-full-access",
  control: "S51",
  reason: "Whoever assumes such a role controls the account.",
  fix: "Name the actions and resources that the role needs.",
  each: [
    everyGrant(
      ({ actions, resources }) => !(actions.some((action) => /^\*(:\*)?$/.test(action)) && resources.includes("*")),
    ),
    ...everyAttachment((arn) => !EVERYTHING.test(arn)),
  ],
};

export const rolesTrustByName: Policy = {
  name: "roles-trust-by-name",
  control: "S53",
  reason: "A role that trusts every repository of a CI service can be assumed by anyone with an account there.",
  fix: "Pin the token's sub to repo:OWNER/NAME:ref:refs/heads/BRANCH or :environment:NAME, and its aud, by StringEquals.",
  each: [
    each("aws:iam/role:Role", ({ props }, demand) => {
      const trusted = () => statementsOf(props.assumeRolePolicy).filter(({ allows }) => allows);
      demand(
        "assumeRolePolicy.Principal",
        () => !trusted().some(({ principals }) => principals.AWS?.includes("*")),
        "update",
      );
      demand("assumeRolePolicy.Condition", () => trusted().every(isPinned), "update");
    }),
  ],
};

export const repositoriesLeastAccess: Policy = {
  name: "repositories-least-access",
  control: "S59",
  reason:
    "A repository that anyone can write to is an entry point into the cluster, and one without a lifecycle policy grows without limit.",
  fix: "Add an aws.ecr.LifecyclePolicy, and name principals and actions in the repository's policy.",
  each: [
    each("aws:ecr/repositoryPolicy:RepositoryPolicy", ({ props }, demand) => {
      const granted = () => statementsOf(props.policy).filter(({ allows }) => allows);
      demand("policy.Principal", () => !granted().some(({ principals }) => principals.AWS?.includes("*")), "update");
      const isWide = (action: string) => action === "*" || action === "ecr:*";
      demand("policy.Action", () => !granted().some(({ actions }) => actions.some(isWide)), "update");
    }),
  ],
  whole: (stack, demand) => {
    const lifecycles = stack.all("aws:ecr/lifecyclePolicy:LifecyclePolicy");
    for (const repository of stack.all("aws:ecr/repository:Repository")) {
      demand(repository, "lifecycle", () => lifecycles.some((one) => stack.refers(one, "repository", repository)));
    }
  },
};
