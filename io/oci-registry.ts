import { createHash } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import type { ImagePlace, ImageReference } from "../stacks/fields.ts";
import { type Http, type HttpAnswer, jsonIn, request } from "./http.ts";
import type { Network } from "./network.ts";

const MANIFESTS = [
  "application/vnd.oci.image.index.v1+json",
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const INDEX = /image\.index|manifest\.list/;
const MANIFEST = /image\.manifest|distribution\.manifest\.v2/;
/** Of the nodes; an image without it is there and yet starts on none of them. */
const PLATFORM = { os: "linux", architecture: "amd64" } as const;

const tokenSchema = z.object({ token: z.string().nullish(), access_token: z.string().nullish() });
const indexSchema = z.object({
  manifests: z.array(
    z.object({
      digest: z.string(),
      platform: z.object({ os: z.string(), architecture: z.string() }).nullish(),
    }),
  ),
});
const referrersSchema = z.object({
  manifests: z.array(
    z.object({
      digest: z.string(),
      artifactType: z
        .string()
        .nullish()
        .transform((type) => type ?? ""),
    }),
  ),
});
const manifestSchema = z.object({ config: z.object({ digest: z.string() }) });
const configSchema = z.object({ os: z.string(), architecture: z.string() });

interface Ask {
  readonly method: "GET" | "HEAD";
  readonly url: string;
  readonly accept: string;
  /** What a blob is handed to as it comes. */
  readonly sink?: (chunk: Uint8Array) => Promise<void>;
}

/** Waits before a registry is asked again. */
type Sleep = (seconds: number, signal: AbortSignal) => Promise<unknown>;

const TIMEOUT_SECONDS = 15;
/** A layer may be gigabytes. */
const STREAM_TIMEOUT_SECONDS = 900;
/** As builders nest them there are two. */
const MOST_INDEXES = 4;
const MAX_REDIRECTS = 5;
const MAX_PAGES = 20;
const MAX_TRIES = 4;
/** A registry that asks for more is one that does not say. */
const LONGEST_WAIT_SECONDS = 30;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What may be over in a moment: too many requests, or a server behind the registry's entrance that is away. */
const PASSING: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
/** What is said of a connection that broke off, which the next one may not do. */
const BROKEN_OFF = /ECONNRESET|EPIPE|UND_ERR_SOCKET|socket disconnected|socket hang up|other side closed/i;
/** Names of Docker Hub in references; on the web they are pages for people. */
const DOCKER_HUB: ReadonlySet<string> = new Set(["docker.io", "index.docker.io"]);
const DOCKER_HUB_HOST = "registry-1.docker.io";
/** A client of the OCI distribution API (https://github.com/opencontainers/distribution-spec) that only reads. */
export class Registry {
  readonly #http: Http;
  readonly #secret: string | undefined;
  readonly #signal: AbortSignal;
  readonly #mirror: string | undefined;
  readonly #sleep: Sleep;

  /**
   * `secret` is a token, or `user:token`; without it only public images are seen. `mirror` is a URL that answers for
   * every registry.
   */
  constructor(http: Http, secret: string | undefined, signal: AbortSignal, mirror?: string, sleep: Sleep = pause) {
    this.#http = http;
    this.#secret = secret;
    this.#signal = signal;
    if (mirror !== undefined && !/^https?:$/.test(URL.parse(mirror)?.protocol ?? ""))
      throw new DeployError(
        "SPARKI_USAGE",
        `SPARKI_REGISTRY is ${JSON.stringify(mirror)}; expected an address such as https://registry.example.com`,
        { hint: "set SPARKI_REGISTRY to the mirror's address, or unset it" },
      );
    this.#mirror = mirror?.replace(/\/+$/, "");
    this.#sleep = sleep;
  }

  /** Whether the registry has a manifest of this digest; throws SPARKI_OUTSIDE when it does not say. */
  async has(image: ImageReference): Promise<boolean> {
    const url = this.#url(image, `manifests/${image.digest}`);
    const answer = await this.#ask({ method: "HEAD", url, accept: MANIFESTS });
    if (!isThere(image, answer)) return false;
    const type = String(answer.headers["content-type"] ?? "");
    const told = answer.headers["docker-content-digest"];
    if (told === undefined && !/^application\//i.test(type))
      throw new DeployError(
        "SPARKI_OUTSIDE",
        `${image.host} answered 200 for ${image.repository} with ${type || "no type"} and no digest; expected a manifest`,
        { hint: `check whether a login page or a proxy responds there: curl -I https://${image.host}/v2/` },
      );
    const found = String(told ?? image.digest);
    if (found.trim() === image.digest) return true;
    throw new DeployError("SPARKI_OUTSIDE", `${image.host} has ${found} where it was asked for ${image.digest}`, {
      hint: "check whether a mirror or a proxy responds for the registry: nodes refuse such an image",
    });
  }

  /**
   * Why the nodes could not run an image that the registry has: an index is followed to the manifest of their platform
   * and to its config. Undefined when they can; throws SPARKI_OUTSIDE when the registry does not say.
   */
  async platformProblem(image: ImageReference): Promise<string | undefined> {
    const wanted = `${PLATFORM.os}/${PLATFORM.architecture}`;
    const head = await this.#ask({
      method: "HEAD",
      url: this.#url(image, `manifests/${image.digest}`),
      accept: MANIFESTS,
    });
    const type = String(head.headers["content-type"] ?? "");
    if (!isThere(image, head)) return "is not in the registry";
    if (/^application\/vnd\./i.test(type) && !INDEX.test(type) && !MANIFEST.test(type))
      return `is of the type ${type}; nodes run images of ${MANIFESTS}`;
    if (!INDEX.test(type) && !MANIFEST.test(type)) return undefined;
    const text = await this.manifest(image, image.digest);
    if (INDEX.test(type)) return this.#indexProblem(image, text, wanted, MOST_INDEXES);
    return text === undefined
      ? `lacks the manifest of ${wanted}, ${image.digest}`
      : this.#configProblem(image, text, wanted);
  }

  /** The same of an index; what it has for a platform may be an index again, as builders with attestations make it. */
  async #indexProblem(
    image: ImageReference,
    text: string | undefined,
    wanted: string,
    most: number,
  ): Promise<string | undefined> {
    const index = parsed(text, indexSchema);
    if (index === undefined) return "has an index that cannot be read";
    if (most === 0) return `has more than ${MOST_INDEXES} indexes in one another for ${wanted}`;
    const child = index.manifests.find(
      ({ platform }) => platform?.os === PLATFORM.os && platform.architecture === PLATFORM.architecture,
    );
    if (child === undefined) {
      const has = index.manifests.flatMap(({ platform }) =>
        platform ? [`${platform.os}/${platform.architecture}`] : [],
      );
      return `has nothing for the nodes' platform ${wanted}, only for ${has.join(", ") || "no platform that is named"}`;
    }
    const found = await this.typedManifest(image, child.digest);
    if (found === undefined) return `lacks the manifest of ${wanted}, ${child.digest}`;
    return INDEX.test(found.type)
      ? this.#indexProblem(image, found.text, wanted, most - 1)
      : this.#configProblem(image, found.text, wanted);
  }

  async #configProblem(image: ImageReference, text: string, wanted: string): Promise<string | undefined> {
    const manifest = parsed(text, manifestSchema);
    if (manifest === undefined) return `has a manifest of ${wanted} that cannot be read`;
    const config = await this.blob(image, manifest.config.digest);
    if (config === undefined) return `lacks the config of ${wanted}, ${manifest.config.digest}`;
    const read = parsed(config, configSchema);
    if (read === undefined) return `has a config of ${wanted} that does not say its platform`;
    const platform = `${read.os}/${read.architecture}`;
    return platform === wanted ? undefined : `is for ${platform}; the nodes are ${wanted}`;
  }

  /** The text of a manifest by tag or digest; undefined when there is none. */
  async manifest(image: ImagePlace, tag: string): Promise<string | undefined> {
    return (await this.typedManifest(image, tag))?.text;
  }

  /** A manifest by tag or digest, with the type that the registry says it has; undefined when there is none. */
  async typedManifest(
    image: ImagePlace,
    tag: string,
  ): Promise<{ readonly type: string; readonly text: string } | undefined> {
    const answer = await this.#ask({ method: "GET", url: this.#url(image, `manifests/${tag}`), accept: MANIFESTS });
    if (!isThere(image, answer)) return undefined;
    return { type: String(answer.headers["content-type"] ?? ""), text: answer.body };
  }

  /** The text of a blob; undefined when there is none. */
  async blob(image: ImagePlace, digest: string): Promise<string | undefined> {
    return this.#text(image, { method: "GET", url: this.#url(image, `blobs/${digest}`), accept: "*/*" });
  }

  /**
   * Hands a blob to `sink` as it comes, however long it is, and says whether there is one; what `sink` throws ends the
   * exchange, and is thrown as SPARKI_OUTSIDE.
   */
  async stream(image: ImagePlace, digest: string, sink: (chunk: Uint8Array) => Promise<void>): Promise<boolean> {
    const url = this.#url(image, `blobs/${digest}`);
    return isThere(image, await this.#ask({ method: "GET", url, accept: "*/*", sink }));
  }

  /**
   * What refers to an image, such as a signature: by the registry's own list, or where it keeps none by the tag that stands
   * in for it (https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers).
   */
  async referrers(
    image: ImageReference,
  ): Promise<readonly { readonly digest: string; readonly artifactType: string }[]> {
    const listed: z.infer<typeof referrersSchema>["manifests"] = [];
    let url: string | undefined = this.#url(image, `referrers/${image.digest}`);
    for (let page = 1; url !== undefined; page++) {
      if (page > MAX_PAGES) throw new DeployError("SPARKI_OUTSIDE", `${image.host}'s list of signatures never ends`);
      const answer = await this.#ask({ method: "GET", url, accept: MANIFESTS });
      // A registry without such lists may send to a page for people instead.
      const isListed = answer.status === 200 && !/^text\/html\b/i.test(String(answer.headers["content-type"] ?? ""));
      const text = isListed ? answer.body : await this.#referrersByTag(image);
      const list = parsed(text, referrersSchema);
      if (list === undefined && text !== undefined)
        throw new DeployError("SPARKI_OUTSIDE", `${image.host} has a list of signatures that cannot be read`, {
          hint: ILL,
        });
      for (const each of list?.manifests ?? []) listed.push(each);
      url = isListed ? nextPage(url, answer) : undefined;
    }
    return listed;
  }

  /** The index under the tag that stands in for a list; undefined where there is none, or the registry gives the image itself. */
  async #referrersByTag(image: ImageReference): Promise<string | undefined> {
    const found = await this.typedManifest(image, image.digest.replace(":", "-"));
    if (found === undefined || MANIFEST.test(found.type)) return undefined;
    const digest = `sha256:${createHash("sha256").update(found.text).digest("hex")}`;
    return digest === image.digest ? undefined : found.text;
  }

  #url({ host, repository }: ImagePlace, path: string): string {
    const isHub = this.#mirror === undefined && DOCKER_HUB.has(host);
    const name = isHub && !repository.includes("/") ? `library/${repository}` : repository;
    return `${this.#mirror ?? `https://${isHub ? DOCKER_HUB_HOST : host}`}/v2/${name}/${path}`;
  }

  async #text(image: ImagePlace, ask: Ask): Promise<string | undefined> {
    const answer = await this.#ask(ask);
    return isThere(image, answer) ? answer.body : undefined;
  }

  /** Asks without credentials first, then with those that the registry's challenge asks for. */
  async #ask(ask: Ask) {
    const first = await this.#followed(ask, {});
    if (first.answer.status !== 401) return first.answer;
    const [own, asker] = [new URL(ask.url), new URL(first.url)];
    if (own.origin !== asker.origin)
      throw new DeployError("SPARKI_OUTSIDE", `${own.host} sends to ${asker.host}, which asks to log in`, {
        hint: `name ${asker.host} in the image's reference if it is the registry; no token was sent there`,
      });
    const challenge = String(first.answer.headers["www-authenticate"] ?? "");
    const authorization = await this.#authorization(challenge, first.url);
    if (authorization === undefined) return first.answer;
    return (await this.#followed(ask, { authorization })).answer;
  }

  /** Goes where the registry sends to, by the same method and for the same types; credentials stay with their own host. */
  async #followed(ask: Ask, credentials: Readonly<Record<string, string>>) {
    let url = ask.url;
    for (let redirects = 0; ; redirects++) {
      const own = new URL(url).origin === new URL(ask.url).origin ? credentials : {};
      const answer = await this.#patiently(url, ask, { accept: ask.accept, ...own });
      const { location } = answer.headers;
      if (!REDIRECTS.has(answer.status) || typeof location !== "string") return { answer, url };
      const next = URL.parse(location, url);
      if (next === null)
        throw new DeployError("SPARKI_OUTSIDE", `${new URL(url).host} redirects to something that is not an address`, {
          hint: ILL,
        });
      if (redirects === MAX_REDIRECTS)
        throw new DeployError("SPARKI_OUTSIDE", `${new URL(url).host} redirects without an end`);
      if (next.protocol !== "https:" && next.protocol !== new URL(url).protocol)
        throw new DeployError(
          "SPARKI_OUTSIDE",
          `${new URL(url).host} sends to ${next.protocol}//${next.host}: not over TLS`,
        );
      url = next.href;
    }
  }

  /** Asks again what may soon be answered, after the time that a registry names. */
  async #patiently(
    url: string,
    { method, sink }: Pick<Ask, "method" | "sink">,
    headers: Readonly<Record<string, string>>,
  ): Promise<Answered> {
    const timeoutSeconds = sink === undefined ? TIMEOUT_SECONDS : STREAM_TIMEOUT_SECONDS;
    const options = { method, headers, timeoutSeconds, signal: this.#signal, ...(sink && { sink }) };
    for (let tried = 1; ; tried++) {
      const found = await this.#http(url, options);
      // What of a blob was handed on already cannot come a second time.
      if (!found.answered && sink === undefined && BROKEN_OFF.test(found.error) && tried < MAX_TRIES) {
        await this.#sleep(2 ** (tried - 1), this.#signal);
        continue;
      }
      const answer = answered(url, found);
      const wait = waitIn(String(answer.headers["retry-after"] ?? "")) ?? 2 ** (tried - 1);
      if (!PASSING.has(answer.status) || tried === MAX_TRIES || wait > LONGEST_WAIT_SECONDS) return answer;
      await this.#sleep(wait, this.#signal);
    }
  }

  /** See https://distribution.github.io/distribution/spec/auth/token/. The secret goes to the registry's own realm alone. */
  async #authorization(challenge: string, asker: string): Promise<string | undefined> {
    const basic = this.#secret === undefined ? undefined : `Basic ${encoded(this.#secret)}`;
    const asked = challengesIn(challenge);
    const { realm, ...parameters } = asked.get("bearer") ?? {};
    if (realm === undefined && asked.has("basic")) {
      if (basic !== undefined) assertOwn(asker, asker);
      return basic;
    }
    if (realm === undefined || !URL.canParse(realm)) return undefined;
    assertOwn(realm, asker);
    const { error: _, ...query } = parameters;
    const url = new URL(realm);
    for (const [key, value] of Object.entries(query)) url.searchParams.append(key, value);
    const headers = basic === undefined ? {} : { authorization: basic };
    const answer = await this.#patiently(url.href, { method: "GET" }, headers);
    if (answer.status >= 500 || answer.status === 429)
      throw new DeployError("SPARKI_OUTSIDE", `${url.host} answered ${answer.status} when asked for a token`, {
        hint: ILL,
      });
    if (answer.status !== 200) return undefined;
    const { token, access_token: other } = parsed(answer.body, tokenSchema) ?? {};
    return token || other ? `Bearer ${token || other}` : undefined;
  }
}

/** The seconds of a Retry-After, which may be a time of day; undefined where it says none. */
function waitIn(header: string): number | undefined {
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return seconds > 0 ? Math.ceil(seconds) : undefined;
}

function pause(seconds: number, signal: AbortSignal): Promise<unknown> {
  return delay(seconds * 1000, undefined, { signal });
}

function parsed<T>(text: string | undefined, schema: z.ZodType<T>): T | undefined {
  return schema.safeParse(jsonIn(text ?? "")).data;
}

type Answered = Extract<HttpAnswer, { answered: true }>;

function answered(url: string, answer: HttpAnswer): Answered {
  if (answer.answered) return answer;
  const { host, origin } = new URL(url);
  throw new DeployError("SPARKI_OUTSIDE", `${host}: ${answer.error}`, {
    hint: `check that it can be reached from this machine: curl -I ${origin}/v2/`,
  });
}

const ILL = "check the registry's status page, then run it again";

/**
 * Whether an answer says that what was asked for is there; throws SPARKI_OUTSIDE where it does not say, as a page for people
 * does not, be it found or not.
 */
function isThere({ host, repository }: ImagePlace, { status, headers }: Answered): boolean {
  const type = String(headers["content-type"] ?? "");
  if ((status === 200 || status === 404) && /^text\/html\b/i.test(type))
    throw new DeployError(
      "SPARKI_OUTSIDE",
      `${host} answered ${status} for ${repository} with text/html; expected a manifest or a registry error`,
      { hint: `check whether a login page or a proxy responds there: curl -I https://${host}/v2/` },
    );
  if (status === 404) return false;
  if (status === 200) return true;
  if (status === 429)
    throw new DeployError("SPARKI_OUTSIDE", `${host} has had too many requests and sent no manifest of ${repository}`, {
      hint: "wait some minutes, or set SPARKI_REGISTRY_TOKEN: authenticated requests have a higher limit",
    });
  throw refusal(host, repository, status);
}

/** Where a list continues (https://www.rfc-editor.org/rfc/rfc8288); undefined at its end. */
function nextPage(url: string, { headers }: Answered): string | undefined {
  const found = /<([^<>]*)>\s*;[^,<]*\brel="?next\b/i.exec(String(headers.link ?? ""))?.[1];
  if (found === undefined) return undefined;
  const [own, next] = [new URL(url), URL.parse(found, url)];
  if (next?.origin === own.origin) return next.href;
  throw new DeployError(
    "SPARKI_OUTSIDE",
    `${own.host} continues its list at ${next?.origin ?? "something that is not an address"}`,
    {
      hint: ILL,
    },
  );
}

function refusal(host: string, repository: string, status: number): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `${host} answered ${status} for ${repository}`, {
    hint: status === 401 || status === 403 ? "set SPARKI_REGISTRY_TOKEN to a token that may read packages" : ILL,
  });
}

/** Registries that take a token take any user's name with it. */
function encoded(secret: string): string {
  return Buffer.from(secret.includes(":") ? secret : `sparki:${secret}`).toString("base64");
}

/** What is known of an image in its registry. */
type ImageFinding =
  | { readonly kind: "there" }
  | { readonly kind: "missing" }
  /** The registry did not say, for example because it wants a token. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface ImageRegistry {
  /** Looks an image up by its digest; resolves with what was found and never rejects. */
  find(image: ImageReference): Promise<ImageFinding>;
}

const PATIENCE_SECONDS = 20;

/**
 * The registries that the images' references name. SPARKI_REGISTRY, a URL, answers for all of them, as a mirror does;
 * SPARKI_REGISTRY_TOKEN reads private images.
 */
export function openRegistry(network: Network, env: Readonly<Record<string, string | undefined>>): ImageRegistry {
  return {
    find: async (image) => {
      const signal = AbortSignal.timeout(PATIENCE_SECONDS * 1000);
      const { SPARKI_REGISTRY: mirror, SPARKI_REGISTRY_TOKEN: token } = env;
      try {
        const registry = new Registry((url, options) => request(network, url, options), token, signal, mirror);
        return { kind: (await registry.has(image)) ? "there" : "missing" };
      } catch (error) {
        return { kind: "unknown", reason: messageOf(error) };
      }
    },
  };
}

/** Registries whose tokens come from a host that is neither theirs nor above it. */
const REALMS: Readonly<Record<string, string>> = {
  "registry-1.docker.io": "auth.docker.io",
};

const CHALLENGE = /(?:^|,)\s*(\w+)(?=\s+[\w-]+\s*=|\s*(?:,|$))|([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/g;

/** The challenges of a header by their schemes, which may be several: https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1. */
function challengesIn(header: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const found = new Map<string, Record<string, string>>();
  let current: Record<string, string> = {};
  for (const [, scheme, name, quoted, token] of header.matchAll(CHALLENGE)) {
    if (scheme !== undefined) {
      current = {};
      found.set(scheme.toLowerCase(), current);
    } else if (name !== undefined) current[name.toLowerCase()] = quoted?.replace(/\\(.)/g, "$1") ?? token ?? "";
  }
  return found;
}

/**
 * Throws SPARKI_OUTSIDE for a realm that is not the registry's own: another host than its own or the one above it,
 * another port than its own or the usual one, or one that is not asked over TLS (but on this machine). A challenge is only what some server says.
 */
function assertOwn(realm: string, registry: string): void {
  const [asked, own] = [new URL(realm), new URL(registry)];
  const host = own.hostname;
  // A registry on a port of its own may be logged into where its host is known by.
  const isHost = asked.host === own.host || asked.host === own.hostname;
  const isOwn = isHost || asked.hostname === REALMS[host] || host.endsWith(`.${asked.hostname}`);
  const isLocal = asked.host === own.host && /^(?:127\.[\d.]+|localhost|\[::1\])$/.test(asked.hostname);
  if (isOwn && (asked.protocol === "https:" || isLocal)) return;
  throw new DeployError(
    "SPARKI_OUTSIDE",
    `${own.host} asks to log in at ${asked.origin}, which is not its own over TLS`,
    {
      hint: "find out who responds for this registry; no token was sent there",
    },
  );
}
