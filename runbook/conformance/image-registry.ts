import { request } from "../../io/http.ts";
import { openNetwork } from "../../io/network.ts";
import { Registry } from "../../io/oci-registry.ts";
import { pullCredentials } from "../../stacks/docker-config.ts";
import type { NamedImage } from "../../stacks/fields.ts";
import type { Ports } from "../command.ts";

interface OpenImageRegistry {
  readonly registry: Registry;
  /** Of the stack that was named. */
  readonly region: string | undefined;
  close(): Promise<void>;
}

/**
 * The registry of an image with the credentials that preflight has for it: SPARKI_REGISTRY_TOKEN, else those of the named
 * stack's pull secret, else none. SPARKI_REGISTRY, a URL, answers for every registry.
 */
export async function openImageRegistry(
  image: NamedImage,
  stack: string | boolean | undefined,
  ports: Ports,
): Promise<OpenImageRegistry> {
  const { env, signal } = ports;
  const named =
    typeof stack === "string" ? (await import("../preflight/stack-file.ts")).readStack(stack, ports) : undefined;
  const token = env.SPARKI_REGISTRY_TOKEN?.trim();
  const network = openNetwork(env);
  try {
    const secret = token || (named && (await stackCredentials(image, named, ports)));
    const registry = new Registry(
      (url, options) => request(network, url, options),
      secret,
      signal,
      env.SPARKI_REGISTRY,
    );
    return { registry, region: named?.config.region, close: () => network.close() };
  } catch (error) {
    await network.close();
    throw error;
  }
}

type NamedStack = ReturnType<typeof import("../preflight/stack-file.ts").readStack>;

/** What nodes of the stack send for the image; undefined where it is public. */
async function stackCredentials(
  image: NamedImage,
  { stack, fullName, config }: NamedStack,
  ports: Ports,
): Promise<string | undefined> {
  const { openOwnPreflight } = await import("../preflight/open.ts");
  const { NOBODY_ASKED } = await import("../preflight/context.ts");
  const { context, close } = await openOwnPreflight({ stack, fullName, config, answers: NOBODY_ASKED }, ports);
  try {
    const secret = await context.pullSecret();
    return secret === undefined ? undefined : pullCredentials(secret, image);
  } finally {
    await close();
  }
}
