import { byService, ENTERED, namespaceOf, SERVICE_NAMES, type ServiceName, serviceOf } from "../../stacks/services.ts";
import { knownValue } from "../judging/resource.ts";
import { HOSTS, JOB_IMAGES, JOB_INPUTS, REVIEWED_SQL, USERS_FILES } from "./jobs.ts";
import { PROMOTION } from "./outputs.ts";
import {
  base64,
  config,
  type Declaration,
  declare,
  json,
  known,
  knownEach,
  Matcher,
  madeOf,
  matching,
  mismatches,
  oneOf,
  optional,
  type Shape,
  same,
} from "./shape.ts";

const CLUSTER = ["cluster-eks", "cluster-eks-eksCluster"];
const SERVED = ENTERED.map(namespaceOf);
/** Who lives where; the monitoring's objects are rules only. */
export const SERVICE_ACCOUNTS: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(SERVICE_NAMES.map((name) => [namespaceOf(name), [name]])),
  "sparki-engine": ["engine", "migrations", "database-users"],
  "sparki-test": ["e2e"],
  "sparki-monitoring": [],
};
const NAMESPACES = Object.keys(SERVICE_ACCOUNTS);

/** By Pulumi's own an object is taken over, not waited for, or left behind. */
const annotations = optional({});
const named = (name: string, namespace: string) => ({ name, namespace, annotations });
const PSS = "pod-security.kubernetes.io";

const namespace = (name: string) => ({
  apiVersion: "v1",
  kind: "Namespace",
  metadata: {
    name,
    annotations,
    labels: {
      [`${PSS}/enforce`]: "restricted",
      [`${PSS}/enforce-version`]: "latest",
      [`${PSS}/warn`]: "restricted",
      [`${PSS}/audit`]: "restricted",
      ...(SERVED.includes(name) ? { "eks.amazonaws.com/pod-readiness-gate-inject": "enabled" } : {}),
    },
  },
});

const networkPolicy = (name: string, inNamespace: string, spec: Shape) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: named(name, inNamespace),
  spec,
});
/** A CIDR block of each zone's database subnet. */
const databaseBlocks = new Matcher("the database subnets", (value, { config: { network } }) =>
  same(
    value,
    network.zones.map((_, index) => {
      const [first, second] = network.cidr.split(".");
      return { ipBlock: { cidr: `${first}.${second}.${144 + index}.0/24` } };
    }),
  ),
);
const portsOf = (port: number, ...protocols: readonly string[]) => protocols.map((protocol) => ({ port, protocol }));
const RESOLVER = [{ ipBlock: { cidr: "172.20.0.10/32" } }];
const dns = { ports: portsOf(53, "UDP", "TCP"), to: RESOLVER };

/** A user of the database since the config's day, whom a job makes. */
const user = (purpose: string) =>
  config(
    "database.passwordsSince",
    ({ database }) => `sparki_${purpose}_${database.passwordsSince.replaceAll("-", "")}`,
  );
/** What each database job runs again for: another image, other users, or other statements. */
const TRIGGERS: Readonly<Record<keyof typeof JOB_INPUTS, readonly Shape[]>> = {
  users: [JOB_IMAGES.users, user("application"), user("migrations"), oneOf(...REVIEWED_SQL)],
  migrate: [JOB_IMAGES.release],
  seed: [JOB_IMAGES.release],
};
/** Of a job that an update leaves as it last ran. */
const KEPT_TRIGGER = oneOf(
  JOB_IMAGES.users,
  JOB_IMAGES.release,
  matching("a user of the database", /^sparki_(application|migrations)_\d{8}$/),
  matching("a SHA-256", /^[0-9a-f]{64}$/),
);
/** Without one of these a job would not run for what it is there for. */
const triggersOf = (job: keyof typeof JOB_INPUTS, from: readonly string[]) =>
  new Matcher(
    `the triggers ${JSON.stringify(TRIGGERS[job])}`,
    (value, world) => {
      const isKept = world.bound.kept?.split(" ").includes("triggers") === true;
      const shape = isKept ? knownEach(KEPT_TRIGGER, ...from) : TRIGGERS[job].map((one) => known(one, ...from));
      return mismatches(() => value, shape, world).length === 0;
    },
    { sources: from },
  );

const jobCommand = (job: keyof typeof JOB_INPUTS) => {
  const from = [
    ...CLUSTER,
    "database-instance",
    "database-access-from-cluster",
    "database-jobs-*",
    "secrets-application-value",
    "secrets-migrations-value",
  ];
  return {
    create: "node io/run-job.ts",
    update: "true",
    logging: "stdoutAndStderr",
    stdin: madeOf(JOB_INPUTS[job], ...from),
    triggers: triggersOf(job, from),
  };
};
/** One secret of this stack, and the files that its parts become. */
const mounted = (path: string, prefix = "") => ({
  objectName: new Matcher(`a secret of this stack, ${path}`, (value, { config, stack }) => {
    const own = `arn:aws:secretsmanager:${config.region}:${config.accountId}:secret:${path.replace("{stack}", stack)}`;
    return typeof value === "string" && value.startsWith(own);
  }),
  objectType: "secretsmanager",
  jmesPath: ["username", "password"].map((part) => ({ path: part, objectAlias: `${prefix}${part}` })),
});
const [APPLICATION, MIGRATIONS] = [
  "sparki/{stack}/database/application-",
  "sparki/{stack}/database/migrations-",
] as const;
const OBJECTS = {
  users: [mounted("rds!db-", "master-"), mounted(APPLICATION, "application-"), mounted(MIGRATIONS, "migrations-")],
  migrate: [mounted(MIGRATIONS)],
  seed: [mounted(APPLICATION)],
};
const USER_SECRETS = ["secrets-application-value", "secrets-migrations-value"];
const credentials = (step: keyof typeof OBJECTS, ...sources: readonly string[]) => ({
  apiVersion: "secrets-store.csi.x-k8s.io/v1",
  kind: "SecretProviderClass",
  metadata: named(`jobs-${step}`, "sparki-engine"),
  spec: { provider: "aws", parameters: { usePodIdentity: "true", objects: madeOf(json(OBJECTS[step]), ...sources) } },
});
const SLACK =
  /^https:\/\/(hooks\.slack(-gov)?\.com\/[\w/-]*|slack\.com\/api\/chat\.postMessage)$|^http:\/\/127(\.\d{1,3}){3}:\d{1,5}\/[\w./-]*$/;
/** What PagerDuty and Opsgenie give out as a key: letters and digits, Opsgenie's in groups; or a rehearsal's stand-in. */
const WAKING_KEY = base64(matching("an integration key", /^[\w-]{8,128}$/));
const HEARTBEAT = /^https:\/\/[\w.-]+(\/[\w./~-]*)?$|^http:\/\/127(\.\d{1,3}){3}:\d{1,5}\/[\w./-]*$|^rehearsed-[\w-]+$/;
const PULLERS = [...SERVICE_NAMES.map(namespaceOf), "sparki-test"];
const REFUSAL = /^echo 'This stack is protected, and nothing was deleted\. [\w .,:;()-]+' >&2; exit 1$/;

/** Where `sparki rollback` writes the charts that it restores, under their hash. */
const restored = (chart: string) => new RegExp(`^(/(?!\\.\\.?/)[\\w.@+ -]+)+/\\.sparki/charts/${chart}-[0-9a-f]{16}$`);
/** The chart in the tree, or, in an update that goes back, as it was promoted. */
const chartOf = (chart: string) =>
  new Matcher(`./apps/charts/${chart}`, (value) => {
    if (value === `./apps/charts/${chart}`) return true;
    return typeof value === "string" && restored(chart).test(value);
  });

/** What the values of a chart may be made of; only such a value may be unknown in preview. */
const VALUES_FROM = {
  ...byService((name) => [
    ...[...CLUSTER, "network-*", "edge-lb-*"],
    ...(serviceOf(name).stores.length > 0 ? ["database-*", "cache-*", "secrets-*"] : ["database-jobs-*"]),
  ]),
  monitoring: ["monitoring-slack", "monitoring-on-call"],
};
/** What the provider fills in where the program says nothing, once there is a cluster: each is the same as nothing. */
const RELEASE_DEFAULTS: Readonly<Record<string, Shape>> = {
  ...Object.fromEntries(
    [
      ...[
        "allowNullValues",
        "atomic",
        "cleanupOnFail",
        "createNamespace",
        "dependencyUpdate",
        "devel",
        "disableCRDHooks",
      ],
      ...["disableOpenapiValidation", "disableWebhooks", "forceUpdate", "lint", "recreatePods", "renderSubchartNotes"],
      ...["replace", "resetValues", "reuseValues", "skipAwait", "skipCrds", "verify", "waitForJobs"],
    ].map((setting) => [setting, optional(false)]),
  ),
  ...Object.fromEntries(["description", "keyring", "postrender"].map((setting) => [setting, optional("")])),
  timeout: optional(oneOf(0, 300)),
};
/** Each address by itself: that preview cannot know one says nothing of the other. */
const VALUES = new Matcher("values, with the addresses of this stack's own database and cache", (value, world) => {
  const told = (store: string) => knownValue(() => Object(Reflect.get(Object(value), store)).host);
  const isOwn = ([store, host]: [string, Matcher]) => told(store) === undefined || host.accepts(told(store), world);
  return typeof value === "object" && value !== null && Object.entries(HOSTS).every(isOwn);
});
/** What a Helm release of this repository may be told; what its chart renders is judged by itself. */
const release = (
  chart: keyof typeof VALUES_FROM,
  name: string,
  inNamespace: string,
  more: Readonly<Record<string, Shape>>,
) => ({
  chart: chartOf(chart),
  name,
  namespace: inNamespace,
  maxHistory: 10,
  compat: optional("true"),
  // Of values that preview cannot know it leaves the version open.
  version: optional(oneOf("", "1.0.0")),
  ...RELEASE_DEFAULTS,
  values: known(VALUES, ...VALUES_FROM[chart]),
  ...more,
});
const awaited = { atomic: true, cleanupOnFail: true };
const tracks = (chart: ServiceName, inNamespace: string) => ({
  [`${chart}-one-box`]: release(chart, `${chart}-one-box`, inNamespace, { skipAwait: true }),
  [`${chart}-fleet`]: release(chart, `${chart}-fleet`, inNamespace, { ...awaited, timeout: 900 }),
});

/** What is in the cluster, but for what Helm renders. */
export const pods: readonly Declaration[] = [
  ...declare("kubernetes:core/v1:Namespace", Object.fromEntries(NAMESPACES.map((name) => [name, namespace(name)]))),
  ...declare(
    "kubernetes:core/v1:ServiceAccount",
    Object.fromEntries(
      Object.entries(SERVICE_ACCOUNTS).flatMap(([place, accounts]) =>
        accounts.map((account) => [
          `${place}-${account}`,
          {
            apiVersion: "v1",
            kind: "ServiceAccount",
            metadata: named(account, place),
            automountServiceAccountToken: false,
            imagePullSecrets: optional([{ name: "image-pull" }]),
          },
        ]),
      ),
    ),
  ),
  ...declare("kubernetes:core/v1:ConfigMap", {
    "cluster-network-policies": {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        name: "amazon-vpc-cni",
        namespace: "kube-system",
        annotations: { "pulumi.com/patchForce": "true" },
      },
      data: { "enable-network-policy-controller": "true" },
    },
    "database-jobs-users-files": {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: named("database-users", "sparki-engine"),
      data: USERS_FILES,
    },
  }),
  ...declare("kubernetes:core/v1:Secret", {
    "monitoring-slack": {
      apiVersion: "v1",
      kind: "Secret",
      metadata: named("slack", "sparki-monitoring"),
      data: {
        address: base64(matching("an address of Slack's, or of a rehearsal", SLACK)),
        token: optional(base64(matching("a token", /^[\w-]+$/))),
      },
    },
    "monitoring-on-call": {
      apiVersion: "v1",
      kind: "Secret",
      metadata: named("on-call", "sparki-monitoring"),
      data: {
        pagerduty: optional(WAKING_KEY),
        opsgenie: optional(WAKING_KEY),
        heartbeat: optional(base64(matching("an address of a heartbeat", HEARTBEAT))),
      },
    },
    ...Object.fromEntries(
      PULLERS.map((place) => [
        `${place}-image-pull`,
        {
          apiVersion: "v1",
          kind: "Secret",
          metadata: named("image-pull", place),
          type: "kubernetes.io/dockerconfigjson",
          data: new Matcher("a Docker config", (value) =>
            Object.keys(Object(value)).every((key) => key === ".dockerconfigjson"),
          ),
        },
      ]),
    ),
  }),
  ...declare("kubernetes:networking.k8s.io/v1:NetworkPolicy", {
    ...Object.fromEntries(
      NAMESPACES.map((place) => [
        `${place}-default-deny`,
        networkPolicy("default-deny", place, { podSelector: {}, policyTypes: ["Ingress", "Egress"] }),
      ]),
    ),
    "sparki-test-site": networkPolicy("site", "sparki-test", {
      podSelector: {},
      policyTypes: ["Egress"],
      egress: [dns, { to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["{vpc}"] } }], ports: portsOf(443, "TCP") }],
    }),
    "database-jobs-reach": networkPolicy("jobs", "sparki-engine", {
      podSelector: { matchLabels: { "sparki.tools/job": "true" } },
      policyTypes: ["Egress"],
      egress: [dns, { to: databaseBlocks, ports: portsOf(5432, "TCP") }],
    }),
  }),
  ...declare("kubernetes:secrets-store.csi.x-k8s.io/v1:SecretProviderClass", {
    "database-jobs-users-credentials": credentials("users", "database-instance", ...USER_SECRETS),
    "database-jobs-migrate-credentials": credentials("migrate", "secrets-migrations-value"),
    "database-jobs-seed-credentials": credentials("seed", "secrets-application-value"),
  }),
  ...declare("kubernetes:helm.sh/v3:Release", {
    monitoring: release("monitoring", "monitoring", "sparki-monitoring", awaited),
    ...Object.assign({}, ...SERVICE_NAMES.map((name) => tracks(name, namespaceOf(name)))),
  }),
  ...declare("command:local:Command", {
    "database-jobs-users-run": jobCommand("users"),
    "database-jobs-migrate-run": jobCommand("migrate"),
    "database-jobs-seed-run": jobCommand("seed"),
    "destroy-guard": {
      create: "true",
      update: "true",
      delete: new Matcher("the refusal, or nothing once sparki:protection is false", (value, { config }) =>
        config.protection ? typeof value === "string" && REFUSAL.test(value) : value === "true",
      ),
      logging: optional(matching("stdoutAndStderr", /^stdoutAndStderr$/)),
    },
  }),
  ...declare("pulumi:index:Stash", {
    "promotion-record": {
      input: madeOf(
        PROMOTION,
        ...SERVICE_NAMES.map((name) => `${name}-*`),
        "monitoring",
        "previous-outputs",
        "edge-lb-*",
        "database-*",
        "secrets-*",
        "cache-*",
      ),
    },
  }),
  ...declare("pulumi:pulumi:StackReference", {
    "previous-outputs": { name: "{organization}/sparki/{stack}" },
  }),
];
