import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { connect, createServer, type Server as NetServer, type Socket } from "node:net";
import { getEnvironmentData, setEnvironmentData } from "node:worker_threads";
import type { Server as GrpcServer, ServerCredentials } from "@grpc/grpc-js";

const HEADER = "x-sparki-caller";
/** By this variable a pod is told the secret. */
export const CALLER_VARIABLE = "SPARKI_CALLER";

/**
 * The secret by which pods know the probes and health checks of the process that started them: one for all its threads,
 * the load balancer's among them.
 */
export const CALLER = ofAllThreads("sparki-caller", () => randomBytes(32).toString("hex"));

/** What the first thread made; those that it starts inherit it. */
function ofAllThreads(key: string, make: () => string): string {
  const known: unknown = getEnvironmentData(key);
  if (typeof known === "string") return known;
  const made = make();
  setEnvironmentData(key, made);
  return made;
}

/** What a probe or a health check says of itself. */
export const callerHeaders: Readonly<Record<string, string>> = { [HEADER]: CALLER };

/**
 * Lets a server answer who knows the secret, and connections of our own user beside: probes come dozens of times a
 * second, each on a connection of its own, and asking the kernel whose each is would cost more than all they are for.
 */
export function answerCallers(server: Server, secret: string | undefined): void {
  const admitted = new WeakMap<object, Promise<boolean>>();
  const handlers = server.listeners("request");
  server.removeAllListeners("request");
  // What is no request gets no answer either.
  server.on("clientError", (_, socket) => socket.destroy());
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const pass = () => {
      for (const handle of handlers) handle.call(server, request, response);
    };
    if (secret !== undefined && isSame(request.headers[HEADER], secret)) return pass();
    const { socket } = request;
    const asked = admitted.get(socket) ?? admit(socket);
    admitted.set(socket, asked);
    void asked.then((ours) => ours && pass());
  });
}

function isSame(given: string | readonly string[] | undefined, secret: string): boolean {
  const [one, other] = [Buffer.from(String(given ?? "")), Buffer.from(secret)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** One end of a connection or a datagram on this machine. */
export interface End {
  readonly address: string;
  readonly port: number;
}

const OURS = process.getuid?.();

const ESTABLISHED = "01";

/** What one row of the kernel's tables in `/proc/net` says of a socket. */
interface Row {
  readonly state: string;
  readonly uid: number;
}

/** Whether the connection's other end is a socket of our own user; false too where the kernel does not say. */
export async function isOwnConnection(from: End | undefined, to: End | undefined): Promise<boolean> {
  if (from === undefined || to === undefined) return false;
  const found = rowsWith(await tableOf("tcp"), `: ${inHex(from)} ${inHex(to)} `);
  // Of a socket that its process has closed the kernel has forgotten the owner, and says 0: only an open one counts.
  return found.length > 0 && found.every(({ state, uid }) => state === ESTABLISHED && uid === OURS);
}

/** Whether every socket that may have sent a datagram from there is of our own user. */
export async function isOwnDatagram(from: End): Promise<boolean> {
  const table = await tableOf("udp");
  const found = [from, { ...from, address: "0.0.0.0" }].flatMap((end) => rowsWith(table, `: ${inHex(end)} `));
  return found.length > 0 && found.every(({ uid }) => uid === OURS);
}

/**
 * Lets a server answer our own user alone: a connection of any other local user is closed before a byte of it is read.
 * Works for servers of node:net, node:http and node:https; called before they listen.
 */
export function answerOwnUser(server: NetServer): void {
  const handlers = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => undefined);
    void admit(socket).then((admitted) => {
      if (admitted) for (const handle of handlers) handle.call(server, socket);
    });
  });
}

interface PrivatePort {
  readonly port: number;
  close(): void;
}

/**
 * Serves gRPC on a port of the host, a free one by default, to processes of our own user alone. Who attaches to it has no
 * credential, so the kernel's word for who has connected is all there is to go by.
 */
export async function listenPrivately(
  server: GrpcServer,
  host: string,
  credentials: ServerCredentials,
  port = 0,
): Promise<PrivatePort> {
  const injector = server.createConnectionInjector(credentials);
  const listener = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    socket.on("error", () => undefined);
    void admit(socket).then((admitted) => {
      if (!admitted) return;
      injector.injectConnection(socket);
      socket.resume();
    });
  });
  listener.listen(port, host);
  await once(listener, "listening");
  const address = listener.address();
  if (address === null || typeof address === "string") throw new Error(`${host}: no port`);
  return { port: address.port, close: () => void listener.close() };
}

/** What of gRPC's package is changed. */
interface Grpc {
  readonly Server: { readonly prototype: Pick<GrpcServer, "bindAsync" | "forceShutdown"> };
}

/**
 * From now on every gRPC server of this process that binds a port of this machine answers our own user alone. Pulumi's
 * SDKs serve the program, the engine's events and the policies to whoever asks: another user could tell us how an update
 * ended, run the program, or turn policies off. Where the kernel does not say whose a connection is nothing changes.
 */
export function servePrivately({ Server }: Grpc, isTold: () => Promise<boolean> = ownersAreTold): void {
  const { prototype } = Server;
  const { bindAsync, forceShutdown } = prototype;
  const ports = new WeakMap<object, PrivatePort>();
  async function bound(server: GrpcServer, address: string, credentials: ServerCredentials): Promise<number> {
    if (!(await isTold()))
      return new Promise((resolve, reject) =>
        bindAsync.call(server, address, credentials, (error, port) => (error === null ? resolve(port) : reject(error))),
      );
    const at = address.lastIndexOf(":");
    const port = await listenPrivately(server, address.slice(0, at), credentials, Number(address.slice(at + 1)));
    ports.set(server, port);
    return port.port;
  }
  prototype.bindAsync = function bindPrivately(this: GrpcServer, address, credentials, done) {
    bound(this, address, credentials).then(
      (port) => done(null, port),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error)), 0),
    );
  };
  prototype.forceShutdown = function shutDown(this: GrpcServer) {
    ports.get(this)?.close();
    forceShutdown.call(this);
  };
}

let told: Promise<boolean> | undefined;

/** Whether the kernel tells whose a connection on this machine is, tried with one of our own. */
function ownersAreTold(): Promise<boolean> {
  told ??= triedOnce().catch(() => false);
  return told;
}

async function triedOnce(): Promise<boolean> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port : undefined;
  const client = connect(port ?? 0, "127.0.0.1");
  try {
    const [socket] = await Promise.all([accepted(server), once(client, "connect")]);
    return await isOwnConnection(
      endOf(socket.remoteAddress, socket.remotePort),
      endOf(socket.localAddress, socket.localPort),
    );
  } finally {
    client.destroy();
    server.close();
  }
}

function accepted(server: NetServer): Promise<Socket> {
  return new Promise((resolve) =>
    server.once("connection", (socket: Socket) => resolve(socket.on("error", () => undefined))),
  );
}

/** Resolves with false, and ends the socket, when its other end is not ours. */
async function admit(socket: Socket): Promise<boolean> {
  const ours = await isOwnConnection(
    endOf(socket.remoteAddress, socket.remotePort),
    endOf(socket.localAddress, socket.localPort),
  ).catch(() => false);
  if (!ours) socket.destroy();
  return ours && !socket.destroyed;
}

function endOf(address: string | undefined, port: number | undefined): End | undefined {
  return address === undefined || port === undefined ? undefined : { address, port };
}

/** An IPv4 end as the kernel's tables write it: the address as a number in the machine's byte order. */
function inHex({ address, port }: End): string {
  const bytes = address.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return `${bytes.reverse().join("")}:${port.toString(16).padStart(4, "0")}`.toUpperCase();
}

type Table = "tcp" | "udp";

const waiting = new Map<Table, Promise<string>>();

const reading = new Map<Table, Promise<unknown>>();

/** The table as it is at some moment after the call; all who ask while it is being read share the next reading. */
function tableOf(table: Table): Promise<string> {
  const known = waiting.get(table);
  if (known !== undefined) return known;
  const next = (reading.get(table) ?? Promise.resolve()).then(() => {
    waiting.delete(table);
    const read = readFile(`/proc/net/${table}`, "latin1");
    reading.set(
      table,
      read.catch(() => undefined),
    );
    return read;
  });
  waiting.set(table, next);
  return next;
}

/** The rows that hold the text, which begins with the end of a row's number. */
function rowsWith(table: string, text: string): Row[] {
  const found: Row[] = [];
  for (let at = table.indexOf(text); at >= 0; at = table.indexOf(text, at + 1)) {
    const [, , , state = "", , , , uid] = table.slice(at, table.indexOf("\n", at)).split(/\s+/);
    found.push({ state, uid: Number(uid) });
  }
  return found;
}
