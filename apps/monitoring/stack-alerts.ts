import { connectionLimit, type StackConfig } from "../../stacks/schema.ts";
import { namespaceOf, SERVICE_NAMES, TRACK_KINDS } from "../../stacks/services.ts";
import type { Alert } from "./alerts.ts";
import {
  CLOUDWATCH,
  type CloudWatchMetric,
  CONNECTION_LIMIT,
  cloudWatchSeries,
  dataAlerts,
  heldNumber,
} from "./data-alerts.ts";
import { HELD, held, type RuleGroup } from "./rules.ts";

const NAMESPACES = SERVICE_NAMES.map(namespaceOf).join("|");
/** The pods of releases; a Job's are not scraped. */
const TRACKED = `.+-(?:${TRACK_KINDS.join("|")})-.+`;
const DAY_SECONDS = 86_400;

/** What alerts judge by that no metric tells, as the stack's config has it. */
export interface StackFacts {
  /** The day of the oldest secret that the policies want rotated: a password of the database's users, or the token of Redis. */
  readonly passwordsSince: string;
  readonly restoredOn: string | undefined;
  /** The same of the cache. */
  readonly cacheRestoredOn: string | undefined;
  readonly instanceClass: string;
}

/** The facts as the config has them. */
export function factsOf({
  database,
  cache,
  preflight,
}: Pick<StackConfig, "database" | "cache" | "preflight">): StackFacts {
  const { instanceClass } = database;
  const [passwordsSince = database.passwordsSince] = [database.passwordsSince, cache.authTokenSince].sort();
  const [restoredOn, cacheRestoredOn] = [preflight.restoreTest?.on, preflight.cacheRestoreTest?.on];
  return { passwordsSince, restoredOn, cacheRestoredOn, instanceClass };
}

const PASSWORDS = "sparki:passwords:since_seconds";
const RESTORED = "sparki:restore_test:since_seconds";
const CACHE_RESTORED = "sparki:cache_restore_test:since_seconds";

/** The facts as series: so an alert's own text stays the same when a password is rotated. */
export function factRules(stack: string, facts: StackFacts): RuleGroup {
  const { passwordsSince, restoredOn, cacheRestoredOn, instanceClass } = facts;
  const labels = { stack };
  const fact = (record: string, value: number | undefined) =>
    value === undefined ? [] : [{ record, expr: `vector(${value})`, labels }];
  const since = (day: string | undefined) => (day === undefined ? undefined : Date.parse(day) / 1000);
  return {
    name: "sparki-facts",
    interval: "1m",
    rules: [
      ...fact(PASSWORDS, since(passwordsSince)),
      ...fact(RESTORED, since(restoredOn)),
      ...fact(CACHE_RESTORED, since(cacheRestoredOn)),
      ...fact(CONNECTION_LIMIT, connectionLimit(instanceClass)),
    ],
  };
}

/** What was asked of the load balancer: what it had no target for is an error of its own, and no request that AWS counts. */
function balancerAsked(of: (metric: CloudWatchMetric) => string): string {
  return `(sum(${of(CLOUDWATCH.balancerErrors)}) + (sum(${of(CLOUDWATCH.balancerRequests)}) or vector(0)))`;
}

/** ACM tells nothing more of a certificate that has ended: what it told last is then what is known. */
function daysLeft(stack: string): string {
  const days = (window?: string) => `min(${heldNumber(stack, CLOUDWATCH.certificateDays, window)})`;
  return `(${days()} or ${days("7d:1h")})`;
}

/** As long as Prometheus may remember: what came once in that time is known to have been there. */
const SEEN = "30d:1h";

/** The exporter has a job for each of these, which may fail while others do not; a stack has the first from the start. */
function missingNumbers(stack: string): string {
  const absent = (metric: CloudWatchMetric) => `absent(${cloudWatchSeries(stack, metric)} >= 0)`;
  const seen = (metric: CloudWatchMetric) => `${absent(metric)} and count(${heldNumber(stack, metric, SEEN)})`;
  return [
    ["RDS", absent(CLOUDWATCH.databaseFreeBytes)],
    ["ElastiCache", seen(CLOUDWATCH.cacheMemoryPercent)],
    ["the load balancer", seen(CLOUDWATCH.balancerRequests)],
    ["NAT", seen(CLOUDWATCH.natPortErrors)],
    ["the certificate", seen(CLOUDWATCH.certificateDays)],
  ]
    .map(([metrics, missing]) => `label_replace(${missing}, "metrics", "${metrics}", "", "")`)
    .join(" or ");
}

/** The restarts of each container that is still there, in an hour: the kubelet waits five minutes between two. */
function restarts(): string {
  const counter = `kube_pod_container_status_restarts_total{namespace=~"${NAMESPACES}"}`;
  const container = "namespace, pod, container";
  return `${seenOnce(container, `increase(${counter}[1h])`)} and on (${container}) ${held(counter)}`;
}

/** A number of the fleets' pods, by namespace. */
function ofFleets(metric: string): string {
  return `sum by (namespace) (${held(`kube_deployment_${metric}{deployment=~".*-fleet",namespace=~"${NAMESPACES}"}`)})`;
}

/** Each object once, however many kube-state-metrics tell of it: while one replaces another both do. */
function seenOnce(labels: string, series: string): string {
  return `max by (${labels}) (${series})`;
}

/** The pods that run and that Prometheus has not heard of for a while, where it hears of others of the service. */
function unscraped(stack: string): string {
  const pods = seenOnce(
    "namespace, pod",
    held(`kube_pod_status_phase{phase="Running",pod=~"${TRACKED}",namespace=~"${NAMESPACES}"}`),
  );
  const answered = `max by (namespace, pod) (max_over_time(up{namespace=~"${NAMESPACES}",stack="${stack}"}[${HELD}])) > 0`;
  return `count by (namespace) ((${pods} > 0 unless on (namespace, pod) (${answered})) and on (namespace) (${answered}))`;
}

/** Alerts about what the stack stands on at AWS, its cluster, and what people have to do by a day. */
export function stackAlerts(stack: string): Alert[] {
  const of = (metric: CloudWatchMetric) => heldNumber(stack, metric);
  const days = (series: string) => `time() - ${series}{stack="${stack}"}`;
  return [
    ...dataAlerts(stack),
    {
      name: "LoadBalancerFailing",
      severity: "page",
      component: "network",
      service: "load-balancer",
      expr: `sum(${of(CLOUDWATCH.balancerErrors)}) / (${balancerAsked(of)} > 10) > 0.05`,
      for: "3m",
      summary: "The load balancer itself answers {{ $value | humanizePercentage }} of requests with a 5xx",
      page: {
        meaning:
          "More than 5 % of requests get a 5xx that no pod gave: no healthy target, a target that closed the connection, or a time-out. Pods count none of them, so no budget alert sees it. AWS counts as requests only those for which there was a target, so those that failed are added to them.",
        timing: "Fires after 3 minutes above 5 % with more than 10 requests a minute. Ends as soon as it is below.",
        look: [
          "The target groups in the AWS console: how many targets are healthy, and why are others not?",
          "`npx sparki verify`: does the service answer from outside?",
          "`kubectl get pods -A -l app.kubernetes.io/part-of=sparki`: are pods ready, or being killed?",
        ],
        act: [
          "Pods are not ready since a release: `npx sparki rollback`.",
          "Pods are ready and their targets are not: a security group or network policy was changed; put it back.",
        ],
      },
    },
    {
      name: "LoadBalancerRejecting",
      severity: "page",
      component: "network",
      service: "load-balancer",
      expr: `sum(${of(CLOUDWATCH.balancerRejected)}) > 0`,
      for: "3m",
      summary: "The load balancer rejects {{ $value | humanize }} connections a minute",
      page: {
        meaning: "The load balancer has reached the connections that it can hold, and users get none.",
        timing: "Fires after 3 minutes with rejected connections in each. Ends with the first minute without.",
        look: [
          "The load balancer's new and active connections: a rush of users, or an attack?",
          "The web firewall's sampled requests: one client, or many?",
          "Latency: slow pods hold connections open.",
        ],
        act: [
          "An attack: lower the limit a client in `infra/edge.ts`, or block where it comes from; tell AWS's support.",
          "A rush of users: the balancer grows by itself within minutes; raise `maxReplicas` of the service.",
        ],
      },
    },
    {
      name: "NatPortsExhausted",
      severity: "ticket",
      component: "network",
      service: "nat",
      expr: `sum(${of(CLOUDWATCH.natPortErrors)}) > 0`,
      for: "5m",
      summary: "The NAT gateways had no port for {{ $value | humanize }} connections in a minute",
      page: {
        meaning:
          "Connections that leave the cluster fail by chance: pulled images, AWS's APIs, alerts on their way out.",
        timing: "Fires after 5 minutes with failures in each. Ends with the first minute without.",
        look: [
          "The NAT gateways' active connections: which zone?",
          "VPC flow logs: which pod opens connections to where?",
          "A release that opens a connection for each request?",
        ],
        act: [
          "Began with a release: `npx sparki rollback`.",
          "Load has grown: `natGateways: per-zone` of `sparki:network`, or more addresses on the gateway.",
        ],
      },
    },
    {
      name: "CertificateExpiring",
      severity: "ticket",
      component: "network",
      service: "certificate",
      expr: `${daysLeft(stack)} < 30`,
      for: "1h",
      summary: "The certificate ends in {{ $value | humanize }} days and was not renewed",
      page: {
        meaning:
          "AWS renews a certificate 60 days before its end, if it can validate the name by DNS. It has failed to for a month.",
        timing: "Fires an hour after the first value below 30 days. Ends with the renewal.",
        look: [
          "`npx sparki preflight`: delegation, certificate.",
          "The certificate in the AWS console: which name's validation is pending?",
          "`dig` of the validation record by the parent zone's servers.",
        ],
        act: [
          "The validation record is gone: deploy, which makes it again.",
          "The delegation was changed: put the zone's own name servers back into the parent zone.",
        ],
      },
    },
    {
      name: "CertificateEnding",
      severity: "page",
      component: "network",
      service: "certificate",
      expr: `${daysLeft(stack)} < 5`,
      for: "1h",
      summary: "The certificate ends in {{ $value | humanize }} days: then no browser gets in",
      page: {
        meaning: "Fewer than 5 days are left, and AWS has not renewed it for two months.",
        timing:
          "Fires an hour after the first value below 5 days. Ends with the renewal, and not with the certificate: ACM tells nothing of one that has ended, and for a week what it told last counts.",
        look: [
          "The certificate in the AWS console: which name's validation is pending?",
          "`dig` of the validation record by the parent zone's servers.",
          "Who changed the parent zone?",
        ],
        act: [
          "Put delegation and validation record back: AWS then renews within the hour.",
          "The parent zone cannot be changed in time: import a certificate of another authority into ACM and name it in the listener.",
        ],
      },
    },
    {
      name: "CloudWatchMetricsMissing",
      severity: "ticket",
      component: "monitoring",
      service: "cloudwatch-exporter",
      expr: missingNumbers(stack),
      for: "30m",
      summary: "Nothing comes from CloudWatch about {{ $labels.metrics }}: no alert about it can fire",
      page: {
        meaning:
          "Storm's CloudWatch exporter is not there, not scraped, or refused by AWS, or has no number of what is named. See [CloudWatch](production.md#cloudwatch) for how it is set.",
        timing: "Fires 30 minutes after the last value, of RDS even if there was none. Ends with the first.",
        look: [
          "Prometheus's targets: is the exporter scraped?",
          "The exporter's log: what does AWS refuse?",
          "Its settings beside docs/cloudwatch-exporter.yaml.",
        ],
        act: [
          "Ask Storm's people to set it as the page says.",
          "Until then look at the AWS console yourself after each deployment.",
        ],
      },
    },
    {
      name: "NodeNotReady",
      severity: "ticket",
      component: "platform",
      service: "cluster",
      expr: `${seenOnce("node", held('kube_node_status_condition{condition="Ready",status="true"}'))} == 0`,
      for: "15m",
      summary: "Node {{ $labels.node }} of the cluster has not been ready for 15 minutes",
      page: {
        meaning:
          "A node that does not answer takes its pods with it; Auto Mode replaces it within a few minutes, and has not.",
        timing: "Fires after 15 minutes of one node. Ends once it is ready, or five minutes after it is gone.",
        look: [
          "`kubectl get nodes`, `kubectl describe node`: which condition?",
          "The node's instance in the AWS console.",
          "Other nodes of the same zone.",
        ],
        act: [
          "One node: `kubectl delete node NAME`; Auto Mode makes another.",
          "A whole zone: see AWS's health page; the services run on in the others.",
        ],
      },
    },
    {
      name: "PodsPending",
      severity: "ticket",
      component: "platform",
      isCausedByDeployment: true,
      expr: `sum by (namespace) (${seenOnce("namespace, pod", held(`kube_pod_status_phase{phase="Pending",namespace=~"${NAMESPACES}"}`))}) > 0`,
      for: "10m",
      summary: "{{ $value }} pods in {{ $labels.namespace }} have waited for a node for 10 minutes",
      page: {
        meaning:
          "Pods that should serve do not run: no node has room for them, or their image or volume is not available.",
        timing:
          "Fires after 10 minutes. Ends once none waits. Silent during a deployment, whose gates judge its pods themselves.",
        look: [
          "`kubectl describe pod`: what does the scheduler say?",
          "`kubectl get nodeclaims`: does Auto Mode make a node, and what does AWS refuse?",
          "The account's quota of instances: `npx sparki preflight`.",
        ],
        act: [
          "The image cannot be pulled: is it still in the registry, and the pull secret valid?",
          "AWS has no room or the quota is used up: ask for more, or take other instance types.",
        ],
      },
    },
    {
      name: "PodsRestarting",
      severity: "ticket",
      component: "platform",
      isCausedByDeployment: true,
      expr: `sum by (namespace) (${restarts()}) > 3`,
      for: "1m",
      summary: "Containers in {{ $labels.namespace }} restarted {{ $value | humanize }} times in an hour",
      page: {
        meaning: "Containers die and are started again: what they were asked is lost each time.",
        timing:
          "Fires a minute after the fourth restart in an hour. Ends once fewer were in the hour before, or five minutes after the pod is gone. Silent during a deployment.",
        look: [
          "`kubectl get pods`, and `kubectl logs --previous` of one that restarted.",
          "OOMKilled in `kubectl describe pod`: does memory grow with the newest release?",
          "`npx sparki diagnose`",
        ],
        act: [
          "Began with a release: `npx sparki rollback`.",
          "The database or the cache was away: that is the cause; see their alerts.",
        ],
      },
    },
    {
      name: "FleetUnavailable",
      severity: "page",
      component: "platform",
      expr: `${ofFleets("status_replicas_available")} / (${ofFleets("spec_replicas")} > 0) < 0.5`,
      for: "5m",
      summary: "Only {{ $value | humanizePercentage }} of the fleet in {{ $labels.namespace }} is available",
      page: {
        meaning:
          "Less than half of the pods that should serve do. A rolling update never goes so low: something takes pods away.",
        timing: "Fires after 5 minutes below a half. Ends as soon as it is above.",
        look: [
          "`kubectl get pods`, `kubectl get events`: pending, restarting or evicted?",
          "`kubectl get nodes`: a zone that is gone?",
          "`npx sparki diagnose`",
        ],
        act: ["Began with a release: `npx sparki rollback`.", "Nodes are missing: see NodeNotReady and PodsPending."],
      },
    },
    {
      name: "ClusterMetricsMissing",
      severity: "ticket",
      component: "monitoring",
      service: "kube-state-metrics",
      expr: `absent(kube_pod_status_phase{namespace="${namespaceOf("engine")}"})`,
      for: "15m",
      summary: "Nothing comes from kube-state-metrics: no alert about nodes and pods can fire",
      page: {
        meaning:
          "Storm's kube-state-metrics is not there or not scraped, or scraped without `honorLabels: true`, which its `namespace` label needs.",
        timing: "Fires 15 minutes after the last value. Ends with the first.",
        look: [
          "Prometheus's targets: is it scraped?",
          "`kubectl get pods -n sparki-monitoring`",
          "The labels of `kube_pod_status_phase` in Prometheus.",
        ],
        act: ["Ask Storm's people to repair it.", "Until then `npx sparki status` says how the pods are."],
      },
    },
    {
      name: "PodMetricsMissing",
      severity: "ticket",
      component: "monitoring",
      expr: unscraped(stack),
      for: "15m",
      summary:
        "{{ $value }} pods in {{ $labels.namespace }} run and do not answer Prometheus: what they serve is not counted",
      page: {
        meaning:
          "Some of a service's pods are scraped and others are not. The gates and every alert judge by those that are: what the others answer users counts for nothing.",
        timing:
          "Fires after 15 minutes in which a pod ran and was not scraped. Ends once each was. Silent where no pod is scraped, which pages.",
        look: [
          "Prometheus's targets: which pods are down, and the error beside them?",
          "`kubectl get pods -n sparki-engine -o wide`: are they all on one node, or in one zone?",
          "The node's network: network policies, security groups, the node's own health.",
        ],
        act: [
          "One pod: `kubectl delete pod NAME -n NAMESPACE`; its fleet makes another.",
          "All of a node's: `kubectl delete node NAME`; Auto Mode makes another.",
        ],
      },
    },
    {
      name: "AlertRulesFailing",
      severity: "ticket",
      component: "monitoring",
      service: "alerting",
      expr: `sum(${seenOnce("rule_group", 'increase(prometheus_rule_evaluation_failures_total{rule_group=~".*;sparki-.*"}[15m])')}) > 0`,
      for: "20m",
      summary: "Prometheus could not evaluate Sparki's rules {{ $value | humanize }} times in 15 minutes",
      page: {
        meaning:
          "A rule that cannot be evaluated fires for nothing, and what it had fired for is told as over. Prometheus tells it of itself, where it is scraped.",
        timing:
          "Fires after 20 minutes in which rules failed, so not for a single time. Ends 15 minutes after the last.",
        look: [
          "Prometheus's page of rules: which one, and the error beside it.",
          "Prometheus's log, and `prometheus_rule_group_last_duration_seconds`: does a group take longer than its 30 s?",
          "`npx sparki upgrades`: did Storm's Prometheus change its version?",
        ],
        act: [
          "Too many samples or too slow: ask Storm's people for more memory, or for fewer series.",
          "Until then `npx sparki watch` counts by itself, with queries of its own.",
        ],
      },
    },
    {
      name: "RestoreDrillOverdue",
      severity: "ticket",
      component: "database",
      service: "drill",
      expr: `${days(RESTORED)} > ${85 * DAY_SECONDS}`,
      summary: "The last restore that somebody proved is {{ $value | humanizeDuration }} ago",
      page: {
        meaning:
          "A backup that nobody has restored is a hope. After 92 days `npx sparki preflight` warns of it before each deployment.",
        timing:
          "Fires 85 days after the day in `sparki:preflight.restoreTest`. Ends with the deployment that tells a later one.",
        look: [
          "[The restore drill](recovery.md#the-restore-drill)",
          "`npx sparki upgrades`",
          "The scheduled drill's last run (`drill.yml`), if there is one: what did it find?",
        ],
        act: [
          "`npx sparki drill restore`, commit the record, deploy.",
          "It does not pass: [why](recovery.md#why-it-did-not-pass).",
        ],
      },
    },
    {
      name: "CacheRestoreDrillOverdue",
      severity: "ticket",
      component: "cache",
      service: "drill",
      expr: `${days(CACHE_RESTORED)} > ${85 * DAY_SECONDS}`,
      summary: "The last restore of the cache that somebody proved is {{ $value | humanizeDuration }} ago",
      page: {
        meaning:
          "Nobody has restored a snapshot of Redis for long. After 92 days `npx sparki preflight` warns of it before each deployment, and never blocks: a cache can be filled again.",
        timing:
          "Fires 85 days after the day in `sparki:preflight.cacheRestoreTest`. Ends with the deployment that tells a later one.",
        look: [
          "[The cache's drill](recovery.md#redis)",
          "`npx sparki upgrades`",
          "The scheduled drill's last run (`drill.yml`), if there is one: what did it find?",
        ],
        act: [
          "`npx sparki drill restore cache`, commit the record, deploy.",
          "It does not pass: [why](recovery.md#why-it-did-not-pass).",
        ],
      },
    },
    {
      name: "PasswordsOld",
      severity: "ticket",
      component: "database",
      service: "passwords",
      expr: `${days(PASSWORDS)} > ${76 * DAY_SECONDS}`,
      summary:
        "The database users' passwords or Redis's token are {{ $value | humanizeDuration }} old; after 90 days nothing can be deployed",
      page: {
        meaning:
          "Once `sparki:database.passwordsSince` or `sparki:cache.authTokenSince` is more than 90 days ago, policy S54 refuses every update but one that rotates.",
        timing:
          "Fires 76 days after the earlier of these days: two weeks are left. Ends with the deployment that rotates.",
        look: [
          "[Every secret, and when it is rotated](rotation.md)",
          "`npx sparki rotate --list`: which of them is due?",
          "`npx sparki status`: is a release under way that should be finished first?",
        ],
        act: [
          "`npx sparki rotate database-users` or `npx sparki rotate redis-auth`; commit the config.",
          "Already over 90 days: the same; nothing else is deployed before that.",
        ],
      },
    },
  ];
}
