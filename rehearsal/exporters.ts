import { X509Certificate } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { TYPES } from "./aws/types.ts";
import { number, text } from "./aws/values.ts";
import type { WorldResource } from "./aws/world.ts";
import { KubernetesApi } from "./cluster/api.ts";
import type { KubernetesObject } from "./cluster/objects.ts";
import { follow } from "./cluster/watch.ts";
import { MetricsText, type Route, Unavailable } from "./control.ts";
import type { ClusterAccess } from "./services.ts";

type Labels = Readonly<Record<string, string>>;

interface Sample {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** Samples as Prometheus reads them. */
export function metricsText(samples: readonly Sample[]): string {
  const lines = samples.map(({ name, labels, value }) => {
    const pairs = Object.entries(labels).map(([key, label]) => `${key}=${JSON.stringify(label)}`);
    return `${name}{${pairs.join(",")}} ${value}\n`;
  });
  return lines.join("");
}

interface WatchedPod extends KubernetesObject {
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly { readonly name: string; readonly restartCount: number }[];
  };
}

interface WatchedDeployment extends KubernetesObject {
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly availableReplicas?: number };
}

interface WatchedNode extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const PHASES = ["Pending", "Running", "Succeeded", "Failed", "Unknown"];

/** What kube-state-metrics tells of a cluster's objects, as far as alerts read it. */
export class ClusterMetrics {
  readonly #pods = new Map<string, WatchedPod>();
  readonly #deployments = new Map<string, WatchedDeployment>();
  readonly #nodes = new Map<string, WatchedNode>();

  /** Follows a cluster's objects, and no other's, until the signal aborts; resolves once it knows what is there. */
  async follow(access: ClusterAccess, signal: AbortSignal): Promise<void> {
    const api = new KubernetesApi(access);
    signal.addEventListener("abort", () => void api.close());
    const kept = <T extends KubernetesObject>(path: string, known: Map<string, T>) => {
      known.clear();
      const onChange = (object: T) => void known.set(object.metadata.uid ?? "", object);
      const onDelete = ({ metadata }: T) => void known.delete(metadata.uid ?? "");
      return follow<T>(api, { path, onChange, onDelete }, signal);
    };
    await Promise.all([
      kept("/api/v1/pods", this.#pods),
      kept("/apis/apps/v1/deployments", this.#deployments),
      kept("/api/v1/nodes", this.#nodes),
    ]);
  }

  text(): string {
    return metricsText([
      ...[...this.#pods.values()].flatMap(ofPod),
      ...[...this.#deployments.values()].flatMap(ofDeployment),
      ...[...this.#nodes.values()].flatMap(ofNode),
    ]);
  }
}

function ofPod({ metadata, status = {} }: WatchedPod): Sample[] {
  const labels = { namespace: metadata.namespace ?? "", pod: metadata.name ?? "", uid: metadata.uid ?? "" };
  const phases = PHASES.map((phase) => ({
    name: "kube_pod_status_phase",
    labels: { ...labels, phase },
    value: status.phase === phase ? 1 : 0,
  }));
  const restarts = (status.containerStatuses ?? []).map(({ name, restartCount }) => ({
    name: "kube_pod_container_status_restarts_total",
    labels: { ...labels, container: name },
    value: restartCount,
  }));
  return [...phases, ...restarts];
}

function ofDeployment({ metadata, spec, status }: WatchedDeployment): Sample[] {
  const labels = { namespace: metadata.namespace ?? "", deployment: metadata.name ?? "" };
  return [
    { name: "kube_deployment_spec_replicas", labels, value: spec?.replicas ?? 0 },
    { name: "kube_deployment_status_replicas_available", labels, value: status?.availableReplicas ?? 0 },
  ];
}

function ofNode({ metadata, status }: WatchedNode): Sample[] {
  return (status?.conditions ?? []).flatMap((condition) =>
    ["True", "False", "Unknown"].map((possible) => ({
      name: "kube_node_status_condition",
      labels: { node: metadata.name ?? "", condition: condition.type, status: possible.toLowerCase() },
      value: condition.status === possible ? 1 : 0,
    })),
  );
}

/** What is really known of what CloudWatch would tell. */
export interface CloudSources {
  resources(): readonly WorldResource[];
  /** The issued certificate of an ARN; undefined before. */
  certificate(arn: string): string | undefined;
  /** What one statement answers with in the database of a name; rejects while its server does not run. */
  askDatabase(name: string, sql: string): Promise<string | null>;
}

const GIB = 2 ** 30;
/** Prometheus is not kept waiting by a busy server. */
const ANSWER_MILLISECONDS = 800;
const USED = "SELECT sum(pg_database_size(oid)) FROM pg_database";
const CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'";

/**
 * What CloudWatch would tell of the account, named as its exporter names it: only what stands in the account or is measured
 * at a server behind it. A value that nothing here knows, such as the load of RDS's processors, is not there at all.
 */
export class CloudMetrics {
  readonly #sources: CloudSources;
  /** The newest answers: a server that is slow, or does not run, has still written what it had. */
  readonly #used = new Map<string, number>();
  readonly #open = new Map<string, number>();

  constructor(sources: CloudSources) {
    this.#sources = sources;
  }

  async text(): Promise<string> {
    const available = this.#sources.resources().filter(({ status }) => status === "available");
    const of = (type: string) => available.filter((resource) => resource.type === type);
    const databases = await Promise.all(of(TYPES.database).map((database) => this.#ofDatabase(database)));
    return metricsText([...databases.flat(), ...of(TYPES.certificate).flatMap((each) => this.#ofCertificate(each))]);
  }

  async #ofDatabase({ name = "", inputs, tags }: WorldResource): Promise<Sample[]> {
    const asked = this.#ask(name).catch(() => this.#open.set(name, 0));
    await Promise.race([asked, sleep(ANSWER_MILLISECONDS, undefined, { ref: false })]);
    const labels = { ...labelsOf(tags), dimension_DBInstanceIdentifier: name };
    const [used, connections] = [this.#used.get(name), this.#open.get(name)];
    const free = used && Math.max(0, (number(inputs, "allocatedStorage") ?? 0) * GIB - used);
    return [
      ...(connections === undefined
        ? []
        : [{ name: "aws_rds_database_connections_maximum", labels, value: connections }]),
      ...(free === undefined ? [] : [{ name: "aws_rds_free_storage_space_minimum", labels, value: free }]),
    ];
  }

  /** Rejects while its server does not run: then nobody is connected. */
  async #ask(name: string): Promise<void> {
    const ask = async (sql: string) => Number(await this.#sources.askDatabase(name, sql));
    this.#used.set(name, await ask(USED));
    this.#open.set(name, await ask(CONNECTIONS));
  }

  #ofCertificate({ arn, inputs, tags }: WorldResource): Sample[] {
    const pem = this.#sources.certificate(arn);
    if (pem === undefined) return [];
    const days = Math.floor((Date.parse(new X509Certificate(pem).validTo) - Date.now()) / 86_400_000);
    const labels = { ...labelsOf(tags), dimension_CertificateArn: arn, domain: text(inputs, "domainName") ?? "" };
    return [{ name: "aws_certificatemanager_days_to_expiry_minimum", labels, value: days }];
  }
}

/** The exporter finds resources by their tag, and gives each series its value. */
function labelsOf({ stack = "" }: Labels): Labels {
  return { custom_tag_stack: stack };
}

/** What Prometheus asks for both; where they are stopped, it is told nothing. */
export class Exporters {
  #isDown = false;

  route(text: () => Promise<string>): Route {
    return async () => {
      if (this.#isDown) throw new Unavailable("the exporter is down");
      return new MetricsText(await text());
    };
  }

  async suspend(): Promise<void> {
    this.#isDown = true;
  }

  async resume(): Promise<void> {
    this.#isDown = false;
  }
}
