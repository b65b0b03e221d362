import { isRecord, type Properties, type Value } from "../provider/properties.ts";
import type { Cloud } from "./model.ts";
import { AwsError } from "./model.ts";
import { type SecretStage, secretValue } from "./services/secretsmanager.ts";
import { TYPES } from "./types.ts";
import { text } from "./values.ts";
import type { World } from "./world.ts";

/** The pods of one service account. */
export interface SecretReader {
  readonly cluster: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * A secret's value as pods of a service account get it: by the role that Pod Identity gives them, which must be allowed
 * to read the secret and to decrypt by its key. Undefined when there is no such secret, or no value yet.
 * @throws AccessDeniedException
 */
export function secretFor(
  identifier: string,
  reader: SecretReader,
  cloud: Pick<Cloud, "world" | "vault">,
  stage?: SecretStage,
): string | undefined {
  const { world } = cloud;
  const secret = world.find([TYPES.secret], identifier);
  if (secret === undefined) return undefined;
  const role = roleOf(reader, world);
  if (role === undefined)
    throw new Error(`no Pod Identity association of ${reader.namespace}/${reader.serviceAccount} was found`);
  const demand = (action: string, resource: string) => {
    if (allows(role, action, resource, world)) return;
    const who = `arn:aws:sts::${secret.accountId}:assumed-role/${role}`;
    throw new AwsError(
      "AccessDeniedException",
      `User: ${who} is not authorized to perform: ${action} on resource: ${resource}`,
    );
  };
  demand("secretsmanager:GetSecretValue", secret.arn);
  demand("secretsmanager:DescribeSecret", secret.arn);
  const key = keyOf(secret.inputs, secret.owner, world);
  if (key !== undefined) demand("kms:Decrypt", key);
  return secretValue(identifier, cloud, stage);
}

/** The name of the role that Pod Identity gives to the pods, if its trust lets it. */
function roleOf({ cluster, namespace, serviceAccount }: SecretReader, world: World): string | undefined {
  const association = world
    .ofType(TYPES.podIdentityAssociation)
    .find(
      ({ inputs }) =>
        text(inputs, "clusterName") === cluster &&
        text(inputs, "namespace") === namespace &&
        text(inputs, "serviceAccount") === serviceAccount,
    );
  const role = world.find([TYPES.role], text(association?.inputs ?? {}, "roleArn") ?? "");
  if (role === undefined) return undefined;
  const tags: Readonly<Record<string, string>> = {
    "aws:RequestTag/eks-cluster-arn": world.get(TYPES.cluster, cluster)?.arn ?? "",
    "aws:RequestTag/kubernetes-namespace": namespace,
    "aws:RequestTag/kubernetes-service-account": serviceAccount,
  };
  const isTrusted = statementsOf(text(role.inputs, "assumeRolePolicy")).some(
    (statement) => trusts(statement, "pods.eks.amazonaws.com") && holds(statement.Condition, tags),
  );
  return isTrusted ? (role.name ?? role.id) : undefined;
}

/** The customer key that a secret is under; one that AWS manages has it from the database that it is of. */
function keyOf(inputs: Properties, owner: string | undefined, world: World): string | undefined {
  const database = owner === undefined ? undefined : world.get(TYPES.database, owner);
  return text(inputs, "kmsKeyId") ?? text(database?.inputs ?? {}, "masterUserSecretKmsKeyId");
}

/** Whether an inline policy of the role allows it, and none denies it; the roles of pods have no other policies. */
function allows(role: string, action: string, resource: string, world: World): boolean {
  const statements = world
    .ofType(TYPES.rolePolicy)
    .filter(({ inputs }) => text(inputs, "role") === role)
    .flatMap(({ inputs }) => statementsOf(text(inputs, "policy")));
  const covering = statements.filter(
    ({ Action, Resource }) => listOf(Action).some(matches(action)) && listOf(Resource).some(matches(resource)),
  );
  return covering.some(({ Effect }) => Effect === "Allow") && !covering.some(({ Effect }) => Effect === "Deny");
}

function statementsOf(document: string | undefined): Properties[] {
  const parsed: Value = document === undefined ? {} : JSON.parse(document);
  const statements = isRecord(parsed) ? (parsed.Statement ?? []) : [];
  return (Array.isArray(statements) ? statements : [statements]).filter(isRecord);
}

function trusts({ Effect, Principal }: Properties, service: string): boolean {
  return Effect === "Allow" && isRecord(Principal) && listOf(Principal.Service).includes(service);
}

/** Only plain comparisons of text are known here; any other condition does not hold. */
function holds(condition: Value | undefined, found: Readonly<Record<string, string>>): boolean {
  if (condition === undefined || condition === null) return true;
  if (!isRecord(condition)) return false;
  return Object.entries(condition).every(
    ([operator, tests]) =>
      operator === "StringEquals" &&
      isRecord(tests) &&
      Object.entries(tests).every(([key, wanted]) => listOf(wanted).includes(found[key] ?? "")),
  );
}

function listOf(value: Value | undefined): string[] {
  return (Array.isArray(value) ? value : [value]).filter((each) => typeof each === "string");
}

/** As IAM compares: `*` stands for anything, `?` for one character. */
function matches(actual: string): (pattern: string) => boolean {
  return (pattern) => {
    const source = pattern
      .replace(/[.+^${}()|[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("?", ".");
    return new RegExp(`^${source}$`).test(actual);
  };
}
