import { z } from "zod";

/** What the cluster's Alertmanager told, and whom: the stand-ins for Slack, PagerDuty, Opsgenie and a heartbeat. */
export const alertedSchema = z.strictObject({
  told: z.array(
    z.strictObject({
      at: z.string(),
      service: z.enum(["slack", "pagerduty", "opsgenie", "heartbeat", "storm"]),
      /** Slack's channel, or how urgent the others take it. */
      to: z.string(),
      /** Null where the message names none. */
      alert: z.string().nullable(),
      status: z.enum(["firing", "resolved"]),
    }),
  ),
  /** Messages that the service itself would refuse, and why. */
  refused: z.array(z.string()),
  heartbeats: z.int().min(0),
  /** Why the cluster's newest settings were not used; null where they were. */
  problem: z.string().nullable(),
});

export type Alerted = z.infer<typeof alertedSchema>;

/** Whom the alerts of a run reached, each alert once, and what went wrong with that. */
export function alertedText({ told, refused, problem }: Alerted): string {
  const firing = told.filter(({ status }) => status === "firing");
  const byAlert = Map.groupBy(firing, ({ alert }) => alert ?? "an alert without a name");
  const each = [...byAlert].map(([alert, messages]) => {
    const receivers = messages.map(({ service, to }) => (service === "slack" ? to : `${service} (${to})`));
    return `${alert} told ${[...new Set(receivers)].join(", ")}`;
  });
  const refusals = refused.map((why) => `refused ${why}`);
  return [...each, ...refusals, ...(problem === null ? [] : [problem])].join("; ") || "none fired";
}
