import { type ChildProcess, spawn } from "node:child_process";
import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer as createSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { yamlText } from "../../shared/yaml-text.ts";
import { resolveTools } from "../../tools/resolve.ts";

/** The password that reads and writes; without it the registry's public repositories are read alone. */
export const PASSWORD = "read-and-write";
const SERVICE = "registry.test";
const ISSUER = "auth.test";

/**
 * The distribution project's registry on loopback, with its blobs in a bucket that it sends readers to, tokens that it
 * verifies itself, and in front of it what real ones have there: the server of the tokens, and a limit of requests.
 */
export interface OciRegistry {
  readonly url: string;
  /** Every request that came, as `METHOD path`. */
  readonly asked: string[];
  /** Where it sent readers to, by origin. */
  readonly sentTo: string[];
  /** Answers so many of the next requests with 429, and asks for a wait of so many seconds. */
  limit(requests: number, seconds: number): void;
  /** Pushes a blob and answers with its digest. */
  blob(repository: string, content: string | Buffer): Promise<string>;
  /** Pushes a manifest by a tag, or else by its digest, and answers with its digest. */
  manifest(repository: string, manifest: object | string, options: { type: string; tag?: string }): Promise<string>;
  removeManifest(repository: string, digest: string): Promise<void>;
  close(): Promise<void>;
}

/**
 * With `listsReferrers` it is go-containerregistry's registry instead, which answers the referrers API and asks for no token;
 * where the distribution project's is asked for that, a list under a tag stands in for it.
 */
export async function startOciRegistry({ listsReferrers = false } = {}): Promise<OciRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "sparki-registry-"));
  const progress = { begin: () => ({ update: () => undefined, end: () => undefined }) };
  const { signal } = new AbortController();
  const programs = listsReferrers ? ["referrers-registry"] : ["registry", "gofakes3"];
  const tools = await resolveTools(programs, { env: process.env, progress, signal });
  const [bucketPort, registryPort] = [await freePort(), await freePort()];
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const started: ChildProcess[] = [];
  const asked: string[] = [];
  const sentTo: string[] = [];
  let limited = 0;
  let waitSeconds = 0;
  const token = (scopes: readonly string[]) => signedToken(scopes, privateKey);
  const front = createServer((incoming, response) => {
    asked.push(`${incoming.method} ${incoming.url}`);
    if (limited > 0) {
      limited--;
      response.writeHead(429, { "retry-after": `${waitSeconds}` }).end();
      return;
    }
    if (incoming.url?.startsWith("/token")) answerToken(incoming, response, token);
    else pass(incoming, response, { port: registryPort, sentTo });
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  const address = front.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const url = `http://127.0.0.1:${address.port}`;
  writeFileSync(
    join(folder, "keys.json"),
    JSON.stringify({ keys: [{ ...publicKey.export({ format: "jwk" }), kid: "test", alg: "ES256", use: "sig" }] }),
  );
  writeFileSync(join(folder, "config.yaml"), yamlText(configOf({ url, folder, bucketPort, registryPort })));
  const close = async () => {
    front.closeAllConnections();
    front.close();
    for (const child of started) child.kill("SIGKILL");
    await Promise.all(started.map((child) => child.exitCode ?? child.signalCode ?? once(child, "exit")));
    rmSync(folder, { recursive: true });
  };
  const run = (program: string | undefined, args: readonly string[]) => {
    const child = spawn(program ?? "", [...args], {
      cwd: folder,
      stdio: "ignore",
      env: { OTEL_TRACES_EXPORTER: "none" },
    });
    child.on("error", () => undefined);
    started.push(child);
  };
  const runInFrontOfBucket = async () => {
    run(tools.gofakes3, ["-backend", "memory", "-initialbucket", "images", "-host", `127.0.0.1:${bucketPort}`]);
    await answering(`http://127.0.0.1:${bucketPort}/images`);
    run(tools.registry, ["serve", "config.yaml"]);
  };
  try {
    if (listsReferrers) run(tools["referrers-registry"], [`127.0.0.1:${registryPort}`]);
    else await runInFrontOfBucket();
    await answering(`http://127.0.0.1:${registryPort}/v2/`);
  } catch (error) {
    await close();
    throw error;
  }
  const push = async (
    repository: string,
    method: string,
    path: string,
    init: { type: string; body?: string | Buffer },
  ) => {
    const authorization = `Bearer ${token([`repository:${repository}:pull,push,delete`])}`;
    const body = init.body === undefined ? {} : { body: new Uint8Array(Buffer.from(init.body)) };
    const to = path.startsWith("http") ? path : `http://127.0.0.1:${registryPort}/v2/${repository}/${path}`;
    const answer = await fetch(to, { method, headers: { authorization, "content-type": init.type }, ...body });
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return answer;
  };
  return {
    url,
    asked,
    sentTo,
    limit: (requests, seconds) => {
      [limited, waitSeconds] = [requests, seconds];
    },
    blob: async (repository, content) => {
      const digest = digestOf(content);
      const begun = await push(repository, "POST", "blobs/uploads/", { type: "application/octet-stream" });
      const place = new URL(begun.headers.get("location") ?? "", `http://127.0.0.1:${registryPort}`);
      place.searchParams.set("digest", digest);
      place.host = `127.0.0.1:${registryPort}`;
      await push(repository, "PUT", place.href, { type: "application/octet-stream", body: content });
      return digest;
    },
    manifest: async (repository, manifest, { type, tag }) => {
      const body = typeof manifest === "string" ? manifest : JSON.stringify(manifest);
      const digest = digestOf(body);
      await push(repository, "PUT", `manifests/${tag ?? digest}`, { type, body });
      return digest;
    },
    removeManifest: async (repository, digest) => {
      await push(repository, "DELETE", `manifests/${digest}`, { type: "application/json" });
    },
    close,
  };
}

export function digestOf(content: string | Buffer): string {
  return `sha256:${createHash("sha256").update(content).digest("hex")}`;
}

interface Places {
  readonly url: string;
  readonly folder: string;
  readonly bucketPort: number;
  readonly registryPort: number;
}

function configOf({ url, folder, bucketPort, registryPort }: Places): object {
  return {
    version: "0.1",
    log: { level: "error" },
    storage: {
      s3: {
        region: "us-east-1",
        regionendpoint: `http://127.0.0.1:${bucketPort}`,
        forcepathstyle: true,
        bucket: "images",
        accesskey: "a",
        secretkey: "b",
        secure: false,
      },
      delete: { enabled: true },
    },
    http: { addr: `127.0.0.1:${registryPort}`, secret: "s" },
    auth: {
      token: {
        realm: `${url}/token`,
        service: SERVICE,
        issuer: ISSUER,
        jwks: join(folder, "keys.json"),
        signingalgorithms: ["ES256"],
      },
    },
  };
}

/** What the token's server grants: repositories below `public/` are read by all, the others by who knows the password. */
function answerToken(
  { url, headers }: IncomingMessage,
  response: ServerResponse,
  token: (scopes: readonly string[]) => string,
): void {
  const { authorization } = headers;
  const known =
    Buffer.from(authorization?.split(" ")[1] ?? "", "base64")
      .toString()
      .split(":")[1] === PASSWORD;
  if (authorization !== undefined && !known) {
    response.writeHead(401).end();
    return;
  }
  const asked = new URL(url ?? "", "http://front").searchParams.getAll("scope");
  const granted = asked.filter((scope) => known || scope.startsWith("repository:public/"));
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ token: token(granted) }));
}

/** https://distribution.github.io/distribution/spec/auth/jwt/ */
function signedToken(scopes: readonly string[], key: KeyObject): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1000);
  const access = scopes.map((scope) => {
    const [type = "", name = "", actions = ""] = scope.split(":");
    return { type, name, actions: actions.split(",") };
  });
  const times = { iat: now, nbf: now - 10, exp: now + 300 };
  const claims = { iss: ISSUER, aud: SERVICE, sub: "test", jti: `${Math.random()}`, ...times, access };
  const text = `${part({ typ: "JWT", alg: "ES256", kid: "test" })}.${part(claims)}`;
  const signature = sign("sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" });
  return `${text}.${signature.toString("base64url")}`;
}

interface Onward {
  readonly port: number;
  readonly sentTo: string[];
}

function pass(incoming: IncomingMessage, response: ServerResponse, { port, sentTo }: Onward): void {
  const { method, url, headers } = incoming;
  const onward = request({ host: "127.0.0.1", port, method, path: url, headers }, (answer) => {
    if (answer.statusCode === 307) sentTo.push(new URL(answer.headers.location ?? "").origin);
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.writeHead(502).end());
  incoming.pipe(onward);
}

async function freePort(): Promise<number> {
  const server = createSocket();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  server.close();
  return address === null || typeof address === "string" ? 0 : address.port;
}

async function answering(url: string): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return;
    await delay(100);
  }
  throw new Error(`nothing answers at ${url}`);
}
