import { BlockList } from "node:net";
import type { Manifest } from "./chart.ts";

/** Something that sends or receives packets; without a namespace it is outside the cluster's pods. */
export interface Endpoint {
  readonly name: string;
  readonly address: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** Names of its ports, as its containers declare them. */
  readonly ports?: Readonly<Record<string, number>>;
}

export interface Flow {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly protocol: "TCP" | "UDP";
  readonly port: number;
}

interface Peer {
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] };
  readonly namespaceSelector?: Selector;
  readonly podSelector?: Selector;
}

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly { readonly protocol?: string; readonly port?: number | string }[];
}

export interface NetworkPolicy extends Manifest {
  readonly spec: {
    readonly podSelector: Selector;
    readonly policyTypes: readonly ("Ingress" | "Egress")[];
    readonly ingress?: readonly Rule[];
    readonly egress?: readonly Rule[];
  };
}

/**
 * Whether Kubernetes lets a flow through: both ends must allow it, an end that no policy of the direction selects
 * allows all, and the rules of all policies add up. https://kubernetes.io/docs/concepts/services-networking/network-policies/
 */
export function isOpen(policies: readonly NetworkPolicy[], flow: Flow): boolean {
  const leaving = selecting(policies, flow.from, "Egress").map((policy) => policy.spec.egress ?? []);
  const arriving = selecting(policies, flow.to, "Ingress").map((policy) => policy.spec.ingress ?? []);
  const mayLeave = leaving.length === 0 || leaving.flat().some((rule) => allows(rule, rule.to, flow.to, flow));
  const mayArrive = arriving.length === 0 || arriving.flat().some((rule) => allows(rule, rule.from, flow.from, flow));
  return mayLeave && mayArrive;
}

function selecting(policies: readonly NetworkPolicy[], pod: Endpoint, direction: "Ingress" | "Egress") {
  return policies.filter(
    ({ metadata, spec }) =>
      metadata.namespace === pod.namespace &&
      spec.policyTypes.includes(direction) &&
      matches(spec.podSelector, pod.labels),
  );
}

/** A rule without peers is for everyone, one without ports for every port. */
function allows(rule: Rule, peers: readonly Peer[] | undefined, other: Endpoint, flow: Flow): boolean {
  const forOther = peers === undefined || peers.some((peer) => covers(peer, other));
  const forPort =
    rule.ports === undefined ||
    rule.ports.some(({ protocol = "TCP", port }) => {
      const number = typeof port === "string" ? flow.to.ports?.[port] : port;
      return protocol === flow.protocol && (port === undefined || number === flow.port);
    });
  return forOther && forPort;
}

/** The peers here always name a namespace when they select pods: a bare podSelector would mean the policy's own. */
function covers({ ipBlock, namespaceSelector, podSelector }: Peer, endpoint: Endpoint): boolean {
  if (ipBlock) return contains([ipBlock.cidr], endpoint.address) && !contains(ipBlock.except ?? [], endpoint.address);
  if (namespaceSelector === undefined || endpoint.namespace === undefined) return false;
  const namespaceLabels = { "kubernetes.io/metadata.name": endpoint.namespace };
  return matches(namespaceSelector, namespaceLabels) && matches(podSelector ?? {}, endpoint.labels);
}

function matches(selector: Selector, labels: Readonly<Record<string, string>> = {}): boolean {
  return Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
}

function contains(cidrs: readonly string[], address: string): boolean {
  const blocks = new BlockList();
  for (const cidr of cidrs) {
    const [network = "", prefix] = cidr.split("/");
    blocks.addSubnet(network, Number(prefix));
  }
  return blocks.check(address);
}
