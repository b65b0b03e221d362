/** Third octets of pods: below are the rehearsal's own servers. */
const FIRST_THIRD_OCTET = 16;
const PER_OCTET = 254;
const CAPACITY = (256 - FIRST_THIRD_OCTET) * PER_OCTET;

/** The pods' addresses as the API shows them, in the cluster's VPC; an address is reused as late as possible. */
export class PodAddresses {
  readonly #prefix: string;
  readonly #owners = new Map<string, string>();
  #next = 0;

  /** `podNetwork` is a CIDR of /16, of which the first two octets count. */
  constructor(podNetwork: string) {
    this.#prefix = podNetwork.split(".").slice(0, 2).join(".");
  }

  /** The pod's address: the one it had (`earlier`) when that is free, else the next. */
  claim(uid: string, earlier: string | undefined): string {
    const address = earlier !== undefined && !this.#owners.has(earlier) ? earlier : this.#free();
    this.#owners.set(address, uid);
    return address;
  }

  release(uid: string): void {
    for (const [address, owner] of this.#owners) if (owner === uid) this.#owners.delete(address);
  }

  #free(): string {
    for (let tries = 0; tries < CAPACITY; tries += 1) {
      const address = this.#at(this.#next);
      this.#next = (this.#next + 1) % CAPACITY;
      if (!this.#owners.has(address)) return address;
    }
    throw new Error(`all ${CAPACITY} pod addresses of ${this.#prefix}.0.0/16 are taken`);
  }

  #at(index: number): string {
    return `${this.#prefix}.${FIRST_THIRD_OCTET + Math.floor(index / PER_OCTET)}.${1 + (index % PER_OCTET)}`;
  }
}
