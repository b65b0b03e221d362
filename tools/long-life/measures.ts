import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { AppsV1Api, BatchV1Api, CoreV1Api } from "@kubernetes/client-node";
import { z } from "zod";
import { KubernetesClient } from "../../io/kubernetes.ts";
import { filesOf, locksOf, processesOf, type Room, runDirectory, type Served, stateOf } from "../chaos/run.ts";
import type { Measured } from "./bounds.ts";

const MB = 2 ** 20;
const worldSchema = z.object({ resources: z.array(z.looseObject({ type: z.string() })) });

/** What `sparki history --json` took and said. */
interface Told {
  readonly seconds: number;
  readonly text: string;
}

/** Takes every measure of a stack between two deployments. */
export async function measured(room: Room, checkout: string, served: Served, history: Told): Promise<Measured> {
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
