import type { KubernetesApi } from "../cluster/api.ts";

/** What an object is and where it lives, as its own fields say. */
export interface ObjectKey {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  /** Ignored for kinds that live in no namespace. */
  readonly namespace: string;
}

interface Discovery {
  readonly resources: readonly { readonly name: string; readonly kind: string; readonly namespaced: boolean }[];
}

/** Finds the URL path of objects by asking the API server which resource serves a kind; remembers the answers. */
export class ResourcePaths {
  readonly #api: KubernetesApi;
  readonly #discovered = new Map<string, Promise<Discovery | undefined>>();

  constructor(api: KubernetesApi) {
    this.#api = api;
  }

  /** Throws when the API server serves no such kind, as with a definition that is not installed. */
  async pathOf(key: ObjectKey): Promise<string> {
    const root = rootOf(key.apiVersion);
    const resource = await this.#resourceOf(key, root);
    const place = resource.namespaced ? `/namespaces/${key.namespace}` : "";
    return `${root}${place}/${resource.name}/${key.name}`;
  }

  async #resourceOf(key: ObjectKey, root: string) {
    const discovery = this.#discovered.get(root) ?? this.#api.get<Discovery>(root);
    this.#discovered.set(root, discovery);
    const resources = (await discovery)?.resources ?? [];
    // Subresources such as deployments/status list the same kind.
    const found = resources.find(({ kind, name }) => kind === key.kind && !name.includes("/"));
    if (found !== undefined) return found;
    this.#discovered.delete(root);
    throw new Error(`no matches for kind "${key.kind}" in version "${key.apiVersion}"`);
  }
}

function rootOf(apiVersion: string): string {
  return apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
