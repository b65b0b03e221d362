import type { IncomingHttpHeaders } from "node:http";

/** The web firewall in front of the load balancers. */
export class Firewall {
  #gateRequestsLeft = Number.POSITIVE_INFINITY;

  /** Lets in so many more of a gate's own requests; undefined is no limit. */
  limitGateRequests(gateRequests: number | undefined): void {
    this.#gateRequestsLeft = gateRequests ?? Number.POSITIVE_INFINITY;
  }

  /**
   * Nobody without a user agent, as AWS's common rule set has it (`NoUserAgent_HEADER`). Users come from many addresses,
   * the gate from one: the limit a client is the gate's alone.
   */
  admits(headers: IncomingHttpHeaders): boolean {
    if (!headers["user-agent"]) return false;
    if (headers["x-sparki-synthetic"] !== "1") return true;
    this.#gateRequestsLeft = Math.max(-1, this.#gateRequestsLeft - 1);
    return this.#gateRequestsLeft >= 0;
  }
}
