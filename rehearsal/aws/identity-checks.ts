import { isExistingService, publishedPrincipals } from "../../aws/catalog.ts";
import { allows, statementsOf } from "../../aws/policy-document.ts";
import { AwsError, type Check, type Draft, fail, named, textOf } from "./model.ts";
import { TYPES } from "./types.ts";
import { at, flag, text, texts } from "./values.ts";
import type { World, WorldResource } from "./world.ts";

/** What IAM and the services know of a request: for whom it is, and how it came. */
function context(draft: Draft, arn = "*"): Record<string, string> {
  return {
    "aws:securetransport": "true",
    "aws:sourceaccount": draft.accountId,
    "aws:sourcearn": arn,
    "aws:principalaccount": draft.accountId,
  };
}

interface Assumption {
  /** The input that names the role. */
  readonly path: string;
  readonly service: string;
  readonly code: string;
  /** @default ["sts:AssumeRole"] */
  readonly actions?: readonly string[];
  /** What the service says of itself beside its account, by condition key in lower case. */
  readonly says?: (draft: Draft) => Readonly<Record<string, string>>;
}

/** The role at that path must let the service take it, with all of these actions. */
export function roleTrusts({
  path,
  service,
  code,
  actions = ["sts:AssumeRole"],
  says = () => ({}),
}: Assumption): Check {
  return (draft, world) => {
    for (const role of named(draft, path, [TYPES.role], world)) {
      const trust = forOwnSources(textOf(role, "assumeRolePolicy") ?? "", draft);
      const known = { ...context(draft), ...says(draft) };
      const missing = actions.find((action) => !allows(trust, { action, principal: service, context: known }));
      if (missing !== undefined)
        fail(
          code,
          `Role with arn: ${role.arn}, could not be assumed because it does not exist or the trusted entity is not correct: ${service} may not call ${missing}`,
        );
    }
  };
}

/** A condition on the source's ARN names what is yet to be made: it counts as met where it names this account. */
function forOwnSources(document: string, { accountId }: Draft): string {
  return document.replaceAll(/"(aws:SourceArn)":\s*("[^"]*"|\[[^\]]*\])/gi, (whole) =>
    whole.includes(`:${accountId}:`) ? `"aws:SourceArn":"*"` : whole,
  );
}

/** The tags that EKS Pod Identity puts on a session, those that a role's trust may go by. */
export function podSession({ inputs, region, accountId }: Draft): Record<string, string> {
  const tag = (name: string, value: string | undefined) => [`aws:requesttag/${name}`, value ?? ""] as const;
  const cluster = text(inputs, "clusterName");
  return Object.fromEntries([
    tag("eks-cluster-arn", `arn:aws:eks:${region}:${accountId}:cluster/${cluster}`),
    tag("eks-cluster-name", cluster),
    tag("kubernetes-namespace", text(inputs, "namespace")),
    tag("kubernetes-service-account", text(inputs, "serviceAccount")),
  ]);
}

const LOG_DELIVERY = "logdelivery.elasticloadbalancing.amazonaws.com";
export const balancerLogs: Check = (draft, world) => {
  const bucket = flag(draft.inputs, "accessLogs.enabled") ? text(draft.inputs, "accessLogs.bucket") : undefined;
  if (bucket === undefined) return;
  const region = world.get(TYPES.bucket, bucket)?.region ?? draft.region;
  if (region !== draft.region)
    fail(
      "InvalidConfigurationRequest",
      `The bucket ${bucket} is in ${region}; it must be in the load balancer's region`,
    );
  const prefix = text(draft.inputs, "accessLogs.prefix");
  const resource = `arn:aws:s3:::${bucket}/${prefix === undefined ? "" : `${prefix}/`}AWSLogs/${draft.accountId}/log.gz`;
  const encryption = world.get(TYPES.bucketEncryption, bucket)?.inputs ?? {};
  const cipher = text(encryption, "rules.applyServerSideEncryptionByDefault.sseAlgorithm") ?? "AES256";
  if (cipher !== "AES256")
    fail(
      "InvalidConfigurationRequest",
      `Access Denied for bucket: ${bucket}. It encrypts by ${cipher}; logs of load balancers need Amazon S3's own keys (AES256)`,
    );
  const policy = textOf(world.get(TYPES.bucketPolicy, bucket), "policy") ?? "";
  const source = `arn:aws:elasticloadbalancing:${draft.region}:${draft.accountId}:loadbalancer/app/any`;
  const request = { action: "s3:PutObject", resource, principal: LOG_DELIVERY, context: context(draft, source) };
  if (!allows(policy, request))
    fail("InvalidConfigurationRequest", `Access Denied for bucket: ${bucket}. Please check S3bucket permission`);
};

export const clusterRole: Check = (draft, world) => {
  const actions = flag(draft.inputs, "computeConfig.enabled")
    ? ["sts:AssumeRole", "sts:TagSession"]
    : ["sts:AssumeRole"];
  roleTrusts({ path: "roleArn", service: "eks.amazonaws.com", code: "InvalidParameterException", actions })(
    draft,
    world,
  );
};

const KEY_SIGNER = "dnssec-route53.amazonaws.com";
export const signingKey: Check = (draft, world) => {
  for (const key of named(draft, "keyManagementServiceArn", [TYPES.kmsKey], world)) {
    if (flag(key.inputs, "multiRegion"))
      fail("InvalidKMSArn", `${key.arn} is a key of many regions; it must be of one`);
    const policy = textOf(key, "policy") ?? "";
    const zone = `arn:aws:route53:::hostedzone/${text(draft.inputs, "hostedZoneId")}`;
    const wanted = ["kms:DescribeKey", "kms:GetPublicKey", "kms:Sign"];
    const missing = wanted.find(
      (action) => !allows(policy, { action, principal: KEY_SIGNER, context: context(draft, zone) }),
    );
    if (missing !== undefined)
      fail("InvalidKMSArn", `The policy of ${key.arn} does not let ${KEY_SIGNER} call ${missing}`);
  }
};

/** Whoever a policy names must exist: IAM and KMS keep identities, not names. */
export function principalsExist(path: string, code: string): Check {
  return (draft, world) => {
    const { services, arns } = publishedPrincipals(text(draft.inputs, path) ?? "{}");
    const service = services.find((each) => !isExistingService(each));
    if (service !== undefined) fail(code, `Invalid principal in policy: "SERVICE":"${service}"`);
    const own = new RegExp(`^arn:aws[a-z-]*:iam::${draft.accountId}:role/`);
    const missing = arns.find((arn) => own.test(arn) && world.find([TYPES.role], arn) === undefined && !isGiven(arn));
    if (missing !== undefined) fail(code, `Invalid principal in policy: "AWS":"${missing}"`);
  };
}

/** Roles that are in the account before any stack: people's, and those of services. */
const isGiven = (arn: string) => /:role\/(aws-service-role\/|aws-reserved\/|platform-engineering$)/.test(arn);

/** EKS reads entries where its ConfigMap is not all that counts. Whose they are only the account knows: people have their roles. */
export const entriesRead: Check = (draft, world) => {
  const cluster = world.get(TYPES.cluster, text(draft.inputs, "clusterName") ?? "");
  if (textOf(cluster, "accessConfig.authenticationMode") === "CONFIG_MAP")
    fail(
      "InvalidRequestException",
      "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.",
    );
};

/** Characters of all inline policies of a role together. */
const MOST_INLINE = 10_240;
export const inlinePolicies: Check = (draft, world) => {
  const role = text(draft.inputs, "role");
  const others = world
    .ofType(TYPES.rolePolicy)
    .filter(({ inputs, serial }) => serial !== draft.serial && text(inputs, "role") === role);
  const length = [draft, ...others].map(({ inputs }) => (text(inputs, "policy") ?? "").replace(/\s/g, "").length);
  if (length.reduce((sum, one) => sum + one, 0) > MOST_INLINE)
    fail("LimitExceeded", `Maximum policy size of ${MOST_INLINE} bytes exceeded for role ${role}`);
};

/** Whether a role's policies let it do something: those in it, and those of AWS's and of the account that it has. */
function roleMay(role: WorldResource, action: string, world: World): boolean {
  const isOf = (each: WorldResource) => [role.name, role.id].includes(textOf(each, "role"));
  const attached = world.ofType(TYPES.rolePolicyAttachment).filter(isOf);
  // What AWS's own policies allow is not known here, so having one counts.
  if (attached.some((each) => textOf(each, "policyArn")?.startsWith("arn:aws:iam::aws:") === true)) return true;
  const own = attached.flatMap((each) => world.find([TYPES.policy], textOf(each, "policyArn") ?? "") ?? []);
  const inline = world.ofType(TYPES.rolePolicy).filter(isOf);
  const within = texts(role.inputs, "inlinePolicies.policy");
  const documents = [...[...own, ...inline].flatMap((each) => textOf(each, "policy") ?? []), ...within];
  return (
    documents.some((document) => allows(document, { action })) || texts(role.inputs, "managedPolicyArns").length > 0
  );
}

/** Lambda asks at once whether the role can do what the function's network and letters need. */
export const functionRights: Check = (draft, world) => {
  const needs = [
    texts(draft.inputs, "vpcConfig.subnetIds").length > 0
      ? ["ec2:CreateNetworkInterface", "CreateNetworkInterface on EC2"]
      : [],
    /:sqs:/.test(text(draft.inputs, "deadLetterConfig.targetArn") ?? "")
      ? ["sqs:SendMessage", "SendMessage on SQS"]
      : [],
    /:sns:/.test(text(draft.inputs, "deadLetterConfig.targetArn") ?? "") ? ["sns:Publish", "Publish on SNS"] : [],
  ];
  for (const role of named(draft, "role", [TYPES.role], world))
    for (const [action, words] of needs)
      if (action !== undefined && !roleMay(role, action, world))
        fail(
          "InvalidParameterValueException",
          `The provided execution role does not have permissions to call ${words}`,
        );
};

/** Nodes get their rights from their type; only people's entries have policies. */
export const entryOfPeople: Check = (draft, world) => {
  const [cluster, principal] = ["clusterName", "principalArn"].map((name) => text(draft.inputs, name));
  const type = textOf(world.get(TYPES.accessEntry, `${cluster}:${principal}`), "type") ?? "STANDARD";
  if (!["STANDARD", "EC2"].includes(type))
    fail(
      "InvalidRequestException",
      `The access entry of ${principal} is of the type ${type}: it takes no access policy`,
    );
};

/** A bucket of which nothing is said is blocked. @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html */
export const publicPolicy: Check = (draft, world) => {
  const block = world.get(TYPES.bucketPublicAccessBlock, text(draft.inputs, "bucket") ?? "");
  if (block !== undefined && !flag(block.inputs, "blockPublicPolicy")) return;
  const isPublic = statementsOf(text(draft.inputs, "policy") ?? "").some(
    ({ effect, isOpen, conditionKeys }) => effect === "Allow" && isOpen && conditionKeys.length === 0,
  );
  if (isPublic)
    fail("AccessDenied", "public policies are blocked by the BlockPublicPolicy block public access setting");
};

export const rotationAllowed: Check = (draft, world) => {
  for (const rotator of named(draft, "rotationLambdaArn", [TYPES.lambdaFunction], world)) {
    const isAllowed = world
      .ofType(TYPES.lambdaPermission)
      .some(
        ({ inputs }) =>
          [rotator.id, rotator.arn, rotator.name].includes(text(inputs, "function")) &&
          text(inputs, "principal") === "secretsmanager.amazonaws.com",
      );
    if (!isAllowed)
      fail("AccessDeniedException", `Secrets Manager cannot invoke the specified Lambda function ${rotator.arn}`);
  }
};

/** Inputs that name the key under which a service encrypts. */
const ENCRYPTING: Readonly<Record<string, readonly string[]>> = {
  [TYPES.database]: ["kmsKeyId", "masterUserSecretKmsKeyId", "performanceInsightsKmsKeyId"],
  [TYPES.replicationGroup]: ["kmsKeyId"],
  [TYPES.secret]: ["kmsKeyId"],
  [TYPES.logGroup]: ["kmsKeyId"],
  [TYPES.cluster]: ["encryptionConfig.provider.keyArn"],
  [TYPES.bucketEncryption]: ["rules.applyServerSideEncryptionByDefault.kmsMasterKeyId"],
  [TYPES.lambdaFunction]: ["kmsKeyArn"],
  [TYPES.topic]: ["kmsMasterKeyId"],
  [TYPES.trail]: ["kmsKeyId"],
};

/** Throws what a service answers to a key that it cannot encrypt under: one that signs, or that is disabled. */
export function checkKeys({ type, inputs }: Draft, world: World): void {
  for (const name of (ENCRYPTING[type] ?? []).flatMap((path) => texts(inputs, path))) {
    const key = keyCalled(name, world);
    if (key === undefined) continue;
    const spec = text(key.inputs, "customerMasterKeySpec") ?? "SYMMETRIC_DEFAULT";
    if (spec !== "SYMMETRIC_DEFAULT")
      throw new AwsError("InvalidKeyUsage", `The key ${key.arn} is of ${spec}; it must be a symmetric encryption key`);
    if (at(key.inputs, "isEnabled")[0] === false)
      throw new AwsError("DisabledException", `The key ${key.arn} is disabled`);
  }
}

/** By its id, its ARN or its alias. */
function keyCalled(name: string, world: World): WorldResource | undefined {
  const alias = world.find([TYPES.kmsAlias], name);
  return world.find([TYPES.kmsKey], alias === undefined ? name : (text(alias.inputs, "targetKeyId") ?? ""));
}
