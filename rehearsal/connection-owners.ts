import { readFile } from "node:fs/promises";
import type { Server, Socket } from "node:net";

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
export function answerOwnUser(server: Server): void {
  const handlers = server.listeners("connection");
  server.removeAllListeners("connection");
  server.on("connection", (socket: Socket) => {
    socket.on("error", () => undefined);
    void admit(socket).then((admitted) => {
      if (admitted) for (const handle of handlers) handle.call(server, socket);
    });
  });
}

/** Resolves with false, and ends the socket, when its other end is not ours. */
export async function admit(socket: Socket): Promise<boolean> {
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
