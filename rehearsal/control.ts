import { createHash, timingSafeEqual } from "node:crypto";
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { TOKEN_HEADER } from "../shared/rehearsal-access.ts";
import { SERVICE_NAMES } from "../stacks/services.ts";
import { answerOwnUser } from "../tools/callers.ts";
import { type Addresses, addressesOf, PORTS, SLOTS, takenPort } from "./addresses.ts";

/**
 * What a path of the control API does with the request's JSON body; what it resolves with is the answer. One whose name
 * ends in `/*` stands for every path below it.
 */
export type Route = (body: unknown, path: string, headers?: IncomingHttpHeaders) => Promise<unknown>;

const METHODS = ["GET", "HEAD", "POST", "DELETE"] as const;

/** Thrown by a route that has no such thing. */
export class NotFound extends Error {}

/** Thrown by a route that does not answer now. */
export class Unavailable extends Error {}

/** An answer in XML, as some of AWS's own are. */
export class XmlDocument {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** An answer in Prometheus's text format. */
export class MetricsText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** The control API of one rehearsal; holding its address is what owns the slot. */
export interface ControlApi {
  readonly addresses: Addresses;
  readonly url: string;
  close(): Promise<void>;
}

/**
 * Claims a free slot, or exactly the one that is given, by listening on its control address, where only requests with the
 * token are answered; throws SPARKI_OUTSIDE when every slot is taken, or a port on every one. The search begins at a place
 * of the process's own: a slot that another one has just left may still have servers on their way out.
 */
export async function claimSlot(
  routes: Readonly<Record<string, Route>>,
  token: string,
  slot?: number,
): Promise<ControlApi> {
  let last: DeployError | undefined;
  const count = SLOTS.last - SLOTS.first + 1;
  const slots = Array.from({ length: count }, (_, tried) => SLOTS.first + ((process.pid + tried) % count));
  for (const each of slot === undefined ? slots : [slot]) {
    const addresses = addressesOf(each);
    const server = createServer((request, response) => {
      const refusal = refusalOf(request, { token, host: `${addresses.control}:${PORTS.control}`, methods: METHODS });
      if (refusal === undefined) void answer(routes, request, response);
      else send(response, refusal.status, { message: refusal.message });
    });
    // Longer than clients on a loaded machine leave a connection unused, and then ask on it while it is being closed.
    server.keepAliveTimeout = 120_000;
    answerOwnUser(server);
    const refused = await unable(server, addresses.control);
    const taken = refused === undefined ? await takenPort(addresses) : undefined;
    if (refused === undefined && taken === undefined) return controlApi(server, addresses);
    server.close();
    last = slot === undefined ? missing(refused, taken) : notAgain(addresses, missing(refused, taken));
  }
  throw last;
}

function missing(refused: string | undefined, taken: { readonly port: number } | undefined): DeployError {
  return taken === undefined ? noSlot(refused) : noPort(taken.port);
}

/** A rehearsal continues only where it was: its state and its cluster hold those addresses. */
function notAgain({ slot, control }: Addresses, cause: DeployError): DeployError {
  return new DeployError(
    "SPARKI_OUTSIDE",
    `this rehearsal needs 127.${slot}.0.0/16 again, and ${control} is not free`,
    {
      hint: "stop what listens there, such as another rehearsal, and run the same command again; or begin again without --resume",
      cause,
    },
  );
}

function controlApi(server: Server, addresses: Addresses): ControlApi {
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { addresses, url: `http://${addresses.control}:${PORTS.control}`, close };
}

/** Such a server listens on all of the machine's addresses: on one of its own it would only take one slot. */
function noPort(port: number): DeployError {
  return new DeployError("SPARKI_OUTSIDE", `port ${port} is in use by another process on this machine`, {
    hint: `stop what listens on it (ss -lntup 'sport = :${port}'), or make it listen on 127.0.0.1 only`,
  });
}

function noSlot(code: string | undefined): DeployError {
  const range = `127.${SLOTS.first}.0.1 to 127.${SLOTS.last}.0.1`;
  if (code === "EADDRINUSE")
    return new DeployError("SPARKI_OUTSIDE", `port ${PORTS.control} is taken on every address from ${range}`, {
      hint: "stop another rehearsal, then run the same command again",
    });
  return new DeployError(
    "SPARKI_OUTSIDE",
    `this machine has no addresses ${range} (${code}); expected a Linux loopback`,
    {
      hint: "run it on Linux, or give the loopback interface these addresses",
    },
  );
}

/** Why the server cannot listen there; undefined once it does. */
function unable(server: Server, address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
    server.listen(PORTS.control, address, () => resolve(undefined));
  });
}

async function answer(
  routes: Readonly<Record<string, Route>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { method, url: path = "/" } = request;
  const route = routes[`${method} ${path}`] ?? routes[`${method} /${path.split("/")[1]}/*`];
  try {
    if (route === undefined) return send(response, 404, { message: `expected one of ${Object.keys(routes)}` });
    const body = method === "POST" ? await json(request) : undefined;
    send(response, 200, await route(body, path, request.headers));
  } catch (error) {
    send(response, error instanceof NotFound ? 404 : error instanceof Unavailable ? 503 : 400, {
      message: messageOf(error),
    });
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  if (body instanceof XmlDocument) response.writeHead(status, { "content-type": "text/xml" }).end(body.text);
  else if (body instanceof MetricsText)
    response.writeHead(status, { "content-type": "text/plain; version=0.0.4" }).end(body.text);
  else response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body ?? {}));
}

interface Expected {
  readonly token: string;
  /** The only `Host` that is answered: a name that leads here is not ours, whoever made it do so. */
  readonly host: string;
  readonly methods: readonly string[];
}

/** Where the run's token is written for servers that send it as a header. */
export function tokenFileIn(runDirectory: string): string {
  return join(runDirectory, "private", "token");
}

interface Refusal {
  readonly status: number;
  readonly message: string;
}

/**
 * Why a server of the rehearsal does not answer a request; undefined when it does. A page in a browser gets nowhere: it
 * is not told that it may ask (no CORS), cannot send the token, and cannot make JSON without asking.
 */
export function refusalOf({ method = "", headers }: IncomingMessage, expected: Expected): Refusal | undefined {
  const { token, host, methods } = expected;
  if (headers.host !== host) return { status: 421, message: `expected the host ${host}` };
  if (headers.origin !== undefined) return { status: 403, message: "pages of a browser are not answered" };
  if (!isSame(headers[TOKEN_HEADER], token))
    return { status: 401, message: `expected the header ${TOKEN_HEADER} with this rehearsal's token` };
  if (!methods.includes(method)) return { status: 405, message: `expected one of ${methods.join(", ")}` };
  const isRead = method === "GET" || method === "HEAD";
  if (!isRead && !/^application\/json\s*(;|$)/i.test(headers["content-type"] ?? ""))
    return { status: 415, message: "expected the content type application/json" };
  return undefined;
}

function isSame(found: string | readonly string[] | undefined, wanted: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return typeof found === "string" && timingSafeEqual(digest(found), digest(wanted));
}

const behaviour = {
  errorRatio: z.number().min(0).max(1).exactOptional(),
  slowRatio: z.number().min(0).max(1).exactOptional(),
  slowMilliseconds: z.number().min(0).exactOptional(),
  crash: z.boolean().exactOptional(),
  neverReady: z.boolean().exactOptional(),
  metricsNotNumbers: z.boolean().exactOptional(),
  unpullable: z.boolean().exactOptional(),
  failMigration: z.string().exactOptional(),
  failTests: z.boolean().exactOptional(),
};

/** The body of `POST /images`: an image for the rehearsal's registry, and what it does when it runs. */
export const imageSchema = z.strictObject({
  ref: z.string().min(1),
  behaviour: z.strictObject({ kind: z.enum([...SERVICE_NAMES, "e2e", "postgres-client"]), ...behaviour }),
});

/** The body of `POST /images/remove`. */
export const removalSchema = imageSchema.pick({ ref: true });

/**
 * The body of `POST /held`: which calls of the providers are held when they come, and what is held now continues. With
 * `isLost` the connection to the providers breaks instead: neither what is held nor any later change is answered, until the
 * next such request.
 */
export const heldSchema = z.strictObject({
  calls: z
    .array(
      z.strictObject({
        name: z.string(),
        operation: z.enum(["check", "create", "update", "delete"]),
        moment: z.enum(["before", "after"]),
      }),
    )
    .readonly()
    .default([]),
  isLost: z.boolean().default(false),
});

/** The answer to `GET /held`: the resources whose calls are held. */
export const heldNowSchema = z.object({ held: z.array(z.string()).readonly() });

const list = z.array(z.string()).readonly();
const compared = z.record(z.string(), z.union([z.string(), list]));

/** The body of `POST /asker`: whose policies AWS is to hold from now on, as IAM's documents have them. */
export const askerSchema = z.strictObject({
  arn: z.string().regex(/^arn:aws:sts::\d{12}:assumed-role\/[\w+=,.@-]{1,64}\/[\w+=,.@-]{2,64}$/),
  statements: z
    .array(
      z.strictObject({
        Effect: z.enum(["Allow", "Deny"]),
        Action: list,
        Resource: list,
        Condition: z.record(z.string(), compared).exactOptional(),
      }),
    )
    .readonly(),
});

const SERVERS = ["cache", "database", "exporters", "metrics"] as const;
/** A server that a fault can stop. */
export type Stoppable = (typeof SERVERS)[number];

const refusal = z.strictObject({
  type: z.string().exactOptional(),
  act: z.enum(["create", "update", "delete", "describe"]).exactOptional(),
  code: z.string(),
  text: z.string(),
  times: z.int().min(1).exactOptional(),
});
const creation = z.strictObject({ type: z.string(), ends: z.enum(["late", "failed"]), text: z.string() });
const inputs = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

/** The body of `POST /faults`: what breaks in the running cloud; what is not named works. */
export const faultsSchema = z.strictObject({
  /** Servers that are stopped. */
  down: z.array(z.enum(SERVERS)).readonly().default([]),
  /** What the engine's running fleet does, whatever its image does. */
  fleet: z.strictObject(behaviour).exactOptional(),
  /** Users' requests a second at the entrance. */
  users: z.number().min(0).max(500).default(0),
  /** What they ask for, in turn. @default the page and the projects */
  userPaths: z
    .array(z.string().regex(/^\/[\w./-]*$/))
    .min(1)
    .readonly()
    .exactOptional(),
  /** How many of a gate's own requests the firewall lets in before it turns them away. */
  gateRequests: z.int().min(0).exactOptional(),
  /** Calls that AWS refuses. */
  refused: z.array(refusal).readonly().default([]),
  /** Creations that AWS does not end well. */
  creations: z.array(creation).readonly().default([]),
  /** Changed at AWS by someone's hand, once: the inputs of the resources of a type that have those. It stays so. */
  changed: z
    .array(z.strictObject({ type: z.string(), having: inputs, to: inputs }))
    .readonly()
    .default([]),
  /** Creations that take so many model seconds more. */
  slow: z
    .array(z.strictObject({ type: z.string(), seconds: z.number().min(0).max(7200) }))
    .readonly()
    .default([]),
  /** What the account has otherwise than one that runs other things already. */
  account: z
    .strictObject({
      vcpus: z.int().min(0).exactOptional(),
      quotas: z.record(z.string(), z.number().min(0)).exactOptional(),
      instances: z.array(z.string()).readonly().exactOptional(),
      zoneNumbers: z.record(z.string(), z.string()).exactOptional(),
      hasServiceRoles: z.boolean().exactOptional(),
      hasSecrets: z.boolean().exactOptional(),
      hasDelivery: z.boolean().exactOptional(),
      denied: z.array(z.string()).readonly().exactOptional(),
      tagDelaySeconds: z.number().min(0).max(3600).exactOptional(),
      accessEntrySeconds: z.number().min(0).max(3600).exactOptional(),
      hasLateClusterLogs: z.boolean().exactOptional(),
      snapshots: z.array(z.string()).readonly().exactOptional(),
    })
    .default({}),
  /** How many days the certificates have left that ACM does not renew. @default it renews them in time */
  certificateDays: z.int().min(0).max(395).exactOptional(),
  /** The DS record that the parent zone has, as `TAG ALGORITHM DIGEST-TYPE DIGEST`. */
  signer: z
    .string()
    .regex(/^\d+ \d+ \d+ [0-9A-F]+$/)
    .exactOptional(),
  /** Deleted by someone's hand, once, with all that was in it. It stays so. */
  cluster: z.literal("deleted").exactOptional(),
  /** Every maintenance window opens, once: what waits for it is done. It stays so. */
  windows: z.literal("open").exactOptional(),
  /** Whether the cluster's nodes take pods. @default they do */
  nodes: z.literal("closed").exactOptional(),
  /** The zone that is lost, by its name; the first one of the cluster has the primaries of database and cache. */
  zone: z
    .string()
    .regex(/^[a-z]{2}(-[a-z]+)+-\d[a-z]$/)
    .exactOptional(),
  /** Whether changes of DNS records show. @default at once */
  names: z.literal("stale").exactOptional(),
  /** What Slack does. @default it answers */
  slack: z.literal("down").exactOptional(),
  /** What is wrong with the place where Pulumi keeps the stack's state. */
  state: z.enum(["locked", "unwritable"]).exactOptional(),
});

export type HeldCalls = z.input<typeof heldSchema>["calls"];

export type Faults = Readonly<z.input<typeof faultsSchema>>;
export type HandChange = z.output<typeof faultsSchema>["changed"][number];

/** What the schema makes of a body; throws what is wrong with it, field by field. */
export function parsed<T>(schema: z.ZodType<T>, body: unknown): T {
  const found = schema.safeParse(body);
  if (!found.success) throw new Error(z.prettifyError(found.error));
  return found.data;
}
