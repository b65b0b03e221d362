import type { LoadBalancerState, NameRecord, Services } from "../../../rehearsal/services.ts";

/** Services that start nothing and remember what they were asked for. */
export class FakeServices implements Services {
  /** The tokens that the cache took, each time that it was started or changed. */
  readonly tokens: string[][] = [];
  /** Every call in order, such as `database.start sparki-prod-database`. */
  readonly calls: string[] = [];
  readonly addresses = new Map<string, string>();
  /** The names that the server at an address was started for. */
  readonly hostnames = new Map<string, readonly string[]>();
  readonly records = new Map<string, readonly NameRecord[]>();
  readonly balancers = new Map<string, LoadBalancerState>();
  /** Makes the next start of this kind fail with the error. */
  readonly failures = new Map<string, Error>();

  readonly cluster: Services["cluster"] = {
    start: async ({ name, zones, podNetwork }) => {
      this.#call("cluster.start", name, zones.join(","), podNetwork);
      return { endpoint: "https://127.99.0.10:6443", certificateAuthorityPem: "PEM", token: "cluster-token" };
    },
    upgrade: async (name, version) => this.#call("cluster.upgrade", name, version),
    admit: async (name) => this.#call("cluster.admit", name),
    stop: async (name) => this.#call("cluster.stop", name),
  };

  readonly database: Services["database"] = {
    start: async ({ name, hostnames, databaseName, username, password }) => {
      this.hostnames.set("127.99.1.1", hostnames);
      this.#call("database.start", name, databaseName, username);
      this.passwords.push(password);
      return { address: "127.99.1.1" };
    },
    startRestored: async ({ name, password }, { source, until }) => {
      this.#call("database.startRestored", name, source, `${until}`);
      this.passwords.push(password);
      return { address: "127.99.1.2" };
    },
    rename: async (name, to, hostnames) => {
      this.hostnames.set("127.99.1.2", hostnames);
      this.#call("database.rename", name, to);
      return { address: "127.99.1.2" };
    },
    setPassword: async (name, _username, password) => {
      this.#call("database.setPassword", name);
      this.passwords.push(password);
    },
    setAuthority: async (name, authority) => this.#call("database.setAuthority", name, authority),
    stop: async (name, { dropData }) => this.#call("database.stop", name, dropData ? "drop" : "keep"),
  };
  readonly passwords: string[] = [];

  #cacheAddress = "127.99.2.1";
  readonly cache: Services["cache"] = {
    start: async ({ name, hostnames, authToken, tokenBefore }) => {
      this.tokens.push([authToken, ...(tokenBefore === undefined ? [] : [tokenBefore])]);
      this.hostnames.set(this.#cacheAddress, hostnames);
      this.#call("cache.start", name);
      return { address: this.#cacheAddress };
    },
    failOver: async (name) => {
      this.#call("cache.failOver", name);
      this.#cacheAddress = "127.99.2.2";
      return { address: this.#cacheAddress };
    },
    stop: async (name) => this.#call("cache.stop", name),
  };

  readonly loadBalancer: Services["loadBalancer"] = {
    apply: async (state) => {
      this.#call("loadBalancer.apply", state.name);
      this.balancers.set(state.name, state);
      return { address: "127.99.3.1" };
    },
    setTargets: () => {},
    health: () => [],
    stop: async (name) => {
      this.#call("loadBalancer.stop", name);
      this.balancers.delete(name);
    },
  };

  readonly names: Services["names"] = {
    setRecords: (zoneId, records) => void this.records.set(zoneId, records),
    setAddress: (name, address) => {
      if (address === undefined) this.addresses.delete(name);
      else this.addresses.set(name, address);
    },
  };

  #call(act: string, ...details: readonly string[]): void {
    this.calls.push([act, ...details].join(" "));
    const failure = this.failures.get(act);
    this.failures.delete(act);
    if (failure !== undefined) throw failure;
  }
}
