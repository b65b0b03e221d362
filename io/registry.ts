import { messageOf } from "../shared/message-of.ts";
import { request } from "./http.ts";
import type { Network } from "./network.ts";
import { imageReference, Registry } from "./oci-registry.ts";

/** What is known of an image in its registry. */
export type ImageFinding =
  | { readonly kind: "there" }
  | { readonly kind: "missing" }
  /** The registry did not say, for example because it wants a token. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface ImageRegistry {
  /** Looks an image up by its digest reference; resolves with what was found and never rejects. */
  find(reference: string): Promise<ImageFinding>;
}

const PATIENCE_SECONDS = 20;

/**
 * The registries that the images' references name. SPARKI_REGISTRY, a URL, answers for all of them, as a mirror does;
 * SPARKI_REGISTRY_TOKEN reads private images.
 */
export function openRegistry(network: Network, env: Readonly<Record<string, string | undefined>>): ImageRegistry {
  return {
    find: async (reference) => {
      const signal = AbortSignal.timeout(PATIENCE_SECONDS * 1000);
      const { SPARKI_REGISTRY: mirror, SPARKI_REGISTRY_TOKEN: token } = env;
      const registry = new Registry((url, options) => request(network, url, options), token, signal, mirror);
      try {
        return { kind: (await registry.has(imageReference(reference))) ? "there" : "missing" };
      } catch (error) {
        return { kind: "unknown", reason: messageOf(error) };
      }
    },
  };
}
