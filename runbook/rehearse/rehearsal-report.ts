import { z } from "zod";
import type { Replacement } from "../../rehearsal/project.ts";
import { type DeployDocument, type DeployTiming, deployRows, headline, row } from "../deploy/deploy-document.ts";
import { duration, expectedText, inColumns } from "../report/columns.ts";
import { reportLine } from "../report/report-files.ts";
import type { Paint } from "../report/screen.ts";
import type { Timeline } from "../report/timeline.ts";
import { hostText, providersText, type RehearsedHost, type RehearsedProvider } from "./providers.ts";
import type { WorldReport } from "./world.ts";

/** The one JSON document of `rehearse`: that of its last deploy, and what only a rehearsal has. */
export interface RehearsalReport extends DeployDocument {
  readonly scenario: string;
  readonly seed: number;
  /** What of the stack's config cannot exist off the cloud, and what stood in for it. */
  readonly replaced: readonly Replacement[];
  /** Who answered for each provider: a stand-in, or Pulumi's own plugin. */
  readonly providers?: readonly RehearsedProvider[];
  /** Who runs the program for plain `pulumi`: a stand-in, or Pulumi's own language host. */
  readonly languageHost?: Omit<RehearsedHost, "folder">;
  readonly world: WorldReport;
  /** What is inside of what was made; documents of earlier versions have none. */
  readonly inside?: Inside;
  /** What the scenario's users asked, and how much of it had no answer, or a 5xx; documents of earlier versions have none. */
  readonly users?: { readonly requests: number; readonly lost: number };
  /** What the cluster's Alertmanager told, and whom; documents of earlier versions have none. */
  readonly alerted?: Alerted;
  readonly timing: Timing;
  /** The page for people, relative to where the command ran; null when it could not be written. */
  readonly report: string | null;
}

/** What the cluster and the database hold at the end, and what the state says was promoted. */
export interface Inside {
  /** The objects in the stack's namespaces, as `Kind namespace/name`; null where no cluster answered. */
  readonly objects: readonly string[] | null;
  /** How many rows each table has, by `<server>/<schema>.<table>`. */
  readonly rows: Readonly<Record<string, number>>;
  /** The release that the promotion record names; null before the first promotion. */
  readonly promoted: string | null;
}

export interface Timing extends DeployTiming, Timeline {
  readonly cloudReadySeconds: number;
}

function usersRow({ users }: RehearsalReport): string[] {
  if (users === undefined || users.requests === 0) return [];
  return [row("users", `${users.lost} of ${users.requests} requests lost`)];
}

/** The short report that a person reads at the end: the deploy's own, and what only a rehearsal can tell. */
export function rehearsalText(report: RehearsalReport, paint: Paint): string {
  const providers = providersText(report.providers);
  const text = [
    "",
    ...deployRows(report, paint),
    row("world", worldText(report)),
    row("time", timeText(report)),
    ...usersRow(report),
    ...(report.alerted === undefined ? [] : [row("alerts", alertedText(report.alerted))]),
    ...(providers === undefined ? [] : [row("providers", providers)]),
    ...(providers === undefined || report.languageHost === undefined
      ? []
      : [row("program", hostText(report.languageHost))]),
    ...report.replaced.map(({ key, by }) => row("replaced", `${key}: ${by}`)),
    ...report.world.findings.map((finding) => row("", finding)),
  ].join("\n");
  return `\n${headline(report.scenario, report, paint)}\n${inColumns(text)}\n${reportLine(report.report)}`;
}

function worldText({ world }: RehearsalReport): string {
  const { resources, orphans, duplicates, drift } = world;
  return `${resources} resources at AWS, ${orphans} orphans, ${duplicates} duplicates, ${drift} drifted`;
}

function timeText({ timing, plan }: RehearsalReport): string {
  const { wallSeconds, detectSeconds } = timing;
  const detected = detectSeconds === null ? "" : `, refused after ${duration(detectSeconds)}`;
  const model = plan?.expected === undefined ? "" : `; at AWS ${expectedText(plan.expected)}`;
  return `${duration(wallSeconds)} here${detected}${model}`;
}

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

type Alerted = z.infer<typeof alertedSchema>;

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
