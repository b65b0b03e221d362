import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { boundaryName } from "../stacks/stack-name.ts";
import type { Alarms } from "./alarms.ts";
import {
  audiencesOf,
  CLOUD_ISSUER,
  type CloudAccess,
  documentsOf,
  drillingDocument,
  ISSUER,
  PROJECT,
  trustsOf,
} from "./documents.ts";
import type { Account } from "./locked-bucket.ts";
import type { DeliveredPlace } from "./places.ts";
import { type State, stateBucketOf } from "./state.ts";

export interface RolesArgs extends Account {
  readonly places: readonly DeliveredPlace[];
  readonly state: State;
  readonly githubProvider: "make" | "existing";
  /** Lets Pulumi Cloud be the roles too. @default GitHub's jobs alone */
  readonly cloud?: CloudTrust;
}

/** Pulumi Cloud as an identity provider of the account. */
export interface CloudTrust {
  readonly organization: string;
  readonly identityProvider: "make" | "existing";
  /** The stacks that it may destroy. */
  readonly ending: readonly string[];
}

/** A deployment on AWS lasts longer than an hour, and ends with its role's session. */
export const DEPLOYING_SECONDS = 14_400;
export const PLANNING_SECONDS = 3600;
/** A restore of each of the two backups may take two hours. */
const DRILLING_SECONDS = 18_000;

/**
 * Who GitHub's jobs, and Pulumi Cloud's, are in the account: of each stack a role that plans, one that deploys, and one that
 * restores its backups elsewhere.
 */
export class Roles extends pulumi.ComponentResource {
  readonly deploying: Readonly<Record<string, pulumi.Output<string>>>;
  readonly planning: Readonly<Record<string, pulumi.Output<string>>>;
  readonly drilling: Readonly<Record<string, pulumi.Output<string>>>;
  /** Of each stack the policy that caps its roles: `sparki:permissionsBoundary` of its config. */
  readonly boundaries: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, args: RolesArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:Roles", name, {}, options);
    const provider = (of: string, url: string, audiences: readonly string[]) =>
      new aws.iam.OpenIdConnectProvider(
        `${name}-${of}`,
        { url: `https://${url}`, clientIdLists: [...audiences] },
        { parent: this },
      );
    const { githubProvider, cloud } = args;
    const providers = [
      ...(githubProvider === "make" ? [provider("github", ISSUER, ["sts.amazonaws.com"])] : []),
      ...(cloud?.identityProvider === "make"
        ? [provider("pulumi", CLOUD_ISSUER, audiencesOf(cloud.organization))]
        : []),
    ];
    const made = (of: (place: DeliveredPlace) => { readonly arn: pulumi.Output<string> }) =>
      Object.fromEntries(args.places.map((place) => [place.stack, of(place).arn]));
    const around = { parent: this, dependsOn: providers };
    const deploys = (stack: string) => `${name}-deploys-${stack}`;
    this.deploying = made((place) => createDeploying(deploys(place.stack), place, args, around));
    this.boundaries = made((place) => createBoundary(`${deploys(place.stack)}-permission-boundary`, place, around));
    this.planning = made((place) => createPlanning(`${name}-plans-${place.stack}`, place, args, around));
    this.drilling = made((place) => createDrilling(`${name}-drills-${place.stack}`, place, args, around));
    this.registerOutputs();
  }
}

/** Whose tokens are taken for a stack's roles, by the documents' names. */
function trustIn(document: string, place: DeliveredPlace, { cloud }: RolesArgs): string {
  const access: CloudAccess | undefined = cloud && {
    organization: cloud.organization,
    ends: cloud.ending.includes(place.stack),
  };
  return JSON.stringify(trustsOf(place, place.repository, access)[`${document}.${place.stack}.json`]);
}

/** Where roles of jobs are made: they wait for the identity providers. */
interface Around {
  readonly parent: pulumi.Resource;
  readonly dependsOn: pulumi.Resource[];
}

interface JobRoleArgs {
  readonly does: "deploys" | "plans" | "drills";
  readonly description: string;
  readonly trust: string;
  readonly seconds: number;
  /** What it may do beside its managed policies. */
  readonly statements: readonly object[];
}

function createJobRole(name: string, { stack }: DeliveredPlace, args: JobRoleArgs, around: Around): aws.iam.Role {
  const role = new aws.iam.Role(
    name,
    {
      name: `${args.does}-sparki-${stack}`,
      description: args.description,
      assumeRolePolicy: args.trust,
      maxSessionDuration: args.seconds,
    },
    around,
  );
  const policy = pulumi.jsonStringify({ Version: "2012-10-17", Statement: args.statements });
  const named = `${args.does}-sparki-${stack}-state`;
  new aws.iam.RolePolicy(`${name}-state`, { name: named, role: role.name, policy }, { parent: around.parent });
  return role;
}

/** The role with the documents of `documents/` and no others: it makes roles under the stack's boundary alone. */
function createDeploying(name: string, place: DeliveredPlace, args: RolesArgs, around: Around): aws.iam.Role {
  const { stack } = place;
  const inside = { parent: around.parent };
  const role = createJobRole(
    name,
    place,
    {
      does: "deploys",
      description: `Deploys Sparki's stack ${stack} from GitHub, on main, in its environment`,
      trust: trustIn("deploying-role-trust", place, args),
      seconds: DEPLOYING_SECONDS,
      statements: stateStatements(place, args, "change"),
    },
    around,
  );
  for (const [file, document] of Object.entries(documentsOf(place))) {
    const part = file.replace(/^deploying-role\./, "").replace(`.${stack}.json`, "");
    if (file === boundaryFile(stack)) continue;
    const named = `deploys-sparki-${stack}-${part}`;
    const policy = new aws.iam.Policy(`${name}-${part}`, { name: named, policy: JSON.stringify(document) }, inside);
    new aws.iam.RolePolicyAttachment(`${name}-${part}-attached`, { role: role.name, policyArn: policy.arn }, inside);
  }
  return role;
}

const boundaryFile = (stack: string) => `permission-boundary.${stack}.json`;

function createBoundary(name: string, place: DeliveredPlace, { parent }: Around): aws.iam.Policy {
  const { stack } = place;
  const policy = JSON.stringify(documentsOf(place)[boundaryFile(stack)]);
  return new aws.iam.Policy(name, { name: boundaryName(stack), policy }, { parent });
}

/** What `sparki housekeeping` asks Cost Explorer for: AWS lets nobody narrow it, and ReadOnlyAccess leaves bills out. */
const COSTS = { Effect: "Allow", Action: ["ce:GetCostAndUsage"], Resource: ["*"] };

/** Reads the account and its costs, the stack's secrets and its state; changes nothing. */
function createPlanning(name: string, place: DeliveredPlace, args: RolesArgs, around: Around): aws.iam.Role {
  return createReading(name, place, around, {
    does: "plans",
    description: `Plans Sparki's stack ${place.stack} from GitHub: reads, and changes nothing`,
    trust: trustIn("planning-role-trust", place, args),
    seconds: PLANNING_SECONDS,
    statements: [...secretsStatements(place), ...stateStatements(place, args, "read"), COSTS],
  });
}

/** Reads the same, and restores the stack's backups under names of its own. */
function createDrilling(name: string, place: DeliveredPlace, args: RolesArgs, around: Around): aws.iam.Role {
  return createReading(name, place, around, {
    does: "drills",
    description: `Restores the backups of Sparki's stack ${place.stack} elsewhere, by the clock, from GitHub`,
    trust: trustIn("drilling-role-trust", place, args),
    seconds: DRILLING_SECONDS,
    statements: [
      ...secretsStatements(place),
      ...stateStatements(place, args, "read"),
      ...drillingDocument(place).Statement,
    ],
  });
}

function createReading(name: string, place: DeliveredPlace, around: Around, args: JobRoleArgs): aws.iam.Role {
  const role = createJobRole(name, place, args, around);
  new aws.iam.RolePolicyAttachment(
    `${name}-reads`,
    { role: role.name, policyArn: "arn:aws:iam::aws:policy/ReadOnlyAccess" },
    { parent: around.parent },
  );
  return role;
}

/** The stack's secrets, and their key. */
function secretsStatements({ stack, accountId, region }: DeliveredPlace): readonly object[] {
  const secrets = {
    Effect: "Allow",
    Action: ["secretsmanager:GetSecretValue"],
    Resource: [`arn:aws:secretsmanager:${region}:${accountId}:secret:sparki/${stack}/*`],
  };
  const theirKey = {
    Effect: "Allow",
    Action: ["kms:Decrypt"],
    Resource: [`arn:aws:kms:${region}:${accountId}:key/*`],
    Condition: { StringEquals: { "aws:ResourceTag/project": PROJECT, "aws:ResourceTag/stack": stack } },
  };
  return [secrets, theirKey];
}

/** Says of which form a bucket's states are: Pulumi writes it once, at the first login. */
export const META = ".pulumi/meta.yaml";

/** Where Pulumi keeps what is one stack's own in a bucket: the state, its tags, history, backups and lock. */
export function statePathsOf(stack: string): readonly string[] {
  const all = [
    ...[`stacks/${PROJECT}/${stack}.json*`, `stacks/${PROJECT}/${stack}.pulumi-tags`],
    ...[`history/${PROJECT}/${stack}/*`, `backups/${PROJECT}/${stack}/*`, `locks/organization/${PROJECT}/${stack}/*`],
  ];
  return all.map((path) => `.pulumi/${path}`);
}

/**
 * What Pulumi needs of the state's bucket and keys for one stack. It lists the whole bucket, and writes only what is the
 * stack's own.
 */
function stateStatements({ stack }: DeliveredPlace, { state, accountId }: RolesArgs, to: "read" | "change") {
  const bucket = `arn:aws:s3:::${stateBucketOf(accountId)}`;
  const own = statePathsOf(stack).map((path) => `${bucket}/${path}`);
  const secretsKey = state.secretsKeys.get(stack)?.arn ?? state.key.arn;
  const allow = (actions: readonly string[], resources: readonly pulumi.Input<string>[]) => ({
    Effect: "Allow",
    Action: actions,
    Resource: resources,
  });
  const reading = [
    allow(["s3:ListBucket"], [bucket]),
    allow(["s3:GetObject"], [`${bucket}/${META}`, ...own]),
    allow(["kms:Decrypt"], [state.key.arn, secretsKey]),
  ];
  if (to === "read") return reading;
  return [
    ...reading,
    allow(["s3:PutObject", "s3:DeleteObject"], own),
    allow(["kms:GenerateDataKey"], [state.key.arn]),
    allow(["kms:Encrypt", "kms:DescribeKey"], [secretsKey]),
  ];
}

interface BreakGlassArgs extends Account {
  readonly principals: readonly string[];
  readonly alarms: Alarms;
}

const BREAK_GLASS_ROLE = "break-glass-sparki";
const BREAK_GLASS_SECONDS = 3600;
/** How old a second factor may be. */
const MFA_SECONDS = "900";

/**
 * An administrator's role for when delivery itself is broken: a person takes it with a second factor just given, for an
 * hour, in the one region whose alarm tells everybody.
 */
export class BreakGlass extends pulumi.ComponentResource {
  readonly roleArn: pulumi.Output<string>;

  constructor(name: string, args: BreakGlassArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:delivery:BreakGlass", name, {}, options);
    const { accountId, region } = args;
    const trust = {
      Effect: "Allow",
      Principal: { AWS: args.principals },
      Action: "sts:AssumeRole",
      Condition: {
        Bool: { "aws:MultiFactorAuthPresent": "true" },
        NumericLessThan: { "aws:MultiFactorAuthAge": MFA_SECONDS },
        StringEquals: { "aws:RequestedRegion": region },
      },
    };
    const role = new aws.iam.Role(
      `${name}-role`,
      {
        name: BREAK_GLASS_ROLE,
        description: "For people, when nothing else goes: everybody is told that it was taken",
        assumeRolePolicy: JSON.stringify({ Version: "2012-10-17", Statement: [trust] }),
        maxSessionDuration: BREAK_GLASS_SECONDS,
      },
      { parent: this },
    );
    new aws.iam.RolePolicyAttachment(
      `${name}-administers`,
      { role: role.name, policyArn: "arn:aws:iam::aws:policy/AdministratorAccess" },
      { parent: this },
    );
    const roleArn = [`arn:aws:iam::${accountId}:role/${BREAK_GLASS_ROLE}`];
    args.alarms.on(
      "break-glass",
      {
        source: ["aws.sts"],
        "detail-type": ["AWS API Call via CloudTrail"],
        detail: { eventName: ["AssumeRole"], requestParameters: { roleArn } },
      },
      "Somebody took the break-glass role, or tried to",
    );
    this.roleArn = role.arn;
    this.registerOutputs();
  }
}
