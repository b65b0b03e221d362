import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { waitFor } from "../waiting.ts";
import type { KubernetesApi } from "./api.ts";
import type { KubernetesObject } from "./objects.ts";

interface Definition extends KubernetesObject {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

const DIRECTORY = join(import.meta.dirname, "definitions");
const DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

/** Where the objects that are not definitions live: each kind is cluster-wide, or of the cluster's own namespace. */
const COLLECTIONS: Readonly<Record<string, string>> = {
  NodeClass: "/apis/eks.amazonaws.com/v1/nodeclasses",
  NodePool: "/apis/karpenter.sh/v1/nodepools",
  StorageClass: "/apis/storage.k8s.io/v1/storageclasses",
  CSIDriver: "/apis/storage.k8s.io/v1/csidrivers",
  ConfigMap: "/api/v1/namespaces/kube-system/configmaps",
};

/** Gives the cluster what Auto Mode and the add-ons bring, or what another folder holds; resolves once all is served. */
export async function applyDefinitions(api: KubernetesApi, directory = DIRECTORY): Promise<void> {
  const objects = await readDefinitions(directory);
  const definitions = objects.filter(({ kind }) => kind === "CustomResourceDefinition");
  await Promise.all(definitions.map((object) => apply(api, DEFINITIONS, object)));
  await waitFor("the custom resource definitions", () => established(api, definitions), { limitSeconds: 30 });
  await Promise.all(
    objects.map((object) => {
      const collection = COLLECTIONS[object.kind];
      return collection === undefined ? undefined : applyOnce(api, collection, object);
    }),
  );
}

async function readDefinitions(directory: string): Promise<readonly KubernetesObject[]> {
  const files = (await readdir(directory)).filter((file) => file.endsWith(".yaml"));
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), "utf8")));
  return texts.flatMap((text) => parseAllDocuments(text).map((document): KubernetesObject => document.toJS()));
}

/** What was changed since an earlier start, such as by the program, stays as it is: EKS brings an object once. */
async function applyOnce(api: KubernetesApi, collection: string, object: KubernetesObject): Promise<void> {
  const found = await api.get(`${collection}/${object.metadata.name}`);
  if (found === undefined) await apply(api, collection, object);
}

function apply(api: KubernetesApi, collection: string, object: KubernetesObject) {
  const query = { fieldManager: "eks", force: true };
  return api.patch(`${collection}/${object.metadata.name}`, "apply-patch", object, query);
}

async function established(api: KubernetesApi, definitions: readonly KubernetesObject[]): Promise<boolean> {
  const { items } = await api.list<Definition>(DEFINITIONS);
  const served = new Set(items.filter(isEstablished).map(({ metadata }) => metadata.name));
  return definitions.every(({ metadata }) => served.has(metadata.name));
}

function isEstablished({ status }: Definition): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "Established" && value === "True") ?? false;
}
