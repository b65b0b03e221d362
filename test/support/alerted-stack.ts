import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse, parseDocument } from "yaml";
import { z } from "zod";
import { alertsOf } from "../../apps/monitoring-values.ts";
import { pacedSeconds } from "../../rehearsal/alert-pace.ts";
import type { Told, ToldAlert } from "../../rehearsal/alerting.ts";
import { KubernetesApi } from "../../rehearsal/cluster/api.ts";
import { waitFor } from "../../rehearsal/waiting.ts";
import { headersOf } from "./asking.ts";
import { type RehearsedStack, serveStack } from "./rehearsed-stack.ts";
import { stackConfig } from "./workload-values.ts";

const STACK = "staging";
/** Real seconds of a modelled second: an hour takes 18 s. */
export const PACE = 0.005;
/** What may fire takes seconds; what never does is given up. */
const LIMIT_SECONDS = 300;
/** How late a loaded machine may be with what was promised. */
const LATE_SECONDS = 60;
/** Seconds from an alert's firing until it is told, as docs/alerts.md promises. */
const PROMISED = { page: 10, ticket: 30, heartbeat: 10 };

/** A rehearsed stack whose release is promoted and whose alerts reach PagerDuty, Opsgenie, Slack and a heartbeat. */
export interface AlertedStack extends RehearsedStack {
  readonly api: KubernetesApi;
  alerts(): Promise<Told>;
  /** Resolves once everybody who must hear of an alert was told that it fires, and checks that nobody else was. */
  isTold(name: string): Promise<void>;
  /** Resolves once the same were told that it is over. */
  isOver(name: string): Promise<void>;
  /** What was told before counts no more. */
  forget(): void;
  /** The state of an alert in Alertmanager, such as `suppressed`; undefined where it does not fire. */
  stateOf(name: string): Promise<string | undefined>;
}

const { objectives } = stackConfig(STACK);
const ALERTS = alertsOf(STACK, objectives);

/** Whom an alert must reach, by its severity and what it is about, as docs/alerts.md has it. */
export function receiversOf(name: string): readonly string[] {
  const alert = ALERTS.find((each) => each.name === name);
  if (alert === undefined) throw new Error(`there is no alert ${name}`);
  const { severity, component } = alert;
  const owners = { database: ["#database"], cache: ["#infrastructure"], network: ["#infrastructure"] };
  const own = component in owners ? owners[component as keyof typeof owners] : [];
  const called =
    severity === "page" ? ["#incidents", "opsgenie P1", "pagerduty critical"] : ["#platform", "opsgenie P3"];
  return [...own, ...called].sort();
}

/** Serves the promoted stack, with people on call and restore drills that are overdue, and deploys that. */
export async function serveAlertedStack(): Promise<AlertedStack> {
  const stack = await serveStack(STACK, PACE, "promoted");
  const file = stack.variable("PULUMI_OPTION_CONFIG_FILE");
  const document = parseDocument(readFileSync(file, "utf8"));
  const set = (key: string, value: unknown) => document.setIn(["config", key], document.createNode(value));
  set("sparki:onCall", { page: ["pagerduty", "opsgenie"], ticket: ["opsgenie"] });
  // As a rehearsal replaces the stack's own secrets, which nobody here can decrypt.
  set("sparki:pagerdutyKey", "rehearsed-sparki-pagerdutyKey");
  set("sparki:opsgenieKey", "rehearsed-sparki-opsgenieKey");
  set("sparki:heartbeatUrl", "rehearsed-sparki-heartbeatUrl");
  const on = new Date(Date.now() - 100 * 86_400_000).toISOString().slice(0, 10);
  for (const key of ["restoreTest", "cacheRestoreTest"])
    document.setIn(["config", "sparki:preflight", key], document.createNode({ on, by: "ann", snapshot: "one" }));
  writeFileSync(file, document.toString());
  try {
    await stack.up();
    return alerted(stack);
  } catch (error) {
    await stack.close();
    throw error;
  }
}

const kubeconfigSchema = z.object({
  clusters: z.array(z.object({ cluster: z.object({ server: z.string(), "certificate-authority-data": z.string() }) })),
  users: z.array(z.object({ user: z.object({ token: z.string() }) })),
});
const firingSchema = z.array(
  z.object({
    labels: z.record(z.string(), z.string()),
    startsAt: z.string(),
    status: z.object({ state: z.string() }),
  }),
);

function alerted(stack: RehearsedStack): AlertedStack {
  const control = stack.variable("SPARKI_REGISTRY");
  const headers = headersOf(stack.variable("SPARKI_REHEARSAL_ACCESS"));
  const get = async (path: string): Promise<unknown> => (await fetch(`${control}${path}`, { headers })).json();
  const { clusters, users } = kubeconfigSchema.parse(
    parse(readFileSync(join(stack.runDirectory, "kubeconfig"), "utf8")),
  );
  const { server: endpoint = "", "certificate-authority-data": authority = "" } = clusters[0]?.cluster ?? {};
  const certificateAuthorityPem = Buffer.from(authority, "base64").toString("utf8");
  const api = new KubernetesApi({ endpoint, certificateAuthorityPem, token: users[0]?.user.token ?? "" });
  const alerts = async () => (await get("/told")) as Told;
  const firing = async (name: string) =>
    firingSchema.parse(await get("/storm/alertmanager/api/v2/alerts")).find(({ labels }) => labels.alertname === name);
  let since = "";
  const told = async (name: string, status: ToldAlert["status"]) =>
    (await alerts()).told.filter((each) => each.alert === name && each.status === status && each.at >= since);
  const reaches = async (name: string, status: ToldAlert["status"]) => {
    const receivers = receiversOf(name);
    const all = async () => {
      const { refused, problem } = await alerts();
      const found = [...new Set((await told(name, status)).map(receiverOf))].sort();
      return receivers.every((each) => found.includes(each)) || `told ${found}; refused ${refused}; ${problem}`;
    };
    await waitFor(`${name} to be told as ${status}`, all, { limitSeconds: LIMIT_SECONDS, everySeconds: 0.5 });
    expect([...new Set((await told(name, status)).map(receiverOf))].sort()).toEqual(receivers);
  };
  return {
    ...stack,
    api,
    alerts,
    isTold: async (name) => {
      const fires = async () => (await firing(name)) !== undefined || "it does not fire";
      await waitFor(name, fires, { limitSeconds: LIMIT_SECONDS, everySeconds: 0.5 });
      const startsAt = Date.parse((await firing(name))?.startsAt ?? "");
      await reaches(name, "firing");
      const first = Math.min(...(await told(name, "firing")).map(({ at }) => Date.parse(at)));
      const { severity } = ALERTS.find((each) => each.name === name) ?? { severity: "ticket" };
      expect((first - startsAt) / 1000).toBeLessThan(pacedSeconds(PROMISED[severity], PACE) + LATE_SECONDS);
    },
    isOver: (name) => reaches(name, "resolved"),
    forget: () => {
      since = new Date().toISOString();
    },
    stateOf: async (name) => (await firing(name))?.status.state,
    close: async () => {
      await api.close();
      await stack.close();
    },
  };
}

function receiverOf({ service, to }: ToldAlert): string {
  return service === "slack" ? to : `${service} ${to}`;
}
