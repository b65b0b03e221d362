import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { messageOf } from "../shared/deploy-error.ts";
import { TOKEN_HEADER } from "../shared/rehearsal-access.ts";
import { pacedDuration } from "./alert-pace.ts";
import type { AlertmanagerSettings, RunningAlertmanager } from "./backing/alertmanager.ts";
import { KubernetesApi } from "./cluster/api.ts";
import type { KubernetesObject } from "./cluster/objects.ts";
import { follow } from "./cluster/watch.ts";
import type { Route } from "./control.ts";
import { type AlertmanagerConfig, alertmanagerConfigSchema, operatorConfig } from "./operator-config.ts";
import type { ClusterAccess } from "./services.ts";
import { Receivers } from "./told.ts";

/** Where the chart's own objects are. */
const NAMESPACE = "sparki-monitoring";
const CONFIGS = "/apis/monitoring.coreos.com/v1alpha1/alertmanagerconfigs";
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;

interface Secret extends KubernetesObject {
  readonly data?: Readonly<Record<string, string>>;
}

export interface AlertingOptions {
  start(settings: AlertmanagerSettings): Promise<RunningAlertmanager>;
  /** Of the control API, which stands in for all who are told. */
  readonly controlUrl: string;
  /** Holds the run's token, which the control API asks for. */
  readonly tokenFile: string;
  /** Real seconds of a modelled second. */
  readonly timeScale: number;
}

/**
 * Storm's Alertmanager: the real one, with what the cluster holds for it (AlertmanagerConfigs and the Secrets that they
 * name) made into its configuration as the Prometheus operator does. Who it tells are stand-ins on this machine.
 */
export class Alerting {
  readonly #options: AlertingOptions;
  readonly #receivers = new Receivers();
  readonly #configs = new Map<string, unknown>();
  readonly #secrets = new Map<string, Secret>();
  #running: RunningAlertmanager | undefined;
  #problem: string | undefined;
  #last = Promise.resolve();

  constructor(options: AlertingOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#running = await this.#options.start(this.#settings([], {}));
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    await running?.stop();
  }

  /** Follows a cluster's settings until the signal aborts; resolves once those that are there are used. */
  async follow(access: ClusterAccess, signal: AbortSignal): Promise<void> {
    this.#configs.clear();
    this.#secrets.clear();
    const api = new KubernetesApi(access);
    signal.addEventListener("abort", () => void api.close());
    const changed = () => {
      this.#last = this.#last.then(() => this.#use());
    };
    const kept = <T extends KubernetesObject>(known: Map<string, T | unknown>) => ({
      onChange: (object: T) => {
        known.set(keyOf(object), object);
        changed();
      },
      onDelete: (object: T) => {
        known.delete(keyOf(object));
        changed();
      },
    });
    // Helm keeps its releases in Secrets too, which nothing of alerting names.
    await follow(api, { path: SECRETS, query: { fieldSelector: "type=Opaque" }, ...kept(this.#secrets) }, signal);
    await follow(api, { path: CONFIGS, ...kept(this.#configs) }, signal);
    await this.#last;
  }

  /** What it answers, and where it tells: paths of the control API. */
  routes(): Readonly<Record<string, Route>> {
    const receive: Route = async (body, path, headers) => {
      this.#receivers.take({ path: path.replace(/^\/told/, ""), ...messageIn(body, headers) });
      // Each of them says its own: Slack is only believed when it says that.
      return { ok: true, status: "success", result: "Request will be processed" };
    };
    return { "POST /told/*": receive, "GET /told": async () => this.told() };
  }

  /** Passes a request on to Alertmanager's own API. */
  readonly pass =
    (method: "GET" | "POST" | "DELETE"): Route =>
    async (body, path) => {
      if (this.#running === undefined) throw new Error("Alertmanager is not started yet");
      return this.#running.ask(method, path.replace(/^\/storm\/alertmanager/, ""), body);
    };

  told(): Told {
    const { told, refused, heartbeats } = this.#receivers;
    return { told, refused, heartbeats, problem: this.#problem ?? null };
  }

  /** Like the operator it keeps the configuration from before while one cannot be made. */
  async #use(): Promise<void> {
    try {
      const secrets = Object.fromEntries([...this.#secrets.values()].flatMap(entriesOf));
      const configs = [...this.#configs.values()].map((config) => alertmanagerConfigSchema.parse(config));
      this.#receivers.know({ pagerduty: secrets["on-call/pagerduty"], opsgenie: secrets["on-call/opsgenie"] });
      await this.#running?.use(this.#settings(configs, secrets));
      this.#problem = undefined;
    } catch (error) {
      this.#problem = messageOf(error);
    }
  }

  #settings(configs: readonly AlertmanagerConfig[], secrets: Readonly<Record<string, string>>): AlertmanagerSettings {
    const { controlUrl, tokenFile, timeScale } = this.#options;
    return operatorConfig(configs, {
      services: `${controlUrl}/told/`,
      secrets,
      wait: (text) => pacedDuration(text, timeScale),
      http: { http_headers: { [TOKEN_HEADER]: { files: [tokenFile] } } },
    });
  }
}

/** What was told of alerts, and by what settings. */
export interface Told extends Pick<Receivers, "told" | "refused" | "heartbeats"> {
  /** Why the cluster's newest settings are not used; null while they are. */
  readonly problem: string | null;
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

function entriesOf({ metadata, data = {} }: Secret): [string, string][] {
  return Object.entries(data).map(([key, value]) => [
    `${metadata?.name}/${key}`,
    Buffer.from(value, "base64").toString("utf8"),
  ]);
}

const bodySchema = z.record(z.string(), z.unknown());

function messageIn(body: unknown, { authorization }: IncomingHttpHeaders = {}) {
  return { authorization, body: bodySchema.parse(body) };
}
