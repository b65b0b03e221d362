import { toLoopback } from "../addresses.ts";
import type { EndpointSlice, KubernetesObject, Metadata, Pod, Service } from "./objects.ts";

/** `eks.amazonaws.com/v1` TargetGroupBinding. */
export interface TargetGroupBinding extends KubernetesObject {
  readonly spec?: {
    readonly targetGroupARN?: string;
    readonly serviceRef: { readonly name: string; readonly port: string | number };
  };
}

export interface Target {
  readonly address: string;
  readonly port: number;
}

/** What the load balancer's controller knows of the cluster; every map is by `namespace/name`. */
export interface BoundServices {
  readonly bindings: ReadonlyMap<string, TargetGroupBinding>;
  readonly services: ReadonlyMap<string, Service>;
  readonly slices: ReadonlyMap<string, EndpointSlice>;
  readonly pods: ReadonlyMap<string, Pod>;
}

/** The condition that says that a pod is healthy in the target group of the binding of this name. */
const GATE_PREFIX = "target-health.eks.amazonaws.com/";

export function gateOf(binding: string): string {
  return `${GATE_PREFIX}${binding}`;
}

export function keyOf({ metadata }: { readonly metadata?: Metadata }): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/** The gates that a new pod gets: one for each binding of its namespace whose Service selects it. */
export function gatesFor(
  namespace: string,
  labels: Readonly<Record<string, string>>,
  { bindings, services }: BoundServices,
): readonly string[] {
  const own = [...bindings.values()].filter(({ metadata }) => metadata.namespace === namespace && isLiving(metadata));
  const selecting = own.filter(({ spec }) => {
    const selector = Object.entries(services.get(`${namespace}/${spec?.serviceRef.name}`)?.spec?.selector ?? {});
    return selector.length > 0 && selector.every(([name, value]) => labels[name] === value);
  });
  return selecting.map(({ metadata }) => gateOf(metadata.name ?? ""));
}

/** The targets of each bound target group, as loopback addresses in a fixed order. */
export function targetsByGroup(bound: BoundServices, slot: number): ReadonlyMap<string, readonly Target[]> {
  const groups = new Map<string, Target[]>();
  for (const binding of bound.bindings.values()) {
    const arn = binding.spec?.targetGroupARN;
    if (arn === undefined || !isLiving(binding.metadata)) continue;
    groups.set(arn, [...(groups.get(arn) ?? []), ...targetsOf(binding, bound, slot)]);
  }
  const order = (a: Target, b: Target) => a.address.localeCompare(b.address) || a.port - b.port;
  return new Map([...groups].map(([arn, targets]) => [arn, targets.sort(order)]));
}

function isLiving({ deletionTimestamp }: Metadata): boolean {
  return deletionTimestamp === undefined;
}

function targetsOf({ metadata, spec }: TargetGroupBinding, bound: BoundServices, slot: number): Target[] {
  const service = bound.services.get(`${metadata.namespace}/${spec?.serviceRef.name}`);
  const wanted = spec?.serviceRef.port;
  const port = service?.spec?.ports?.find((each) => each.name === wanted || each.port === Number(wanted));
  if (service === undefined || port === undefined) return [];
  const gate = gateOf(metadata.name ?? "");
  return slicesOf(service, bound).flatMap((slice) => {
    const number = slice.ports?.find((each) => (each.name ?? "") === (port.name ?? ""))?.port;
    const taking = (slice.endpoints ?? []).filter((endpoint) => isTaken(endpoint, gate, slice, bound));
    if (number === undefined) return [];
    return taking.flatMap(({ addresses }) =>
      addresses.map((each) => ({ address: toLoopback(each, slot), port: number })),
    );
  });
}

function slicesOf({ metadata }: Service, { slices }: BoundServices): EndpointSlice[] {
  const isOwn = (slice: EndpointSlice) =>
    slice.metadata?.namespace === metadata?.namespace &&
    slice.metadata?.labels?.["kubernetes.io/service-name"] === metadata?.name;
  return [...slices.values()].filter(isOwn);
}

type Endpoint = NonNullable<EndpointSlice["endpoints"]>[number];

/** A pod that only waits to become healthy in the target group must be in it, though it is not ready yet. */
function isTaken({ conditions, targetRef }: Endpoint, gate: string, { metadata }: EndpointSlice, bound: BoundServices) {
  if (conditions?.ready !== false) return true;
  const pod = bound.pods.get(`${metadata?.namespace}/${targetRef?.name}`);
  return conditions.terminating !== true && pod !== undefined && isGatedBy(gate, pod) && hasReadyContainers(pod);
}

function isGatedBy(gate: string, { spec }: Pod): boolean {
  return spec?.readinessGates?.some(({ conditionType }) => conditionType === gate) ?? false;
}

function hasReadyContainers({ status }: Pod): boolean {
  return status?.conditions?.some(({ type, status: value }) => type === "ContainersReady" && value === "True") ?? false;
}

export interface ClosedGate {
  readonly pod: Pod;
  readonly gate: string;
  readonly targetGroupArn: string;
}

/** Gates that are not open yet, of pods whose containers are ready. */
export function closedGates({ bindings, pods }: BoundServices): readonly ClosedGate[] {
  return [...pods.values()].filter(hasReadyContainers).flatMap((pod) =>
    (pod.spec?.readinessGates ?? []).flatMap(({ conditionType: gate }) => {
      const binding = gate.startsWith(GATE_PREFIX) ? gate.slice(GATE_PREFIX.length) : undefined;
      const targetGroupArn = bindings.get(`${pod.metadata?.namespace}/${binding}`)?.spec?.targetGroupARN;
      const isOpen = pod.status?.conditions?.some(({ type, status }) => type === gate && status === "True");
      return targetGroupArn === undefined || isOpen === true ? [] : [{ pod, gate, targetGroupArn }];
    }),
  );
}
