import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { json } from "node:stream/consumers";
import { DeployError, messageOf } from "../shared/deploy-error.ts";
import { answerOwnUser } from "../tools/callers.ts";
import { type Addresses, addressesOf, PORTS, SLOTS, takenPort } from "./addresses.ts";
import { refusalOf } from "./private-requests.ts";

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
