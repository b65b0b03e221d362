import { z } from "zod";
import {
  accountId,
  between,
  cacheEventsTopic,
  cacheType,
  channel,
  databaseClass,
  date,
  digestReference,
  distinct,
  domain,
  type ImageReference,
  imageReference,
  kubernetesVersion,
  line,
  meetsServices,
  mention,
  objectiveName,
  overlaps,
  owner,
  path,
  pattern,
  permissionsBoundary,
  postgresVersion,
  principal,
  privateCidr,
  publicCidr,
  publicKey,
  ratio,
  redisVersion,
  region,
  registryPrefix,
  releaseId,
  repository,
  vpcCidr,
  webUrl,
  whole,
  zone,
} from "./fields.ts";
import { byService, ofServices, SERVICE_NAMES, type ServiceName, serviceOf, servicesOf } from "./services.ts";

/** A release: what runs, and which database schemas its code can run on. */
export const releaseSchema = z.strictObject({
  id: releaseId,
  gitSha: pattern(/^(?!0{40})[0-9a-f]{40}$/, "a full git commit id of 40 hex digits"),
  /** One of each service, and the one with the end-to-end tests. */
  images: z.strictObject({ ...byService(() => digestReference), e2e: digestReference }),
  schema: z
    .strictObject({ level: whole(1, 9999), oldest: whole(1, 9999) })
    .refine(({ level, oldest }) => oldest <= level, {
      path: ["oldest"],
      message: "a schema level that is not above schema.level",
    }),
});

/** A release that was deployed: it has no image of a service that was added since. */
export const knownReleaseSchema = releaseSchema.extend({
  images: z.strictObject({ ...byService(() => digestReference.exactOptional()), e2e: digestReference }),
});

const networkSchema = z.strictObject({
  cidr: vpcCidr,
  zones: distinct(zone, 2, 4),
  natGateways: z.enum(["one", "per-zone"]).default("per-zone"),
});

const clusterSchema = z.strictObject({
  version: kubernetesVersion,
  /** Principals with cluster administration, each an access entry. */
  administrators: distinct(principal, 1, 50),
  /** Principals that may read everything in the cluster, Kubernetes' secrets too, and change nothing. */
  readers: distinct(principal, 0, 50).default([]),
  /** The public API endpoint is off when this is empty. */
  publicAccessCidrs: distinct(publicCidr, 0, 40).default([]),
  /** Networks outside the VPC that may ask the private API endpoint, such as the one that deploys; they need a route too. */
  privateAccessCidrs: distinct(privateCidr, 0, 40).default([]),
});

const PERSON = "a person: an @handle, an e-mail address, or a first and a last name";
/** Who is many, a program, or not said. */
const NOBODY =
  /(^|[@ ])(all|any(body|one)|bot|channel|every(body|one)|group|here|nobody|none|ops|platform-team|some(body|one)|tbd|team|the|todo|unknown)( |$)|^@[\w-]*[a-z-](?<!ab)bot$|^(no-?reply|root|admin)@|\bon[- ]?call\b/i;
const person = line(128, PERSON)
  .regex(/^(@[\w-]+|[^\s@]+@[^\s@]+\.[^\s@]+|\p{L}[\p{L}.'-]*( \p{L}[\p{L}.'-]*)+)$/u, PERSON)
  .refine((by) => !NOBODY.test(by), PERSON);

/** An upgrade of the database to engineVersion's major version, which nothing but the snapshot undoes. */
const majorUpgrade = z.strictObject({
  /** The major version that the database has. */
  from: pattern(/^1[3-7]$/, 'a major version of PostgreSQL from 13 to 17, such as "17", in quotes'),
  /** A snapshot of the database that was taken by hand, by its name. */
  snapshot: pattern(
    /^(?!.{256})[a-zA-Z](-?[a-zA-Z0-9])*$/,
    "a snapshot's name: letters, digits and single hyphens, a letter first",
  ),
  by: person,
  until: date,
});

const databaseSchema = z
  .strictObject({
    instanceClass: databaseClass,
    engineVersion: postgresVersion,
    /** Permits one upgrade of the major version; to be removed once that is done. @default AWS moves the minor version alone */
    majorUpgrade: majorUpgrade.exactOptional(),
    storageGib: whole(20, 65_536),
    maxStorageGib: whole(20, 65_536),
    multiZone: z.boolean().default(true),
    backupDays: whole(7, 35),
    /** An image with PostgreSQL's own client, psql and sh, that makes the database's users. */
    clientImage: digestReference,
    /** The day of the users' present passwords. A later day rotates them: new users in place of the ones before. */
    passwordsSince: date,
  })
  // RDS refuses to grow by less (Amazon RDS User Guide, "Managing capacity automatically with storage autoscaling").
  .refine(({ storageGib, maxStorageGib }) => maxStorageGib * 10 >= storageGib * 11, {
    path: ["maxStorageGib"],
    message: "at least 10 % more than storageGib",
  })
  .refine(
    ({ engineVersion, majorUpgrade }) => majorUpgrade === undefined || isEarlier(majorUpgrade.from, engineVersion),
    {
      path: ["majorUpgrade", "from"],
      message: "a major version before engineVersion's",
    },
  );

const isEarlier = (major: string, version: string) => Number(major) < Number(version.split(".")[0]);

const cacheSchema = z
  .strictObject({
    nodeType: cacheType,
    engineVersion: redisVersion,
    replicas: whole(1, 5),
    snapshotDays: whole(1, 35),
    /** The day of the present AUTH token; by default that of the passwords. A later day makes a new one, which Redis takes beside the one before. */
    authTokenSince: date,
    /** The day of the token that Redis takes alone; while it is not `authTokenSince`, it takes the one before too. */
    onlyAuthTokenSince: date.exactOptional(),
    /** Where ElastiCache tells what happens to it, a failed snapshot for one; delivery mails it. @default nowhere */
    eventsTopic: cacheEventsTopic.exactOptional(),
  })
  .refine(({ authTokenSince, onlyAuthTokenSince: only }) => only === undefined || only <= authTokenSince, {
    path: ["onlyAuthTokenSince"],
    message: "the day of authTokenSince, or an earlier one",
  });

export const workloadSchema = z
  .strictObject({
    replicas: whole(1, 200),
    maxReplicas: whole(1, 200),
    /** The path that says whether a pod may be asked. @default the chart's own */
    readinessPath: z
      .string()
      .regex(/^\/(?:(?!\.{1,2}(?:\/|$))[\w.-]+\/)*(?!\.{1,2}$)[\w.-]*$/, "a path such as /ready")
      .exactOptional(),
  })
  .refine(({ replicas, maxReplicas }) => replicas <= maxReplicas, {
    path: ["maxReplicas"],
    message: "replicas or more",
  });

const objectiveSchema = z.strictObject({
  name: objectiveName,
  kind: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("errors") }),
    z.strictObject({ type: z.literal("slowerThan"), seconds: between(0.01, 60) }),
  ]),
  maxRatio: ratio(0.00001, 0.9),
});

/** Gates keep their counts, and alerts their rules, by the objectives' names. */
const objectivesSchema = z
  .array(objectiveSchema)
  .min(1)
  .max(12)
  .check(({ value, issues }) => {
    const byKey = Map.groupBy(value.entries(), ([, objective]) => alertKey(objective));
    for (const [first, ...more] of byKey.values()) {
      const message = `a name that alerts can distinguish from "${first?.[1].name}"`;
      for (const [index, { name }] of more)
        issues.push({ code: "custom", input: name, path: [index, "name"], message });
    }
  });

const gateSchema = z.strictObject({
  /** Share of healthy releases that a gate may wrongly fail or bad ones wrongly pass, all objectives together. */
  maxWrongVerdictRatio: ratio(0.001, 0.2).default(0.05),
  /** More from one client to a one-box and the fleet beside it would meet the web firewall's limit (infra/edge.ts). */
  syntheticRequestsPerSecond: between(0.1, 66),
  deadlineMinutes: between(0.5, 240),
  healthDeadlineMinutes: between(0.5, 120).default(10),
  onInconclusive: z.literal("hold").default("hold"),
});

const REASON = "a reason of at least 10 characters";
const reason = line(400, REASON).min(10, REASON).regex(/\p{L}/u, REASON);
const control = pattern(/^[A-Z]\d{2,3}$/, "a control's id such as S24");
const RESOURCE = "the name of a resource; `*` may stand for a part of it, with at least four of its letters besides";
/** A resource's name, a `*` in it for any part: enough of it stands there to say which is meant. */
const resource = line(256, RESOURCE).regex(/^[^*]*$|[A-Za-z0-9]{4}/, RESOURCE);
const relaxations = z.array(z.strictObject({ control, reason })).default([]);

const exemptions = z.array(z.strictObject({ control, resource, reason, by: person, until: date })).default([]);

const approvals = z
  .array(z.strictObject({ resource, action: z.enum(["replace", "delete"]), by: person, until: date }))
  .default([]);

const floorSchema = z.strictObject({
  zones: whole(1, 4),
  replicas: whole(1, 200),
  backupDays: whole(0, 35),
});

/** The shared observability stack. A service without an address is one that nobody looks at before a deployment. */
const stormSchema = z.strictObject({
  /** It runs in this stack's own cluster, and so cannot be checked before the first deployment. */
  inCluster: z.boolean().exactOptional(),
  prometheusUrl: webUrl,
  grafanaUrl: webUrl.exactOptional(),
  /** The collector's OTLP over HTTP. */
  jaegerUrl: webUrl.exactOptional(),
  /** Jaeger's query API, which its own pages use. */
  jaegerQueryUrl: webUrl.exactOptional(),
  elasticsearchUrl: webUrl.exactOptional(),
  logstashUrl: webUrl.exactOptional(),
  kibanaUrl: webUrl.exactOptional(),
  alertmanagerUrl: webUrl.exactOptional(),
  commandCenterUrl: webUrl.exactOptional(),
});

/** An upgrade that a drill tried on a copy, and how long nobody reached that; without it this was not measured. */
const triedUpgrade = z.strictObject({
  to: postgresVersion,
  on: date,
  outageSeconds: z.int().min(0).max(604_800).exactOptional(),
});
const cacheRestoreTest = z.strictObject({ on: date, by: line(128), snapshot: line(255) });
const restoreTest = z.strictObject({ ...cacheRestoreTest.shape, upgrade: triedUpgrade.exactOptional() });

/** What `sparki preflight` cannot find out by itself. Paths are relative to the project's folder. */
const preflightSchema = z.strictObject({
  /** The application's repository on GitHub. */
  repository: repository.exactOptional(),
  /** A clone of it. */
  checkout: path.exactOptional(),
  /** The folder of the engine's migrations, `0001_what_it_adds.sql` and so on. */
  migrations: path.exactOptional(),
  /** The feature flags of this stack, JSON or YAML. */
  featureFlags: path.exactOptional(),
  /** The last time that a snapshot of the database was restored and read. */
  restoreTest: restoreTest.exactOptional(),
  /** The last time that one of the cache was. */
  cacheRestoreTest: cacheRestoreTest.exactOptional(),
  /** The public key, PEM, of the key pair that cosign signs the images with. */
  imageSignatureKey: publicKey.exactOptional(),
});

const contactSchema = z.strictObject({ channel, mention });

/** Who is told of what, as the runbook's table of contacts has it. */
const contactsSchema = z.strictObject({
  incidents: contactSchema,
  platform: contactSchema,
  database: contactSchema,
  infrastructure: contactSchema,
});

/** Services that wake people, each by a key of its own: `sparki:pagerdutyKey`, `sparki:opsgenieKey`. */
const WAKING_SERVICES = ["pagerduty", "opsgenie"] as const;
export type WakingService = (typeof WAKING_SERVICES)[number];

const wakingServices = distinct(z.enum(WAKING_SERVICES), 0, WAKING_SERVICES.length).default([]);

/** Who is told of an alert by its severity, besides Slack. */
const onCallSchema = z.strictObject({
  page: wakingServices,
  ticket: wakingServices,
  /** Where those services keep the account. */
  region: z.enum(["us", "eu"]).default("us"),
});

/** A secret: the engine decrypts it for who needs it, a file shows it encrypted, and the typed config never holds it. */
const apartSecret = z
  .union([z.string(), z.strictObject({ secure: z.string() })])
  .transform(() => undefined)
  .optional();

/** Each field of the stack config by itself. */
const fieldsSchema = z.strictObject({
  owner,
  region,
  accountId,
  domain,
  /** Caps what the stack's roles can do; the role that deploys from CI may make none without it. @default no cap */
  permissionsBoundary: permissionsBoundary.exactOptional(),
  network: networkSchema,
  cluster: clusterSchema,
  database: databaseSchema,
  cache: cacheSchema,
  release: releaseSchema,
  ...byService(() => workloadSchema),
  /** Services that the release does not have yet: a rollback to one from before them runs without them. */
  absent: z.array(z.enum(SERVICE_NAMES)).default([]),
  objectives: objectivesSchema,
  gate: gateSchema,
  storm: stormSchema,
  preflight: preflightSchema.default({}),
  contacts: contactsSchema,
  /**
   * Slack's incoming webhook, or a bot's token, which reaches every channel and keeps a deployment's messages in one
   * thread. Commands and alerts use it; without either, alerts are not routed to Slack.
   */
  slackWebhook: apartSecret,
  slackToken: apartSecret,
  onCall: onCallSchema.default({ page: [], ticket: [], region: "us" }),
  /** Integration keys of PagerDuty (Events API v2) and Opsgenie (API integration), for whom `onCall` names. */
  pagerdutyKey: apartSecret,
  opsgenieKey: apartSecret,
  /** An address that is asked every minute while alerting works; whoever keeps it calls a person when that stops. */
  heartbeatUrl: apartSecret,
  /** What nodes pull private images with: a Docker config as JSON, with credentials for each registry of the images. */
  imagePullSecret: apartSecret,
  /** Where this repository's files can be read; alerts link to its pages. */
  runbookUrl: webUrl,
  /** False lifts deletion protection, for a stack that is about to be destroyed on purpose. */
  protection: z.boolean().default(true),
  /** Whether it serves customers; a control may be relaxed by name only where it is false. */
  production: z.boolean().default(true),
  floor: floorSchema,
  relaxations,
  exemptions,
  approvals,
  allowedRegions: distinct(region, 1, 10),
  allowedRegistries: distinct(registryPrefix, 1, 20),
});

/** Where Route 53 keeps query logs and signing keys of every zone, whichever is the stack's region (AWS limit). */
export const ROUTE53_REGION = "us-east-1";

/** The whole stack config below the `sparki:` namespace. */
export const configSchema = fieldsSchema.check(({ value, issues }) => {
  for (const { path: place, found, expected } of contradictions(value))
    issues.push({ code: "custom", input: found, path: [...place], message: expected });
});

interface Contradiction {
  readonly path: readonly (string | number)[];
  readonly found: unknown;
  readonly expected: string;
}

/** What each field alone allows, but another one does not. */
function* contradictions(config: z.infer<typeof fieldsSchema>): Generator<Contradiction> {
  const { network, cluster, floor, database, cache } = config;
  const topic = `arn:aws:sns:${config.region}:${config.accountId}:cache-events-sparki`;
  if (cache.eventsTopic !== undefined && /^\d{12}$/.test(config.accountId) && cache.eventsTopic !== topic)
    yield {
      path: ["cache", "eventsTopic"],
      found: cache.eventsTopic,
      expected: `${topic}: ElastiCache tells a topic of its own account and region alone`,
    };
  for (const [index, found] of network.zones.entries())
    if (found.slice(0, -1) !== config.region)
      yield { path: ["network", "zones", index], found, expected: `a zone of ${config.region}, the stack's region` };
  if (meetsServices(network.cidr))
    yield {
      path: ["network", "cidr"],
      found: network.cidr,
      expected: "a /16 that does not overlap 172.20.0.0/16, which Services use",
    };
  for (const [index, found] of cluster.privateAccessCidrs.entries())
    if (meetsServices(found) || overlaps(network.cidr, found))
      yield {
        path: ["cluster", "privateAccessCidrs", index],
        found,
        expected: `a network apart from ${network.cidr}, the VPC, and 172.20.0.0/16, which Services use`,
      };
  for (const kind of ["administrators", "readers"] as const)
    for (const [index, found] of cluster[kind].entries())
      if (/^\d{12}$/.test(config.accountId) && !found.startsWith(`arn:aws:iam::${config.accountId}:`))
        yield {
          path: ["cluster", kind, index],
          found,
          expected: `a role or user of ${config.accountId}, the stack's own account`,
        };
  // An access entry is known by the last part of its principal's ARN, and IAM's names differ by more than their case.
  for (const kind of ["administrators", "readers"] as const)
    for (const [index, found] of cluster[kind].entries()) {
      const isNamesake = (other: string) => lastPart(other).toLowerCase() === lastPart(found).toLowerCase();
      if (cluster[kind].findIndex(isNamesake) < index)
        yield {
          path: ["cluster", kind, index],
          found,
          expected: "a principal with another name than those before it, whatever its path and its case",
        };
      if (kind === "readers" && cluster.administrators.some(isNamesake))
        yield {
          path: ["cluster", kind, index],
          found,
          expected: "a principal whose name is not that of one of cluster.administrators, who may read anyway",
        };
    }
  const limits = [
    ["zones", floor.zones, network.zones.length, "the number of zones"],
    [
      "replicas",
      floor.replicas,
      Math.min(...SERVICE_NAMES.map((name) => config[name].replicas)),
      "the number of replicas",
    ],
    ["backupDays", floor.backupDays, database.backupDays, "database.backupDays"],
  ] as const;
  for (const [key, found, most, what] of limits)
    if (found > most) yield { path: ["floor", key], found, expected: `at most ${most}, ${what}` };
  for (const name of config.absent) {
    const waiting = servicesOf(config).find((each) => serviceOf(each).after.includes(name));
    const isNeeded = waiting !== undefined || serviceOf(name).entrance?.paths === "rest";
    if (isNeeded)
      yield {
        path: ["absent"],
        found: config.absent,
        expected: `a list without ${name}, which ${waiting ?? "every user"} needs`,
      };
  }
  const images = [
    ...Object.entries(config.release.images).map(([name, found]) => [["release", "images", name], found] as const),
    [["database", "clientImage"], database.clientImage] as const,
  ];
  for (const [place, found] of images) {
    if (/@sha256:0{64}$/.test(found))
      yield { path: place, found, expected: "an image with a real digest, not a placeholder" };
    if (!config.allowedRegistries.some((prefix) => found.startsWith(prefix)))
      yield { path: place, found, expected: "an image whose name begins with an entry of allowedRegistries" };
  }
  if (!config.allowedRegions.includes(config.region))
    yield {
      path: ["allowedRegions"],
      found: config.allowedRegions,
      expected: `a list with ${config.region}, the stack's own`,
    };
  if (!config.allowedRegions.includes(ROUTE53_REGION))
    yield {
      path: ["allowedRegions"],
      found: config.allowedRegions,
      expected: `a list with ${ROUTE53_REGION}, where Route 53 keeps its query logs and signing keys`,
    };
}

export type StackConfig = Readonly<z.infer<typeof configSchema>>;
/** A release as a config names it: with an image of every service. */
export type ConfiguredRelease = StackConfig["release"];
/** A release that was deployed. */
export type Release = Readonly<z.infer<typeof knownReleaseSchema>>;

/** The services that a release did not have yet. */
export function absentIn({ images }: Release): ServiceName[] {
  return SERVICE_NAMES.filter((name) => images[name] === undefined);
}

/** The config with a release that was deployed in place of its own: services that it did not have yet are absent. */
export function withRelease(config: StackConfig, release: Release): StackConfig {
  const images = { ...config.release.images, ...release.images };
  return { ...config, release: { ...release, images }, absent: absentIn(release) };
}

/** The config's release as it is deployed: without an image of a service that it does not have yet. */
export function releaseOf({ release, absent }: Pick<StackConfig, "release" | "absent">): Release {
  const { images } = release;
  return { ...release, images: { ...ofServices(servicesOf({ absent }), (name) => images[name]), e2e: images.e2e } };
}

/** The images that a release runs, by what they are of: services that it does not have yet have none. */
export function imagesIn(config: Pick<StackConfig, "release" | "absent">): Map<string, ImageReference> {
  return new Map(Object.entries(releaseOf(config).images).map(([name, text]) => [name, imageReference(text)]));
}

/** An objective as a label: `slower than 5 s` becomes `slower-than-5s`; empty for a name without a letter or digit. */
export function objectiveLabel({ name }: { readonly name: string }): string {
  return name
    .toLowerCase()
    .replaceAll(/(\d) (?=[a-z]+\b)/g, "$1")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

/** What tells an objective's alerts and their pages from those of others: its label, without the dashes. */
export function alertKey(objective: { readonly name: string }): string {
  return objectiveLabel(objective).replaceAll("-", "");
}

function lastPart(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** RDS's default: `LEAST({DBInstanceClassMemory/9531392}, 5000)`. */
const BYTES_A_CONNECTION = 9_531_392;
const MOST_CONNECTIONS = 5_000;
/** What RDS keeps of the memory for itself, and does not count as `DBInstanceClassMemory`, at the most. */
const KEPT_RATIO = 0.1;
const GIB = 2 ** 30;

/** Memory of a class of size `large` by its family, in GiB. */
const LARGE_GIB: Readonly<Record<string, number>> = { t: 8, m: 8, r: 16 };
const SIZES: Readonly<Record<string, number>> = { micro: 1 / 8, small: 1 / 4, medium: 1 / 2, large: 1, xlarge: 2 };

/**
 * How many connections PostgreSQL at least allows in a class, such as db.r7g.large, unless its parameters say otherwise;
 * undefined for a class whose memory its name does not tell.
 */
export function connectionLimit(instanceClass: string): number | undefined {
  const [, family = "", times = "", size = ""] = /^db\.([tmr])\d\w*\.(\d*)(\w+)$/.exec(instanceClass) ?? [];
  const [large, larger] = [LARGE_GIB[family], SIZES[size]];
  if (large === undefined || larger === undefined || (times !== "" && size !== "xlarge")) return undefined;
  const bytes = large * larger * Number(times || 1) * GIB * (1 - KEPT_RATIO);
  return Math.min(MOST_CONNECTIONS, Math.floor(bytes / BYTES_A_CONNECTION));
}
