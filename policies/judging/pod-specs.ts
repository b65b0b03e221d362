import { type Demand, type EachCheck, every, type Situation } from "../policy.ts";
import { type AnyResource, listAt, textAt, valueAt } from "./resource.ts";

type Path = readonly string[];

const TEMPLATE = ["spec", "template", "spec"];

/** Where each kind of workload keeps its pods' specification. */
const POD_SPECS: Readonly<Record<string, Path>> = {
  "kubernetes:core/v1:Pod": ["spec"],
  "kubernetes:apps/v1:Deployment": TEMPLATE,
  "kubernetes:apps/v1:DaemonSet": TEMPLATE,
  "kubernetes:apps/v1:ReplicaSet": TEMPLATE,
  "kubernetes:apps/v1:StatefulSet": TEMPLATE,
  "kubernetes:batch/v1:Job": TEMPLATE,
  "kubernetes:batch/v1:CronJob": ["spec", "jobTemplate", ...TEMPLATE],
};

/** A command that runs a Job gets its manifest on stdin, as `{"job": ...}`; only the update knows all of it. */
const COMMAND = "command:local:Command";

/** Kinds whose pods serve until they are stopped. */
export const SERVING = /^kubernetes:apps\/v1:(Deployment|DaemonSet|StatefulSet)$/;

/** A demand on each pod that a resource specifies, given as the property's path and a test of the pod's spec. */
export type PodDemand = (property: string, holds: (pod: unknown) => boolean) => void;

/** A check of every resource that specifies pods. */
export function everyPod(check: (demand: PodDemand, resource: AnyResource, situation: Situation) => void): EachCheck {
  return every(specifiesPods, (resource, demand, situation) => check(podDemand(resource, demand), resource, situation));
}

/** A check of every container, those that initialise included. */
export function everyContainer(property: string, holds: (container: unknown, pod: unknown) => boolean): EachCheck {
  return everyPod((demand) =>
    demand(`containers.${property}`, (pod) => containersOf(pod).every((one) => holds(one, pod))),
  );
}

export function containersOf(pod: unknown): unknown[] {
  return ["initContainers", "containers", "ephemeralContainers"].flatMap((key) => listAt(pod, key));
}

function specifiesPods(type: string): boolean {
  return type in POD_SPECS || type === COMMAND;
}

function podDemand({ type, props }: AnyResource, demand: Demand): PodDemand {
  if (type !== COMMAND) {
    const path = POD_SPECS[type] ?? [];
    return (property, holds) => demand(`${path.join(".")}.${property}`, () => holds(valueAt(props, ...path)));
  }
  return (property, holds) => {
    const pod = () => valueAt(parsed(textAt(props, "stdin")), "job", ...TEMPLATE);
    demand(`stdin.job.${TEMPLATE.join(".")}.${property}`, () => pod() === undefined || holds(pod()), "update");
  };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
}
