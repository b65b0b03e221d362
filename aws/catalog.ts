import { type Availability, facts } from "./facts.ts";
import { type Finding, shown } from "./finding.ts";
import { type Input, type InputRecord, isInputList, isInputRecord } from "./inputs.ts";

/**
 * The day each Kubernetes version's support on EKS ends: standard, then extended. AWS publishes it in its guide only.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html (read 2026-11-23)
 */
export const KUBERNETES: Readonly<Record<string, { readonly standard: string; readonly extended: string }>> = {
  "1.31": { standard: "2025-11-26", extended: "2026-11-26" },
  "1.32": { standard: "2026-03-23", extended: "2027-03-23" },
  "1.33": { standard: "2026-07-29", extended: "2027-07-29" },
  "1.34": { standard: "2026-12-02", extended: "2027-12-02" },
  "1.35": { standard: "2027-03-27", extended: "2028-03-27" },
};

/**
 * The day each PostgreSQL major version's standard support on RDS ends; RDS charges for what runs on, until it upgrades it.
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/PostgreSQLReleaseNotes/postgresql-release-calendar.html
 */
export const POSTGRES_STANDARD: Readonly<Record<string, string>> = {
  "13": "2026-02-28",
  "14": "2027-02-28",
  "15": "2028-02-29",
  "16": "2029-02-28",
  "17": "2030-02-28",
};

/**
 * The day each Redis version's standard support on ElastiCache ends; of version 7 AWS has named none.
 * @see https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/engine-versions.html
 */
export const REDIS_STANDARD: Readonly<Record<string, string>> = { "6": "2027-01-31" };

/** Whether EKS gives the version standard support on that ISO date; a version that is not in the table has none. */
export function inStandardSupport(version: string | undefined, today: string): boolean {
  const ends = version === undefined ? undefined : KUBERNETES[version]?.standard;
  return ends !== undefined && today <= ends;
}

/** The versions that EKS makes clusters of on the day the facts were read. */
export function kubernetesVersions(today = facts().dated): readonly string[] {
  return Object.keys(KUBERNETES).filter((version) => today <= (KUBERNETES[version]?.extended ?? ""));
}

/** PostgreSQL's versions on RDS, as `17` or `17.6`. */
export const postgresVersions = () => facts().catalog.postgres;

/** Those of them that RDS makes no more. */
export const retiredPostgresVersions = () => facts().catalog.retiredPostgres;

/**
 * The minor version of each major one that PostgreSQL released on 14 August 2025 (18 followed in September, as 18.0); later
 * ones are released together. @see https://www.postgresql.org/docs/release/
 */
const RELEASED_TOGETHER: Readonly<Record<string, number>> = {
  "13": 22,
  "14": 19,
  "15": 14,
  "16": 10,
  "17": 6,
  "18": 0,
};

/**
 * The later major versions, as `18.1`, to which RDS upgrades a version in place: those that it makes, and that were not
 * released before it. Each by its release; RDS itself is asked by `rds/getEngineVersion`.
 * @see https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_UpgradeDBInstance.PostgreSQL.html
 */
export function postgresUpgradeTargets(version: string): string[] {
  const releaseOf = (text: string) => {
    const [major = "", minor] = text.split(".");
    return { major: Number(major), release: Number(minor) - (RELEASED_TOGETHER[major] ?? Number.NaN) };
  };
  const from = releaseOf(version);
  const made = postgresVersions().filter((each) => !retiredPostgresVersions().includes(each));
  return made.filter((each) => {
    const to = releaseOf(each);
    return to.major > from.major && to.release >= from.release;
  });
}

/** Families of database parameters. */
export function parameterFamilies(): readonly string[] {
  return facts().catalog.parameterFamilies;
}

/** RDS's instance classes for PostgreSQL in a region; none in a region that AWS publishes nothing of. */
export const instanceClasses = (region: string) => inRegion(facts().catalog.databaseClasses, region);

/** ElastiCache's node types in a region. */
export const cacheNodeTypes = (region: string) => inRegion(facts().catalog.cacheNodes, region);

/** ElastiCache's versions of an engine. */
export const cacheVersions = (engine: string) => facts().catalog.cacheVersions[engine] ?? [];

function inRegion(available: Availability, region: string): readonly string[] {
  return Object.entries(available).flatMap(([name, lacking]) => (lacking.includes(region) ? [] : [name]));
}

/** Service principals whose first label is no IAM prefix. */
const FURTHER = [
  "delivery.logs",
  "vpc-flow-logs",
  "monitoring.rds",
  "dnssec-route53",
  "pods.eks",
  "eks-nodegroup",
  "eks-fargate",
  "eks-fargate-pods",
  "logdelivery.elasticloadbalancing",
  "edgelambda",
  "ecs-tasks",
  "codebuild",
  "spotfleet",
  "spot",
  "ops.apigateway",
  "email",
  "application-autoscaling",
  "replication.dynamodb",
  "vpce",
  "export.rds",
  "billingconsole",
  "budgets",
  "costalerts",
  "events",
  "firehose",
  "kinesisanalytics",
  "states",
  "scheduler",
  "pipes",
  "backup",
  "tagging",
  "resource-groups",
  "malware-protection-plan.guardduty",
  "continuousbackup",
  "batchoperations.s3",
  "reporting.trustedadvisor",
  "logging.s3",
  "scraper.aps",
  "eks-connector",
  "malware-protection.guardduty",
  "agentless.inspector2",
  "opsinsights.ssm",
  "opsdatasync.ssm",
  "changemanager.ssm",
  "transitgateway",
  "s3.data-source.lustre.fsx",
  "stacksets.cloudformation",
  "member.org.stacksets.cloudformation",
  "resources.cloudformation",
  "hooks.cloudformation",
  "email.cognito-idp",
  "scheduler.redshift",
  "credentials.iot",
  "drt.shield",
  "topology.networkflowmonitor",
  "application-signals.cloudwatch",
  "ssm.alarms.cloudwatch",
  "mrk.kms",
  "cks.kms",
  "replication.ecr",
  "pullthroughcache.ecr",
  "directoryservice.rds",
  ..."airflow-env application-insights build.apprunner tasks.apprunner config-conforms lambda.alarms.cloudwatch".split(
    " ",
  ),
  ..."logger.cloudfront macie managedservices migrationhub monitoring osis-pipelines replicator.lambda source.ecs".split(
    " ",
  ),
  ..."tagpolicies vmie vpcpeering ec2fleet channels.lex lexv2 cost-optimization-hub.bcm arc-region-switch.ecs".split(
    " ",
  ),
];

/** Services that scale what is another service's: their names begin with it. */
const SCALING = ".application-autoscaling";

const REGION = /^[a-z]{2}(-[a-z]+)+-\d$/;

/** The services and the ARNs that a policy document names as principals; none of a text that is no document. */
export function publishedPrincipals(document: string): { readonly services: string[]; readonly arns: string[] } {
  const found = { services: [] as string[], arns: [] as string[] };
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    return found;
  }
  const statements = [member(parsed, "Statement")].flat();
  for (const statement of statements) {
    const principal = member(statement, "Principal");
    found.services.push(...texts(member(principal, "Service")));
    found.arns.push(...texts(member(principal, "AWS")));
  }
  return found;
}

function member(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

const texts = (value: unknown): string[] => [value].flat().filter((each): each is string => typeof each === "string");

/** Whether AWS has a service of that principal's name, as `ec2.amazonaws.com` or `logs.us-east-1.amazonaws.com`. */
export function isExistingService(principal: string): boolean {
  const match = /^(.+)\.(amazonaws\.com(\.cn)?|amazon\.com|aws\.internal)$/.exec(principal);
  const labels = (match?.[1] ?? "").split(".");
  if (labels.some((label) => REGION.test(label) && !isRegion(label))) return false;
  const name = labels.filter((label) => !REGION.test(label)).join(".");
  return FURTHER.includes(name) || name.endsWith(SCALING) || facts().catalog.servicePrefixes.includes(name);
}

const ARN = /^arn:aws[a-z-]*:[a-z0-9-]+:([a-z0-9-]+):/;

/** What may lie in another region: copies, sources and destinations of copies, and whoever calls. */
const ANYWHERE =
  /^(replicas|replicationConfiguration|rules\[\d+\]\.destination|snapshot|restoreTo|s3Import|globalReplication|source|principal|tags)/i;

const ZONE_IN = /^([a-z]{2,4}(?:-[a-z]+)+-\d)(?:[a-z]|-[a-z]{3}-\d[a-z]|-wl\d-[a-z]{3}-wlz-\d)$/;

/** Whether AWS has a region of that name. */
export const isRegion = (name: string) => facts().catalog.regions.includes(name);

/** The region of a zone, a local zone or a Wavelength zone; undefined when the text names none. */
export const regionOfZone = (zone: string) => ZONE_IN.exec(zone)?.[1];

/** Regions that there are not, and what lies in another region than the resource that names it. */
export function placeFindings(inputs: InputRecord): Finding[] {
  const own = typeof inputs.region === "string" && isRegion(inputs.region) ? inputs.region : undefined;
  const region = own ?? (inputs.region === undefined ? regionNamedIn(inputs, "") : undefined);
  return Object.entries(inputs).flatMap(([name, value]) => place(value, name, region));
}

/** The region of the first ARN that names one, where it says of the resource itself. */
function regionNamedIn(value: Input, path: string): string | undefined {
  if (ANYWHERE.test(path)) return undefined;
  if (typeof value === "string") return ARN.exec(value)?.[1];
  const members = isInputList(value)
    ? value.map((each, index) => [each, `${path}[${index}]`] as const)
    : isInputRecord(value)
      ? Object.entries(value).map(([name, each]) => [each, path === "" ? name : `${path}.${name}`] as const)
      : [];
  for (const [each, at] of members) {
    const found = regionNamedIn(each, at);
    if (found !== undefined) return found;
  }
  return undefined;
}

function place(value: Input, path: string, region: string | undefined): Finding[] {
  if (isInputList(value)) return value.flatMap((each, index) => place(each, `${path}[${index}]`, region));
  if (isInputRecord(value))
    return Object.entries(value).flatMap(([name, each]) => place(each, `${path}.${name}`, region));
  if (typeof value !== "string" || value === "") return [];
  const wrong = (expected: string) => [{ path, found: shown(path, value), expected }];
  if (/(^|\.)(r|.*R)egion$/.test(path) && !path.startsWith("tags"))
    return isRegion(value) ? [] : wrong("a region that AWS has");
  if (region === undefined || ANYWHERE.test(path)) return [];
  const own = /[zZ]ones?(\[\d+\])?$|Azs\[\d+\]$/.test(path) ? regionOfZone(value) : ARN.exec(value)?.[1];
  return own === undefined || own === region ? [] : wrong(`what lies in ${region}, as the resource itself does`);
}
