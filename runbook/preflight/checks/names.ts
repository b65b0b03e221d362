import { X509Certificate } from "node:crypto";
import { z } from "zod";
import { NotShown, unlessSeveral } from "../../../io/aws-lookups.ts";
import { SYNTHETIC } from "../../../io/synthetic.ts";
import { promotionIn } from "../../../records/promotion.ts";
import type { StateResource } from "../../../records/state.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { ROUTE53_REGION } from "../../../stacks/schema.ts";
import { enteredOf, servicesOf, trackName, tracksOf } from "../../../stacks/services.ts";
import { type Check, type Finding, fail, pass, skipped, warn } from "../check.ts";
import { type PreflightContext, saidByCli } from "../context.ts";

const zoneSchema = z.object({ zoneId: z.string(), nameServers: z.array(z.string()) });
const recordsSchema = z.object({
  resourceRecordSets: z.array(z.object({ name: z.string(), type: z.string(), setIdentifier: z.string().nullish() })),
});

const ZONE = "aws:route53/zone:Zone";
const KEY = "aws:route53/keySigningKey:KeySigningKey";
const RECORD = "aws:route53/record:Record";
const ADDRESS_TYPES = ["A", "AAAA", "CNAME"];

/** What to do first where the state knows nothing of AWS, yet AWS has what the stack would make: nothing is to be deleted then. */
function lostState(stack: string, resources: readonly StateResource[]): string[] {
  if (resources.some(({ type }) => type.startsWith("aws:"))) return [];
  return [
    "if this stack made it, its state is lost, or in another backend than the one that was asked: pulumi whoami --verbose",
    `then npx sparki rebuild state --stack ${stack}, which only adopts what exists; else, and only if nobody needs it:`,
  ];
}

/** The stack's own zone by its id: an account may have others of the name. Before there is one, what has the name. */
async function findZone({ aws, config, state }: PreflightContext) {
  const { resources } = await state.read();
  const own = resources.find(({ type }) => type === ZONE)?.id;
  const wanted = own === undefined ? { name: config.domain, privateZone: false } : { zoneId: own };
  return aws.find("route53/getZone", wanted, zoneSchema);
}

function severalZones({ stack, config }: PreflightContext, resources: readonly StateResource[]): Finding {
  return fail(
    `${config.domain} has several public zones that this stack did not create`,
    [
      ...lostState(stack, resources),
      `delete those that the parent zone does not delegate to, and adopt the other or delete it too: aws route53 list-hosted-zones-by-name --dns-name ${config.domain}`,
    ].join("\n"),
  );
}

export const zone: Check = {
  id: "dns-zone",
  group: "Infrastructure",
  title: "DNS zone",
  proves:
    "The domain's zone belongs to this stack; the parent zone delegates to its name servers and has no DS record but that of its key.",
  timeLimitSeconds: 30,
  run: async (context) => {
    const { domain } = context.config;
    const [found, { resources }] = await Promise.all([unlessSeveral(() => findZone(context)), context.state.read()]);
    const own = resources.find(({ type }) => type === ZONE);
    const signing = await judgeSigner(context, resources);
    if (signing.status === "fail") return signing;
    if (found === "several") return severalZones(context, resources);
    if (found === undefined && own === undefined)
      return skipped(`no zone yet: the deployment creates it, and waits until the parent of ${domain} delegates to it`);
    if (found === undefined)
      return fail(`zone ${own?.id} of ${domain} is gone`, `pulumi refresh --stack ${context.stack}, then deploy`);
    if (own?.id !== found.zoneId)
      return fail(
        `${domain} has a zone ${found.zoneId} that this stack did not create`,
        [
          ...lostState(context.stack, resources),
          `delete it, or adopt it: pulumi import ${ZONE} edge-zone-zone ${found.zoneId}`,
        ].join("\n"),
      );
    return judgeDelegation(context, found.nameServers, signing.reason);
  },
};

/** A DS record in the parent that the zone's key does not answer to makes resolvers refuse every answer of the zone. */
async function judgeSigner({ config, names }: PreflightContext, resources: readonly StateResource[]): Promise<Finding> {
  const told = await names.delegationSignersOf(config.domain);
  const own = resources.flatMap(({ type, outputs }) =>
    type === KEY && typeof outputs.dsRecord === "string" ? [outputs.dsRecord] : [],
  );
  const isOwn = (signer: string) => own.some((each) => each.toUpperCase() === signer.toUpperCase());
  const strange = told.filter((signer) => !isOwn(signer));
  // While a key is changed the parent has the old one's record beside the new one's.
  if (told.some(isOwn)) return pass(`whose signatures resolvers check by DS record ${own[0]?.split(" ", 1)[0]}`);
  if (strange.length === 0) return pass("whose signatures no resolver checks: there is no DS record");
  const expected = own.length === 0 ? "none: the zone is not signed" : `that of this stack's key, ${own.join(", ")}`;
  return fail(
    `the parent of ${config.domain} has a DS record that matches no key, ${strange.join(", ")}; expected ${expected}`,
    `in the parent zone, remove the DS record ${strange.join(", ")} of ${config.domain}${own.length === 0 ? "" : `, and add ${own.join(", ")}`}; then wait until its TTL has expired`,
  );
}

async function judgeDelegation({ config, names }: PreflightContext, expected: readonly string[], signing: string) {
  const told = plainNames(await names.nameServersOf(config.domain));
  const wanted = plainNames(expected);
  if (told.join() === wanted.join())
    return pass(`delegated to ${wanted.length} name servers of this stack, ${signing}`);
  const found = told.length === 0 ? "to no name servers" : `to ${told.join(", ")}`;
  return fail(
    `${config.domain} is delegated ${found}; expected ${wanted.join(", ")}`,
    `in the parent zone, set the NS record of ${config.domain} to ${wanted.join(", ")}`,
  );
}

function plainNames(names: readonly string[]): string[] {
  return names.map((name) => name.toLowerCase().replace(/\.$/, "")).sort();
}

export const name: Check = {
  id: "dns-name",
  group: "Infrastructure",
  title: "DNS name",
  proves: "The domain's address records do not exist yet, or belong to this stack.",
  timeLimitSeconds: 30,
  run: async (context) => {
    const { domain } = context.config;
    const found = await unlessSeveral(() => findZone(context));
    if (found === "several") return skipped("several zones have the name, and none is this stack's: see dns-zone");
    if (found === undefined) return skipped("no zone yet, so the name is free");
    const wanted = { zoneId: found.zoneId, nameRegex: `^${domain.replaceAll(".", "\\.")}\\.?$` };
    const records = await context.aws.find("route53/getRecords", wanted, recordsSchema);
    const addresses = records?.resourceRecordSets.filter(({ type }) => ADDRESS_TYPES.includes(type)) ?? [];
    if (addresses.length === 0) return pass(`${domain} is free`);
    const { resources } = await context.state.read();
    const foreign = addresses.filter(({ type, setIdentifier }) => !isOwn(resources, domain, type, setIdentifier));
    if (foreign.length === 0) return pass(`${domain} belongs to this stack`);
    const told = foreign.map(({ type, setIdentifier }) => `${type} ${setIdentifier ?? ""}`.trim()).join(", ");
    return fail(
      `${domain} has records that this stack did not create: ${told}`,
      `delete them if nothing needs them any more: aws route53 list-resource-record-sets --hosted-zone-id ${found.zoneId}`,
    );
  },
};

function isOwn(
  resources: readonly StateResource[],
  domain: string,
  type: string,
  setIdentifier: string | null | undefined,
): boolean {
  return resources.some(
    ({ type: kind, inputs }) =>
      kind === RECORD &&
      String(inputs.name).replace(/\.$/, "") === domain &&
      inputs.type === type &&
      (inputs.setIdentifier ?? "") === (setIdentifier ?? ""),
  );
}

/** A name that the stack gives to what no one else may call so. */
interface Taken {
  readonly what: string;
  readonly name: string;
  /** Pulumi's type of it, and the input that bears the name. */
  readonly own: readonly [type: string, property: string];
  readonly look: readonly [token: string, args: Readonly<Record<string, unknown>>];
  readonly release: string;
}

const LOG_GROUP = "log group";
const BUCKET = "bucket";

/** The names of what would fail in mid-deployment, with what frees each. */
export function namesAtAws({ stack, config }: Pick<PreflightContext, "stack" | "config">): readonly Taken[] {
  const [cluster, database, cache] = [`sparki-${stack}`, `sparki-${stack}-database`, `sparki-${stack}-cache`];
  const bucket = `sparki-${stack}-access-logs-${config.accountId}`;
  const parameters = `${database}-${config.database.engineVersion.split(".")[0]}`;
  const at = `--region ${config.region}`;
  return [
    {
      what: "EKS cluster",
      name: cluster,
      own: ["aws:eks/cluster:Cluster", "name"],
      look: ["eks/getCluster", { name: cluster }],
      release: `aws eks delete-cluster ${at} --name ${cluster}`,
    },
    {
      what: "database",
      name: database,
      own: ["aws:rds/instance:Instance", "identifier"],
      look: ["rds/getInstance", { dbInstanceIdentifier: database }],
      release: `aws rds delete-db-instance ${at} --db-instance-identifier ${database}`,
    },
    {
      what: "replication group",
      name: cache,
      own: ["aws:elasticache/replicationGroup:ReplicationGroup", "replicationGroupId"],
      look: ["elasticache/getReplicationGroup", { replicationGroupId: cache }],
      release: `aws elasticache delete-replication-group ${at} --replication-group-id ${cache}`,
    },
    {
      what: "load balancer",
      name: cluster,
      own: ["aws:lb/loadBalancer:LoadBalancer", "name"],
      look: ["lb/getLoadBalancer", { name: cluster }],
      release: `aws elbv2 describe-load-balancers ${at} --names ${cluster}, and delete it`,
    },
    ...tracksOf(enteredOf(servicesOf(config))).map((track) => targetGroup(`${cluster}-${trackName(track)}`, at)),
    {
      what: "web ACL",
      name: cluster,
      own: ["aws:wafv2/webAcl:WebAcl", "name"],
      look: ["wafv2/getWebAcl", { name: cluster, scope: "REGIONAL" }],
      release: `aws wafv2 list-web-acls ${at} --scope REGIONAL, and delete ${cluster}`,
    },
    {
      what: "DB subnet group",
      name: database,
      own: ["aws:rds/subnetGroup:SubnetGroup", "name"],
      look: ["rds/getSubnetGroup", { name: database }],
      release: `aws rds delete-db-subnet-group ${at} --db-subnet-group-name ${database}`,
    },
    {
      what: "DB parameter group",
      name: parameters,
      own: ["aws:rds/parameterGroup:ParameterGroup", "name"],
      look: ["rds/getParameterGroup", { name: parameters }],
      release: `aws rds delete-db-parameter-group ${at} --db-parameter-group-name ${parameters}`,
    },
    {
      what: "cache subnet group",
      name: cache,
      own: ["aws:elasticache/subnetGroup:SubnetGroup", "name"],
      look: ["elasticache/getSubnetGroup", { name: cache }],
      release: `aws elasticache delete-cache-subnet-group ${at} --cache-subnet-group-name ${cache}`,
    },
    ...["cluster", "data", "secrets", "logs"].map((purpose) => keyAlias(cluster, purpose, config.region)),
    ...(config.region === ROUTE53_REGION ? [] : [keyAlias(cluster, "global-logs", ROUTE53_REGION)]),
    {
      what: BUCKET,
      name: bucket,
      own: ["aws:s3/bucket:Bucket", "bucket"],
      look: ["s3/getBucket", { bucket }],
      release: `aws s3 rb s3://${bucket}, if nothing in it is needed any more`,
    },
    // A service writes its last lines after its group is gone, and makes it again.
    logGroup(`/aws/eks/${cluster}/cluster`, config.region),
    ...["postgresql", "upgrade"].map((kind) => logGroup(`/aws/rds/instance/${database}/${kind}`, config.region)),
    logGroup(`/sparki/${stack}/vpc-flow-logs`, config.region),
    logGroup(`aws-waf-logs-${cluster}`, config.region),
    logGroup(`/aws/route53/${config.domain}`, ROUTE53_REGION),
    ...["database-monitoring", "database-users", "engine", "flow-logs", "migrations"].map((of) =>
      role(`${cluster}-${of}`),
    ),
  ];
}

function targetGroup(name: string, at: string): Taken {
  return {
    what: "target group",
    name,
    own: ["aws:lb/targetGroup:TargetGroup", "name"],
    look: ["lb/getTargetGroup", { name }],
    release: `aws elbv2 describe-target-groups ${at} --names ${name}, and delete it`,
  };
}

function keyAlias(cluster: string, purpose: string, region: string): Taken {
  const name = `alias/${cluster}-${purpose}`;
  const at = `--region ${region}`;
  return {
    what: "key alias",
    name,
    own: ["aws:kms/alias:Alias", "name"],
    look: ["kms/getAlias", { name, region }],
    release: `aws kms describe-key ${at} --key-id ${name}; if it encrypts nothing: aws kms delete-alias ${at} --alias-name ${name}`,
  };
}

function logGroup(name: string, region: string): Taken {
  return {
    what: LOG_GROUP,
    name,
    own: ["aws:cloudwatch/logGroup:LogGroup", "name"],
    look: ["cloudwatch/getLogGroup", { name, region }],
    release: `aws logs delete-log-group --region ${region} --log-group-name ${name}`,
  };
}

function role(name: string): Taken {
  return {
    what: "role",
    name,
    own: ["aws:iam/role:Role", "name"],
    look: ["iam/getRole", { name }],
    release: `aws iam get-role --role-name ${name}, which says when it was last used; delete it with its policies if nothing assumes it`,
  };
}

export const takenNames: Check = {
  id: "aws-names",
  group: "Infrastructure",
  title: "Names at AWS",
  proves:
    "The names of the stack's resources are free, or used by this stack; no secret of them waits for its deletion, and no other account has the bucket's.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const { aws, stack, state } = context;
    const [all, { resources, pending }] = [namesAtAws(context), await state.read()];
    const isOwn = ({ own: [type, property], name }: Pick<Taken, "own" | "name">) =>
      resources.some((each) => each.type === type && each.inputs[property] === name) ||
      // What an interrupted update was making is the stack's own, and is taken over.
      pending.some(({ urn }) => urn.includes(`${type}::`));
    const wanted = all.filter((each) => !isOwn(each));
    const secrets = secretNames(context).filter((name) => !isOwn({ own: [SECRET, "name"], name }));
    const [found, kept] = await Promise.all([
      Promise.all(
        wanted.map(({ what, look: [token, args] }) => {
          const asked = aws.find(token, args, z.unknown());
          return what === BUCKET ? unlessForeign(asked) : asked;
        }),
      ),
      Promise.all(secrets.map((name) => keptSecret(context, name, signal))),
    ]);
    const taken = wanted.flatMap((each, index) => {
      if (found[index] === undefined) return [];
      return [found[index] === "foreign" ? foreignBucket(each) : strange(each)];
    });
    const problems = [...taken, ...kept.flatMap((each) => each ?? [])];
    if (problems.length === 0)
      return pass(`${wanted.length + secrets.length} names are free, ${all.length - wanted.length} the stack's own`);
    return fail(
      problems.map(({ reason }) => reason).join("; "),
      // A log group, or a secret, may be left of a stack that was destroyed; what serves or holds data is not.
      [
        ...(problems.some(({ isLeft }) => !isLeft) ? lostState(stack, resources) : []),
        ...problems.map(({ fix }) => fix),
      ].join("\n"),
    );
  },
};

/** A name that cannot be used, and what frees it. */
interface Problem {
  readonly reason: string;
  readonly fix: string;
  /** A stack that was destroyed leaves it behind. */
  readonly isLeft: boolean;
}

function strange({ what, name, release }: Taken): Problem {
  const reason = `there is a ${what} ${name} that this stack did not create`;
  return { reason, fix: release, isLeft: what === LOG_GROUP };
}

/** The names of buckets are those of all accounts, and S3 does not tell whose one is. */
function foreignBucket({ name }: Taken): Problem {
  return {
    reason: `S3 shows nothing of the bucket ${name}: another account has made it, or these credentials may not list it`,
    fix: `aws s3api head-bucket --bucket ${name}, by an administrator of the account; if that is forbidden too, only AWS's support can free the name`,
    isLeft: true,
  };
}

/** What it answers, or that AWS shows it to somebody else alone. */
async function unlessForeign<T>(asked: Promise<T>): Promise<T | "foreign"> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof NotShown) return "foreign";
    throw error;
  }
}

const SECRET = "aws:secretsmanager/secret:Secret";
const secretSchema = z.object({ DeletedDate: z.unknown().optional() });

function secretNames({ stack, config }: PreflightContext): string[] {
  const since = config.database.passwordsSince;
  return [
    `sparki/${stack}/cache`,
    ...["application", "migrations"].map((user) => `sparki/${stack}/database/${user}-${since}`),
  ];
}

/** A deleted secret keeps its name for as long as it could be restored, and the provider's functions show none of them. */
async function keptSecret(
  { commands, config, isRehearsal }: PreflightContext,
  name: string,
  signal: AbortSignal,
): Promise<Problem | undefined> {
  if (isRehearsal) return undefined;
  const at = `--region ${config.region} --secret-id ${name}`;
  const said = await saidByCli(commands, ["secretsmanager", "describe-secret", ...at.split(" ")], signal);
  if ("refusal" in said && /ResourceNotFoundException/.test(said.refusal)) return undefined;
  if ("refusal" in said)
    throw new DeployError("SPARKI_OUTSIDE", `AWS does not tell whether there is a secret ${name}: ${said.refusal}`, {
      hint: `aws secretsmanager describe-secret ${at}`,
    });
  const isDeleted = Boolean(secretSchema.parse(said.answer).DeletedDate);
  return isDeleted
    ? {
        reason: `the secret ${name} is deleted, and AWS keeps its name for as long as it can be restored`,
        fix: `aws secretsmanager delete-secret ${at} --force-delete-without-recovery, if its value is needed no more`,
        isLeft: true,
      }
    : {
        reason: `there is a secret ${name} that this stack did not create`,
        fix: `aws secretsmanager describe-secret ${at}, and delete it if nothing reads it`,
        isLeft: false,
      };
}

const DAY = 24 * 3600;
/** ACM renews 60 days before the end: with fewer than this left, renewal has been failing for a month. */
const WARN_DAYS = 30;
/** A release that has to stay up needs a certificate that lasts longer than its first two weeks. */
const MIN_DAYS = 14;

/** One after the other: the provider compares no certificates of different statuses. */
const STATUSES = ["ISSUED", "PENDING_VALIDATION", "EXPIRED", "VALIDATION_TIMED_OUT", "FAILED", "REVOKED", "INACTIVE"];
const CERTIFICATE = "aws:acm/certificate:Certificate";
const certificateSchema = z.object({ arn: z.string(), status: z.string(), certificate: z.string().nullish() });

export const certificate: Check = {
  id: "tls-certificate",
  group: "Infrastructure",
  title: "TLS certificate",
  proves: `A certificate is issued, covers the domain and has at least ${MIN_DAYS} days left, and no CAA record keeps Amazon from issuing one.`,
  timeLimitSeconds: 30,
  run: async (context) => {
    const { domain } = context.config;
    const found = await findFirst(context);
    const fix = `aws acm describe-certificate --region ${context.config.region} --certificate-arn ${found?.arn}`;
    const forbidden = await prohibition(context);
    if (found?.status === "ISSUED") {
      const judged = judgeCertificate(new X509Certificate(found.certificate ?? ""), context, fix);
      if (forbidden === undefined || judged.status === "fail") return judged;
      return warn(`${judged.reason}, and AWS cannot renew it: ${forbidden}`, ALLOW);
    }
    if (forbidden !== undefined) return fail(forbidden, ALLOW);
    if (found === undefined) return absent(context);
    if (found.status === "PENDING_VALIDATION" && !(await wasIssued(context)))
      return skipped("not issued yet: the deployment proves the domain, and continues once the certificate is issued");
    return fail(`the certificate of ${domain} is ${found.status}`, fix);
  },
};

/** The names of Amazon's authority in CAA records, any of which admits it (ACM, Configure a CAA record). */
const AMAZON: readonly string[] = ["amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com"];
const ALLOW = `where the CAA records of the domain or of its parents are kept, add: 0 issue "${AMAZON[0]}"`;

/** Why Amazon may not issue the domain's certificate; undefined where it may, or where nobody tells. */
async function prohibition({ config, names }: PreflightContext): Promise<string | undefined> {
  const issuers = await names.issuersOf(config.domain).catch(() => undefined);
  if (issuers === undefined || issuers.some((issuer) => AMAZON.includes(issuer))) return undefined;
  const admitted = issuers.filter((issuer) => issuer !== "").join(", ") || "nobody";
  return `by CAA records only ${admitted} may issue certificates of ${config.domain}; expected one of ${AMAZON.join(", ")}`;
}

/** The newest of the domain, an issued one before all others; of this stack's own ones, where it has one. */
async function findFirst(context: PreflightContext): Promise<z.infer<typeof certificateSchema> | undefined> {
  const { resources } = await context.state.read();
  const own = resources.find(({ type }) => type === CERTIFICATE)?.id;
  for (const status of STATUSES) {
    const newest = await find(context, status);
    // Anybody may request another one of the domain, which says nothing of what the load balancer has.
    const found =
      newest === undefined || own === undefined || newest.arn === own
        ? newest
        : await find(context, status, { project: "sparki", stack: context.stack });
    if (found !== undefined) return found;
  }
  return undefined;
}

function find({ aws, config }: PreflightContext, status: string, tags?: Readonly<Record<string, string>>) {
  // ACM lists no EC certificates unless they are asked for.
  const keyTypes = ["EC_prime256v1", "EC_secp384r1", "RSA_2048", "RSA_4096"];
  const wanted = { domain: config.domain, statuses: [status], keyTypes, mostRecent: true };
  return aws.find("acm/getCertificate", { ...wanted, ...(tags && { tags }) }, certificateSchema);
}

/** A first deployment that was interrupted leaves a certificate that it was still to prove. */
async function wasIssued({ state }: PreflightContext): Promise<boolean> {
  const { resources } = await state.read();
  return resources.some(({ type }) => type === "aws:acm/certificateValidation:CertificateValidation");
}

async function absent({ config, stack, state }: PreflightContext): Promise<Finding> {
  const { resources } = await state.read();
  if (!resources.some(({ type }) => type === CERTIFICATE))
    return skipped("no certificate yet: the deployment requests it, and continues once it is issued");
  return fail(`the certificate of ${config.domain} is gone`, `pulumi refresh --stack ${stack}, then deploy`);
}

/** Whether a certificate covers the domain, and for how long: at least 14 days, and a warning under 30. */
export function judgeCertificate(
  found: X509Certificate,
  { clock, config }: Pick<PreflightContext, "clock" | "config">,
  fix: string,
): Finding {
  const days = Math.floor((Date.parse(found.validTo) / 1000 - clock.now()) / DAY);
  if (found.checkHost(config.domain) === undefined)
    return fail(`the certificate covers ${found.subjectAltName ?? "no name"}; expected ${config.domain}`, fix);
  if (days < 0) return fail(`the certificate ended on ${found.validTo}`, fix);
  if (days < MIN_DAYS) return fail(`the certificate has ${days} days left; expected at least ${MIN_DAYS}`, fix);
  const covers = `covers ${config.domain}, ${days} days left`;
  return days < WARN_DAYS
    ? warn(covers, `AWS renews it automatically, and should have done so by now: ${fix}`)
    : pass(covers);
}

export const entrance: Check = {
  id: "entrance",
  group: "Infrastructure",
  title: "Load balancer answers",
  proves: "What is live responds at the domain's /health through DNS, TLS and the load balancer.",
  timeLimitSeconds: 20,
  run: async ({ config, http, stack, state }, signal) => {
    const { resources } = await state.read();
    // A deployment that stopped between promotion and cutover must be able to continue.
    if (!resources.some(({ urn }) => urn.endsWith("::cutover-record")))
      return skipped("the domain does not point to this stack yet");
    // Of a cluster that was lost, and one that is being made in its place, nothing serves yet.
    if (promotionIn(resources) === undefined)
      return skipped("nothing is live by the state: the deployment promotes first");
    const url = `https://${config.domain}/health`;
    const answer = await http(url, { headers: SYNTHETIC, timeoutSeconds: 15, signal });
    const fix = `npx sparki verify --stack ${stack}: what is live is unhealthy; fix it or roll it back first`;
    if (!answer.answered) return fail(`${url}: ${answer.error}`, fix);
    return answer.status === 200 ? pass(`${url} answered 200`) : fail(`${url} answered ${answer.status}`, fix);
  },
};
