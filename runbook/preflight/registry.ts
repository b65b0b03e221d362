import { z } from "zod";
import { DeployError } from "../../stacks/deploy-error.ts";
import type { HttpAnswer } from "../io/http.ts";
import type { Http } from "./context.ts";

/** An image by digest, in the parts that a registry is asked with. */
export interface ImageReference {
  readonly host: string;
  readonly repository: string;
  readonly digest: string;
}

/** Reads a reference such as `ghcr.io/alexarno/sparki/engine@sha256:<hex>`; the config's schema admits no other form. */
export function imageReference(text: string): ImageReference {
  const [name = "", digest = ""] = text.split("@");
  const slash = name.indexOf("/");
  return { host: name.slice(0, slash), repository: name.slice(slash + 1), digest };
}

const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const tokenSchema = z.object({ token: z.string().optional(), access_token: z.string().optional() });

interface Ask {
  readonly method: "GET" | "HEAD";
  readonly url: string;
  readonly accept: string;
}

/** A client of the OCI distribution API (https://github.com/opencontainers/distribution-spec) that only reads. */
export class Registry {
  readonly #http: Http;
  readonly #secret: string | undefined;
  readonly #signal: AbortSignal;
  readonly #mirror: string | undefined;

  /**
   * `secret` is a token, or `user:token`; without it only public images are seen. `mirror` is a URL that answers for
   * every registry.
   */
  constructor(http: Http, secret: string | undefined, signal: AbortSignal, mirror?: string) {
    this.#http = http;
    this.#secret = secret;
    this.#signal = signal;
    this.#mirror = mirror;
  }

  /** Whether the registry has a manifest of this digest; throws SPARKI_OUTSIDE when it does not say. */
  async has(image: ImageReference): Promise<boolean> {
    const url = this.#url(image, `manifests/${image.digest}`);
    const { status } = await this.#ask({ method: "HEAD", url, accept: MANIFESTS });
    return isThere(image, status);
  }

  /** The text of a manifest by tag or digest; undefined when there is none. */
  async manifest(image: ImageReference, tag: string): Promise<string | undefined> {
    return this.#text(image, { method: "GET", url: this.#url(image, `manifests/${tag}`), accept: MANIFESTS });
  }

  /** The text of a blob; undefined when there is none. */
  async blob(image: ImageReference, digest: string): Promise<string | undefined> {
    return this.#text(image, { method: "GET", url: this.#url(image, `blobs/${digest}`), accept: "*/*" });
  }

  #url({ host, repository }: ImageReference, path: string): string {
    return `${this.#mirror ?? `https://${host}`}/v2/${repository}/${path}`;
  }

  async #text(image: ImageReference, ask: Ask): Promise<string | undefined> {
    const { status, body } = await this.#ask(ask);
    return isThere(image, status) ? body : undefined;
  }

  /** Asks without credentials first, then with those that the registry's challenge asks for. */
  async #ask(ask: Ask) {
    const first = await this.#send(ask, {});
    if (first.status !== 401) return this.#followed(first);
    const authorization = await this.#authorization(String(first.headers["www-authenticate"] ?? ""));
    if (authorization === undefined) return first;
    return this.#followed(await this.#send(ask, { authorization }));
  }

  async #send({ method, url, accept }: Ask, headers: Readonly<Record<string, string>>) {
    const options = { method, headers: { accept, ...headers }, timeoutSeconds: 15, signal: this.#signal };
    return answered(url, await this.#http(url, options));
  }

  /** Registries keep blobs elsewhere; the credentials are not for there. */
  async #followed(answer: Answered) {
    const location = answer.headers.location;
    if (![301, 302, 303, 307, 308].includes(answer.status) || typeof location !== "string") return answer;
    return answered(location, await this.#http(location, { timeoutSeconds: 15, signal: this.#signal }));
  }

  /** See https://distribution.github.io/distribution/spec/auth/token/. */
  async #authorization(challenge: string): Promise<string | undefined> {
    const basic = this.#secret === undefined ? undefined : `Basic ${encoded(this.#secret)}`;
    if (/^basic\b/i.test(challenge)) return basic;
    const { realm, ...parameters } = Object.fromEntries(
      [...challenge.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = "", value = ""]) => [key, value]),
    );
    if (realm === undefined) return undefined;
    const { error: _, ...query } = parameters;
    const url = `${realm}?${new URLSearchParams(query)}`;
    const headers = basic === undefined ? {} : { authorization: basic };
    const answer = answered(url, await this.#http(url, { headers, timeoutSeconds: 15, signal: this.#signal }));
    if (answer.status !== 200) return undefined;
    const { token, access_token: other } = tokenSchema.parse(JSON.parse(answer.body));
    return `Bearer ${token ?? other}`;
  }
}

type Answered = Extract<HttpAnswer, { answered: true }>;

function answered(url: string, answer: HttpAnswer): Answered {
  if (answer.answered) return answer;
  throw new DeployError("SPARKI_OUTSIDE", `${new URL(url).host}: ${answer.error}`);
}

function isThere({ host, repository }: ImageReference, status: number): boolean {
  if (status === 404) return false;
  if (status === 200) return true;
  throw refusal(host, repository, status);
}

function refusal(host: string, repository: string, status: number): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${host} answered ${status} for ${repository}`, {
    hint:
      status === 401 || status === 403
        ? "set SPARKI_REGISTRY_TOKEN to a token that may read packages"
        : "see the registry's status page, then run it again",
  });
}

/** Registries that take a token take any user's name with it. */
function encoded(secret: string): string {
  return Buffer.from(secret.includes(":") ? secret : `sparki:${secret}`).toString("base64");
}
