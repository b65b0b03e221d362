import type { Properties } from "../../../rehearsal/provider/properties.ts";

/** What one step has to come to; texts may name `{place}`, the case's own namespace. */
export type Expected = Readonly<Record<string, unknown>>;

/** One thing that the engine asks for, or that someone else does meanwhile. */
export type Step = (
  | { readonly do: "create" | "update" | "diff" | "preview"; readonly inputs: Properties }
  /** The engine's connection ends once the provider was told, and another engine's begins; it waits for the object at the path. */
  | { readonly do: "orphaned create"; readonly inputs: Properties; readonly until: string; readonly with: Expected }
  /** The provider is killed once the object at the path is there, and started again. */
  | { readonly do: "killed create"; readonly inputs: Properties; readonly once: string }
  | { readonly do: "refresh" | "delete" }
  | { readonly do: "outside"; readonly patch: string; readonly with: Properties }
  | { readonly do: "outside"; readonly create: string; readonly with: Properties }
  | { readonly do: "outside"; readonly remove: string }
  | { readonly do: "outside"; readonly helm: readonly string[] }
  | { readonly do: "configuration"; readonly olds: Properties; readonly news: Properties }
) & {
  /** Of both providers. @default that it succeeds */
  readonly expect?: Expected;
  /** Of the real one that can be built, where it is another version than the program's, and why. */
  readonly built?: Difference;
};

export interface Difference {
  readonly expect: Expected;
  readonly because: string;
}

export interface Case {
  readonly name: string;
  /** Beside the kubeconfig; the engine hands all of it on as text. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly type: string;
  readonly steps: readonly Step[];
}

export const GOOD = `ghcr.io/alexarno/sparki/web@sha256:${"a".repeat(64)}`;
export const CRASHING = `ghcr.io/alexarno/sparki/web@sha256:${"b".repeat(64)}`;

/** How the program configures its provider. */
const OURS = {
  enableServerSideApply: "true",
  enableConfigMapMutable: "true",
  enableSecretMutable: "true",
  upsertExistingObjects: "true",
};
const PLAIN = { enableServerSideApply: "true" };

const CONFIG_MAP = "kubernetes:core/v1:ConfigMap";
const configMap = (data: Properties, more: Properties = {}): Properties => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "settings", namespace: "{place}" },
  data,
  ...more,
});
const secret = (more: Properties): Properties => ({
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "settings", namespace: "{place}" },
  ...more,
});
const SETTINGS = "/api/v1/namespaces/{place}/configmaps/settings";

const UNAWAITED = { "pulumi.com/skipAwait": "true" };
const pods = (image: string, more: Properties = {}): Properties => ({
  metadata: { labels: { app: "web" } },
  spec: { containers: [{ name: "web", image, readinessProbe: { httpGet: { path: "/health", port: 8080 } } }], ...more },
});
const deployment = (image: string, more: Properties = {}): Properties => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", namespace: "{place}" },
  spec: { replicas: 1, selector: { matchLabels: { app: "web" } }, template: pods(image), ...more },
});
const job = (image: string, annotations: Properties = {}): Properties => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "once", namespace: "{place}", annotations },
  spec: { backoffLimit: 0, template: { spec: { restartPolicy: "Never", containers: [{ name: "job", image }] } } },
});

const RELEASE = "kubernetes:helm.sh/v3:Release";
const release = (image: string, more: Properties = {}): Properties => ({
  name: "shop",
  namespace: "{place}",
  chart: "./chart",
  atomic: true,
  cleanupOnFail: true,
  maxHistory: 10,
  timeout: 12,
  compat: "true",
  values: { image },
  ...more,
});
const FIRST_REVISION = "/api/v1/namespaces/{place}/secrets/sh.helm.release.v1.shop.v1";
const refused = (words: RegExp) => ({ refused: expect.stringMatching(words) });

/** What an update changes in place or by making it again, by kind: from inputs to inputs. */
interface Change {
  readonly what: string;
  readonly type: string;
  readonly from: Properties;
  readonly to: Properties;
  readonly settings?: Case["settings"];
  readonly replaces: boolean;
}

const role = (name: string): Properties => ({
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "RoleBinding",
  metadata: { name: "readers", namespace: "{place}" },
  roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
  subjects: [],
});
const service = (spec: Properties): Properties => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "web", namespace: "{place}" },
  spec: { ports: [{ port: 80 }], selector: { app: "web" }, ...spec },
});
const claim = (size: string, mode = "ReadWriteOnce"): Properties => ({
  apiVersion: "v1",
  kind: "PersistentVolumeClaim",
  metadata: { name: "disk", namespace: "{place}", annotations: UNAWAITED },
  spec: { accessModes: [mode], storageClassName: "none", resources: { requests: { storage: size } } },
});

const CHANGES: readonly Change[] = [
  {
    what: "a ConfigMap's data, as the program sets the provider up",
    type: CONFIG_MAP,
    from: configMap({ a: "1" }),
    to: configMap({ a: "2" }),
    settings: OURS,
    replaces: false,
  },
  {
    what: "a ConfigMap's data by default (W54)",
    type: CONFIG_MAP,
    from: configMap({ a: "1" }),
    to: configMap({ a: "2" }),
    replaces: true,
  },
  {
    what: "a ConfigMap's labels by default",
    type: CONFIG_MAP,
    from: configMap({ a: "1" }),
    to: configMap({ a: "1" }, { metadata: { name: "settings", namespace: "{place}", labels: { a: "b" } } }),
    replaces: false,
  },
  {
    what: "a ConfigMap's name",
    type: CONFIG_MAP,
    from: configMap({}),
    to: configMap({}, { metadata: { name: "other", namespace: "{place}" } }),
    settings: OURS,
    replaces: true,
  },
  {
    what: "a Secret's data, as the program sets the provider up",
    type: "kubernetes:core/v1:Secret",
    from: secret({ data: { a: "MQ==" } }),
    to: secret({ data: { a: "Mg==" } }),
    settings: OURS,
    replaces: false,
  },
  {
    what: "a Secret's data by default (W54)",
    type: "kubernetes:core/v1:Secret",
    from: secret({ data: { a: "MQ==" } }),
    to: secret({ data: { a: "Mg==" } }),
    replaces: true,
  },
  {
    what: "a Secret's type",
    type: "kubernetes:core/v1:Secret",
    from: secret({ type: "Opaque", data: {} }),
    to: secret({ type: "example.com/other", data: {} }),
    settings: OURS,
    replaces: true,
  },
  {
    what: "a RoleBinding's role",
    type: "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding",
    from: role("one"),
    to: role("two"),
    replaces: true,
  },
  {
    what: "a Service's selector",
    type: "kubernetes:core/v1:Service",
    from: service({ type: "ExternalName", externalName: "a.test" }),
    to: service({ type: "ExternalName", externalName: "a.test", selector: { app: "api" } }),
    replaces: false,
  },
  {
    what: "a claim's access modes",
    type: "kubernetes:core/v1:PersistentVolumeClaim",
    from: claim("1Gi"),
    to: claim("1Gi", "ReadWriteMany"),
    replaces: true,
  },
  {
    what: "a Deployment's selector",
    type: "kubernetes:apps/v1:Deployment",
    from: deployment(GOOD),
    to: deployment(GOOD, { selector: { matchLabels: { app: "web", tier: "one" } } }),
    replaces: true,
  },
  {
    what: "a Deployment's image",
    type: "kubernetes:apps/v1:Deployment",
    from: deployment(GOOD),
    to: deployment(CRASHING),
    replaces: false,
  },
  {
    what: "a Job's image",
    type: "kubernetes:batch/v1:Job",
    from: job(GOOD, UNAWAITED),
    to: job(CRASHING, UNAWAITED),
    replaces: true,
  },
];

/** A name that stays makes the old one go first. */
const difference = ({ replaces, from, to }: Change): Expected => {
  const named = (inputs: Properties) => JSON.stringify(Object(inputs.metadata).name);
  return { replaces: replaces ? [expect.anything()] : [], deleteBeforeReplace: replaces && named(from) === named(to) };
};

const KUBECONFIG = (server: string, token: string) =>
  JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
    users: [{ name: "u", user: { token } }],
  });
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/**
 * What the Kubernetes provider does, where the program or the command stands on it: each has to hold of the rehearsal's
 * stand-in and of Pulumi's own.
 */
export const CASES: readonly Case[] = [
  {
    name: "creates an object, sees what somebody else changes, and deletes it",
    type: CONFIG_MAP,
    settings: OURS,
    steps: [
      {
        do: "create",
        inputs: configMap({ mode: "a" }),
        expect: { id: "{place}/settings", outputs: { data: { mode: "a" } } },
      },
      { do: "diff", inputs: configMap({ mode: "a" }), expect: { changes: [] } },
      { do: "outside", patch: SETTINGS, with: { data: { mode: "b" } } },
      { do: "refresh", expect: { inputs: { data: { mode: "b" } }, outputs: { data: { mode: "b" } } } },
      { do: "diff", inputs: configMap({ mode: "a" }), expect: { changes: ["data"], replaces: [] } },
      {
        do: "update",
        inputs: configMap({ mode: "a" }),
        expect: refused(/conflict with "unknown" using v1: .data.mode/),
      },
      { do: "delete" },
      { do: "refresh", expect: { gone: true } },
    ],
  },
  {
    name: "keeps who set which field in the outputs, and takes nobody else's fields for drift (W59)",
    type: CONFIG_MAP,
    settings: OURS,
    steps: [
      {
        do: "create",
        inputs: configMap({ mode: "a" }),
        expect: { outputs: { metadata: { managedFields: [expect.anything()] } } },
      },
      { do: "outside", patch: SETTINGS, with: { metadata: { labels: { theirs: "x" } } } },
      { do: "refresh", expect: { inputs: configMap({ mode: "a" }) } },
      { do: "diff", inputs: configMap({ mode: "a" }), expect: { changes: [] } },
    ],
  },
  {
    name: "takes an object that is gone for deleted",
    type: CONFIG_MAP,
    settings: OURS,
    steps: [{ do: "create", inputs: configMap({ mode: "a" }) }, { do: "outside", remove: SETTINGS }, { do: "delete" }],
  },
  {
    name: "takes over an object that is there, where the program asks for that (W50)",
    type: CONFIG_MAP,
    settings: OURS,
    steps: [
      {
        do: "outside",
        create: "/api/v1/namespaces/{place}/configmaps",
        with: { metadata: { name: "settings" }, data: { theirs: "1" } },
      },
      { do: "create", inputs: configMap({ mode: "a" }), expect: { outputs: { data: { theirs: "1", mode: "a" } } } },
    ],
  },
  {
    name: "refuses to create an object over one that is there (W50)",
    type: CONFIG_MAP,
    settings: PLAIN,
    steps: [
      {
        do: "outside",
        create: "/api/v1/namespaces/{place}/configmaps",
        with: { metadata: { name: "settings" }, data: { theirs: "1" } },
      },
      {
        do: "create",
        inputs: configMap({ mode: "a" }),
        expect: refused(/configmaps "settings" already exists/),
        built: {
          expect: { id: "{place}/settings" },
          because: "it refuses since 4.29; what can be built is 4.24, which takes over what is there in any case",
        },
      },
    ],
  },
  {
    name: "makes a Secret's data of its texts before anybody judges it, and keeps it secret",
    type: "kubernetes:core/v1:Secret",
    settings: OURS,
    steps: [
      {
        do: "create",
        inputs: secret({ stringData: { token: "hunter2" } }),
        expect: { inputs: { data: { token: "aHVudGVyMg==" } }, unset: ["stringData"], secrets: ["data"] },
      },
      { do: "refresh", expect: { inputs: { data: { token: "aHVudGVyMg==" } } } },
      { do: "diff", inputs: secret({ stringData: { token: "hunter2" } }), expect: { changes: [] } },
    ],
  },
  {
    name: "puts an object without a namespace into the default one, and names one that has no name",
    type: CONFIG_MAP,
    settings: OURS,
    steps: [
      {
        do: "create",
        inputs: { apiVersion: "v1", kind: "ConfigMap", data: { of: "{place}" } },
        expect: {
          id: expect.stringMatching(/^default\/thing-[0-9a-f]{8}$/),
          inputs: { metadata: { namespace: "default", annotations: { "pulumi.com/autonamed": "true" } } },
        },
      },
      { do: "delete" },
    ],
  },
  {
    name: "waits for a Deployment, and keeps one whose pods do not start as failed",
    type: "kubernetes:apps/v1:Deployment",
    settings: OURS,
    steps: [
      { do: "create", inputs: deployment(GOOD), expect: { outputs: { status: { readyReplicas: 1 } } } },
      { do: "delete" },
      {
        do: "create",
        inputs: deployment(CRASHING, { progressDeadlineSeconds: 2 }),
        expect: { refused: expect.anything(), kept: { id: "{place}/web", outputs: { kind: "Deployment" } } },
      },
    ],
  },
  {
    name: "keeps a Job that fails as failed",
    type: "kubernetes:batch/v1:Job",
    settings: OURS,
    steps: [
      {
        do: "create",
        inputs: job(CRASHING),
        expect: { refused: expect.stringMatching(/BackoffLimitExceeded/), kept: { id: "{place}/once" } },
      },
    ],
  },
  ...CHANGES.map(
    (change): Case => ({
      name: `${change.replaces ? "replaces an object for" : "updates in place"} ${change.what}`,
      type: change.type,
      settings: change.settings ?? PLAIN,
      steps: [
        { do: "create", inputs: change.from },
        { do: "diff", inputs: change.to, expect: difference(change) },
      ],
    }),
  ),
  {
    name: "makes another cluster's provider again, and takes one whose kubeconfig is not known yet for that (W57)",
    type: CONFIG_MAP,
    steps: [
      {
        do: "configuration",
        olds: { kubeconfig: KUBECONFIG("https://one", "a") },
        news: { kubeconfig: KUBECONFIG("https://one", "b") },
        expect: { changes: ["kubeconfig"], replaces: [] },
      },
      {
        do: "configuration",
        olds: { kubeconfig: KUBECONFIG("https://one", "a") },
        news: { kubeconfig: KUBECONFIG("https://two", "a") },
        expect: { replaces: ["kubeconfig"] },
      },
      {
        do: "configuration",
        olds: { kubeconfig: KUBECONFIG("https://one", "a") },
        news: { kubeconfig: UNKNOWN },
        expect: { replaces: ["kubeconfig"] },
      },
    ],
  },
  {
    name: "installs a release, says what of the chart exists, upgrades it and uninstalls it (W59)",
    type: RELEASE,
    settings: OURS,
    steps: [
      {
        do: "create",
        inputs: release(GOOD),
        expect: {
          id: "{place}/shop",
          inputs: { version: "0.1.0", timeout: 12, atomic: true, devel: false, description: "" },
          outputs: {
            status: { revision: 1, status: "deployed", version: "0.1.0", appVersion: "9", chart: "shop" },
            resourceNames: { "Deployment.apps/apps/v1": ["shop"] },
          },
        },
      },
      { do: "diff", inputs: release(GOOD), expect: { changes: [] } },
      {
        do: "update",
        inputs: release(GOOD, { description: "again" }),
        expect: { outputs: { status: { revision: 2, status: "deployed" } } },
      },
      { do: "delete" },
      { do: "refresh", expect: { gone: true } },
    ],
  },
  {
    name: "keeps the old inputs after an upgrade that failed and went back, and the new values in its outputs (W53)",
    type: RELEASE,
    settings: OURS,
    steps: [
      { do: "create", inputs: release(GOOD) },
      {
        do: "update",
        inputs: release(CRASHING),
        expect: {
          refused: expect.anything(),
          kept: {
            inputs: { values: { image: GOOD } },
            outputs: { values: { image: CRASHING }, status: { status: "failed", revision: 2 } },
          },
        },
      },
      { do: "refresh", expect: { outputs: { status: { status: "deployed", revision: 3 } } } },
    ],
  },
  {
    name: "goes on with an install when the engine that asked for it is gone, and refuses to install over it (W52)",
    type: RELEASE,
    settings: OURS,
    steps: [
      {
        do: "orphaned create",
        inputs: release(GOOD),
        until: FIRST_REVISION,
        with: { metadata: { labels: { status: "deployed" } } },
      },
      { do: "create", inputs: release(GOOD), expect: refused(/cannot re-use a name that is still in use/) },
    ],
  },
  {
    name: "gives up a release at the program's own time limit, where no time scale is set (W58)",
    type: RELEASE,
    settings: OURS,
    steps: [
      {
        do: "create",
        inputs: release(CRASHING, { timeout: 4 }),
        expect: refused(/context deadline exceeded|timed out waiting/),
      },
      { do: "create", inputs: release(GOOD) },
    ],
  },
  {
    name: "finds values that somebody else gave a release (W55)",
    type: RELEASE,
    settings: OURS,
    steps: [
      { do: "create", inputs: release(GOOD, { skipAwait: true, atomic: false }) },
      { do: "outside", helm: ["upgrade", "shop", "chart", "-n", "{place}", `--set=image=${CRASHING}`] },
      {
        do: "refresh",
        expect: { outputs: { values: { image: CRASHING }, status: { revision: 2 } } },
      },
      {
        do: "diff",
        inputs: release(GOOD, { skipAwait: true, atomic: false }),
        expect: { changes: ["values"], replaces: [] },
      },
    ],
  },
  {
    name: "refuses to install a release over one of that name (W51)",
    type: RELEASE,
    settings: OURS,
    steps: [
      { do: "outside", helm: ["install", "shop", "chart", "-n", "{place}", `--set=image=${GOOD}`] },
      {
        do: "create",
        inputs: release(GOOD),
        expect: refused(/cannot re-use a name that is still in use/),
      },
    ],
  },
  {
    name: "leaves an install pending when it is killed, and refuses to install over it (W51)",
    type: RELEASE,
    settings: OURS,
    steps: [
      { do: "killed create", inputs: release(CRASHING, { timeout: 120 }), once: FIRST_REVISION },
      {
        do: "create",
        inputs: release(GOOD),
        expect: refused(/cannot re-use a name that is still in use/),
      },
    ],
  },
];
