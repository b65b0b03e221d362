import { openNetwork } from "../../io/network.ts";
import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import type { GateResult } from "../gate.ts";
import { runHealthGate } from "./health-gate.ts";
import { realSeconds, timeScaleOf } from "./pace.ts";
import type { GateTarget } from "./track.ts";

/** Resolvers keep an older answer for as long as it lives. */
const DNS_SECONDS = 300;
/**
 * That there is no such name they keep for 900 s, as the SOA of Route 53's zones says (RFC 2308), whoever asked before the
 * record was made.
 */
const ABSENT_SECONDS = 960;
/** A rehearsal's servers are real, whatever its time. */
const SHORTEST_DNS_SECONDS = 30;

/** How long a resolver is given to answer with what DNS says now, where it says something else, or that there is nothing. */
export function dnsSeconds(timeScale: number, { isAbsent = false } = {}): number {
  return realSeconds(isAbsent ? ABSENT_SECONDS : DNS_SECONDS, { timeScale, shortest: SHORTEST_DNS_SECONDS });
}

/** A name that should lead to a load balancer. */
export interface Naming {
  readonly domain: string;
  /** The load balancer's own DNS name. */
  readonly loadBalancer: string;
  /** IPv4 addresses of a name; none when there is no such name. Rejects when nobody answers. */
  addressesOf(name: string): Promise<readonly string[]>;
}

const KEPT = "a resolver that was asked before there was a record may say so for 15 minutes";

/** The addresses that the domain shares with its load balancer, or else why the name does not lead there. */
export async function lookUpName({ domain, loadBalancer, addressesOf }: Naming): Promise<{
  readonly addresses: readonly string[];
  readonly problem?: string;
}> {
  const [addresses, own] = await Promise.all([addressesOf(domain), addressesOf(loadBalancer)]);
  // A load balancer of many nodes answers with some of its addresses at a time.
  if (addresses.some((address) => own.includes(address))) return { addresses };
  if (addresses.length === 0) return { addresses, problem: `${domain} does not resolve; ${KEPT}` };
  const expected = own.length === 0 ? `those of ${loadBalancer}, which does not resolve` : own.join(" or ");
  return { addresses, problem: `${domain} resolves to ${addresses.join(", ")}; expected ${expected}` };
}

/** How the name's answer is waited for. */
export interface NameGate extends Naming, Pick<GateTarget, "signal" | "onProgress"> {
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  readonly clock: Clock;
}

/**
 * Proves that the domain's name leads to the load balancer; fails with what it leads to instead after five minutes, and where
 * it leads nowhere after sixteen.
 */
export function judgeName(gate: NameGate): Promise<GateResult[]> {
  let isAbsent = false;
  const run = async () => {
    try {
      const { addresses, problem } = await lookUpName(gate);
      isAbsent = addresses.length === 0;
      return problem;
    } catch (error) {
      return `no name server answered for ${gate.domain}: ${messageOf(error)}`;
    }
  };
  return runHealthGate({
    gate: "DNS",
    phase: "cutover",
    probes: [{ name: "name", run }],
    get deadlineSeconds() {
      return dnsSeconds(gate.timeScale, { isAbsent });
    },
    clock: gate.clock,
    signal: gate.signal,
    onProgress: gate.onProgress,
  });
}

/** The same by the resolver that the environment names, for a release that should be reached by now. */
export async function runNameGate(target: GateTarget, clock: Clock): Promise<GateResult[]> {
  const { config, env, loadBalancer, signal, onProgress } = target;
  const network = openNetwork(env);
  const addressesOf = (name: string) => network.addressesOf(name);
  const { domain } = config;
  try {
    return await judgeName({
      ...{ domain, loadBalancer, addressesOf },
      ...{ timeScale: timeScaleOf(env), clock, signal, onProgress },
    });
  } finally {
    await network.close();
  }
}
