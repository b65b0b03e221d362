import type { IncomingHttpHeaders } from "node:http";
import { z } from "zod";
import { messageOf } from "../shared/deploy-error.ts";
import { TOKEN_HEADER } from "../shared/rehearsal-access.ts";
import { pacedDuration } from "./alert-pace.ts";
import type { AlertmanagerSettings, RunningAlertmanager } from "./backing/prometheus-alertmanager.ts";
import { KubernetesApi } from "./cluster/api.ts";
import type { KubernetesObject } from "./cluster/objects.ts";
import { follow } from "./cluster/watch.ts";
import type { Route } from "./control.ts";
import type { ClusterAccess } from "./services.ts";

/** Who can be told of an alert. */
export type ToldService = "slack" | "pagerduty" | "opsgenie" | "heartbeat" | "storm";

/** A message as it comes to one of them. */
export interface ToldRequest {
  /** As the service's own API has it, below its address. */
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The keys that the services know. */
export interface ServiceKeys {
  readonly pagerduty?: string | undefined;
  readonly opsgenie?: string | undefined;
}

/** Who is asked at a path. */
export function serviceOf(path: string): ToldService {
  if (path === "/slack") return "slack";
  if (path === "/v2/enqueue") return "pagerduty";
  if (path.startsWith("/v2/alerts")) return "opsgenie";
  return path === "/heartbeat" ? "heartbeat" : "storm";
}

/** What the service itself would refuse, by what it publishes of its API; undefined where it would take the message. */
export function problemOf(request: ToldRequest, keys: ServiceKeys): string | undefined {
  const service = serviceOf(request.path);
  if (service === "pagerduty") return problemOfEvent(request, keys);
  if (service === "opsgenie") return problemOfOpsgenie(request, keys);
  return service === "slack" ? problemOfMessage(request) : undefined;
}

/** Events API v2: https://developer.pagerduty.com/docs/send-alert-event */
function problemOfEvent({ body }: ToldRequest, { pagerduty }: ServiceKeys): string | undefined {
  if (pagerduty === undefined || body.routing_key !== pagerduty) return "routing_key is invalid";
  if (!["trigger", "acknowledge", "resolve"].includes(String(body.event_action))) return "event_action is invalid";
  const { summary, source, severity }: Record<string, unknown> = Object(body.payload);
  if (!summary || !source) return "payload.summary and payload.source are required";
  if (!["critical", "warning", "error", "info"].includes(String(severity))) return "payload.severity is invalid";
  if (typeof body.dedup_key !== "string" || body.dedup_key.length > 255) return "dedup_key is invalid";
  return undefined;
}

/** Alert API: https://docs.opsgenie.com/docs/alert-api */
function problemOfOpsgenie({ path, authorization, body }: ToldRequest, { opsgenie }: ServiceKeys): string | undefined {
  if (opsgenie === undefined || authorization !== `GenieKey ${opsgenie}`) return "Could not authenticate";
  if (CLOSED.test(path)) return undefined;
  if (path !== "/v2/alerts" || typeof body.message !== "string") return "message can not be empty";
  return /^P[1-5]$/.test(String(body.priority)) ? undefined : "priority is invalid";
}

/** Incoming webhooks and chat.postMessage: https://docs.slack.dev/reference/methods/chat.postMessage */
function problemOfMessage({ body }: ToldRequest): string | undefined {
  if (typeof body.channel !== "string" || body.channel === "") return "channel_not_found";
  return Array.isArray(body.attachments) && body.attachments.length > 0 ? undefined : "no_text";
}

const CLOSED = /^\/v2\/alerts\/([^/]+)\/close\?identifierType=alias$/;

/** Who was told what, and when. */
export interface ToldAlert {
  /** ISO 8601. */
  readonly at: string;
  readonly service: ToldService;
  /** Slack's channel, or how urgent the others take it. */
  readonly to: string;
  /** Null where the message names none. */
  readonly alert: string | null;
  readonly status: "firing" | "resolved";
}

const attachmentsSchema = z.array(z.object({ title: z.string().default("") })).min(1);

/** What a rehearsal's stand-ins for Slack, PagerDuty, Opsgenie and a heartbeat were told; they refuse what those would. */
export class Receivers {
  /** In the order in which it came, but for the heartbeats. */
  readonly told: ToldAlert[] = [];
  /** How often the heartbeat's address was asked. */
  heartbeats = 0;
  /** What was refused, and why. */
  readonly refused: string[] = [];
  readonly #opened = new Map<string, string>();
  #keys: ServiceKeys = {};

  /** From now on the services know these keys, and no others. */
  know(keys: ServiceKeys): void {
    this.#keys = keys;
  }

  /** Takes a message; throws what the service answers that refuses it. */
  take(request: ToldRequest): void {
    const problem = problemOf(request, this.#keys);
    if (problem !== undefined) {
      this.refused.push(`${request.path}: ${problem}`);
      throw new Error(problem);
    }
    if (serviceOf(request.path) === "heartbeat") this.heartbeats += 1;
    else this.told.push({ at: new Date().toISOString(), service: serviceOf(request.path), ...this.#saidIn(request) });
  }

  #saidIn({ path, body }: ToldRequest): Omit<ToldAlert, "at" | "service"> {
    const service = serviceOf(path);
    if (service === "slack") {
      const [{ title = "" } = {}] = attachmentsSchema.safeParse(body.attachments).data ?? [];
      const [, status = "", alert] = /^\[(FIRING|RESOLVED)\] (\w+):/.exec(title) ?? [];
      return { to: String(body.channel), alert: alert ?? null, status: statusOf(status === "RESOLVED") };
    }
    if (service === "pagerduty") {
      const { summary, severity }: Record<string, unknown> = Object(body.payload);
      return { to: String(severity), alert: named(summary), status: statusOf(body.event_action === "resolve") };
    }
    if (service === "opsgenie") return this.#saidToOpsgenie(path, body);
    const { alertname }: Record<string, unknown> = Object(body.commonLabels);
    const alert = typeof alertname === "string" ? alertname : null;
    return { to: service, alert, status: statusOf(body.status === "resolved") };
  }

  /** It is closed by its alias alone. */
  #saidToOpsgenie(path: string, body: ToldRequest["body"]): Omit<ToldAlert, "at" | "service"> {
    const [, alias] = CLOSED.exec(path) ?? [];
    if (alias === undefined) {
      const alert = named(body.message);
      this.#opened.set(String(body.alias), JSON.stringify([body.priority, alert]));
      return { to: String(body.priority), alert, status: "firing" };
    }
    const [to = "", alert = null]: [string?, (string | null)?] = JSON.parse(this.#opened.get(alias) ?? "[]");
    return { to, alert, status: "resolved" };
  }
}

const statusOf = (isResolved: boolean): ToldAlert["status"] => (isResolved ? "resolved" : "firing");

/** The chart's own messages begin with the alert's name. */
function named(text: unknown): string | null {
  return /^(\w+) \(/.exec(String(text))?.[1] ?? null;
}

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

const matcherSchema = z.object({ name: z.string(), matchType: z.string().default("="), value: z.string().default("") });
type Matcher = z.infer<typeof matcherSchema>;

const matchersSchema = z.array(matcherSchema).default([]);
const routeSchema = z.object({
  receiver: z.string(),
  matchers: matchersSchema,
  continue: z.boolean().exactOptional(),
  groupBy: z.array(z.string()).exactOptional(),
  groupWait: z.string().exactOptional(),
  groupInterval: z.string().exactOptional(),
  repeatInterval: z.string().exactOptional(),
  // Nested ones are of any depth; each is parsed when it is reached.
  routes: z.array(z.unknown()).default([]),
});
const receiverSchema = z.object({ name: z.string() }).catchall(z.array(z.record(z.string(), z.unknown())));
const referenceSchema = z.object({ name: z.string(), key: z.string() });

/** `monitoring.coreos.com/v1alpha1` AlertmanagerConfig, as the cluster holds it. */
export const alertmanagerConfigSchema = z.object({
  metadata: z.object({ name: z.string(), namespace: z.string() }),
  spec: z.object({
    route: z.unknown(),
    receivers: z.array(receiverSchema).default([]),
    inhibitRules: z
      .array(z.object({ sourceMatch: matchersSchema, targetMatch: matchersSchema, equal: z.array(z.string()) }))
      .default([]),
  }),
});

type AlertmanagerConfig = z.infer<typeof alertmanagerConfigSchema>;

/** Where messages go instead, and what the cluster's Secrets hold. */
export interface OperatorInputs {
  /** Stands in for every service that would be told, with a slash at its end: nothing leaves this machine. */
  readonly services: string;
  /** By `<secret>/<key>`. */
  readonly secrets: Readonly<Record<string, string>>;
  /** How long a wait takes here, such as `5m`. */
  readonly wait: (text: string) => string;
  /** Alertmanager's `http_config` of every message. @default none */
  readonly http?: Readonly<Record<string, unknown>>;
}

type Settings = Readonly<Record<string, unknown>>;

/** Where Storm sends what no route of the cluster takes. */
const DEFAULT_RECEIVER = "storm";

/**
 * Alertmanager's configuration as the Prometheus operator makes it of AlertmanagerConfigs: names prefixed with where they
 * come from, routes and inhibitions only for alerts of that namespace, and secrets in place of references to them. Throws
 * for a secret that is not there.
 */
export function operatorConfig(configs: readonly AlertmanagerConfig[], inputs: OperatorInputs): Settings {
  const { services, http } = inputs;
  const storm = { url: `${services}storm`, ...(http && { http_config: http }) };
  return {
    route: {
      receiver: DEFAULT_RECEIVER,
      group_wait: inputs.wait("6s"),
      routes: configs.map((config) => ({
        ...routeOf(config.spec.route, inputs, prefixOf(config), [namespaceOf(config)]),
        continue: true,
      })),
    },
    inhibit_rules: configs.flatMap((config) =>
      config.spec.inhibitRules.map(({ sourceMatch, targetMatch, equal }) => ({
        source_matchers: [...texts(sourceMatch), namespaceOf(config)],
        target_matchers: [...texts(targetMatch), namespaceOf(config)],
        equal,
      })),
    ),
    receivers: [
      { name: DEFAULT_RECEIVER, webhook_configs: [storm] },
      ...configs.flatMap((config) =>
        config.spec.receivers.map(({ name, ...kinds }) => ({
          ...receiverOf(kinds, inputs),
          name: `${prefixOf(config)}${name}`,
        })),
      ),
    ],
  };
}

const prefixOf = ({ metadata }: AlertmanagerConfig) => `${metadata.namespace}/${metadata.name}/`;
const namespaceOf = ({ metadata }: AlertmanagerConfig) => `namespace=${JSON.stringify(metadata.namespace)}`;

function texts(matchers: readonly Matcher[]): string[] {
  return matchers.map(({ name, matchType, value }) => `${name}${matchType}${JSON.stringify(value)}`);
}

function routeOf(given: unknown, inputs: OperatorInputs, prefix: string, matchers: readonly string[]): Settings {
  const route = routeSchema.parse(given);
  const waits = (["groupWait", "groupInterval", "repeatInterval"] as const).flatMap((key) => {
    const text = route[key];
    return text === undefined ? [] : [[snakeCase(key), inputs.wait(text)]];
  });
  return {
    receiver: `${prefix}${route.receiver}`,
    ...(route.groupBy !== undefined && { group_by: route.groupBy }),
    ...(route.continue !== undefined && { continue: route.continue }),
    ...Object.fromEntries(waits),
    matchers: [...matchers, ...texts(route.matchers)],
    routes: route.routes.map((inner) => routeOf(inner, inputs, prefix, [])),
  };
}

function snakeCase(key: string): string {
  return key.replaceAll(/(?<=[a-z])[A-Z]+/g, (capital) => `_${capital.toLowerCase()}`);
}

/** By the kind of a receiver, the setting that holds an address, and what is asked there. */
const ADDRESSES: Readonly<Record<string, readonly [setting: string, path: string]>> = {
  slackConfigs: ["api_url", "slack"],
  pagerdutyConfigs: ["url", "v2/enqueue"],
  opsgenieConfigs: ["api_url", ""],
  webhookConfigs: ["url", "heartbeat"],
};

function receiverOf(kinds: Omit<AlertmanagerConfig["spec"]["receivers"][number], "name">, inputs: OperatorInputs) {
  return Object.fromEntries(
    Object.entries(kinds).map(([kind, configs]) => {
      const address = ADDRESSES[kind];
      if (address === undefined) throw new Error(`a rehearsal cannot stand in for ${kind}`);
      return [snakeCase(kind), configs.map((config) => toldAt(config, address, inputs))];
    }),
  );
}

/** A receiver's settings, told at our own address; its secrets are read all the same. */
function toldAt(config: Settings, [setting, path]: readonly [string, string], inputs: OperatorInputs): Settings {
  const { httpConfig = {}, ...own } = config;
  const { http_config: _, ...settings } = settingsOf(own, inputs.secrets);
  const http = { ...settingsOf(Object(httpConfig), inputs.secrets), ...inputs.http };
  const { url_secret: __, ...known } = settings;
  return {
    ...known,
    [setting]: `${inputs.services}${path}`,
    ...(Object.keys(http).length > 0 && { http_config: http }),
  };
}

function settingsOf(config: Settings, secrets: OperatorInputs["secrets"]): Settings {
  return Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (typeof value !== "object" || value === null) return [snakeCase(key), value];
      const reference = referenceSchema.safeParse(value);
      if (!reference.success) return [snakeCase(key), settingsOf(Object(value), secrets)];
      const { name, key: held } = reference.data;
      const secret = secrets[`${name}/${held}`];
      if (secret === undefined) throw new Error(`the cluster has no secret ${name} with the key ${held}`);
      return [snakeCase(key), secret];
    }),
  );
}
