import { connectionLimit, objectiveLabel, type StackConfig } from "../../stacks/schema.ts";
import { ENTERED, namespaceOf, SERVICE_NAMES } from "../../stacks/services.ts";
import { Matcher, type Mismatch, mismatches, optional, parsedOnce, type Shape, type World } from "./shape.ts";

type Severity = "page" | "ticket" | "heartbeat";

/** An alert: what makes it fire, after how long, and the labels by which it finds its people. */
interface DeclaredAlert {
  readonly severity: Severity;
  readonly component: "application" | "database" | "cache" | "network" | "platform" | "monitoring";
  readonly expr: string;
  /** @default at once */
  readonly for?: string;
  /** @default no longer than its condition */
  readonly keepFiringFor?: string;
  /** @default the series' namespace */
  readonly service?: string;
  /** It is silenced for as long as a deployment goes on. */
  readonly isCausedByDeployment?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}

const DAY_SECONDS = 86_400;
const ALL = SERVICE_NAMES.map(namespaceOf).join("|");
const SERVED = ENTERED.map(namespaceOf).join("|");
const SCRAPERS = "job, endpoint, service, container, prometheus, prometheus_replica, replica, receive, tenant_id";

/** The growth of each pod's counter in a second, whoever scrapes it. */
function rateOnce(metric: string, labels: string, range: string): string {
  const rate = (pod: string) => `(rate(${metric}{${labels},${pod}}${range}))`;
  return `(max without (${SCRAPERS}, instance) ${rate('pod!=""')} or max without (${SCRAPERS}) ${rate('pod!~".+"')})`;
}

/**
 * What each pod's counter grew by in so many milliseconds, what it first showed counted in where it was looked at before:
 * by its own pod, or by others beside one that nobody knows.
 */
function grown(metric: string, labels: string, up: string, range: string): string {
  const of = (over: (series: string) => string) =>
    `(max without (${SCRAPERS}, instance) (${over(`${metric}{${labels},pod!=""}`)}) or max without (${SCRAPERS}) (${over(`${metric}{${labels},pod!~".+"}`)}))`;
  const earlier = `[5m] offset ${range}`;
  const scraped = `max_over_time(up{${up}}${earlier}) == 1`;
  const known = `max_over_time(up{${up},pod!=""}[1d] offset ${range}) == 1`;
  const beside = `max_over_time(up{${up}}[${range}]) and on (namespace) (${scraped}) unless on (namespace, pod) (${known})`;
  const own = `${scraped} unless on (namespace, pod) (max_over_time(up{${up}}[${range}]) unless max_over_time(up{${up}}${earlier}))`;
  const first = `${of((series) => `last_over_time(${series}[${range}])`)} unless ${of((series) => `last_over_time(${series}${earlier})`)}`;
  const born = `label_replace((${first}) and on (namespace, pod) (${own} or ${beside}), "of", "birth", "", "")`;
  return `sum by (namespace) (max without (of) (${born} or ${of((series) => `increase(${series}[${range}])`)}))`;
}

/** Whom an alert about AWS is about, by what the CloudWatch exporter calls the metric; it is NaN where there is none. */
const aws = (metric: string, stack: string) => `aws_${metric}{custom_tag_stack="${stack}"} >= 0`;
const newest = (series: string, window = "5m:30s") => `last_over_time((${series})[${window}])`;
/** What one failed scrape does not end. */
const held = (series: string) => `last_over_time(${series}[5m])`;
const ofEngine = (metric: string, stack: string, more = "") =>
  `${metric}{namespace="sparki-engine",stack="${stack}"${more}}`;

const WINDOWS = { "5m": 300, "30m": 1800, "1h": 3600, "6h": 21_600 };
const LONG_WINDOWS = ["1d", "3d", "30d"];
const COUNTED = ["requests", "bad"];
type Objective = StackConfig["objectives"][number];

/** The series that an objective's proportion of bad requests is recorded as, by what each is recorded from. */
function recordedOf({ kind }: Objective, objective: string, stack: string): Readonly<Record<string, string>> {
  const served = `namespace=~"${SERVED}",stack="${stack}"`;
  const own = `{objective="${objective}",stack="${stack}"}`;
  const counted = kind.type === "errors" ? "http_requests_total" : "http_request_duration_seconds_count";
  const grew = (metric: string, seconds: number, more = "") =>
    grown(metric, `${served},synthetic="false"${more}`, served, `${seconds}000ms`);
  const bad = (window: string, seconds: number) => {
    const all = `sum by (namespace) (sparki:slo_requests:increase${window}${own})`;
    if (kind.type === "errors") return `${grew(counted, seconds, ',status=~"5.."')} or 0 * ${all}`;
    const bound = String(kind.seconds).replace(".", "\\.") + (Number.isInteger(kind.seconds) ? "(\\.0)?" : "");
    const quick = grew("http_request_duration_seconds_bucket", seconds, `,le=~${JSON.stringify(bound)}`);
    return `clamp_min(${all} - ${quick}, 0)`;
  };
  const short = Object.entries(WINDOWS).flatMap(([window, seconds]) => [
    [`sparki:slo_requests:increase${window}`, grew(counted, seconds)],
    [`sparki:slo_bad:increase${window}`, bad(window, seconds)],
  ]);
  const rates = COUNTED.map((of) => [`sparki:slo_${of}:rate5m`, `sparki:slo_${of}:increase5m${own} / 300`]);
  // Rates are recorded every 30 s.
  const long = LONG_WINDOWS.flatMap((window) =>
    COUNTED.map((of) => [
      `sparki:slo_${of}:increase${window}`,
      `30 * sum_over_time(sparki:slo_${of}:rate5m${own}[${window}])`,
    ]),
  );
  const ratios = [...Object.keys(WINDOWS), ...LONG_WINDOWS].map((window) => [
    `sparki:slo_bad:ratio_rate${window}`,
    `sparki:slo_bad:increase${window}${own} / (sparki:slo_requests:increase${window}${own} > 0)`,
  ]);
  return Object.fromEntries([...short, ...rates, ...long, ...ratios]);
}

/** The pairs of windows that burn a budget too fast, and by what factor. */
const BURNS = [
  ["Fast", "1h", "5m", 14.4, "page", { keepFiringFor: "15m" }],
  ["Medium", "6h", "30m", 6, "page", {}],
  ["Slow", "3d", "6h", 1, "ticket", {}],
] as const;

function burnsOf({ maxRatio }: Objective, objective: string, stack: string): [string, DeclaredAlert][] {
  const named = objective.replaceAll(/(?:^|-)([a-z0-9])/g, (_, first: string) => first.toUpperCase());
  const own = `{objective="${objective}",stack="${stack}"}`;
  const ratio = (window: string, factor: number) =>
    `sparki:slo_bad:ratio_rate${window}${own} > ${factor} * ${maxRatio}`;
  // One bad request of a quiet hour calls nobody: three do.
  const enough = (window: string) => `sparki:slo_bad:increase${window}${own} > 2.5`;
  // What not even failing every request could reach has no alert.
  return BURNS.filter(([, , , factor]) => factor * maxRatio < 1).map(([speed, long, short, factor, severity, more]) => [
    `${named}BudgetBurn${speed}`,
    {
      ...more,
      severity,
      component: "application",
      expr: `${ratio(long, factor)} and ${ratio(short, factor)} and ${enough(long)}`,
      labels: { burn_windows: `${long}/${short}` },
    },
  ]);
}

/** No pod of a service answers Prometheus, though one did within a month. */
function missingOf(namespace: string, stack: string): DeclaredAlert {
  const up = `up{namespace="${namespace}",stack="${stack}"}`;
  const silent = `sum by (namespace) (${up}) == 0 or absent(${up})`;
  const expr = `(${silent}) and on () max(max_over_time(${up}[30d])) > 0`;
  return { severity: "page", component: "monitoring", expr, for: "5m" };
}

function failing(component: "database" | "cache", metric: string, stack: string): DeclaredAlert {
  const rate = (more = "") => `sum by (namespace) (rate(${ofEngine(metric, stack, more)}[5m]))`;
  const expr = `${rate(',result="error"')} / (${rate()} > 0) > 0.01`;
  return { severity: "ticket", component, expr, for: "5m" };
}

/** Alerts that compare a day which the config has with today. */
const overdue = (component: "database" | "cache", service: string, fact: string, days: number): DeclaredAlert => ({
  severity: "ticket",
  component,
  service,
  expr: `time() - ${fact} > ${days * DAY_SECONDS}`,
});

const page = (component: DeclaredAlert["component"], expr: string, wait: string, service?: string): DeclaredAlert => ({
  severity: "page",
  component,
  expr,
  for: wait,
  ...(service !== undefined && { service }),
});
const ticket = (...args: Parameters<typeof page>): DeclaredAlert => ({ ...page(...args), severity: "ticket" });
const silenced = (alert: DeclaredAlert): DeclaredAlert => ({ ...alert, isCausedByDeployment: true });

function stopped(stack: string): string {
  const users = `namespace=~"${SERVED}",stack="${stack}"`;
  const own = `${users},synthetic="false"`;
  const before = `sum by (namespace) (${rateOnce("http_requests_total", own, "[10m] offset 1h")})`;
  const now = grown("http_requests_total", own, users, "600000ms");
  const firing = `max by (service) (ALERTS{alertname="RequestsStopped",alertstate="firing",stack="${stack}"})`;
  // Once it fires it is over with the next request, and not when the hour before was as quiet.
  const begun = `sum by (namespace) (label_replace(${firing}, "namespace", "$1", "service", "(.*)"))`;
  return `((${before} > 1 or ${begun}) unless ${now} > 0) and sum by (namespace) (up{${users}}) > 0`;
}

/** What no number comes of, though one did within a month; of the database even if none ever did. */
function noNumbers(stack: string): string {
  const missing = (metric: string) => `absent(${aws(metric, stack)})`;
  const seen = (metric: string) => `${missing(metric)} and count(${newest(aws(metric, stack), "30d:1h")})`;
  const named = (what: string, expr: string) => `label_replace(${expr}, "metrics", "${what}", "", "")`;
  return [
    named("RDS", missing("rds_free_storage_space_minimum")),
    named("ElastiCache", seen("elasticache_database_memory_usage_percentage_maximum")),
    named("the load balancer", seen("applicationelb_request_count_sum")),
    named("NAT", seen("natgateway_error_port_allocation_sum")),
    named("the certificate", seen("certificatemanager_days_to_expiry_minimum")),
  ].join(" or ");
}

/** Every alert of a stack, by its name; fires always only where somebody listens for its silence. */
function alertsOf({ stack, config, bound }: World): Readonly<Record<string, DeclaredAlert>> {
  const of = (metric: string) => newest(aws(metric, stack));
  const day = (fact: string) => `sparki:${fact}:since_seconds{stack="${stack}"}`;
  const fleets = (metric: string) =>
    `sum by (namespace) (${held(`${metric}{deployment=~".*-fleet",namespace=~"${ALL}"}`)})`;
  const open = `sum by (namespace) (${held(ofEngine("database_connections", stack, ',state="active"'))})`;
  const most = `sum by (namespace) (${held(ofEngine("database_connections_max", stack))})`;
  const limit = `max(sparki:database_connections:limit{stack="${stack}"})`;
  const refused = `sum(${of("applicationelb_httpcode_elb_5_xx_count_sum")})`;
  const asked = `((${refused} + (sum(${of("applicationelb_request_count_sum")}) or vector(0))) > 10)`;
  const counter = `kube_pod_container_status_restarts_total{namespace=~"${ALL}"}`;
  const container = "namespace, pod, container";
  const restarts = `max by (${container}) (increase(${counter}[1h])) and on (${container}) ${held(counter)}`;
  const pending = `max by (namespace, pod) (${held(`kube_pod_status_phase{phase="Pending",namespace=~"${ALL}"}`)})`;
  const running = `max by (namespace, pod) (${held(`kube_pod_status_phase{phase="Running",pod=~".+-(?:one-box|fleet)-.+",namespace=~"${ALL}"}`)}) > 0`;
  const scraped = `(max by (namespace, pod) (max_over_time(up{namespace=~"${ALL}",stack="${stack}"}[5m])) > 0)`;
  const ready = `max by (node) (${held('kube_node_status_condition{condition="Ready",status="true"}')})`;
  // Of a certificate that has ended nothing more comes.
  const expiry = "certificatemanager_days_to_expiry_minimum";
  const days = `(min(${of(expiry)}) or min(${newest(aws(expiry, stack), "7d:1h")}))`;
  return {
    ...Object.fromEntries(config.objectives.flatMap((one) => burnsOf(one, objectiveLabel(one), stack))),
    ...Object.fromEntries(
      SERVICE_NAMES.map((service) => [
        `${service.charAt(0).toUpperCase()}${service.slice(1)}MetricsMissing`,
        missingOf(namespaceOf(service), stack),
      ]),
    ),
    RequestsStopped: page("application", stopped(stack), "2m"),
    DatabaseConnectionsExhausted: ticket("database", `${open} / ${most} > 0.9`, "10m"),
    DatabaseFailing: failing("database", "database_queries_total", stack),
    CacheFailing: failing("cache", "cache_commands_total", stack),
    DatabaseStorageLow: ticket("database", `min(${of("rds_free_storage_space_minimum")}) < 10e9`, "15m", "rds"),
    DatabaseStorageFull: page("database", `min(${of("rds_free_storage_space_minimum")}) < 2e9`, "1m", "rds"),
    DatabaseCpuHigh: silenced(ticket("database", `avg(${of("rds_cpuutilization_average")}) > 90`, "15m", "rds")),
    DatabaseConnectionsHigh: ticket(
      "database",
      `max(${of("rds_database_connections_maximum")}) / ${limit} > 0.8`,
      "5m",
      "rds",
    ),
    CacheMemoryHigh: ticket(
      "cache",
      `max(${of("elasticache_database_memory_usage_percentage_maximum")}) > 85`,
      "10m",
      "redis",
    ),
    CacheEvicting: ticket("cache", `sum(${of("elasticache_evictions_sum")}) > 0`, "10m", "redis"),
    CacheReplicaLag: ticket("cache", `max(${of("elasticache_replication_lag_maximum")}) > 10`, "5m", "redis"),
    LoadBalancerFailing: page("network", `${refused} / ${asked} > 0.05`, "3m", "load-balancer"),
    LoadBalancerRejecting: page(
      "network",
      `sum(${of("applicationelb_rejected_connection_count_sum")}) > 0`,
      "3m",
      "load-balancer",
    ),
    NatPortsExhausted: ticket("network", `sum(${of("natgateway_error_port_allocation_sum")}) > 0`, "5m", "nat"),
    CertificateExpiring: ticket("network", `${days} < 30`, "1h", "certificate"),
    CertificateEnding: page("network", `${days} < 5`, "1h", "certificate"),
    CloudWatchMetricsMissing: ticket("monitoring", noNumbers(stack), "30m", "cloudwatch-exporter"),
    NodeNotReady: ticket("platform", `${ready} == 0`, "15m", "cluster"),
    PodsPending: silenced(ticket("platform", `sum by (namespace) (${pending}) > 0`, "10m")),
    PodsRestarting: silenced(ticket("platform", `sum by (namespace) (${restarts}) > 3`, "1m")),
    FleetUnavailable: page(
      "platform",
      `${fleets("kube_deployment_status_replicas_available")} / (${fleets("kube_deployment_spec_replicas")} > 0) < 0.5`,
      "5m",
    ),
    ClusterMetricsMissing: ticket(
      "monitoring",
      'absent(kube_pod_status_phase{namespace="sparki-engine"})',
      "15m",
      "kube-state-metrics",
    ),
    PodMetricsMissing: ticket(
      "monitoring",
      `count by (namespace) ((${running} unless on (namespace, pod) ${scraped}) and on (namespace) ${scraped})`,
      "15m",
    ),
    AlertRulesFailing: ticket(
      "monitoring",
      'sum(max by (rule_group) (increase(prometheus_rule_evaluation_failures_total{rule_group=~".*;sparki-.*"}[15m]))) > 0',
      "20m",
      "alerting",
    ),
    RestoreDrillOverdue: overdue("database", "drill", day("restore_test"), 85),
    CacheRestoreDrillOverdue: overdue("cache", "drill", day("cache_restore_test"), 85),
    PasswordsOld: overdue("database", "passwords", day("passwords"), 76),
    ...(bound.heartbeat === undefined
      ? {}
      : { Watchdog: { severity: "heartbeat", component: "monitoring", service: "alerting", expr: "vector(1)" } }),
  };
}

/** What no metric tells, as the config has it: the days of secrets and drills, and what the database's class allows. */
function factsOf({ database, cache, preflight }: StackConfig): Readonly<Record<string, number | undefined>> {
  const [passwords = ""] = [database.passwordsSince, cache.authTokenSince].sort();
  const seconds = (day: string | undefined) => (day === undefined ? undefined : Date.parse(day) / 1000);
  return {
    "sparki:passwords:since_seconds": seconds(passwords),
    "sparki:restore_test:since_seconds": seconds(preflight.restoreTest?.on),
    "sparki:cache_restore_test:since_seconds": seconds(preflight.cacheRestoreTest?.on),
    "sparki:database_connections:limit": connectionLimit(database.instanceClass),
  };
}

/** One line for whoever is told: words and the alert's own labels and value, and neither a link nor a mention. */
const SUMMARY = new Matcher(
  "a line of words, labels and the value, without a link or a mention",
  (value, { config }) => {
    if (typeof value !== "string") return false;
    // What the config calls an objective may look like either, and is no program's to choose.
    const own = config.objectives.reduce((text, { name }) => text.replaceAll(`"${name}"`, '""'), value);
    const isWords = /^(?:[^{}\r\n]|\{\{ \$(?:labels\.\w+|value(?: \| humanize\w*)?) \}\})+$/.test(own);
    return isWords && !/:\/\/|<\S|@/.test(own);
  },
);

/** Every rule of the stack by what names it: an alert's name, or a record's with its objective. */
function rulesOf(world: World): Readonly<Record<string, Shape>> {
  const { stack, config } = world;
  const alerts = Object.entries(alertsOf(world)).map(([alert, declared]) => {
    const { severity, component, expr, service = "{{ $labels.namespace }}", labels, isCausedByDeployment } = declared;
    const shape: Shape = {
      alert,
      expr,
      ...(declared.for !== undefined && { for: declared.for }),
      ...(declared.keepFiringFor !== undefined && { keep_firing_for: declared.keepFiringFor }),
      labels: {
        ...labels,
        ...{ stack, severity, component, service, namespace: "sparki-monitoring" },
        ...(isCausedByDeployment === true && { caused_by: "deployment" }),
      },
      annotations: {
        summary: SUMMARY,
        runbook_url: `${config.runbookUrl}/docs/alerts.md#${alert.toLowerCase()}`,
      },
    };
    return [alert, shape];
  });
  const recorded = config.objectives.flatMap((one) => {
    const objective = objectiveLabel(one);
    return Object.entries(recordedOf(one, objective, stack)).map(([record, expr]) => [
      `${record} of ${objective}`,
      { record, expr, labels: { objective, stack } },
    ]);
  });
  const facts = Object.entries(factsOf(config)).flatMap(([record, value]) =>
    value === undefined ? [] : [[record, { record, expr: `vector(${value})`, labels: { stack } }]],
  );
  return Object.fromEntries([...recorded, ...facts, ...alerts]);
}

const GROUP: Readonly<Record<string, Shape>> = {
  name: new Matcher("a group's name", (value) => typeof value === "string" && /^[a-z0-9-]+$/.test(value)),
  interval: optional(
    new Matcher("a duration up to 5m", (value) => typeof value === "string" && /^([1-9]\d?s|[1-5]m)$/.test(value)),
  ),
  rules: new Matcher(
    "rules",
    (value) => Array.isArray(value) && value.every((rule) => typeof rule === "object" && rule !== null),
  ),
};

function nameOf(rule: unknown): string {
  const { alert, record, labels } = Object(rule);
  const { objective } = Object(labels);
  return `${alert ?? record}${alert === undefined && objective !== undefined ? ` of ${objective}` : ""}`;
}

/** In what the groups differ from the stack's rules, each of which is there once. */
function differences(value: unknown, world: World, path: string): Mismatch[] {
  if (!Array.isArray(value)) return [{ path, expected: "groups of rules" }];
  const around = value.flatMap((group, index) => mismatches(() => group, GROUP, world, `${path}[${index}]`));
  if (around.length > 0) return around;
  const rules: unknown[] = value.flatMap((group) => Object(group).rules);
  const twice = rules.map(nameOf).filter((name, index, names) => names.indexOf(name) !== index);
  if (twice.length > 0) return twice.map((name) => ({ path: `${path}.${name}`, expected: "to be there once" }));
  const named = Object.fromEntries(rules.map((rule) => [nameOf(rule), rule]));
  return mismatches(() => named, rulesOf(world), world, path);
}

/**
 * The groups of a stack's rules: every alert, and everything that alerts are computed from, as it is declared here. One
 * that is left out, waits longer or asks another thing tells nobody of what it is there for.
 */
export const RULES = new Matcher(
  "every rule of policies/declared/monitoring.ts, and no other",
  (value, world) => differences(value, world, "").length === 0,
  { differences },
);

type Contact = keyof StackConfig["contacts"];

const matched = (name: string, matchType: string, value: string) => ({ name, matchType, value });
const flag = (wanted: boolean) => new Matcher(`${wanted}`, (value) => value === wanted);

/** How soon, and how often, whoever is told hears of an alert. */
const PAGE_PACE = { groupWait: "10s", groupInterval: "1m", repeatInterval: "1h" };
const TICKET_PACE = { groupWait: "30s", groupInterval: "5m", repeatInterval: "12h" };

const route = (receiver: Contact, label: string, value: string, goesOn: boolean): Shape => ({
  receiver,
  matchers: [matched(label, "=", value)],
  continue: flag(goesOn),
  ...(value === "page" ? PAGE_PACE : TICKET_PACE),
});
/** Owners of a component hear of its alerts besides; what no route takes goes to the platform's people. */
const ROUTES: readonly Shape[] = [
  route("database", "component", "database", true),
  route("infrastructure", "component", "cache", true),
  route("infrastructure", "component", "network", true),
  route("incidents", "severity", "page", false),
  route("platform", "severity", "ticket", false),
];
/** Told again within a minute, so that its end is noticed. */
const HEARTBEAT_ROUTE: Shape = {
  receiver: "heartbeat",
  matchers: [matched("severity", "=", "heartbeat")],
  continue: flag(false),
  groupWait: "10s",
  groupInterval: "30s",
  repeatInterval: "50s",
};

const told = (which: string) => `{{ range .Alerts.${which} }}{{ .Annotations.summary }} {{ end }}`;
const SUMMARIES = `${told("Firing")}{{ if eq .Status "resolved" }}${told("Resolved")}{{ end }}`;
const RUNBOOK = "{{ .CommonAnnotations.runbook_url }}";
const NAMED = "{{ .CommonLabels.alertname }}";
const slackKey = (key: string) => ({ name: "slack", key });
const onCallKey = (key: string) => ({ name: "on-call", key });

/** Posts in the channel of that contact, and names whom the config names. */
const slackOf = (contact: Contact): Shape => ({
  apiURL: slackKey("address"),
  httpConfig: optional({ authorization: { credentials: slackKey("token") } }),
  channel: new Matcher(
    `the channel of sparki:contacts.${contact}`,
    (value, { config }) => value === config.contacts[contact].channel,
  ),
  sendResolved: optional(true),
  linkNames: optional(true),
  title: `[{{ .Status | toUpper }}] ${NAMED}: {{ .CommonLabels.service }} ({{ .CommonLabels.stack }})`,
  titleLink: RUNBOOK,
  text: new Matcher(
    `the mention of sparki:contacts.${contact}, and what its alerts say`,
    (value, { config }) =>
      value === `{{ if eq .Status "firing" }}${config.contacts[contact].mention} {{ end }}${SUMMARIES}`,
  ),
});

const REGIONS = { us: "", eu: "eu." } as const;
/** The service's own address in the region of the config. */
const address = (of: (region: string) => string) =>
  new Matcher("the service's own address", (value, { config }) => value === of(REGIONS[config.onCall.region]));

/** Events of PagerDuty's and Opsgenie's, by the keys in the program's own Secret. */
const WAKING = {
  pagerduty: (severity: "page" | "ticket"): Shape => ({
    routingKey: onCallKey("pagerduty"),
    url: address((region) => `https://events.${region}pagerduty.com/v2/enqueue`),
    sendResolved: optional(true),
    severity: severity === "page" ? "critical" : "warning",
    description: `${NAMED} ({{ .CommonLabels.stack }}): ${SUMMARIES}`,
    component: "{{ .CommonLabels.component }}",
    group: "{{ .CommonLabels.service }}",
    clientURL: RUNBOOK,
  }),
  opsgenie: (severity: "page" | "ticket"): Shape => ({
    apiKey: onCallKey("opsgenie"),
    apiURL: address((region) => `https://api.${region}opsgenie.com/`),
    sendResolved: optional(true),
    priority: severity === "page" ? "P1" : "P3",
    message: `${NAMED} ({{ .CommonLabels.stack }})`,
    description: `${SUMMARIES}${RUNBOOK}`,
    source: "{{ .CommonLabels.service }}",
  }),
};

const HEARTBEAT: Shape = {
  name: "heartbeat",
  webhookConfigs: [{ urlSecret: onCallKey("heartbeat"), sendResolved: flag(false) }],
};
/** Which contact hears of what, and whom else that wakes. */
const RECEIVERS: readonly (readonly [contact: Contact, wakes?: "page" | "ticket"])[] = [
  ["platform", "ticket"],
  ["incidents", "page"],
  ["database"],
  ["infrastructure"],
];

/** The receivers of a release that reaches Slack, or those on call, or both; each is there, and reaches what it can. */
function receiversOf({ bound }: World): Shape[] {
  const contacts = RECEIVERS.map(([name, wakes]): Shape => {
    const services = wakes === undefined ? [] : (bound[wakes] ?? "").split(" ");
    return {
      name,
      ...(bound.receiver === "slack" && { slackConfigs: [slackOf(name)] }),
      ...(wakes !== undefined && services.includes("pagerduty") && { pagerdutyConfigs: [WAKING.pagerduty(wakes)] }),
      ...(wakes !== undefined && services.includes("opsgenie") && { opsgenieConfigs: [WAKING.opsgenie(wakes)] }),
    };
  });
  return [...(bound.heartbeat === undefined ? [] : [HEARTBEAT]), ...contacts];
}

/** Exactly this list, as the release's values make it. */
const listed = (expects: string, of: (world: World) => readonly Shape[]) =>
  new Matcher(expects, (value, world) => mismatches(() => value, of(world), world).length === 0);

/** Alerts go to Slack, PagerDuty, Opsgenie and the heartbeat, by the program's own secrets, and nowhere else. */
export const ROUTING: Shape = {
  route: {
    receiver: "platform",
    groupBy: ["alertname", "service", "stack"],
    ...TICKET_PACE,
    routes: listed("the routes of policies/declared/monitoring.ts", ({ bound }) => [
      ...(bound.heartbeat === undefined ? [] : [HEARTBEAT_ROUTE]),
      ...ROUTES,
    ]),
  },
  // A rule that any alert sets off would silence all others.
  inhibitRules: [
    {
      sourceMatch: [matched("severity", "=", "page"), matched("objective", "!=", "")],
      targetMatch: [matched("severity", "=", "ticket")],
      equal: ["objective", "service", "stack"],
    },
  ],
  receivers: listed(
    "receivers that reach Slack, and whom sparki:onCall names, as policies/declared/monitoring.ts says",
    receiversOf,
  ),
};

/** What leads elsewhere, or is more than text, to a browser. */
const LEADS_ELSEWHERE = /[\w+.-]+:\/\/|(^|[\s("'=\]])\/\/|\b(javascript|vbscript|data)\s*:|<\/?[a-z!]|\p{Cc}/iu;

/** All that a dashboard of this deployment tells Grafana: graphs of questions to Prometheus, and no link, page or text of its own. */
const DASHBOARD_KEYS = new Set(
  [
    "annotations calcs color custom datasource defaults description displayMode editable enable expr fieldConfig from",
    "graphTooltip gridPos h hide iconColor id instant label legend legendFormat list mode name options overrides panels",
    "placement query range reduceOptions refId refresh schemaVersion showLegend step steps tagKeys tags targets templating",
    "textFormat textMode thresholds thresholdsStyle time timezone title titleFormat to type uid unit value version w x y",
  ].flatMap((names) => names.split(" ")),
);
const DASHBOARD_TYPES = new Set(["bargauge", "dashboard", "datasource", "prometheus", "stat", "timeseries"]);
/** Grafana reads Markdown and what looks like an address in it; of these signs and words none is made. */
const WORDS = /^[\p{L}\p{N} .,;:()%+'{}$_=~!?*-]*$/u;
const ADDRESS = /\bwww\.|:\S/i;

/** One dashboard, in which nothing leads elsewhere or is more than text: Grafana shows it to whoever is on call. */
function isDashboard(text: unknown, { config }: World): boolean {
  const parsed = typeof text === "string" ? parsedOnce(text) : undefined;
  if (typeof parsed !== "object" || parsed === null) return false;
  // What the config calls an objective may look like either, and is no program's to choose.
  const objectives = config.objectives.map(({ name }) => name);
  // As a browser gets it: what JSON writes by escapes, or in parts, is the same text.
  return isPlain(parsed, "", objectives);
}

function isPlain(value: unknown, key: string, objectives: readonly string[]): boolean {
  if (typeof value === "object" && value !== null)
    return Object.entries(value).every(
      ([name, inner]) =>
        (Array.isArray(value) || DASHBOARD_KEYS.has(name)) &&
        isPlain(inner, Array.isArray(value) ? key : name, objectives),
    );
  if (typeof value !== "string") return true;
  if (LEADS_ELSEWHERE.test(value)) return false;
  if (key === "type") return DASHBOARD_TYPES.has(value);
  if (key === "expr") return true;
  const own = objectives.reduce((text, name) => text.replaceAll(name, "objective"), value);
  return WORDS.test(own) && !ADDRESS.test(own);
}

export const DASHBOARDS = new Matcher(
  "one dashboard as JSON, of graphs and words, without a link, a page or a script",
  (value, world) =>
    Object.entries(Object(value)).every(([key, text]) => /^[a-z-]+\.json$/.test(key) && isDashboard(text, world)),
);
