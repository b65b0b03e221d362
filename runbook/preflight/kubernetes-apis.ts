import { readFileSync } from "node:fs";
import { z } from "zod";
import { isRecord } from "../../records/canonical.ts";
import { objectTitle, type RenderedObject } from "../../records/object-facts.ts";
import { renderedObjects } from "../release/object-changes.ts";
import { type ChartTrial, NAMESPACES, render, trialsOf } from "./charts.ts";
import { type Check, fail, pass, skipped, warn } from "./check.ts";
import type { PreflightContext } from "./context.ts";

const servedSchema = z.object({
  introduced: z.string(),
  deprecated: z.string().optional(),
  removed: z.string().optional(),
  replacement: z.string().optional(),
});
const tableSchema = z.object({ source: z.string(), newest: z.string(), apis: z.record(z.string(), servedSchema) });

const clusterSchema = z.object({ version: z.string() });

/** From which version of Kubernetes to before which a kind is served, each such as `1.25`. */
type Served = z.infer<typeof servedSchema>;

/** By API version and kind, such as `policy/v1 PodDisruptionBudget`; `npm run kubernetes-apis` renews the file. */
const TABLE = tableSchema.parse(JSON.parse(readFileSync(new URL("kubernetes-apis.json", import.meta.url), "utf8")));

/** Of Kubernetes too: of its modules apiextensions-apiserver and kube-aggregator, and the one kind that says nothing of itself. */
const FURTHER: Readonly<Record<string, Served>> = {
  "apiextensions.k8s.io/v1 CustomResourceDefinition": { introduced: "1.16" },
  "apiregistration.k8s.io/v1 APIService": { introduced: "1.10" },
  "v1 ComponentStatus": { introduced: "1.0" },
};

/** What a version of Kubernetes makes of one object. */
export interface ApiFinding {
  /** Such as `PodDisruptionBudget sparki-engine/engine-fleet`. */
  readonly object: string;
  readonly status: "served" | "custom" | "leaving" | "refused";
  /** Why it is refused, or until when it is served. */
  readonly reason?: string;
}

/** Judges an object by the version (such as `1.35`) of the cluster that it is for. */
export function apiFinding(object: RenderedObject, version: string): ApiFinding {
  const title = objectTitle(object);
  const api = `${object.apiVersion} ${object.kind}`;
  if (!isKubernetesOwn(`${object.apiVersion}`)) return { object: title, status: "custom" };
  const served = TABLE.apis[api] ?? FURTHER[api];
  const refused = (why: string) => ({ object: title, status: "refused", reason: `${api} ${why}` }) as const;
  if (served === undefined) return refused("is no API of Kubernetes");
  const { introduced, deprecated, removed, replacement } = served;
  const instead = replacement === undefined ? "" : `; ${replacement} replaces it`;
  if (isBefore(version, introduced)) return refused(`is served from Kubernetes ${introduced} on`);
  if (removed !== undefined && !isBefore(version, removed))
    return refused(`was removed in Kubernetes ${removed}${instead}`);
  if (removed === undefined || deprecated === undefined || isBefore(version, deprecated))
    return { object: title, status: "served" };
  return { object: title, status: "leaving", reason: `${api} is removed in Kubernetes ${removed}${instead}` };
}

/** A group without a dot, or of k8s.io itself: others are custom resources, which an add-on defines. */
function isKubernetesOwn(apiVersion: string): boolean {
  const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
  return !group.includes(".") || (group.endsWith(".k8s.io") && !group.endsWith(".x-k8s.io"));
}

function isBefore(version: string, other: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  const [otherMajor = 0, otherMinor = 0] = other.split(".").map(Number);
  return major < otherMajor || (major === otherMajor && minor < otherMinor);
}

export const kubernetesApis: Check = {
  id: "kubernetes-apis",
  group: "Application",
  title: "Kubernetes APIs",
  proves:
    "The Kubernetes version of the config serves every object that the charts create, and every one that Helm keeps of what is installed.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const { version } = context.config.cluster;
    const fix =
      "change the apiVersion in apps/charts, release that to the version that runs now, then upgrade the cluster";
    if (isBefore(TABLE.newest, version))
      return warn(
        `Kubernetes ${version} is newer than what is known here, ${TABLE.newest}: its APIs were not compared`,
        "go get k8s.io/api@latest in tools/kubernetes-apis, then npm run kubernetes-apis",
      );
    const trials = await trialsOf(context);
    const rendered = await Promise.all(trials.map((trial) => renderedObjectsOf(context, trial, signal)));
    const broken = trials.filter((_, index) => rendered[index] === undefined).map(({ title }) => title);
    if (broken.length > 0) return skipped(`${broken.join(", ")} does not render; the check of the charts says why`);
    const charts = rendered.flatMap((each) => each ?? []).map((each) => apiFinding(each, version));
    const installed = ((await installedObjects(context)) ?? []).map((each) => apiFinding(each, version));
    const refused = [...told(charts, "refused", "apps/charts"), ...told(installed, "refused", "installed")];
    if (refused.length > 0) return fail(`Kubernetes ${version}: ${refused.join("; ")}`, fix);
    const leaving = [...told(charts, "leaving", "apps/charts"), ...told(installed, "leaving", "installed")];
    if (leaving.length > 0) return warn(leaving.join("; "), "change the apiVersion in apps/charts, and release it");
    const custom = charts.filter(({ status }) => status === "custom").length;
    const served = `Kubernetes ${version} serves all ${charts.length - custom} objects of the charts and ${installed.length} installed ones; ${custom} more are custom resources of add-ons`;
    const cluster = await context.aws.find("eks/getCluster", { name: `sparki-${context.stack}` }, clusterSchema);
    if (cluster === undefined || !isBefore(cluster.version, version)) return pass(served);
    return pass(
      `${served}. The cluster has ${cluster.version}, and fields and values are in no table: npx sparki upgrades --kubernetes ${version} --stack ${context.stack} asks a real API server of ${version}`,
    );
  },
};

/** Every object that a chart creates, in its namespace; undefined where the chart does not render. */
export async function renderedObjectsOf(
  context: PreflightContext,
  trial: ChartTrial,
  signal: AbortSignal,
): Promise<RenderedObject[] | undefined> {
  const { code, stdout } = await render(context, trial, signal);
  return code === 0 ? namespaced(renderedObjects(stdout), trial.namespace) : undefined;
}

/**
 * What Helm keeps of what is installed: it compares a new release with the objects of the last one, and cannot upgrade one
 * whose API is gone. Undefined where there is no cluster.
 */
export async function installedObjects({
  cluster,
}: Pick<PreflightContext, "cluster">): Promise<RenderedObject[] | undefined> {
  const releases = await cluster.installed(NAMESPACES);
  return releases?.flatMap(({ manifest, namespace }) => namespaced(renderedObjects(manifest), namespace));
}

function namespaced(objects: readonly RenderedObject[], namespace: string): RenderedObject[] {
  return objects.map((object) => ({
    ...object,
    metadata: { namespace, ...(isRecord(object.metadata) ? object.metadata : {}) },
  }));
}

function told(findings: readonly ApiFinding[], status: ApiFinding["status"], where: string): string[] {
  const found = findings.filter((each) => each.status === status);
  return [...new Set(found.map(({ object, reason }) => `${object} (${where}): ${reason}`))];
}
