import { isDeepStrictEqual } from "node:util";
import { type KubernetesObject, KubernetesObjectApi, loadYaml } from "@kubernetes/client-node";
import { z } from "zod";
import { objectTitle, type RenderedObject } from "../records/object-facts.ts";
import { KubernetesClient } from "./kubernetes.ts";
import { isRefusal, refusalOf } from "./kubernetes-call.ts";

const metadataSchema = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  labels: z.record(z.string(), z.string()).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});
const objectSchema = z.object({ apiVersion: z.string(), kind: z.string(), metadata: metadataSchema });

/** Groups whose objects are only written by who deploys them, but for the autoscaler's number of replicas. */
const BUILT_IN =
  /^(v1|apps\/v1|batch\/v1|autoscaling\/v2|policy\/v1|networking\.k8s\.io\/v1|rbac\.authorization\.k8s\.io\/v1)$/;

/**
 * Which of the rendered objects the cluster has otherwise, in words; nothing when it has all as rendered. The API server is
 * asked what each would be if it were written again (a dry run), so its defaults and its ways to write a quantity count as
 * no difference, and a field that only the cluster has does. Other controllers write into objects of other groups: there
 * only what is rendered is compared.
 */
export async function objectsApart(
  kubeconfig: string,
  rendered: readonly RenderedObject[],
  signal?: AbortSignal,
): Promise<string[]> {
  const api = new KubernetesClient(kubeconfig, signal).api(KubernetesObjectApi);
  const found = await Promise.all(rendered.map((object) => apart(api, object)));
  return found.flatMap((each) => each ?? []);
}

/** Controllers write into the objects too: between the reading and the question they may, a few times in a row. */
const TIMES_ASKED = 5;

async function apart(api: KubernetesObjectApi, rendered: RenderedObject): Promise<string | undefined> {
  const title = objectTitle(rendered);
  const named = objectSchema.safeParse(rendered);
  if (!named.success) return `${title}: its chart renders it without a name`;
  const { apiVersion, kind, metadata } = named.data;
  const { name, namespace, labels, annotations } = metadata;
  const place = { name, ...(namespace !== undefined && { namespace }) };
  const compared = async (): Promise<string | undefined> => {
    const live = await api.read({ apiVersion, kind, metadata: place });
    const wanted = { labels: labels ?? {}, annotations: annotations ?? {} };
    if (!holds({ labels: {}, annotations: {}, ...live.metadata }, wanted))
      return `${title} has other labels or annotations`;
    // In the client's own form, which has other names for some fields: it would leave out what it does not know.
    const typed = loadYaml<KubernetesObject>(JSON.stringify(rendered));
    const asked = { ...typed, apiVersion, kind, metadata: live.metadata ?? place };
    const written = await api.replace(asked, undefined, "All");
    const [now, then] = [essence(live, rendered), essence(written, rendered)];
    const isSame = BUILT_IN.test(apiVersion)
      ? isDeepStrictEqual(now, then)
      : holds(live, { ...rendered, metadata: {} });
    return isSame ? undefined : `${title} differs from what was promoted`;
  };
  for (let time = 1; ; time++)
    try {
      return await compared();
    } catch (error) {
      if (time === TIMES_ASKED || !isRefusal(error, [409])) return `${title}: ${refusalOf(error)}`;
    }
}

/** What is asked of an object: neither its name nor its state; its replicas are the autoscaler's where the chart sets none. */
function essence(object: object, rendered: RenderedObject): unknown {
  const { metadata: _, status: __, spec, ...rest } = record(JSON.parse(JSON.stringify(object)));
  if (spec === undefined || record(rendered.spec).replicas !== undefined) return { ...rest, spec };
  const { replicas: ___, ...scaled } = record(spec);
  return { ...rest, spec: scaled };
}

/** Whether a value has all that is wanted, at least. */
function holds(value: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted))
    return Array.isArray(value) && value.length === wanted.length && wanted.every((each, at) => holds(value[at], each));
  if (typeof wanted !== "object" || wanted === null) return value === wanted;
  return Object.entries(wanted).every(([key, each]) => each === undefined || holds(record(value)[key], each));
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

/** What deployments make in a namespace, by API version. */
const MADE_KINDS: Readonly<Record<string, readonly string[]>> = {
  v1: ["ConfigMap", "Secret", "Service", "ServiceAccount"],
  "apps/v1": ["DaemonSet", "Deployment", "StatefulSet"],
  "autoscaling/v2": ["HorizontalPodAutoscaler"],
  "networking.k8s.io/v1": ["NetworkPolicy"],
  "policy/v1": ["PodDisruptionBudget"],
};

/**
 * The objects in these namespaces that no other object owns and Kubernetes does not make by itself, as
 * `Kind namespace/name`; a Helm release once, and by its status where that is not `deployed`.
 */
export async function objectsIn(
  kubeconfig: string,
  namespaces: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const api = new KubernetesClient(kubeconfig, signal).api(KubernetesObjectApi);
  const kinds = Object.entries(MADE_KINDS).flatMap(([version, names]) => names.map((kind) => [version, kind] as const));
  const lists = await Promise.all(
    namespaces.flatMap((namespace) =>
      kinds.map(async ([version, kind]) => {
        const { items } = await api.list(version, kind, namespace);
        const newest = newestRevisions(items);
        return items.flatMap((item) => (isOlder(item, newest) ? [] : (madeTitle(kind, item) ?? [])));
      }),
    ),
  );
  return [...new Set(lists.flat())].sort();
}

const MADE_BY_KUBERNETES = /^(ConfigMap \S+\/kube-root-ca\.crt|ServiceAccount \S+\/default)$/;

const HELM_OWNER = "helm";

/** By Helm release, the number of its last revision; the others are its history, failed ones too. */
function newestRevisions(items: readonly KubernetesObject[]): ReadonlyMap<string | undefined, number> {
  const newest = new Map<string | undefined, number>();
  for (const { metadata } of items)
    if (metadata?.labels?.owner === HELM_OWNER) {
      const { name, version } = metadata.labels;
      newest.set(name, Math.max(Number(version), newest.get(name) ?? 0));
    }
  return newest;
}

function isOlder({ metadata }: KubernetesObject, newest: ReadonlyMap<string | undefined, number>): boolean {
  const { owner, name, version } = metadata?.labels ?? {};
  return owner === HELM_OWNER && Number(version) < (newest.get(name) ?? 0);
}

/** Undefined for what something else makes. */
function madeTitle(kind: string, { metadata }: KubernetesObject): string | undefined {
  const { name, namespace, labels, ownerReferences } = metadata ?? {};
  if ((ownerReferences ?? []).length > 0) return undefined;
  if (labels?.owner === HELM_OWNER) {
    const status = labels.status === "deployed" ? "" : ` ${labels.status}`;
    return `Release ${namespace}/${labels.name}${status}`;
  }
  const title = `${kind} ${namespace}/${name}`;
  return MADE_BY_KUBERNETES.test(title) ? undefined : title;
}
