import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { sealNow } from "../../io/seal/sealed-run.ts";
import type { StateResource } from "../../records/state.ts";
import type { Replacement } from "../../rehearsal/project.ts";
import { SIGNATURE_KEY } from "../../shared/engine-values.ts";
import type { Ports } from "../command.ts";
import {
  type DeployDocument,
  type DeployTiming,
  deployRows,
  headline,
  row,
  type Timeline,
} from "../deploy/deploy-document.ts";
import { PROJECT_DIRECTORY } from "../project.ts";
import { duration, expectedText, inColumns } from "../report/columns.ts";
import { reportLine } from "../report/report-files.ts";
import type { Paint } from "../report/screen.ts";
import { hostText, providersText, type RehearsedHost, type RehearsedProvider } from "./providers.ts";
import type { RehearsalSession, SessionOptions } from "./rehearsal-session.ts";

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

/** The simulated account's resources as the control API tells them. */
export const worldSchema = z.object({
  resources: z.array(
    z.object({
      type: z.string(),
      id: z.string(),
      name: z.string().optional(),
      owner: z.string().optional(),
      tags: z.record(z.string(), z.string()).default({}),
      inputs: z.record(z.string(), z.unknown()).default({}),
    }),
  ),
  /** What outlives its resource and keeps its name: final snapshots, and secrets within their recovery window. */
  kept: z.array(z.object({ type: z.string(), name: z.string() })).default([]),
});

export type WorldResources = z.infer<typeof worldSchema>["resources"];

export interface WorldReport {
  /** Resources in the account, without those that AWS made by itself. */
  readonly resources: number;
  /** In the account, but in no state. */
  readonly orphans: number;
  /** More than one of the same type and name. */
  readonly duplicates: number;
  /** In state, but gone from the account or different there. */
  readonly drift: number;
  /** Each of the above, named. */
  readonly findings: readonly string[];
}

/** Compares the account with the state. Secrets count as equal: neither side shows them. */
export function compareWorld(world: WorldResources, state: readonly StateResource[]): WorldReport {
  const own = world.filter(({ owner }) => owner === undefined);
  const known = new Map(state.map((resource) => [keyOf(resource.type, resource.id), resource]));
  const exist = new Map(world.map((resource) => [keyOf(resource.type, resource.id), resource]));
  const orphans = own.filter((resource) => !known.has(keyOf(resource.type, resource.id)));
  const duplicates = repeated(own.flatMap((resource) => labelOf(resource) ?? []));
  const drifted = state
    .filter(({ custom, type, id }) => custom && type.startsWith("aws:") && id !== undefined)
    .filter((resource) => hasDrifted(resource, exist.get(keyOf(resource.type, resource.id))));
  return {
    resources: own.length,
    orphans: orphans.length,
    duplicates: duplicates.length,
    drift: drifted.length,
    findings: [
      ...orphans.map(({ type, id }) => `orphan: ${type} ${id}`),
      ...duplicates.map((label) => `duplicate: ${label}`),
      ...drifted.map(({ type, id }) => `drift: ${type} ${id}`),
    ],
  };
}

function keyOf(type: string, id: string | undefined): string {
  return `${type} ${id}`;
}

function labelOf({ type, name, tags }: WorldResources[number]): string | undefined {
  const label = name ?? tags.Name;
  return label === undefined ? undefined : `${type} ${label}`;
}

function repeated(labels: readonly string[]): string[] {
  return labels.filter((label, index) => labels.indexOf(label) !== index);
}

function hasDrifted(resource: StateResource, actual: WorldResources[number] | undefined): boolean {
  if (actual === undefined) return true;
  const keys = new Set([...Object.keys(resource.inputs), ...Object.keys(actual.inputs)]);
  return [...keys].some((key) => key !== "__defaults" && !equal(resource.inputs[key], actual.inputs[key]));
}

function equal(recorded: unknown, actual: unknown): boolean {
  // The state holds a secret as a marked object, the account nothing in its place.
  if (isRecord(recorded) && SIGNATURE_KEY in recorded) return true;
  if (Array.isArray(recorded) && Array.isArray(actual))
    return recorded.length === actual.length && recorded.every((each, index) => equal(each, actual[index]));
  if (!isRecord(recorded) || !isRecord(actual)) return isDeepStrictEqual(recorded ?? null, actual ?? null);
  const keys = new Set([...Object.keys(recorded), ...Object.keys(actual)]);
  return [...keys].every((key) => key === "__defaults" || equal(recorded[key], actual[key]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What no world is made of. */
const UNUSED = /^(docs|test|\.github|\.ci)\/|\.md$/;

const STACK_CONFIG = /^Pulumi\..+\.yaml$/;

/** Where worlds are kept: in the user's own cache. */
export function worldsFolder(env: Ports["env"]): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || homedir(), ".cache"), "sparki-deploy", "worlds");
}

/**
 * Names all that a world in which a stack's own release is promoted is made of: every file of the program, its own
 * config, charts and lock file, the tools, Node, the seed, and the day, which is in the rehearsed config.
 */
export function worldKey(
  { stack, seed, providers = "simulated" }: Pick<SessionOptions, "stack" | "seed" | "providers">,
  tools: Readonly<Record<string, string>>,
  { clock, env }: Pick<Ports, "clock" | "env">,
): string {
  const { files } = sealNow(PROJECT_DIRECTORY, stack, env);
  // A sealed command runs copies of the same programs from another place.
  const programs = Object.entries(tools).map(([name, path]) => `${name} ${statSync(path).size}`);
  const made = {
    files: Object.entries(files).filter(([path]) => isUsed(path, stack)),
    programs: programs.sort(),
    node: [process.version, process.arch],
    seed,
    providers,
    user: process.getuid?.(),
    day: new Date(clock.now() * 1000).toISOString().slice(0, 10),
  };
  return `${stack}-${createHash("sha256").update(JSON.stringify(made)).digest("hex").slice(0, 20)}`;
}

function isUsed(path: string, stack: string): boolean {
  return STACK_CONFIG.test(path) ? path === `Pulumi.${stack}.yaml` : !UNUSED.test(path);
}

/** What is in the account, in words: what was not destroyed, and what outlives a destroy on purpose. */
export async function accountText(session: RehearsalSession): Promise<string> {
  const { resources, kept } = worldSchema.parse(await session.cloud.ask("GET", "/world"));
  const own = resources.filter(({ owner }) => owner === undefined);
  const held = kept.map(({ type, name }) => `  kept: ${type} ${name}\n`);
  return `The simulated account ends with ${own.length} resources\n${held.join("")}`;
}
