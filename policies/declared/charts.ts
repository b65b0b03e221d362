import ipaddr from "ipaddr.js";
import type { StackConfig } from "../../stacks/schema.ts";
import {
  byService,
  namespaceOf,
  SERVICE_NAMES,
  type Service,
  type ServiceName,
  type Store,
  serviceOf,
} from "../../stacks/services.ts";
import {
  bounded,
  COUNT,
  containerSecurity,
  HOSTS,
  isWhole,
  LINE,
  only,
  PULL,
  podSecurity,
  QUANTITIES,
  RELEASE_ID,
  SOME,
} from "./jobs.ts";
import { DASHBOARDS, ROUTING, RULES } from "./monitoring.ts";
import {
  config,
  listOf,
  Matcher,
  matching,
  mismatches,
  oneOf,
  optional,
  type Shape,
  type World,
  yaml,
} from "./shape.ts";

/** Stands in what is rendered for a text that preview does not know. */
export const UNKNOWN_TEXT = "unknown-in-preview";

/** What selects the pods of this release, and no others. */
const SELECTED = {
  "app.kubernetes.io/name": "sparki-{chart}",
  "app.kubernetes.io/instance": "{release}",
  "sparki.tools/track": "{track}",
};
const LABELS = {
  "app.kubernetes.io/name": "sparki-{chart}",
  "app.kubernetes.io/instance": "{release}",
  "app.kubernetes.io/part-of": "sparki",
  "app.kubernetes.io/managed-by": "Helm",
  "sparki.tools/track": optional("{track}"),
  "sparki.tools/release": optional(RELEASE_ID),
  grafana_dashboard: optional("1"),
};
const ANNOTATIONS = optional(
  only(/^(sparki\.tools\/[a-z-]+|kubectl\.kubernetes\.io\/default-container)$/, "annotations of this deployment"),
);
const metadataOf = (name: Shape) => ({ name, namespace: "{namespace}", labels: LABELS, annotations: ANNOTATIONS });
const metadata = metadataOf("{release}");
const selector = { matchLabels: SELECTED };

type Networks = (config: StackConfig) => readonly string[];
const subnets =
  (from: number): Networks =>
  ({ network }) => {
    const [first, second] = network.cidr.split(".");
    return network.zones.map((_, index) => `${first}.${second}.${from + index}.0/24`);
  };
const LOAD_BALANCER = subnets(128);
const DATA = subnets(144);
const RESOLVER: Networks = () => ["172.20.0.10/32"];

/** Peers that are networks, each of which lies within one of those declared, by their addresses. */
const within = (declared: Networks, what: string) =>
  new Matcher(`addresses within ${what}`, (value, world) => {
    const peers: readonly unknown[] = Array.isArray(value) ? value : [];
    return peers.length > 0 && peers.every((peer) => isWithin(peer, declared(world.config)));
  });

function isWithin(peer: unknown, networks: readonly string[]): boolean {
  const { ipBlock, ...more } = Object(peer);
  const { cidr, ...excepted } = Object(ipBlock);
  if (Object.keys(more).length > 0 || Object.keys(excepted).length > 0) return false;
  if (typeof cidr !== "string" || !ipaddr.isValidCIDR(cidr)) return false;
  const [address, bits] = ipaddr.parseCIDR(cidr);
  // Readers differ in what they take 010.0.0.0 for, and in what bits of a host are for.
  if (address.kind() !== "ipv4" || `${ipaddr.IPv4.networkAddressFromCIDR(cidr)}/${bits}` !== cidr) return false;
  return networks.some((network) => {
    const [base, length] = ipaddr.parseCIDR(network);
    return bits >= length && address.match(base, length);
  });
}

const ports = (port: Shape, ...protocols: readonly string[]) => protocols.map((protocol) => ({ protocol, port }));
const prometheus = [
  {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "sparki-monitoring" } },
    podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
  },
];
const fromLoadBalancer = { from: within(LOAD_BALANCER, "the load balancer's subnets"), ports: ports(8080, "TCP") };
const fromPrometheus = { from: prometheus, ports: ports(8080, "TCP") };
const networkPolicy = (name: Shape, spec: Shape) => ({
  apiVersion: "networking.k8s.io/v1",
  kind: "NetworkPolicy",
  metadata: metadataOf(name),
  spec,
});
const reach = ({ stores, entrance }: Service) =>
  networkPolicy("{release}", {
    podSelector: selector,
    policyTypes: ["Ingress", "Egress"],
    ingress: entrance === undefined ? [fromPrometheus] : [fromLoadBalancer, fromPrometheus],
    egress: [
      ...(stores.length > 0
        ? [{ to: within(RESOLVER, "the cluster's resolver"), ports: ports(53, "UDP", "TCP") }]
        : []),
      ...stores.map((store) => ({ to: within(DATA, "the database subnets"), ports: ports(STORES[store].port, "TCP") })),
    ],
  });

const probeOf = (path: Shape) => ({
  httpGet: { path, port: "http" },
  periodSeconds: optional(bounded(1, 60)),
  timeoutSeconds: optional(bounded(1, 60)),
  failureThreshold: optional(bounded(1, 60)),
  successThreshold: optional(bounded(1, 60)),
  initialDelaySeconds: optional(bounded(0, 300)),
});
/** What says that the process is alive: nothing that a store which is down would make untrue. */
const alive = probeOf("/health");
const ready = probeOf(matching("a path other than /health", /^\/(?!health$)[\w./-]*$/));
/** Variables, each of them once at most, with the value that is declared for its name. */
const environmentOf = (declared: Readonly<Record<string, Shape>>) =>
  new Matcher(`${Object.keys(declared).join(", ")}, each once and as declared`, (value, world) => {
    if (!Array.isArray(value)) return false;
    const names = new Set(value.map((variable) => Object(variable).name));
    if (names.size !== Object.keys(declared).length) return false;
    const isDeclared = (variable: unknown) => {
      const shape = declared[String(Object(variable).name)];
      return shape !== undefined && mismatches(() => variable, { name: LINE, value: shape }, world).length === 0;
    };
    return names.size === value.length && value.every(isDeclared);
  });
const releaseId = config("release.id", ({ release }) => release.id);
/** A class of secrets of the release's own: of the database's there is one for each rotation. */
const ownClass = (purpose: string) =>
  new Matcher(`{release}-${purpose}, with the beginning of a digest`, (value, { bound }) => {
    const own = `${bound.release}-${purpose}`;
    return value === own || (typeof value === "string" && value.replace(/-[0-9a-f]{8}$/, "") === own);
  });
const secretVolume = (purpose: string) => ({
  name: `${purpose}-secret`,
  csi: {
    driver: "secrets-store.csi.k8s.io",
    readOnly: true,
    volumeAttributes: { secretProviderClass: ownClass(purpose) },
  },
});
const secretMount = (name: string) => ({ name: `${name}-secret`, mountPath: `/mnt/secrets/${name}`, readOnly: true });

/** What each store is asked at, what pods are told of it, and which secret of the stack's lets them in. */
const STORES: Readonly<Record<Store, StoreAccess>> = {
  database: {
    port: 5432,
    environment: {
      DATABASE_HOST: oneOf(UNKNOWN_TEXT, HOSTS.database),
      DATABASE_PORT: "5432",
      DATABASE_NAME: "sparki",
    },
    secret: "database/application-",
  },
  cache: {
    port: 6379,
    environment: { CACHE_HOST: oneOf(UNKNOWN_TEXT, HOSTS.cache), CACHE_PORT: "6379" },
    secret: "cache-",
  },
};

interface StoreAccess {
  readonly port: number;
  readonly environment: Readonly<Record<string, Shape>>;
  readonly secret: string;
}

const SURGE = matching("a share of the pods", /^(?:[1-9]\d?|100)%$/);
/** Preferences, which never keep a pod from a place. */
const SPREAD = {
  maxSkew: COUNT,
  topologyKey: matching("a topology of Kubernetes", /^(topology\.kubernetes\.io\/zone|kubernetes\.io\/hostname)$/),
  whenUnsatisfiable: "ScheduleAnyway",
  nodeTaintsPolicy: optional("Honor"),
  labelSelector: selector,
  matchLabelKeys: optional(["pod-template-hash"]),
};
const APART = { weight: COUNT, podAffinityTerm: { topologyKey: "kubernetes.io/hostname", labelSelector: selector } };
/** Of a stack with one zone there is none to spread over. */
const SPREAD_WHERE_ZONES = new Matcher(
  "pods that are spread over the zones",
  (value, world) => mismatches(() => value, [SPREAD], world).length === 0,
  { isOptional: ({ config }) => config.network.zones.length === 1 },
);
/** A fleet that may be busier than that never grows; one that grows sooner has no end. */
const PERCENTAGE = bounded(10, 90);
/** In the bounds that Kubernetes takes. */
const POLICY = { type: oneOf("Percent", "Pods"), value: bounded(1, 1000), periodSeconds: bounded(1, 1800) };
const SCALING = {
  stabilizationWindowSeconds: bounded(0, 3600),
  policies: new Matcher(
    "one to four policies",
    (value, world) =>
      Array.isArray(value) &&
      isWhole(value.length, 1, 4) &&
      mismatches(() => value, listOf(POLICY), world).length === 0,
  ),
};

const deployment = (name: ServiceName, { stores }: Service) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata,
  spec: {
    replicas: optional(SOME),
    revisionHistoryLimit: bounded(1, 100),
    progressDeadlineSeconds: bounded(60, 3600),
    minReadySeconds: optional(COUNT),
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: SURGE } },
    selector,
    template: {
      // By these, gates know whose requests they count.
      metadata: {
        labels: { ...LABELS, "sparki.tools/track": "{track}", "sparki.tools/release": releaseId },
        annotations: ANNOTATIONS,
      },
      spec: {
        serviceAccountName: "{chart}",
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        // Longer than preStop's sleep: who is still served then is not killed with it.
        terminationGracePeriodSeconds: bounded(60, 600),
        securityContext: podSecurity,
        imagePullSecrets: PULL,
        topologySpreadConstraints: SPREAD_WHERE_ZONES,
        affinity: optional({ podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [APART] } }),
        containers: [
          {
            name: "{chart}",
            image: config("release.images", ({ release }) => release.images[name]),
            imagePullPolicy: "IfNotPresent",
            ports: [{ name: "http", containerPort: 8080, protocol: "TCP" }],
            env: environmentOf({
              RELEASE_ID: releaseId,
              TRACK: "{track}",
              ...Object.assign({}, ...stores.map((store) => STORES[store].environment)),
            }),
            startupProbe: alive,
            readinessProbe: ready,
            livenessProbe: alive,
            // At least what a target group takes to send a pod no more requests.
            lifecycle: { preStop: { sleep: { seconds: bounded(30, 50) } } },
            resources: { limits: QUANTITIES, requests: QUANTITIES },
            securityContext: containerSecurity,
            volumeMounts: [{ name: "tmp", mountPath: "/tmp" }, ...stores.map(secretMount)],
          },
        ],
        volumes: [
          { name: "tmp", emptyDir: { sizeLimit: matching("a quantity up to 999Mi", /^[1-9]\d{0,2}Mi$/) } },
          ...stores.map(secretVolume),
        ],
      },
    },
  },
});

const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata,
  spec: {
    type: "ClusterIP",
    selector: SELECTED,
    ports: [{ name: "http", port: 8080, targetPort: "http", protocol: "TCP" }],
  },
};
const targetGroupBinding = {
  apiVersion: "eks.amazonaws.com/v1",
  kind: "TargetGroupBinding",
  metadata,
  spec: {
    targetGroupARN: oneOf(
      UNKNOWN_TEXT,
      new Matcher("the target group of this release", (value, { config, bound, stack }) => {
        const own = `arn:aws:elasticloadbalancing:${config.region}:${config.accountId}:targetgroup/`;
        return typeof value === "string" && value.startsWith(`${own}sparki-${stack}-${bound.release}/`);
      }),
    ),
    targetType: "ip",
    serviceRef: { name: "{release}", port: "http" },
  },
};
const disruptionBudget = {
  apiVersion: "policy/v1",
  kind: "PodDisruptionBudget",
  metadata,
  spec: { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector },
};
/** As many pods as the config keeps at least, whatever the load. */
const AUTOSCALED = new Matcher("sparki:floor.replicas at least, up to 200", (value, { config }) =>
  isWhole(value, Math.max(1, config.floor.replicas), 200),
);
const autoscaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata,
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "{release}" },
    minReplicas: AUTOSCALED,
    maxReplicas: AUTOSCALED,
    metrics: [
      { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: PERCENTAGE } } },
    ],
    behavior: { scaleUp: SCALING, scaleDown: SCALING },
  },
};
/** A class by which a pod reads this stack's secrets below that path, and no others. */
const secretProviderClass = (purpose: string, path: string) => {
  const secret = new Matcher(`a secret of this stack, ${path}`, (value, { config, stack }) => {
    const own = `arn:aws:secretsmanager:${config.region}:${config.accountId}:secret:sparki/${stack}/${path}`;
    return value === UNKNOWN_TEXT || (typeof value === "string" && value.startsWith(own));
  });
  const objects = [
    {
      objectName: secret,
      objectType: "secretsmanager",
      jmesPath: listOf({ path: LINE, objectAlias: matching("a file's name", /^[a-z-]+$/) }),
    },
  ];
  return {
    apiVersion: "secrets-store.csi.x-k8s.io/v1",
    kind: "SecretProviderClass",
    metadata: metadataOf(ownClass(purpose)),
    spec: { provider: "aws", parameters: { usePodIdentity: "true", objects: yaml(objects) } },
  };
};

/** A label of metrics that says what the pod's label of Sparki's own says; gates go by it. */
const labelled = (label: string) => ({
  action: "replace",
  sourceLabels: [`__meta_kubernetes_pod_label_sparki_tools_${label}`],
  targetLabel: label,
});
const STACK_LABEL = { action: "replace", targetLabel: "stack", replacement: "{stack}" };
const SCRAPING = matching("a number of seconds up to 60", /^([1-9]|[1-5]\d|60)s$/);
const podMonitor = (namespace: string) => ({
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PodMonitor",
  metadata: metadataOf(namespace),
  spec: {
    jobLabel: "app.kubernetes.io/name",
    namespaceSelector: { matchNames: [namespace] },
    selector: { matchLabels: { "app.kubernetes.io/name": namespace } },
    podMetricsEndpoints: [
      {
        port: "http",
        path: "/metrics",
        interval: SCRAPING,
        scrapeTimeout: SCRAPING,
        relabelings: [labelled("track"), labelled("release"), STACK_LABEL],
      },
    ],
  },
});
const prometheusRule = {
  apiVersion: "monitoring.coreos.com/v1",
  kind: "PrometheusRule",
  metadata,
  spec: { groups: RULES },
};
const dashboard = {
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: metadataOf(matching("a dashboard", /^monitoring-dashboard-[a-z-]+$/)),
  data: DASHBOARDS,
};
const alertmanagerConfig = {
  apiVersion: "monitoring.coreos.com/v1alpha1",
  kind: "AlertmanagerConfig",
  metadata,
  spec: ROUTING,
};

/** What a release of a chart consists of: each of its objects is rendered, and no others are. */
export interface DeclaredObject {
  readonly shape: { readonly [key: string]: Shape };
  /** In which releases it must be: a chart that leaves out an object takes away what the object was for. */
  readonly isPartOf: (world: World) => boolean;
}

type ObjectShape = DeclaredObject["shape"];

const inEvery = (shape: ObjectShape): DeclaredObject => ({ shape, isPartOf: () => true });
const inFleets = (shape: ObjectShape): DeclaredObject => ({ shape, isPartOf: ({ bound }) => bound.track === "fleet" });

/** What the chart of a service renders, by the service's entry. */
function serviceObjects(name: ServiceName): DeclaredObject[] {
  const entry = serviceOf(name);
  return [
    ...[disruptionBudget, autoscaler].map(inFleets),
    ...[service, deployment(name, entry), reach(entry)].map(inEvery),
    ...(entry.entrance === undefined ? [] : [inEvery(targetGroupBinding)]),
    ...entry.stores.map((store) => inEvery(secretProviderClass(store, STORES[store].secret))),
  ];
}

const scraping = networkPolicy("monitoring-scraping", {
  podSelector: { matchLabels: { "app.kubernetes.io/name": "prometheus" } },
  policyTypes: ["Egress"],
  egress: SERVICE_NAMES.map(namespaceOf).map((scraped) => ({
    to: [
      {
        namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": scraped } },
        podSelector: { matchLabels: { "app.kubernetes.io/name": scraped } },
      },
    ],
    ports: ports(8080, "TCP"),
  })),
});

/** Every object that each chart of this repository renders. */
export const CHARTS: Readonly<Record<string, readonly DeclaredObject[]>> = {
  ...byService(serviceObjects),
  monitoring: [
    ...SERVICE_NAMES.map((name) => inEvery(podMonitor(namespaceOf(name)))),
    ...[prometheusRule, dashboard, scraping].map(inEvery),
    { shape: alertmanagerConfig, isPartOf: ({ bound }) => bound.receiver !== undefined },
  ],
};

/**
 * Definitions that Helm installs before anything is rendered, by the SHA-256 of their files; a new version of the
 * operator is reviewed, and its digest put here: `sha256sum apps/charts/monitoring/crds/*`.
 */
export const CRDS: Readonly<Record<string, string>> = {
  "crds/alertmanager-configs.yaml": "31340e9b68f7c9d1401555862b1f36559bb90509d5b1e0ae59cdd6e4b2a29798",
  "crds/pod-monitors.yaml": "72d34d74167ff805eedba0ad8e8caf103340de963afa962722a82ffaeb2700dc",
  "crds/prometheus-rules.yaml": "2892de98b312090fff7da8939cd411741d5b840d6ca4ff0e01498cc85b301668",
};
