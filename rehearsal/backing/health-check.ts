import { get } from "node:http";
import { callerHeaders } from "../callers.ts";

export interface Endpoint {
  readonly address: string;
  readonly port: number;
}

/** `address:port`, which no two targets of a group share. */
export function keyOf({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

/** As AWS's default: two failures in a row take a target out. */
const UNHEALTHY_THRESHOLD = 2;

/** A target's health: a new one is healthy after one success; later it changes only after the thresholds, in a row. */
export class Health {
  #healthy = false;
  #isNew = true;
  #streak = 0;

  get healthy(): boolean {
    return this.#healthy;
  }

  /** Takes one check's result in; says whether the health changed. */
  record(succeeded: boolean, healthyThreshold: number): boolean {
    this.#streak = succeeded === this.#healthy ? 0 : this.#streak + 1;
    const needed = succeeded ? (this.#isNew ? 1 : healthyThreshold) : UNHEALTHY_THRESHOLD;
    if (this.#streak < needed) return false;
    this.#healthy = succeeded;
    this.#isNew = false;
    this.#streak = 0;
    return true;
  }
}

/** Whether the target answers 200 on the path within the limit, on a connection of its own. */
export function check({ address, port }: Endpoint, path: string, limitMilliseconds: number): Promise<boolean> {
  return new Promise((resolve) => {
    const headers = { "user-agent": "ELB-HealthChecker/2.0", connection: "close", ...callerHeaders };
    const request = get({ host: address, port, path, headers, agent: false, timeout: limitMilliseconds });
    request.once("response", (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.once("timeout", () => request.destroy());
    request.once("error", () => resolve(false));
  });
}
