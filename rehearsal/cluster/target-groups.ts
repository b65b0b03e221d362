import { once } from "node:events";
import { createServer } from "node:https";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { answerOwnUser } from "../../tools/callers.ts";
import { toLoopback } from "../addresses.ts";
import type { CertificateAuthority } from "../certificates.ts";
import type { LoadBalancerService } from "../services.ts";
import type { KubernetesApi } from "./api.ts";
import type { EndpointSlice, KubernetesObject, Metadata, Pod, Service } from "./objects.ts";
import { pathOf, uidOf } from "./pod.ts";
import { pause } from "./timing.ts";
import { follow } from "./watch.ts";

export interface TargetGroupsOptions {
  readonly balancer: Pick<LoadBalancerService, "setTargets" | "health">;
  readonly slot: number;
  /** Where the admission webhook listens. */
  readonly address: string;
  readonly authority: CertificateAuthority;
}

/**
 * Stands in for the load balancer's controller until the signal aborts: keeps every bound target group's targets equal
 * to its Service's endpoints, and lets a gated pod be ready only once it is healthy in its target group.
 */
export async function bindTargetGroups(
  api: KubernetesApi,
  { balancer, slot, address, authority }: TargetGroupsOptions,
  signal: AbortSignal,
): Promise<{ close(): Promise<void> }> {
  const services = new Map<string, Service>();
  const slices = new Map<string, EndpointSlice>();
  const pods = new Map<string, Pod>();
  const bindings = new Map<string, TargetGroupBinding>();
  const bound = { services, slices, pods, bindings };
  const targets = new AnnouncedTargets(balancer);
  const gates = new GateKeeper({ api, balancer, slot, bound, signal });
  const changed = () => {
    targets.announce(targetsByGroup(bound, slot));
    gates.wake();
  };
  await follow(api, collecting("/api/v1/services", services, changed), signal);
  await follow(api, collecting("/api/v1/pods", pods, changed), signal);
  await follow(api, collecting("/apis/discovery.k8s.io/v1/endpointslices", slices, changed), signal);
  await follow(api, collecting("/apis/eks.amazonaws.com/v1/targetgroupbindings", bindings, changed), signal);
  return serveReadinessGates(api, { address, authority }, (namespace, labels) => gatesFor(namespace, labels, bound));
}

function collecting<T extends { readonly metadata?: Metadata }>(
  path: string,
  known: Map<string, T>,
  changed: () => void,
) {
  const onChange = (object: T) => {
    known.set(keyOf(object), object);
    changed();
  };
  const onDelete = (object: T) => {
    known.delete(keyOf(object));
    changed();
  };
  return { path, onChange, onDelete };
}

/** Tells the balancer about changes only. */
class AnnouncedTargets {
  readonly #balancer: Pick<LoadBalancerService, "setTargets">;
  readonly #told = new Map<string, string>();

  constructor(balancer: Pick<LoadBalancerService, "setTargets">) {
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

/** Between two looks at the target groups' health, while any gate is closed. */
const LOOK_MILLISECONDS = 200;

interface GateKeeping {
  readonly api: KubernetesApi;
  readonly balancer: Pick<LoadBalancerService, "health">;
  readonly slot: number;
  readonly bound: BoundServices;
  readonly signal: AbortSignal;
}

/** Opens a pod's readiness gate once the pod is healthy in the gate's target group. */
class GateKeeper {
  readonly #keeping: GateKeeping;
  #looking: Promise<void> | undefined;

  constructor(keeping: GateKeeping) {
    this.#keeping = keeping;
  }

  /** Something changed: looks until no gate is closed. */
  wake(): void {
    if (closedGates(this.#keeping.bound).length === 0) return;
    this.#looking ??= this.#look();
  }

  async #look(): Promise<void> {
    const { bound, signal } = this.#keeping;
    for (let closed = closedGates(bound); closed.length > 0 && !signal.aborted; closed = closedGates(bound)) {
      const healthy = closed.filter((gate) => this.#isHealthy(gate));
      // A pod that is gone meanwhile needs no gate.
      await Promise.all(healthy.map((gate) => this.#open(gate).catch(() => undefined)));
      await pause(LOOK_MILLISECONDS, signal);
    }
    // In the same step as the last look: whoever wakes it from now on begins again.
    this.#looking = undefined;
  }

  #isHealthy({ pod, targetGroupArn }: ClosedGate): boolean {
    const { balancer, slot } = this.#keeping;
    const address = toLoopback(pod.status?.podIP ?? "", slot);
    return balancer.health(targetGroupArn).some((target) => target.address === address && target.healthy);
  }

  async #open({ pod, gate }: ClosedGate): Promise<void> {
    const lastTransitionTime = new Date().toISOString();
    const condition = { type: gate, status: "True", reason: "Healthy", lastTransitionTime };
    const change = { metadata: { uid: uidOf(pod) }, status: { conditions: [condition] } };
    await this.#keeping.api.patch(`${pathOf(pod)}/status`, "strategic-merge-patch", change);
  }
}

/** The gates of a new pod in a namespace. */
type GatesOf = (namespace: string, labels: Readonly<Record<string, string>>) => readonly string[];

const PORT = 9443;

const PATH = "/pod-readiness-gates";

const CONFIGURATION = "eks-load-balancing-webhook";

const CONFIGURATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/** Auto Mode gates the pods of namespaces that carry it. */
const NAMESPACE_LABEL = "eks.amazonaws.com/pod-readiness-gate-inject";

const reviewSchema = z.object({
  request: z.object({
    uid: z.string(),
    namespace: z.string(),
    object: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()).default({}) }),
      spec: z.object({ readinessGates: z.array(z.object({ conditionType: z.string() })).default([]) }),
    }),
  }),
});

/** Serves the admission webhook that gives new pods their readiness gates, and registers it with the API server. */
async function serveReadinessGates(
  api: KubernetesApi,
  { address, authority }: { address: string; authority: CertificateAuthority },
  gatesOf: GatesOf,
): Promise<{ close(): Promise<void> }> {
  const { certificatePem, keyPem } = await authority.issue({ commonName: "admission", addresses: [address] });
  const server = createServer({ cert: certificatePem, key: keyPem }, (request, response) => {
    const answer = json(request).then((review) => JSON.stringify(reviewed(review, gatesOf)));
    answer.then(
      (body) => response.setHeader("content-type", "application/json").end(body),
      (error: Error) => response.writeHead(400).end(error.message),
    );
  });
  answerOwnUser(server);
  server.listen(PORT, address);
  await once(server, "listening");
  await api.patch(`${CONFIGURATIONS}/${CONFIGURATION}`, "apply-patch", configuration(address, authority.pem), {
    fieldManager: "eks",
    force: true,
  });
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { close };
}

/** The answer to an AdmissionReview: always allowed, with the gates that the pod lacks as a JSON patch. */
export function reviewed(review: unknown, gatesOf: GatesOf) {
  const { uid, namespace, object } = reviewSchema.parse(review).request;
  const present = object.spec.readinessGates;
  const missing = gatesOf(namespace, object.metadata.labels)
    .filter((gate) => !present.some(({ conditionType }) => conditionType === gate))
    .map((conditionType) => ({ conditionType }));
  const operation = { op: "add", path: "/spec/readinessGates", value: [...present, ...missing] };
  const patch = Buffer.from(JSON.stringify([operation])).toString("base64");
  const patched = missing.length === 0 ? {} : { patchType: "JSONPatch", patch };
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    response: { uid, allowed: true, ...patched },
  };
}

function configuration(address: string, certificateAuthorityPem: string) {
  const caBundle = Buffer.from(certificateAuthorityPem).toString("base64");
  return {
    apiVersion: "admissionregistration.k8s.io/v1",
    kind: "MutatingWebhookConfiguration",
    metadata: { name: CONFIGURATION },
    webhooks: [
      {
        name: "pod-readiness-gates.eks.amazonaws.com",
        clientConfig: { url: `https://${address}:${PORT}${PATH}`, caBundle },
        rules: [{ apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE"], resources: ["pods"] }],
        namespaceSelector: { matchLabels: { [NAMESPACE_LABEL]: "enabled" } },
        admissionReviewVersions: ["v1"],
        sideEffects: "None",
        failurePolicy: "Fail",
      },
    ],
  };
}

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

interface ClosedGate {
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
