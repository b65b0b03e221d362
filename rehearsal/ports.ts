import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
import { type Addresses, addressesOf, PORTS } from "./addresses.ts";

/** A port of a slot on which something of the machine listens already. */
export interface TakenPort {
  readonly port: number;
  readonly address: string;
}

/** The first port that a server of this slot could not listen on; a server that listens on all addresses takes one on every slot. */
export async function takenPort(addresses: Addresses): Promise<TakenPort | undefined> {
  const { dns: address } = addresses;
  if (!(await isFreeForDatagrams(PORTS.dns, address))) return { port: PORTS.dns, address };
  for (const place of placesOf(addresses)) if (!(await isFree(place))) return place;
  return undefined;
}

/** Whether a rehearsal could run in the slot now. */
export async function isSlotFree(slot: number): Promise<boolean> {
  const addresses = addressesOf(slot);
  const control = { address: addresses.control, port: PORTS.control };
  return (await isFree(control)) && (await takenPort(addresses)) === undefined;
}

function placesOf(addresses: Addresses): TakenPort[] {
  const at = (address: string, ...ports: number[]) => ports.map((port) => ({ address, port }));
  return [
    ...at(addresses.apiServer, PORTS.apiServer),
    ...at(addresses.etcd, PORTS.etcdClient, PORTS.etcdPeer),
    ...at(addresses.prometheus, PORTS.prometheus),
    ...at(addresses.metrics, PORTS.prometheus),
    ...at(addresses.database(1), PORTS.database),
    ...at(addresses.cache(1), PORTS.cache),
    ...at(addresses.loadBalancer(1), PORTS.https, PORTS.http),
    ...at(addresses.node(1), PORTS.kubelet),
  ];
}

async function isFree({ address, port }: TakenPort): Promise<boolean> {
  const server = createServer().listen(port, address);
  const free = await heard(server, "listening");
  server.close();
  return free;
}

async function isFreeForDatagrams(port: number, address: string): Promise<boolean> {
  const socket = createSocket("udp4");
  const listening = heard(socket, "listening");
  socket.bind(port, address);
  const free = await listening;
  if (free) socket.close();
  return free;
}

function heard(emitter: NodeJS.EventEmitter, event: string): Promise<boolean> {
  return once(emitter, event).then(
    () => true,
    () => false,
  );
}
