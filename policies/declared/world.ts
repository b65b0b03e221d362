import { mayBeRenamed, type Named } from "../../stacks/kept-resources.ts";
import { namespaceOf, SERVICE_NAMES, type ServiceName, serviceOf } from "../../stacks/services.ts";
import { isTagged, originOf } from "../../stacks/tagging.ts";
import { matchesName } from "../judging/approvals.ts";
import { type AnyResource, type ResourceOptions, textsIn } from "../judging/resource.ts";
import { cluster, DEFAULT_PROVIDERS, providers, SEMVER } from "./cluster.ts";
import { accessLogs, data } from "./data.ts";
import { edge } from "./edge.ts";
import { identities } from "./identities.ts";
import { RELEASE_ID } from "./jobs.ts";
import { flows, network } from "./network.ts";
import { pods } from "./pods.ts";
import {
  type Declaration,
  type Declared,
  fill,
  Matcher,
  type Mismatch,
  matching,
  mismatches,
  namesOf,
  optional,
  type Shape,
  type World,
} from "./shape.ts";

/** Every resource of this deployment, by subject; nothing else may exist. */
export const DECLARATIONS: readonly Declaration[] = [
  ...network,
  ...flows,
  ...identities,
  ...data,
  ...accessLogs,
  ...edge,
  ...cluster,
  ...providers,
  ...pods,
];

/** Groups of resources in the program's tree; they make nothing themselves. */
const COMPONENT =
  /^sparki:(apps:(ClusterJob|Cutover|DatabaseJobs|Identities|Namespaces|Promotion|Workload)|infra:(Cache|Certificate|Cluster|Database|Edge|Firewall|Keys|LoadBalancer|Network|Secrets|WorkloadIdentity|Zone))$/;

/** Tags that say who made it and for what, by which it is found again; others can give rights, since policies of AWS's own go by them. */
const OWN_TAGS: Readonly<Record<string, Shape>> = {
  Name: matching("a name", /^[\w-]+$/),
  project: "sparki",
  stack: "{stack}",
  owner: "{owner}",
  "managed-by": "pulumi",
  // Of the release that made it, which may be an earlier one.
  release: RELEASE_ID,
  resource: new Matcher("what the resource is to the program", (value, { bound }) => value === bound.origin),
};
/** Tags that AWS goes by, and the kind of resource that may have them. */
const SPOKEN_TAGS: Readonly<Record<string, readonly [type: string, value: string]>> = {
  "kubernetes.io/role/elb": ["aws:ec2/subnet:Subnet", "1"],
  "kubernetes.io/role/internal-elb": ["aws:ec2/subnet:Subnet", "1"],
  "eks:eks-cluster-name": ["aws:lb/targetGroup:TargetGroup", "sparki-{stack}"],
};

/** The tags that a resource of a type may have. */
function tagsOf(type: string): Matcher {
  return optional(
    new Matcher("tags of this deployment", (value, world) =>
      Object.entries(Object(value)).every(([key, tag]) => {
        const [only, wanted = ""] = Object.hasOwn(SPOKEN_TAGS, key) ? (SPOKEN_TAGS[key] ?? []) : [];
        const own = Object.hasOwn(OWN_TAGS, key) ? OWN_TAGS[key] : undefined;
        if (own !== undefined) return mismatches(() => tag, own, world).length === 0;
        return only === type && tag === fill(wanted, world);
      }),
    ),
  );
}
/** What every resource of AWS may have besides. */
const commonOf = (type: string): Readonly<Record<string, Shape>> =>
  type.startsWith("aws:") ? { region: optional("{region}"), tags: tagsOf(type), tagsAll: tagsOf(type) } : {};

/** What a resource has to be, in the words of its declaration, with what its name binds; undefined when it has none. */
export function declarationOf(
  { type, name, options }: Pick<AnyResource, "type" | "name" | "options">,
  world: World,
): Declared | undefined {
  if (isStructure(type, name, world)) return { shape: {}, world };
  for (const declaration of BY_TYPE.get(type) ?? []) {
    const found = namesOf(declaration.name, world).find((one) => one.name === name);
    if (found === undefined) continue;
    const kept = (options?.ignoreChanges ?? []).join(" ");
    const bound = { ...found.world.bound, origin: originOf(type, name), kept };
    return { shape: { ...commonOf(type), ...declaration.properties }, world: { ...found.world, bound } };
  }
  return undefined;
}

const BY_TYPE = Map.groupBy(DECLARATIONS, ({ type }) => type);

/** Whether a type is that of the stack, a component, or a provider that the engine makes up by itself. */
function isStructure(type: string, name: string, { stack }: World): boolean {
  if (type === "pulumi:pulumi:Stack") return name === `sparki-${stack}`;
  return COMPONENT.test(type);
}

/** A provider that the engine makes up for a package: of the version that its name says, and without a setting. */
export function isDefaultProvider(
  { type, name, props }: { readonly type: string; readonly name?: string; readonly props: object },
  world: World,
): boolean {
  const [isDefault, version] = /^default(?:_(\d+_\d+_\d+))?$/.exec(name ?? "default") ?? [];
  if (!DEFAULT_PROVIDERS.test(type) || isDefault === undefined) return false;
  const numbered = version === undefined ? {} : { version: version.replaceAll("_", ".") };
  const told = name === undefined ? { version: optional(SEMVER) } : numbered;
  return mismatches(() => props, { ...told, __internal: optional({}) }, world).length === 0;
}

/**
 * Whether a text could be an output of one of these resources, by all that is declared of them: an ARN is of this stack's
 * account and region, and of an identity only that of its own name.
 */
export function couldTell(sources: readonly string[], text: string, world: World): boolean {
  const [scheme, partition, service, region, account, ...resource] = text.split(":");
  if (scheme !== "arn") return !/^\d{12}\//.test(text);
  const { config } = world;
  const isOwn = ["", config.region].includes(region ?? "-") && ["", config.accountId].includes(account ?? "-");
  if (partition !== "aws" || !isOwn) return false;
  return service !== "iam" || (account !== "" && isRole(sources, resource.join(":"), world));
}

function isRole(sources: readonly string[], resource: string, world: World): boolean {
  const named = /^role\/([^/]+)$/.exec(resource)?.[1];
  return (BY_TYPE.get("aws:iam/role:Role") ?? []).some(({ name, properties }) => {
    const { name: own = null } = properties;
    return isSource(name, sources, world) && mismatches(() => named, own, world).length === 0;
  });
}

/** Whether a resource of that logical name is among those that a value may come from. */
export function isSource(name: string, sources: readonly string[], world: World): boolean {
  return sources.some((source) => namesOf(source, world).some((one) => matchesName(one.name, name)));
}

/** What AWS gives no ARN; its id is no output of every provider, and all that the engine tells of it is where it comes from. */
const WITHOUT_ARN = new Set(["aws:ec2/natGateway:NatGateway"]);

/** Whether one of the resources of these logical names has a text for an output: as a whole, or as the last part of an ARN. */
export function whatTells(resources: readonly AnyResource[]): NonNullable<World["tells"]> {
  const known = new Map<AnyResource, ReadonlySet<string>>();
  const textsOf = (resource: AnyResource) => {
    const texts = known.get(resource) ?? new Set(textsIn(() => resource.props).flatMap((text) => [text, lastOf(text)]));
    known.set(resource, texts);
    return texts;
  };
  return (sources, text, world) =>
    resources.some(
      (resource) =>
        isSource(resource.name, sources, world) &&
        (textsOf(resource).has(text) || (WITHOUT_ARN.has(resource.type) && !("id" in resource.props))),
    );
}

function lastOf(text: string): string {
  return text.startsWith("arn:") ? text.slice(Math.max(text.lastIndexOf("/"), text.lastIndexOf(":")) + 1) : text;
}

/**
 * Where a property has a text that no resource which it may come from has for an output: one that stands in the program
 * beside such outputs, or that it puts in the place of one.
 */
export function notTold({ asked }: AnyResource, declared: Declared | undefined): Mismatch[] {
  if (declared === undefined || asked === undefined) return [];
  const { tells: _, ...alone } = declared.world;
  const known = new Set(mismatches(() => asked, declared.shape, alone).map(({ path }) => path));
  return mismatches(() => asked, declared.shape, declared.world).filter(({ path }) => !known.has(path));
}

/** What has to stay as long as sparki:protection says so. */
const PROTECTED = new Set([
  "aws:kms/key:Key",
  "aws:route53/zone:Zone",
  "aws:rds/instance:Instance",
  "aws:elasticache/replicationGroup:ReplicationGroup",
]);

/** A property that AWS or a later release changes, by logical name; the program goes on with what it finds. */
const LEFT_AS_THEY_ARE: Readonly<Record<string, readonly string[]>> = {
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl network-subnet-filter": ["subnetIds"],
  "aws:rds/instance:Instance database-instance": ["engineVersion"],
  "aws:eks/cluster:Cluster cluster-eks-eksCluster": [
    "accessConfig.bootstrapClusterCreatorAdminPermissions",
    "bootstrapSelfManagedAddons",
  ],
  // In an update that goes back: an older release's migrator may not know the level that a newer one has reached.
  ...Object.fromEntries(
    ["users", "migrate", "seed"].map((job) => [
      `command:local:Command database-jobs-${job}-run`,
      ["stdin", "triggers"],
    ]),
  ),
};

const keyOf = ({ type, name }: Named) => `${type} ${name}`;

/** The options of a resource that are not declared, each with what it may be; more outputs may always be secret. */
export function optionMismatches(resource: Named, options: ResourceOptions, { config }: World): string[] {
  const { protect, ignoreChanges, deleteBeforeReplace, aliases, customTimeouts } = options;
  const left = [...(isTagged(resource.type) ? ["tags.release"] : []), ...(LEFT_AS_THEY_ARE[keyOf(resource)] ?? [])];
  const problems: (readonly [option: string, isWrong: boolean, declared: string])[] = [
    ["protect", config.protection && !protect && PROTECTED.has(resource.type), "true"],
    ["ignoreChanges", ignoreChanges.some((path) => !left.includes(path)), left.join(", ") || "none"],
    ["deleteBeforeReplace", deleteBeforeReplace === true, "not to be set"],
    ["aliases", aliases.length > 0 && !mayBeRenamed(resource), "none"],
    ["customTimeouts", Object.values(customTimeouts).some((seconds) => seconds !== 0), "none"],
  ];
  return problems.flatMap(([option, isWrong, declared]) =>
    isWrong ? [`option ${option} (declared: ${declared})`] : [],
  );
}

const RELEASE = "kubernetes:helm.sh/v3:Release";
const LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup";
const LISTENER = "aws:lb/listener:Listener";
const NAMESPACE = "kubernetes:core/v1:Namespace";

/** The database's jobs, without which pods would meet a schema, or a user, that is not theirs. */
const jobsBefore = (name: ServiceName) =>
  serviceOf(name).stores.includes("database")
    ? ["users", "migrate", "seed"].map((job) => `command:local:Command database-jobs-${job}-run`)
    : [];

/** What holds or opens something, and the resources that guard it: to leave one of these out is to open or to blind it. */
export const GUARDED: Readonly<Record<string, readonly string[]>> = {
  "aws:s3/bucket:Bucket edge-lb-access-logs": [
    "aws:s3/bucketPolicy:BucketPolicy edge-lb-access-logs-policy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock edge-lb-access-logs-private",
    "aws:s3/bucketVersioning:BucketVersioning edge-lb-access-logs-versioning",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration edge-lb-access-logs-encryption",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration edge-lb-access-logs-expiry",
  ],
  [`${LISTENER} edge-lb-https`]: [
    "aws:lb/listenerRule:ListenerRule edge-lb-not-public",
    `${LISTENER} edge-lb-http`,
    "aws:wafv2/webAclAssociation:WebAclAssociation edge-waf-association",
  ],
  // AWS makes log groups that are missing: without a key of ours, and for ever.
  "aws:rds/instance:Instance database-instance": [
    `${LOG_GROUP} database-logs-postgresql`,
    `${LOG_GROUP} database-logs-upgrade`,
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment database-monitoring-AmazonRDSEnhancedMonitoringRole",
    "command:local:Command destroy-guard",
  ],
  "aws:eks/cluster:Cluster cluster-eks-eksCluster": [
    `${LOG_GROUP} cluster-logs`,
    "kubernetes:core/v1:ConfigMap cluster-network-policies",
    // What has no endpoint in the VPC is asked over the internet.
    ...["s3", "ec2", "ecr-api", "ecr-dkr", "kms", "logs", "secretsmanager", "sts"].map(
      (service) => `aws:ec2/vpcEndpoint:VpcEndpoint network-endpoint-${service}`,
    ),
  ],
  // Without these, what should write the logs may not.
  "aws:ec2/flowLog:FlowLog network-flow-log": ["aws:iam/rolePolicy:RolePolicy network-flow-logs-policy"],
  "aws:route53/queryLog:QueryLog edge-dns-query-log": [
    "aws:cloudwatch/logResourcePolicy:LogResourcePolicy edge-dns-query-delivery",
  ],
  // A namespace of someone else's making has neither its rules for pods nor its own for flows.
  [`${RELEASE} monitoring`]: [`${NAMESPACE} sparki-monitoring`],
  ...Object.fromEntries(
    SERVICE_NAMES.flatMap((name) => [
      [`${RELEASE} ${name}-one-box`, [`${NAMESPACE} ${namespaceOf(name)}`, ...jobsBefore(name)]],
      [`${RELEASE} ${name}-fleet`, [`${RELEASE} ${name}-one-box`, `${RELEASE} monitoring`]],
    ]),
  ),
};

/** The guards of a resource that are not among these resources, by type and name. */
export function missingGuards(resource: Named, all: readonly Named[]): readonly string[] {
  const guards = Object.hasOwn(GUARDED, keyOf(resource)) ? (GUARDED[keyOf(resource)] ?? []) : [];
  return guards.length === 0 ? [] : guards.filter((guard) => !all.some((one) => keyOf(one) === guard));
}
