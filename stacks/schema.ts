import { z } from "zod";
import { alertKey } from "./objective-label.ts";

const cidr = z.cidrv4("an IPv4 CIDR such as 10.40.0.0/16");
/** What the subnets are cut from (infra/subnets.ts). */
const VPC = "a whole /16 such as 10.40.0.0/16";
const vpcCidr = z.cidrv4(VPC).regex(/^\d+\.\d+\.0\.0\/16$/, VPC);
const arn = z.string().regex(/^arn:aws[a-z-]*:[a-z0-9-]+:/, "an ARN");
/** A day; YAML turns an unquoted one into a time stamp, which the engine hands on as such. */
const date = z
  .string()
  .transform((text) => text.replace(/ 00:00:00 \+0000 UTC$/, ""))
  .pipe(z.iso.date("a date such as 2027-06-30"));
const digestReference = z
  .string()
  .regex(
    /^[a-z0-9.-]+(:\d+)?(\/[a-z0-9._-]+)+@sha256:[0-9a-f]{64}$/,
    "an image by digest: registry/name@sha256:<64 hex>",
  );
const RATIO = "a number above 0 and below 1";
const ratio = z.number(RATIO).gt(0, RATIO).lt(1, RATIO);

/** A whole number in these bounds, which are told together. */
function whole(from: number, to?: number): z.ZodInt {
  const text = `a whole number ${to === undefined ? `of at least ${from}` : `from ${from} to ${to}`}`;
  return to === undefined ? z.int(text).min(from, text) : z.int(text).min(from, text).max(to, text);
}

/** A release: what runs, and which database schemas its code can run on. */
export const releaseSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,39}$/, "a release id of lower-case letters, digits, dots and dashes"),
  gitSha: z.string().regex(/^[0-9a-f]{40}$/, "a full git commit id of 40 hex digits"),
  images: z.strictObject({ engine: digestReference, web: digestReference, e2e: digestReference }),
  schema: z.strictObject({ level: whole(1), oldest: whole(1) }).refine(({ level, oldest }) => oldest <= level, {
    path: ["oldest"],
    message: "a schema level that is not above schema.level",
  }),
});

const networkSchema = z.strictObject({
  cidr: vpcCidr,
  zones: z.array(z.string()).min(2).max(4),
  natGateways: z.enum(["one", "per-zone"]).default("per-zone"),
});

const clusterSchema = z.strictObject({
  version: z.string().regex(/^1\.\d{2}$/, "a Kubernetes minor version such as 1.33"),
  /** Principals with cluster administration, each an access entry. */
  administrators: z.array(arn).min(1),
  /** The public API endpoint is off when this is empty. */
  publicAccessCidrs: z.array(cidr).default([]),
  /** Networks outside the VPC that may ask the private API endpoint, such as the one that deploys; they need a route too. */
  privateAccessCidrs: z.array(cidr).default([]),
});

const databaseSchema = z
  .strictObject({
    instanceClass: z.string().startsWith("db."),
    engineVersion: z.string().regex(/^\d+\.\d+$/, "a version of PostgreSQL such as 17.6, in quotes"),
    storageGib: whole(20),
    maxStorageGib: whole(20),
    multiZone: z.boolean().default(true),
    backupDays: whole(7, 35),
  })
  // RDS refuses a limit that leaves it nothing to grow by.
  .refine(({ storageGib, maxStorageGib }) => maxStorageGib * 10 >= storageGib * 11, {
    path: ["maxStorageGib"],
    message: "at least 10 % more than storageGib",
  });

const cacheSchema = z.strictObject({
  nodeType: z.string().startsWith("cache."),
  engineVersion: z.string(),
  replicas: whole(1, 5),
  snapshotDays: whole(1, 35),
});

const workloadSchema = z
  .strictObject({ replicas: whole(1), maxReplicas: whole(1) })
  .refine(({ replicas, maxReplicas }) => replicas <= maxReplicas, {
    path: ["maxReplicas"],
    message: "replicas or more",
  });

const objectiveSchema = z.strictObject({
  name: z.string().regex(/[a-z0-9]/i, "a name with a letter or digit"),
  kind: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("errors") }),
    z.strictObject({ type: z.literal("slowerThan"), seconds: z.number().positive() }),
  ]),
  maxRatio: ratio,
});

/** Gates keep their counts, and alerts their rules, by the objectives' names. */
const objectivesSchema = z
  .array(objectiveSchema)
  .min(1)
  .check(({ value, issues }) => {
    const byKey = Map.groupBy(value.entries(), ([, objective]) => alertKey(objective));
    for (const [first, ...more] of byKey.values()) {
      const message = `a name that alerts tell from "${first?.[1].name}"`;
      for (const [index, { name }] of more)
        issues.push({ code: "custom", input: name, path: [index, "name"], message });
    }
  });

const gateSchema = z.strictObject({
  /** Share of healthy releases that a gate may wrongly fail or bad ones wrongly pass, all objectives together. */
  maxWrongVerdictRatio: ratio.default(0.05),
  syntheticRequestsPerSecond: z.number().positive(),
  deadlineMinutes: z.number().positive(),
  healthDeadlineMinutes: z.number().positive().default(10),
  onInconclusive: z.literal("hold").default("hold"),
});

const relaxations = z.array(z.strictObject({ control: z.string(), reason: z.string().min(10) })).default([]);

const exemptions = z
  .array(z.strictObject({ control: z.string(), resource: z.string(), reason: z.string().min(10), until: date }))
  .default([]);

const approvals = z
  .array(z.strictObject({ resource: z.string(), action: z.enum(["replace", "delete"]), by: z.string(), until: date }))
  .default([]);

const floorSchema = z.strictObject({
  zones: whole(1),
  replicas: whole(1),
  backupDays: whole(0),
});

/** The shared observability stack. A service without an address is one that nobody looks at before a deployment. */
const stormSchema = z.strictObject({
  prometheusUrl: z.url(),
  grafanaUrl: z.url().exactOptional(),
  /** The collector's OTLP over HTTP. */
  jaegerUrl: z.url().exactOptional(),
  /** Jaeger's query API, which its own pages use. */
  jaegerQueryUrl: z.url().exactOptional(),
  elasticsearchUrl: z.url().exactOptional(),
  logstashUrl: z.url().exactOptional(),
  kibanaUrl: z.url().exactOptional(),
  alertmanagerUrl: z.url().exactOptional(),
  commandCenterUrl: z.url().exactOptional(),
});

/** What `sparki preflight` cannot find out by itself. Paths are relative to the project's folder. */
const preflightSchema = z.strictObject({
  /** The application's repository on GitHub. */
  repository: z
    .string()
    .regex(/^[\w.-]+\/[\w.-]+$/, "a GitHub repository as owner/name")
    .exactOptional(),
  /** A clone of it. */
  checkout: z.string().min(1).exactOptional(),
  /** The folder of the engine's migrations, `0001_what_it_adds.sql` and so on. */
  migrations: z.string().min(1).exactOptional(),
  /** The feature flags of this stack, JSON or YAML. */
  featureFlags: z.string().min(1).exactOptional(),
  /** The last time that a snapshot of the database was restored and read. */
  restoreTest: z.strictObject({ on: date, by: z.string().min(1), snapshot: z.string().min(1) }).exactOptional(),
  /** The public key, PEM, of the key pair that cosign signs the images with. */
  imageSignatureKey: z.string().startsWith("-----BEGIN PUBLIC KEY-----").exactOptional(),
});

const contactSchema = z.strictObject({ channel: z.string().startsWith("#"), mention: z.string().startsWith("@") });

/** Who is told of what, as the runbook's table of contacts has it. */
const contactsSchema = z.strictObject({
  incidents: contactSchema,
  platform: contactSchema,
  database: contactSchema,
  infrastructure: contactSchema,
});

/** A secret: the engine decrypts it for who needs it, a file shows it encrypted, and the typed config never holds it. */
const apartSecret = z
  .union([z.string(), z.strictObject({ secure: z.string() })])
  .transform(() => undefined)
  .optional();

/** The whole stack config below the `sparki:` namespace. */
export const configSchema = z.strictObject({
  owner: z.string().min(1),
  region: z.string().regex(/^[a-z]{2}-[a-z]+-\d$/, "a region such as us-east-1"),
  accountId: z.string().regex(/^\d{12}$/, "an AWS account id of 12 digits"),
  domain: z.string().regex(/^([a-z0-9-]+\.)+[a-z]{2,}$/, "a domain name"),
  network: networkSchema,
  cluster: clusterSchema,
  database: databaseSchema,
  cache: cacheSchema,
  release: releaseSchema,
  engine: workloadSchema,
  web: workloadSchema,
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
  /** Where this repository's files can be read; alerts link to its pages. */
  runbookUrl: z.url(),
  /** False lifts deletion protection, for a stack that is about to be destroyed on purpose. */
  protection: z.boolean().default(true),
  floor: floorSchema,
  relaxations,
  exemptions,
  approvals,
  allowedRegions: z.array(z.string()).min(1),
  allowedRegistries: z.array(z.string()).min(1),
});

export type StackConfig = Readonly<z.infer<typeof configSchema>>;
export type Release = Readonly<z.infer<typeof releaseSchema>>;
