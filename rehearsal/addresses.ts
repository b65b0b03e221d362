import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:net";
/** The loopback network of one rehearsal: 127.<slot>.0.0/16, so that every server listens on its true port. */
export interface Addresses {
  readonly slot: number;
  readonly control: string;
  readonly apiServer: string;
  readonly etcd: string;
  /** Where commands ask Prometheus. */
  readonly prometheus: string;
  /** Where Prometheus itself and Alertmanager listen, for those with a certificate of the run. */
  readonly metrics: string;
  readonly dns: string;
  database(index: number): string;
  cache(index: number): string;
  loadBalancer(index: number): string;
  node(index: number): string;
}

/** Slots that a rehearsal may claim; below 20 other software on the machine may use the address. */
export const SLOTS = { first: 20, last: 250 } as const;

export const PORTS = {
  control: 7070,
  apiServer: 6443,
  etcdClient: 2379,
  etcdPeer: 2380,
  prometheus: 9090,
  alertmanager: 9093,
  dns: 5353,
  database: 5432,
  cache: 6379,
  https: 8443,
  http: 8080,
  kubelet: 10250,
} as const;

/** The fixed addresses of a slot's servers. */
export function addressesOf(slot: number): Addresses {
  const at = (third: number, fourth: number) => `127.${slot}.${third}.${fourth}`;
  return {
    slot,
    control: at(0, 1),
    apiServer: at(0, 10),
    etcd: at(0, 11),
    prometheus: at(0, 13),
    metrics: at(0, 14),
    dns: at(0, 53),
    database: (index) => at(1, index),
    cache: (index) => at(2, index),
    loadBalancer: (index) => at(3, index),
    node: (index) => at(4, index),
  };
}

/** The loopback address where the process of a pod listens whose API-visible address is `podAddress` (10.x.y.z). */
export function toLoopback(podAddress: string, slot: number): string {
  const [, , third, fourth] = podAddress.split(".");
  return `127.${slot}.${third}.${fourth}`;
}

/** A port of a slot on which something of the machine listens already. */
interface TakenPort {
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
    ...at(addresses.metrics, PORTS.prometheus, PORTS.alertmanager),
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
