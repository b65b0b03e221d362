import type { DeliveryConfig } from "../../delivery/config.ts";
import { SEMVER } from "../declared/cluster.ts";
import {
  type ClosedWorld,
  type Declaration,
  json,
  known,
  matching,
  mismatches,
  optional,
  type Shape,
  type World,
} from "../declared/shape.ts";
import type { AnyResource, ResourceOptions } from "../judging/resource.ts";
import { alarmsOf, backupAlarmOf, breakGlassOf, cacheEventsOf, runnerOf, watchOf } from "./account.ts";
import { BOUNDARY, identitiesOf } from "./identities.ts";
import { stateBucket, stateOf } from "./keys-and-buckets.ts";
import { cloudOf } from "./pulumi-cloud.ts";
import { one } from "./shapes.ts";

/** Groups of resources in the program's tree; they make nothing themselves. */
const COMPONENT =
  /^sparki:delivery:(AccountWatch|Alarms|BreakGlass|CacheEvents|LockedBucket|PulumiCloud|Roles|Runner|State)$/;

/** What stays as long as the config's protection says so: states and the keys that read them are not made again. */
const PROTECTED = new Set(["aws:kms/key:Key", "aws:s3/bucket:Bucket"]);

const tagsOf = ({ owner }: DeliveryConfig) => ({ project: "sparki-delivery", owner, "managed-by": "pulumi" });

/** All that an account's delivery may consist of, made from its config; delivery's own program is not asked. */
export function deliveryWorld(config: DeliveryConfig, stack: string): ClosedWorld {
  const declarations = [
    ...providersOf(config),
    ...stateOf(config),
    ...identitiesOf(config),
    ...alarmsOf(config),
    ...breakGlassOf(config),
    ...backupAlarmOf(config),
    ...cacheEventsOf(config),
    ...watchOf(config),
    ...runnerOf(config),
    ...cloudOf(config),
  ];
  const world = new DeliveryWorld(stack);
  const byKey = new Map(declarations.map((each) => [`${each.type} ${each.name}`, each]));
  const outputs = outputsOf(config);
  return {
    worldOf: () => world,
    declarationOf: ({ type, name }, given) => {
      if (isStructure(type, name, stack)) return { shape: {}, world: given };
      const properties = byKey.get(`${type} ${name}`)?.properties;
      const common = type.startsWith("aws:")
        ? { tags: optional(tagsOf(config)), tagsAll: optional(tagsOf(config)) }
        : {};
      return properties && { shape: { ...common, ...properties }, world: given };
    },
    isDefaultProvider: () => false,
    couldTell: (_sources, text) => couldBeOwn(config, text),
    optionMismatches: ({ type }, options) => optionsNotDeclared(type, options, config),
    missingGuards: (resource, all) => missingAmong(declarations, resource, all),
    outputMismatches: (told, given) =>
      Object.keys(told).flatMap((name) => {
        const shape = Object.hasOwn(outputs, name) ? outputs[name] : undefined;
        if (shape === undefined) return [{ path: name, expected: "not to be set" }];
        return mismatches(() => told[name], shape, given, name);
      }),
  };
}

/** Its declarations are made from delivery's config: one that reads a stack's config is never met. */
class DeliveryWorld implements World {
  readonly stack: string;
  readonly bound = {};
  readonly words = {};

  constructor(stack: string) {
    this.stack = stack;
  }

  get config(): never {
    throw new RangeError("delivery has no stack's config");
  }
}

function isStructure(type: string, name: string, stack: string): boolean {
  return type === "pulumi:pulumi:Stack" ? name === `sparki-delivery-${stack}` : COMPONENT.test(type);
}

/** Of AWS the account's own, and of Pulumi Cloud its own address: a provider leads wherever its settings say. */
function providersOf(config: DeliveryConfig): Declaration[] {
  const filledIn = { version: optional(SEMVER), __internal: optional({}) };
  return [
    ...one("pulumi:providers:aws", "aws", {
      region: config.region,
      allowedAccountIds: json([config.accountId]),
      defaultTags: json({ tags: tagsOf(config) }),
      maxRetries: matching("10", /^10$/),
      skipCredentialsValidation: optional("false"),
      skipRegionValidation: optional("true"),
      ...filledIn,
    }),
    ...(config.pulumiCloud === undefined
      ? []
      : one("pulumi:providers:pulumiservice", "pulumi-cloud-api", {
          apiUrl: "https://api.pulumi.com",
          ...filledIn,
        })),
  ];
}

/** An ARN of the account and of one of its two regions, or a text that is none. */
function couldBeOwn({ accountId, region, state }: DeliveryConfig, text: string): boolean {
  const [scheme, partition, , where = "-", account = "-"] = text.split(":");
  if (scheme !== "arn") return true;
  const regions = ["", region, state.replicaRegion];
  return partition === "aws" && regions.includes(where) && ["", accountId].includes(account);
}

function optionsNotDeclared(
  type: string,
  { protect, ignoreChanges, deleteBeforeReplace, aliases, customTimeouts }: ResourceOptions,
  { protection }: DeliveryConfig,
): string[] {
  const wrong: readonly (readonly [option: string, isWrong: boolean, declared: string])[] = [
    ["protect", protection && !protect && PROTECTED.has(type), "true"],
    ["ignoreChanges", ignoreChanges.length > 0, "none"],
    ["deleteBeforeReplace", deleteBeforeReplace === true, "not to be set"],
    ["aliases", aliases.length > 0, "none"],
    ["customTimeouts", Object.values(customTimeouts).some((seconds) => seconds !== 0), "none"],
  ];
  return wrong.flatMap(([option, isWrong, declared]) => (isWrong ? [`option ${option} (declared: ${declared})`] : []));
}

/** What others are told to deploy by. */
function outputsOf(config: DeliveryConfig): Readonly<Record<string, Shape>> {
  const { accountId, region, stacks, places } = config;
  const arnOf = (kind: "role" | "policy", name: string, logical: string) =>
    known(`arn:aws:iam::${accountId}:${kind}/${name}`, logical);
  const each = (arn: (stack: string) => Shape) => Object.fromEntries(places.map(({ stack }) => [stack, arn(stack)]));
  return {
    backendUrl: known(`s3://${stateBucket(accountId)}?region=${region}`, "state-bucket"),
    secretsProviders: Object.fromEntries(
      [...stacks, "delivery"].map((owner) => [owner, `awskms://alias/pulumi-secrets-sparki-${owner}?region=${region}`]),
    ),
    deployingRoles: each((stack) => arnOf("role", `deploys-sparki-${stack}`, `roles-deploys-${stack}`)),
    planningRoles: each((stack) => arnOf("role", `plans-sparki-${stack}`, `roles-plans-${stack}`)),
    drillingRoles: each((stack) => arnOf("role", `drills-sparki-${stack}`, `roles-drills-${stack}`)),
    permissionsBoundaries: each((stack) =>
      arnOf("policy", `sparki-${stack}-${BOUNDARY}`, `roles-deploys-${stack}-${BOUNDARY}`),
    ),
    breakGlassRole: arnOf("role", "break-glass-sparki", "break-glass-role"),
    cacheEventsTopic: known(`arn:aws:sns:${region}:${accountId}:cache-events-sparki`, "cache-events-topic"),
    ...(config.pulumiCloud && { deploymentRunnerToken: known(matching("a token", /./), "pulumi-cloud-runners") }),
  };
}

type Identified = Pick<AnyResource, "type" | "name">;

/** What opens, blinds or uncovers a resource when it is left out: those of its guards that are declared for this account. */
const GUARDS: readonly {
  readonly of: RegExp;
  readonly guards: (name: string) => RegExp;
}[] = [
  // Each of these is a resource of its own at AWS, without which a bucket is open, plain, or forgets.
  {
    of: /^aws:s3\/bucket:Bucket /,
    guards: (name) =>
      new RegExp(`^aws:s3/bucket[A-Z]\\w+:\\w+ ${name}-(ownership|private|encryption|versions|lifecycle|policy)$`),
  },
  { of: /^aws:s3\/bucket:Bucket state-bucket$/, guards: () => / state-(copies|copy|copy-role-policy)$/ },
  { of: /^aws:kms\/key:Key /, guards: (name) => new RegExp(`^aws:kms/alias:Alias ${name}-alias$`) },
  // Without its boundary's policy the stack's roles would have no cap, and without a part, the guard above all, no limit.
  { of: /^aws:iam\/role:Role roles-/, guards: (name) => new RegExp(`^aws:iam/\\w+:\\w+ ${name}-`) },
  { of: /^aws:iam\/role:Role break-glass-role$/, guards: () => / (alarms-break-glass(-told)?|alarms-topic)$/ },
  {
    of: /^aws:sns\/topic:Topic /,
    guards: (name) => new RegExp(`^aws:sns/topic(Policy|Subscription):\\w+ ${name.replace(/-topic$/, "")}-`),
  },
  { of: /^aws:guardduty\//, guards: () => / alarms-guardduty(-told)?$/ },
  { of: /^aws:cloudtrail\//, guards: () => / account-audit-bucket$/ },
  { of: /^aws:cfg\/recorder:Recorder /, guards: () => / account-config-(channel|on|role(-.+)?)$/ },
  { of: /^aws:codebuild\/project:Project /, guards: () => / runner-(group|logs|role|role-policy|jobs)$/ },
  // What the config switches on is there.
  {
    of: /^pulumi:pulumi:Stack /,
    guards: () =>
      / (state-bucket|break-glass-role|alarms-backups(-told)?|cache-events-topic|account-(budget|trail|guardduty|config)|roles-(deploys|plans|drills)-[a-z0-9-]+)$/,
  },
];

const keyOf = ({ type, name }: Identified) => `${type} ${name}`;

/** The guards of a resource, of those that are declared, that are not among these resources, by type and name. */
function missingAmong(
  declarations: readonly Declaration[],
  resource: Identified,
  all: readonly Identified[],
): string[] {
  const patterns = GUARDS.filter(({ of }) => of.test(keyOf(resource))).map(({ guards }) => guards(resource.name));
  const there = new Set(all.map(keyOf));
  return declarations.map(keyOf).filter((key) => patterns.some((each) => each.test(key)) && !there.has(key));
}
