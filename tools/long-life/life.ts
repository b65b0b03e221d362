import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { AppsV1Api, BatchV1Api, CoreV1Api } from "@kubernetes/client-node";
import { parseDocument } from "yaml";
import { z } from "zod";
import { jsonIn } from "../../io/http.ts";
import { KubernetesClient } from "../../io/kubernetes.ts";
import { copyTree } from "../cache.ts";
import {
  type Ended,
  enginesOf,
  filesOf,
  locksOf,
  processesOf,
  type Room,
  runDirectory,
  type Served,
  stateOf,
} from "../chaos/run.ts";
import type { Measured } from "./bounds.ts";
import { type Deployment, endedAs, type Happened, hash, historySchema, untruthsIn } from "./deployments.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const LEFT_OUT = new Set(["node_modules", "test", "coverage"]);

/** Copies the project, so that a long life leaves its plans and reports there, and sees no edit of the original. */
export async function copyProject(target: string): Promise<void> {
  const parts = readdirSync(ROOT).filter((name) => !name.startsWith(".") && !LEFT_OUT.has(name));
  const inRoot = (name: string) => join(ROOT, name);
  await copyTree(parts.map(inRoot), target);
  // A plan is sealed from plain files only: hard links where that can be.
  const modules = inRoot("node_modules");
  if (spawnSync("cp", ["-al", modules, target]).status === 0) return;
  rmSync(join(target, "node_modules"), { recursive: true, force: true });
  await copyTree([modules], target);
}

const endSchema = z.object({
  outcome: z.string().optional(),
  reason: z.string().optional(),
  error: z.object({ message: z.string(), hint: z.string().nullable() }).optional(),
});

/** One deployment of the life, and what was found after it. */
export const resultSchema = z.object({
  number: z.number(),
  release: z.string(),
  name: z.string(),
  outcome: z.string(),
  exitCode: z.number().nullable(),
  /** Whether the kill met somebody; null where none was meant. */
  isKilled: z.boolean().nullable(),
  seconds: z.number(),
  /** Of the single command after a kill; null where it was not killed. */
  againSeconds: z.number().nullable(),
  measures: z.record(z.string(), z.number()),
  /** What is not as it should be. */
  findings: z.array(z.string()),
});

export type Result = z.infer<typeof resultSchema>;

/** A stack that lives: what it is deployed by, and what has happened to it. */
export interface Life {
  readonly room: Room;
  readonly checkout: string;
  readonly served: Served;
  /** The stack's config as it was when the cloud was served. */
  readonly config: string;
  /** What was live before the first deployment. */
  readonly first: string;
  readonly happened: Happened[];
}

/** Deploys once, kills it where that is meant and gives the same command once more, then measures and compares the history. */
export async function live(life: Life, deployment: Deployment): Promise<Result> {
  const { served, happened, first, room, checkout } = life;
  const { number, release, way, kill } = deployment;
  const name =
    kill === undefined ? way.name : `killed ${kill.operation}/${kill.calls[0]?.step}/${kill.moment}/${kill.victim}`;
  await configure(life, deployment);
  const begun = await served.run(...deployCommand(life), kill);
  const isKilled = kill === undefined ? null : begun.reached.length > 0;
  await served.ask("POST", "/held", {});
  const isAgain = isKilled === true && !isEnd(begun, way);
  if (isAgain) await takenUp(life);
  const last = isAgain ? await served.run(...deployCommand(life)) : begun;
  const previous = happened.findLast(({ outcome }) => outcome === "promoted")?.release ?? first;
  const outcome = endOf(last).outcome ?? "refused";
  happened.push({ release, outcome: endedAs(outcome, way.outcome), isKilled: isKilled === true, previous });
  // Who has been told of a wrong setting repairs it: every command reads the config first.
  if (way.wrongSetting !== undefined) await configure(life, { release, way: { ...way, wrongSetting: undefined } });
  const told = await served.run(...sparkiCommand(life, ["history", "--json"]));
  const history = historySchema.safeParse(jsonIn(told.stdout));
  const untruths = history.success ? untruthsIn(history.data, first, happened) : [`history: exit ${told.exitCode}`];
  return {
    ...{ number, release, name, isKilled, exitCode: last.exitCode, outcome },
    seconds: begun.seconds,
    againSeconds: isAgain ? last.seconds : null,
    measures: await measured(room, checkout, served, { seconds: told.seconds, text: told.stdout }),
    findings: [...(isEnd(last, way) ? [] : [whyOther(last, deployment)]), ...untruths],
  };
}

function isEnd(ended: Ended, { outcome, exitCode }: Deployment["way"]): boolean {
  return ended.exitCode === exitCode && (endOf(ended).outcome ?? "refused") === outcome;
}

function whyOther(ended: Ended, { way }: Deployment): string {
  const { outcome, reason, error } = endOf(ended);
  const said = reason ?? error?.message ?? ended.stderr.trim().split("\n").slice(-4).join(" | ");
  return `ended ${outcome ?? "refused"} with exit ${ended.exitCode}, expected ${way.outcome} with ${way.exitCode}: ${said.slice(0, 400)}`;
}

function endOf(ended: Ended): z.infer<typeof endSchema> {
  return endSchema.safeParse(jsonIn(ended.stdout)).data ?? {};
}

/**
 * What docs/recovery.md asks for before the same command: that nothing runs on the stack any more, and that its lock is
 * taken away where the dead one has left it. What was left alive ends by itself, before a person could be there.
 */
async function takenUp({ room, served }: Life): Promise<void> {
  for (let tries = 0; tries < 600 && enginesOf(room).length > 0; tries++) await delay(100);
  if (locksOf(room).length > 0) await served.run("pulumi", ["cancel", "--yes", "--stack", room.stack]);
}

const CONFIRMED = ["--on-call-confirmed", "--window-announced"];

function deployCommand(life: Life): [program: string, args: string[]] {
  return sparkiCommand(life, ["deploy", "--yes", "--json", ...CONFIRMED]);
}

function sparkiCommand({ checkout, room, served }: Life, args: readonly string[]): [program: string, args: string[]] {
  const slack = `SPARKI_SLACK_WEBHOOK=${served.environment.SPARKI_REGISTRY}/slack`;
  const sparki = join(checkout, "runbook", "sparki.ts");
  return ["/usr/bin/env", [slack, process.execPath, sparki, ...args, "--stack", room.stack]];
}

const REPOSITORY = "ghcr.io/alexarno/sparki";

/** Makes the release the one that the config names, and its images what they are to do. */
async function configure(
  { served, config }: Life,
  { release: id, way }: Pick<Deployment, "release" | "way">,
): Promise<void> {
  const digest = (kind: string) => hash(`${id} ${kind}`);
  const kinds = ["engine", "web", "e2e"];
  const images = Object.fromEntries(kinds.map((kind) => [kind, `${REPOSITORY}/${kind}@sha256:${digest(kind)}`]));
  for (const [kind, ref] of Object.entries(images)) {
    if (kind === "engine" && way.engine === "absent") continue;
    const own = kind === "engine" ? Object(way.engine) : {};
    await served.ask("POST", "/images", { ref, behaviour: { kind, ...own } });
  }
  const settings = parseDocument(config);
  settings.setIn(["config", "sparki:release", "id"], id);
  settings.setIn(["config", "sparki:release", "gitSha"], digest("commit").slice(0, 40));
  settings.setIn(["config", "sparki:release", "images"], settings.createNode(images));
  // A few hundred requests decide then, instead of thousands: a long life is about what stays, not about a gate's proof.
  settings.setIn(["config", "sparki:objectives", 0, "maxRatio"], 0.02);
  if (way.wrongSetting !== undefined) settings.setIn(["config", ...way.wrongSetting[0]], way.wrongSetting[1]);
  writeFileSync(served.environment.PULUMI_OPTION_CONFIG_FILE ?? "", settings.toString());
}

/** The stack's config as the cloud serves it. */
export function servedConfig({ environment }: Served): { readonly config: string; readonly release: string } {
  const config = readFileSync(environment.PULUMI_OPTION_CONFIG_FILE ?? "", "utf8");
  return { config, release: String(parseDocument(config).getIn(["config", "sparki:release", "id"])) };
}

const MB = 2 ** 20;
const worldSchema = z.object({ resources: z.array(z.looseObject({ type: z.string() })) });

/** What `sparki history --json` took and said. */
interface Told {
  readonly seconds: number;
  readonly text: string;
}

/** Takes every measure of a stack between two deployments. */
async function measured(room: Room, checkout: string, served: Served, history: Told): Promise<Measured> {
  const run = runDirectory(room);
  const backend = join(run, "backend", ".pulumi");
  const [objects, account] = await Promise.all([objectsIn(served), served.ask("GET", "/world")]);
  const { resources } = worldSchema.parse(account);
  const own = join(checkout, ".sparki");
  const processes = processesOf(room).map(({ pid, command }) => ({
    megabytes: residentOf(pid),
    role: roleOf(command),
  }));
  const memory = (role: string) =>
    processes.filter((each) => each.role === role).reduce((sum, { megabytes }) => sum + megabytes, 0);
  return {
    "state resources": stateOf(room).length,
    "state size": sizeOf(join(backend, "stacks", "sparki", `${room.stack}.json`)) / 1024,
    "stack tags": tagsIn(join(backend, "stacks", "sparki", `${room.stack}.pulumi-tags`)),
    "backend updates": filesIn(join(backend, "history", "sparki", room.stack), ".history.json"),
    "backend size": diskOf(join(run, "backend")),
    "history document": history.text.length / 1024,
    "history time": history.seconds,
    ...objects,
    "AWS resources": resources.length,
    "AWS account": JSON.stringify(account).length / 1024,
    "log groups": resources.filter(({ type }) => type.includes("logGroup")).length,
    "report files": filesIn(join(own, "deploys")),
    "plan files": filesIn(join(own, "plans")),
    "run's disk": diskOf(run) - diskOf(join(run, "backend")),
    "memory: cloud": memory("cloud"),
    "memory: servers": memory("server"),
    processes: processes.length,
    "temporary files": filesOf(room).length,
    "state locks": locksOf(room).length,
  };
}

type Objects = Pick<
  Measured,
  "Helm revisions" | "Helm revisions of one" | "ReplicaSets" | "Pods" | "Jobs" | "ConfigMaps" | "Secrets"
>;

async function objectsIn({ environment }: Served): Promise<Objects> {
  const client = new KubernetesClient(readFileSync(environment.KUBECONFIG ?? "", "utf8"));
  const [core, apps, batch] = [client.api(CoreV1Api), client.api(AppsV1Api), client.api(BatchV1Api)];
  const [secrets, sets, pods, jobs, maps] = await Promise.all([
    core.listSecretForAllNamespaces(),
    apps.listReplicaSetForAllNamespaces(),
    core.listPodForAllNamespaces(),
    batch.listJobForAllNamespaces(),
    core.listConfigMapForAllNamespaces(),
  ]);
  const revisions = secrets.items.filter(({ type }) => type === "helm.sh/release.v1");
  const releases = Object.groupBy(revisions, ({ metadata }) => `${metadata?.namespace} ${metadata?.labels?.name}`);
  return {
    "Helm revisions": revisions.length,
    "Helm revisions of one": Math.max(0, ...Object.values(releases).map((own) => own?.length ?? 0)),
    ReplicaSets: sets.items.length,
    Pods: pods.items.length,
    Jobs: jobs.items.length,
    ConfigMaps: maps.items.length,
    Secrets: secrets.items.length - revisions.length,
  };
}

/** Pods come and go with each release; all the others live as long as the cloud. */
function roleOf(command: string): "cloud" | "pod" | "server" {
  if (/rehearsal\/main\.ts/.test(command)) return "cloud";
  return /rehearsal\/app\//.test(command) ? "pod" : "server";
}

const PAGE_BYTES = 4096;

/** Nothing where it has ended. */
function residentOf(pid: number): number {
  try {
    return (Number(readFileSync(`/proc/${pid}/statm`, "utf8").split(" ")[1]) * PAGE_BYTES) / MB;
  } catch {
    return 0;
  }
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}

function filesIn(folder: string, ending = ""): number {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith(ending)).length : 0;
}

function tagsIn(file: string): number {
  if (!existsSync(file)) return 0;
  const tags: unknown = JSON.parse(readFileSync(file, "utf8"));
  return Object.keys(Object(tags)).length;
}

/** Files that go while they are counted are not there. */
function diskOf(folder: string): number {
  const told = execFileSync("/bin/sh", ["-c", 'du -sm "$0" 2>/dev/null || true', folder], { encoding: "utf8" });
  return Number(/^\d+/.exec(told)?.[0] ?? 0);
}
