import type { StoredImages } from "./cluster/images.ts";
import { NotFound, type Route } from "./control.ts";

/** The one question of the OCI distribution API that deployments ask: is there a manifest of this digest. */
export function registryRoutes(images: StoredImages): Readonly<Record<string, Route>> {
  const manifest: Route = async (_, path) => {
    const [, name, digest] = /^\/v2\/(.+)\/manifests\/(sha256:[0-9a-f]{64})$/.exec(path) ?? [];
    if (name === undefined || digest === undefined || !images.has(digest)) throw new NotFound("MANIFEST_UNKNOWN");
    return { schemaVersion: 2 };
  };
  return { "HEAD /v2/*": manifest, "GET /v2/*": manifest };
}
