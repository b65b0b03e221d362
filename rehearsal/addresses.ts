/** The loopback network of one rehearsal: 127.<slot>.0.0/16, so that every server listens on its true port. */
export interface Addresses {
  readonly slot: number;
  readonly control: string;
  readonly apiServer: string;
  readonly etcd: string;
  /** Where commands ask Prometheus. */
  readonly prometheus: string;
  /** Where Prometheus itself listens, for those with a certificate of the run. */
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
