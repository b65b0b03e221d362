import { z } from "zod";

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
