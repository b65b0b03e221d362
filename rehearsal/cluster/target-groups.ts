import { toLoopback } from "../addresses.ts";
import type { LoadBalancerService } from "../services.ts";
import type { KubernetesApi } from "./api.ts";
import type { EndpointSlice, KubernetesObject, Metadata, Service } from "./objects.ts";
import { follow } from "./watch.ts";

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

interface Named {
  readonly metadata?: Metadata;
}

type Balancer = Pick<LoadBalancerService, "setTargets" | "health">;

const BINDINGS = "/apis/eks.amazonaws.com/v1/targetgroupbindings";

/** Keeps every bound target group's targets equal to its Service's ready endpoints, until the signal aborts. */
export async function bindTargetGroups(
  api: KubernetesApi,
  balancer: Balancer,
  slot: number,
  signal: AbortSignal,
): Promise<void> {
  const bindings = new Map<string, TargetGroupBinding>();
  const services = new Map<string, Service>();
  const slices = new Map<string, EndpointSlice>();
  const targets = new AnnouncedTargets(balancer);
  const announce = () => targets.announce(targetsByGroup([...bindings.values()], services, [...slices.values()], slot));
  const watching = <T extends Named>(path: string, known: Map<string, T>) => ({
    path,
    onChange: (object: T) => {
      known.set(nameOf(object), object);
      announce();
    },
    onDelete: (object: T) => {
      known.delete(nameOf(object));
      announce();
    },
  });
  await follow(api, watching("/api/v1/services", services), signal);
  await follow(api, watching("/apis/discovery.k8s.io/v1/endpointslices", slices), signal);
  await follow(api, watching(BINDINGS, bindings), signal);
}

function nameOf({ metadata }: Named): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/** Tells the balancer about changes only. */
class AnnouncedTargets {
  readonly #balancer: Balancer;
  #told = new Map<string, string>();

  constructor(balancer: Balancer) {
    this.#balancer = balancer;
  }

  announce(groups: ReadonlyMap<string, readonly Target[]>): void {
    const gone = [...this.#told.keys()].filter((arn) => !groups.has(arn));
    for (const [arn, targets] of [...groups, ...gone.map((arn) => [arn, []] as const)]) {
      const text = JSON.stringify(targets);
      if (this.#told.get(arn) !== text) this.#balancer.setTargets(arn, targets);
      this.#told.set(arn, text);
    }
    for (const arn of gone) this.#told.delete(arn);
  }
}

/** The targets of each bound target group, as loopback addresses in a fixed order. */
export function targetsByGroup(
  bindings: readonly TargetGroupBinding[],
  services: ReadonlyMap<string, Service>,
  slices: readonly EndpointSlice[],
  slot: number,
): ReadonlyMap<string, readonly Target[]> {
  const groups = new Map<string, Target[]>();
  for (const { metadata, spec } of bindings) {
    if (spec?.targetGroupARN === undefined || metadata.deletionTimestamp !== undefined) continue;
    const service = services.get(`${metadata.namespace}/${spec.serviceRef.name}`);
    const targets = service === undefined ? [] : targetsOf(service, spec.serviceRef.port, slices, slot);
    groups.set(spec.targetGroupARN, [...(groups.get(spec.targetGroupARN) ?? []), ...targets]);
  }
  const order = (a: Target, b: Target) => a.address.localeCompare(b.address) || a.port - b.port;
  return new Map([...groups].map(([arn, targets]) => [arn, targets.sort(order)]));
}

function targetsOf(
  service: Service,
  wanted: string | number,
  slices: readonly EndpointSlice[],
  slot: number,
): Target[] {
  const port = service.spec?.ports?.find((each) => each.name === wanted || each.port === Number(wanted));
  if (port === undefined) return [];
  const own = slices.filter(
    ({ metadata }) =>
      metadata?.namespace === service.metadata?.namespace &&
      metadata?.labels?.["kubernetes.io/service-name"] === service.metadata?.name,
  );
  return own.flatMap((slice) => {
    const number = slice.ports?.find((each) => (each.name ?? "") === (port.name ?? ""))?.port;
    const ready = (slice.endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false);
    if (number === undefined) return [];
    return ready.flatMap(({ addresses }) =>
      addresses.map((each) => ({ address: toLoopback(each, slot), port: number })),
    );
  });
}
