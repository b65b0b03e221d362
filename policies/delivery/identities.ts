import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DeliveryConfig } from "../../delivery/config.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { type Declaration, json, known, Matcher, optional, ref, type Shape } from "../declared/shape.ts";
import { FILLED_IN_ROLE, stateBucket } from "./keys-and-buckets.ts";
import { allow, iam, iamOf, one } from "./shapes.ts";

const DOCUMENTS = join(import.meta.dirname, "..", "..", "delivery", "documents");
const ROLE = "aws:iam/role:Role";
const ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy";
const ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
const PROVIDER = "aws:iam/openIdConnectProvider:OpenIdConnectProvider";

const GITHUB = "token.actions.githubusercontent.com";
const PULUMI_CLOUD = "api.pulumi.com/oidc";
const MAIN = "refs/heads/main";
const HOUR = 3600;

type Place = DeliveryConfig["places"][number];

/** The parts of what a stack's deploying role may do, each as the document that was reviewed; throws where there is none. */
export function documentsOf(stack: string): ReadonlyMap<string, Matcher> {
  const ending = `.${stack}.json`;
  const files = readdirSync(DOCUMENTS).filter((file) => /^(deploying-role\.|permission-boundary\.)/.test(file));
  const own = files.filter((file) => file.endsWith(ending)).map((file) => [partOf(file, ending), read(file)] as const);
  const documents = new Map(own);
  if (documents.size > 1 && documents.has(BOUNDARY)) return documents;
  throw new DeployError("SPARKI_CONFIG", `delivery/documents has ${documents.size} documents of stack ${stack}`, {
    hint: "npm run deploying-role writes them; the roles may be no more than what was reviewed there",
  });
}

export const BOUNDARY = "permission-boundary";
const partOf = (file: string, ending: string) => file.slice(0, -ending.length).replace(/^deploying-role\./, "");

/** The statements of a document as it was reviewed; throws where there is no such file. */
function reviewed(file: string): readonly Shape[] {
  const document: { readonly Statement: readonly Shape[] } = JSON.parse(readFileSync(join(DOCUMENTS, file), "utf8"));
  return document.Statement;
}

/** The document as it was reviewed, in a file of that name. */
function read(file: string): Matcher {
  const document: Shape = JSON.parse(readFileSync(join(DOCUMENTS, file), "utf8"));
  return new Matcher(`delivery/documents/${file}`, json(document).accepts);
}

/** Who may deploy and plan each stack, by which tokens, and what each of them may do. */
export function identitiesOf(config: DeliveryConfig): Declaration[] {
  const { githubProvider, pulumiCloud } = config;
  const provider = (name: string, issuer: string, audiences: readonly string[]) =>
    one(PROVIDER, `roles-${name}`, { url: `https://${issuer}`, clientIdLists: [...audiences] });
  const organization = pulumiCloud?.organization ?? "";
  return [
    ...(githubProvider === "make" ? provider("github", GITHUB, ["sts.amazonaws.com"]) : []),
    ...(pulumiCloud?.identityProvider === "make"
      ? provider("pulumi", PULUMI_CLOUD, [organization, `aws:${organization}`])
      : []),
    ...config.places.flatMap((place) => [
      ...deployingOf(place, config),
      ...planningOf(place, config),
      ...drillingOf(place),
    ]),
  ];
}

/** Tokens of one issuer, with exactly these claims. */
function trusted(accountId: string, issuer: string, claims: Readonly<Record<string, Shape>>): Shape {
  const named = Object.entries(claims).map(([claim, value]) => [`${issuer}:${claim}`, value] as const);
  return {
    Effect: "Allow",
    Principal: { Federated: `arn:aws:iam::${accountId}:oidc-provider/${issuer}` },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: { StringEquals: Object.fromEntries(named) },
  };
}

/** The repository's jobs with these endings of their subject: where it has GitHub's numbers, in both forms and by its number. */
function jobsOf({ repository, numbered }: Place, endings: readonly [string, ...string[]]) {
  const forms = numbered === undefined ? [repository] : [repository, numbered];
  const subjects = endings.flatMap((ending) => forms.map((form) => `repo:${form}:${ending}`));
  const [only = "", ...more] = subjects;
  return {
    aud: "sts.amazonaws.com",
    sub: more.length === 0 ? only : subjects,
    ...(numbered !== undefined && { repository_id: /\d+$/.exec(numbered)?.[0] ?? "" }),
  };
}

/** Of GitHub's jobs those in the stack's environment, on main, of the two workflows of main that change a stack. */
function deployingTrust(place: Place, { pulumiCloud }: DeliveryConfig): Shape {
  const { stack, accountId, repository } = place;
  const environment = stack === "prod" ? "production" : stack;
  const workflows = ["deploy-stack.yml", "rollback.yml"];
  const github = {
    ...jobsOf(place, [`environment:${environment}`]),
    ref: MAIN,
    job_workflow_ref: workflows.map((file) => `${repository}/.github/workflows/${file}@${MAIN}`),
  };
  if (pulumiCloud === undefined) return iam(trusted(accountId, GITHUB, github));
  const { organization, endings } = pulumiCloud;
  const ends = endings.some((each) => each.stack === stack);
  const sub = ["update", "detect-drift", ...(ends ? ["destroy"] : [])].map(
    (operation) => `pulumi:deploy:org:${organization}:project:sparki:stack:${stack}:operation:${operation}:scope:write`,
  );
  return iam(trusted(accountId, GITHUB, github), trusted(accountId, PULUMI_CLOUD, { aud: organization, sub }));
}

/** Of GitHub's jobs those of a pull request of this repository, never of a fork's, and of main. */
function planningTrust(place: Place, { pulumiCloud }: DeliveryConfig): Shape {
  const { stack, accountId } = place;
  const github = jobsOf(place, ["pull_request", `ref:${MAIN}`]);
  if (pulumiCloud === undefined) return iam(trusted(accountId, GITHUB, github));
  const { organization } = pulumiCloud;
  const sub = ["verify", "watch"].map(
    (task) =>
      `pulumi:deploy:org:${organization}:project:sparki-after:stack:${stack}-${task}:operation:update:scope:write`,
  );
  const environment = `pulumi:environments:org:${organization}:env:sparki/${stack}-plans`;
  return iam(
    trusted(accountId, GITHUB, github),
    trusted(accountId, PULUMI_CLOUD, { aud: organization, sub }),
    trusted(accountId, PULUMI_CLOUD, { aud: `aws:${organization}`, sub: environment }),
  );
}

function deployingOf(place: Place, config: DeliveryConfig): Declaration[] {
  const { stack, accountId } = place;
  const [name, role] = [`roles-deploys-${stack}`, `deploys-sparki-${stack}`];
  const parts = [...documentsOf(stack)].flatMap(([part, document]) => {
    const named = part === BOUNDARY ? `sparki-${stack}-${part}` : `${role}-${part}`;
    const policy = one("aws:iam/policy:Policy", `${name}-${part}`, {
      name: named,
      policy: document,
      path: optional("/"),
      description: optional("Managed by Pulumi"),
    });
    // The boundary caps the roles that the stack makes, and gives nothing.
    if (part === BOUNDARY) return policy;
    const policyArn = known(`arn:aws:iam::${accountId}:policy/${named}`, `${name}-${part}`);
    return [...policy, ...one(ATTACHMENT, `${name}-${part}-attached`, { role: known(role, name), policyArn })];
  });
  return [
    ...one(ROLE, name, {
      ...FILLED_IN_ROLE,
      name: role,
      description: `Deploys Sparki's stack ${stack} from GitHub, on main, in its environment`,
      assumeRolePolicy: deployingTrust(place, config),
      maxSessionDuration: 4 * HOUR,
    }),
    ...one(ROLE_POLICY, `${name}-state`, {
      name: `${role}-state`,
      role: known(role, name),
      policy: iamOf(keysOf(stack), ...stateGrants(place), ...changeGrants(place)),
    }),
    ...parts,
  ];
}

function planningOf(place: Place, config: DeliveryConfig): Declaration[] {
  const { stack } = place;
  const [name, role] = [`roles-plans-${stack}`, `plans-sparki-${stack}`];
  return [
    ...one(ROLE, name, {
      ...FILLED_IN_ROLE,
      name: role,
      description: `Plans Sparki's stack ${stack} from GitHub: reads, and changes nothing`,
      assumeRolePolicy: planningTrust(place, config),
      maxSessionDuration: HOUR,
    }),
    ...readingOf(place, name, role, [allow(["ce:GetCostAndUsage"], ["*"])]),
  ];
}

/** Of GitHub's jobs those of main's own drill: reads, and restores backups under names of its own. */
function drillingOf(place: Place): Declaration[] {
  const { stack, accountId, repository } = place;
  const [name, role] = [`roles-drills-${stack}`, `drills-sparki-${stack}`];
  const github = {
    ...jobsOf(place, [`ref:${MAIN}`]),
    ref: MAIN,
    job_workflow_ref: `${repository}/.github/workflows/drill.yml@${MAIN}`,
  };
  return [
    ...one(ROLE, name, {
      ...FILLED_IN_ROLE,
      name: role,
      description: `Restores the backups of Sparki's stack ${stack} elsewhere, by the clock, from GitHub`,
      assumeRolePolicy: iam(trusted(accountId, GITHUB, github)),
      maxSessionDuration: 5 * HOUR,
    }),
    ...readingOf(place, name, role, reviewed(`drilling-role.${stack}.json`)),
  ];
}

/** What a role that reads the account, the stack's secrets and its state is given, and these grants. */
function readingOf(place: Place, name: string, role: string, more: readonly Shape[] = []): Declaration[] {
  const { stack, accountId, region } = place;
  const secrets = allow(
    ["secretsmanager:GetSecretValue"],
    [`arn:aws:secretsmanager:${region}:${accountId}:secret:sparki/${stack}/*`],
  );
  const theirKey = {
    ...allow(["kms:Decrypt"], [`arn:aws:kms:${region}:${accountId}:key/*`]),
    Condition: { StringEquals: { "aws:ResourceTag/project": "sparki", "aws:ResourceTag/stack": stack } },
  };
  return [
    ...one(ROLE_POLICY, `${name}-state`, {
      name: `${role}-state`,
      role: known(role, name),
      policy: iamOf(keysOf(stack), secrets, theirKey, ...stateGrants(place), ...more),
    }),
    ...one(ATTACHMENT, `${name}-reads`, {
      role: known(role, name),
      policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess",
    }),
  ];
}

const secretsKey = (stack: string) => `state-secrets-${stack}`;
const keysOf = (stack: string) => ["state-key", secretsKey(stack)];

/** The paths in the bucket that are one stack's own. */
function ownPaths({ stack, accountId }: Place): readonly string[] {
  const paths = [
    ...[`stacks/sparki/${stack}.json*`, `stacks/sparki/${stack}.pulumi-tags`],
    ...[`history/sparki/${stack}/*`, `backups/sparki/${stack}/*`, `locks/organization/sparki/${stack}/*`],
  ];
  return paths.map((path) => `arn:aws:s3:::${stateBucket(accountId)}/.pulumi/${path}`);
}

/** What reading a stack's state takes. */
function stateGrants(place: Place): readonly Shape[] {
  const bucket = `arn:aws:s3:::${stateBucket(place.accountId)}`;
  return [
    allow(["s3:ListBucket"], [bucket]),
    allow(["s3:GetObject"], [`${bucket}/.pulumi/meta.yaml`, ...ownPaths(place)]),
    allow(["kms:Decrypt"], [ref("state-key"), ref(secretsKey(place.stack))]),
  ];
}

/** What writing it takes besides. */
function changeGrants(place: Place): readonly Shape[] {
  return [
    allow(["s3:PutObject", "s3:DeleteObject"], ownPaths(place)),
    allow(["kms:GenerateDataKey"], [ref("state-key")]),
    allow(["kms:Encrypt", "kms:DescribeKey"], [ref(secretsKey(place.stack))]),
  ];
}
