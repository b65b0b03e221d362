import { type AnyResource, isSecretName, leavesOf, listAt, textAt, valueAt } from "./judging/resource.ts";
import { type Demand, type EachCheck, each, every, type Policy, type Situation } from "./policy.ts";

const IMAGE = /image$/i;

/** A chart of this repository, or one of it that a rollback has restored, whose folder is named by its hash. */
const CHART = /^\.\/(?!.*\.\.)|^\/.+\/\.sparki\/charts\/[a-z]+-[0-9a-f]{16}$/;

const DIGEST = /@sha256:[0-9a-f]{64}$/;

/** Whether an image is named by digest and comes from a registry that the stack allows. */
function isAllowedImage(reference = "", allowedRegistries: readonly string[]): boolean {
  return DIGEST.test(reference) && allowedRegistries.some((registry) => reference.startsWith(registry));
}

export const imagesByDigest: Policy = {
  name: "images-by-digest",
  control: "S70",
  reason: "A tag can be moved to an untested image, in a registry that is not monitored.",
  fix: "Name the image NAME@sha256:DIGEST, from one of sparki:allowedRegistries.",
  each: [
    everyPod((demand, _resource, { config }) => {
      demand("containers.image", (pod) =>
        containersOf(pod).every((container) => isAllowedImage(textAt(container, "image"), config.allowedRegistries)),
      );
    }),
    each("kubernetes:helm.sh/v3:Release", ({ props }, demand, { config }) => {
      // A chart of ours is rendered and checked by the tests; another one could name any image.
      demand("chart", () => CHART.test(props.chart ?? ""));
      for (const { path, text } of leavesOf(() => props.values)) {
        if (!IMAGE.test(path.at(-1) ?? "")) continue;
        demand(`values.${path.join(".")}`, () => isAllowedImage(text(), config.allowedRegistries), "update");
      }
    }),
  ],
};

export const imageTagsImmutable: Policy = {
  name: "image-tags-immutable",
  control: "S58",
  reason: "A tag that can be moved may no longer name the image that was tested.",
  fix: 'Set imageTagMutability: "IMMUTABLE".',
  each: [
    each("aws:ecr/repository:Repository", ({ props }, demand) => {
      demand("imageTagMutability", () => props.imageTagMutability === "IMMUTABLE");
    }),
  ],
};

export const imagesScannedOnPush: Policy = {
  name: "images-scanned-on-push",
  control: "S57",
  reason: "A known vulnerability in an image should be found before the image runs.",
  fix: "Set imageScanningConfiguration.scanOnPush: true.",
  each: [
    each("aws:ecr/repository:Repository", ({ props }, demand) => {
      demand("imageScanningConfiguration.scanOnPush", () => props.imageScanningConfiguration?.scanOnPush === true);
    }),
  ],
};

const NETWORK_POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy";

/** A network policy that selects every pod, for both directions, and allows nothing. */
function deniesAll({ props }: AnyResource): boolean {
  const types = listAt(props, "spec", "policyTypes");
  const selector = Object.keys(Object(valueAt(props, "spec", "podSelector")));
  const rules = [...listAt(props, "spec", "ingress"), ...listAt(props, "spec", "egress")];
  return selector.length === 0 && rules.length === 0 && types.includes("Ingress") && types.includes("Egress");
}

function isIn(policy: AnyResource, namespace: AnyResource): boolean {
  if (policy.sourcesOf("metadata").some(({ urn }) => urn === namespace.urn)) return true;
  const own = textAt(policy.props, "metadata", "namespace");
  return own !== undefined && own === textAt(namespace.props, "metadata", "name");
}

export const namespacesDenyByDefault: Policy = {
  name: "namespaces-deny-by-default",
  control: "S66",
  reason: "Without it every pod can reach every other pod and the internet.",
  fix: "Add a NetworkPolicy of the namespace with an empty podSelector, both policyTypes and no rules.",
  whole: (stack, demand) => {
    const policies = stack.resources.filter(({ type }) => type === NETWORK_POLICY);
    for (const namespace of stack.resources.filter(({ type }) => type === "kubernetes:core/v1:Namespace")) {
      demand(namespace, "default-deny network policy", () =>
        policies.some((policy) => isIn(policy, namespace) && deniesAll(policy)),
      );
    }
  },
};

const ENFORCE = "pod-security.kubernetes.io/enforce";

export const namespacesRestricted: Policy = {
  name: "namespaces-restricted",
  control: "S65",
  reason: "The API server refuses dangerous pods, but only where the namespace's label requires it.",
  fix: `Set the label ${ENFORCE}: restricted.`,
  each: [
    every(
      (type) => type === "kubernetes:core/v1:Namespace",
      ({ props }, demand) => {
        demand("metadata.labels", () => textAt(props, "metadata", "labels", ENFORCE) === "restricted");
      },
    ),
  ],
};

const HOST_NAMESPACES = ["hostNetwork", "hostPID", "hostIPC"];

export const podsApartFromHost: Policy = {
  name: "pods-apart-from-host",
  control: "S64",
  reason: "A pod that shares the node's network, processes or files can read those of every other pod.",
  fix: "Leave out privileged, hostNetwork, hostPID, hostIPC, hostPath and hostPort.",
  each: [
    everyContainer("securityContext.privileged", (container) => {
      return valueAt(container, "securityContext", "privileged") !== true;
    }),
    everyContainer("ports.hostPort", (container) =>
      listAt(container, "ports").every((port) => valueAt(port, "hostPort") === undefined),
    ),
    everyPod((demand) => {
      for (const key of HOST_NAMESPACES) demand(key, (pod) => valueAt(pod, key) !== true);
      demand("volumes.hostPath", (pod) => {
        return listAt(pod, "volumes").every((volume) => valueAt(volume, "hostPath") === undefined);
      });
    }),
  ],
};

const RESOURCES = ["cpu", "memory"];

function isBounded(container: unknown, kind: "requests" | "limits"): boolean {
  return RESOURCES.every((resource) => ![undefined, ""].includes(textAt(container, "resources", kind, resource)));
}

/** A liveness probe that asks what readiness asks kills the pods that a slow database made unready. */
function isProbed(container: unknown): boolean {
  const [readiness, liveness] = [valueAt(container, "readinessProbe"), valueAt(container, "livenessProbe")];
  return readiness !== undefined && liveness !== undefined && JSON.stringify(readiness) !== JSON.stringify(liveness);
}

export const podsBounded: Policy = {
  name: "pods-bounded",
  control: "S68",
  reason:
    "A pod without limits can exhaust its neighbours' memory, and one without probes receives requests that it cannot answer.",
  fix: "Set resources.requests and limits of cpu and memory, and a readinessProbe and a livenessProbe that differ.",
  each: [
    everyContainer("resources.requests", (container) => isBounded(container, "requests")),
    everyContainer("resources.limits", (container) => isBounded(container, "limits")),
    everyPod((demand, { type }) => {
      if (SERVING.test(type)) demand("containers.probes", (pod) => listAt(pod, "containers").every(isProbed));
    }),
  ],
};

export const podsConfined: Policy = {
  name: "pods-confined",
  control: "S65",
  reason: "Most container escapes use system calls that no application needs.",
  fix: "Set securityContext.seccompProfile.type: RuntimeDefault.",
  each: [
    everyContainer("securityContext.seccompProfile.type", (container, pod) => {
      const own = textAt(container, "securityContext", "seccompProfile", "type");
      return (own ?? textAt(pod, "securityContext", "seccompProfile", "type")) === "RuntimeDefault";
    }),
  ],
};

export const podsNoCapabilities: Policy = {
  name: "pods-no-capabilities",
  control: "S62",
  reason: "Capabilities are parts of root's privileges, and a web server needs none of them.",
  fix: "Set securityContext.capabilities.drop to [ALL] and add nothing.",
  each: [
    everyContainer("securityContext.capabilities", (container) => {
      const dropped = listAt(container, "securityContext", "capabilities", "drop");
      return dropped.includes("ALL") && listAt(container, "securityContext", "capabilities", "add").length === 0;
    }),
  ],
};

export const podsNoEscalation: Policy = {
  name: "pods-no-escalation",
  control: "S61",
  reason: "A set-uid program in the image would give its caller root privileges.",
  fix: "Set securityContext.allowPrivilegeEscalation: false.",
  each: [
    everyContainer(
      "securityContext.allowPrivilegeEscalation",
      (container) => valueAt(container, "securityContext", "allowPrivilegeEscalation") === false,
    ),
  ],
};

const MIN_USER = 10_000;

/** A container's own setting comes before its pod's. */
function setting(key: string, container: unknown, pod: unknown): unknown {
  return valueAt(container, "securityContext", key) ?? valueAt(pod, "securityContext", key);
}

export const podsNotRoot: Policy = {
  name: "pods-not-root",
  control: "S60",
  reason: "Root in a container is root on the node after an escape; low user ids may belong to users of the node.",
  fix: "Set securityContext.runAsNonRoot: true and runAsUser above 10000.",
  each: [
    everyContainer(
      "securityContext.runAsNonRoot",
      (container, pod) => setting("runAsNonRoot", container, pod) === true,
    ),
    everyContainer("securityContext.runAsUser", (container, pod) => {
      const user = setting("runAsUser", container, pod);
      return typeof user === "number" && user > MIN_USER;
    }),
  ],
};

export const podsReadOnly: Policy = {
  name: "pods-read-only",
  control: "S63",
  reason: "On a read-only file system, an attacker cannot install tools.",
  fix: "Set securityContext.readOnlyRootFilesystem: true, and mount an emptyDir where the program writes.",
  each: [
    everyContainer(
      "securityContext.readOnlyRootFilesystem",
      (container) => valueAt(container, "securityContext", "readOnlyRootFilesystem") === true,
    ),
  ],
};

const isGivenObject = (value: unknown) => Object.keys(Object(value)).length > 0;

/** The Prometheus operator reads Secret objects only, and no pod of Sparki runs in its namespace. */
const OPERATORS_NAMESPACE = "sparki-monitoring";

/** The node reads it, to pull a pod's images with; by this type it holds nothing else. */
const PULL_SECRET = "kubernetes.io/dockerconfigjson";

export const podsSecretsAsFiles: Policy = {
  name: "pods-secrets-as-files",
  control: "S69",
  reason: "An environment variable's value appears in crash reports, in child processes and in the pod's description.",
  fix: "Mount the secret by a SecretProviderClass; make no Secret object and no environment value of it.",
  each: [
    everyContainer("env", (container) =>
      listAt(container, "env").every((variable) => {
        const plain = (textAt(variable, "value") ?? "") !== "" && isSecretName(textAt(variable, "name") ?? "");
        return !plain && valueAt(variable, "valueFrom", "secretKeyRef") === undefined;
      }),
    ),
    everyContainer("envFrom", (container) =>
      listAt(container, "envFrom").every((source) => valueAt(source, "secretRef") === undefined),
    ),
    every(
      (type) => type === "kubernetes:core/v1:Secret",
      ({ props }, demand) => {
        const isReadByOthers = () =>
          textAt(props, "metadata", "namespace") === OPERATORS_NAMESPACE || textAt(props, "type") === PULL_SECRET;
        demand("data", () => isReadByOthers() || !isGivenObject(props.data));
        demand("stringData", () => isReadByOthers() || !isGivenObject(props.stringData));
      },
    ),
  ],
};

export const serviceAccountsWithoutTokens: Policy = {
  name: "service-accounts-without-tokens",
  control: "S67",
  reason: "A token that a pod does not use is only useful to an attacker.",
  fix: "Give the pod a service account of its own and set automountServiceAccountToken: false.",
  each: [
    every(
      (type) => type === "kubernetes:core/v1:ServiceAccount",
      ({ props }, demand) => {
        demand("automountServiceAccountToken", () => props.automountServiceAccountToken === false);
      },
    ),
    everyPod((demand) => {
      demand("serviceAccountName", (pod) => ![undefined, "", "default"].includes(textAt(pod, "serviceAccountName")));
      demand("automountServiceAccountToken", (pod) => valueAt(pod, "automountServiceAccountToken") === false);
    }),
  ],
};

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
const SERVING = /^kubernetes:apps\/v1:(Deployment|DaemonSet|StatefulSet)$/;

/** A demand on each pod that a resource specifies, given as the property's path and a test of the pod's spec. */
type PodDemand = (property: string, holds: (pod: unknown) => boolean) => void;

/** A check of every resource that specifies pods. */
function everyPod(check: (demand: PodDemand, resource: AnyResource, situation: Situation) => void): EachCheck {
  return every(specifiesPods, (resource, demand, situation) => check(podDemand(resource, demand), resource, situation));
}

/** A check of every container, those that initialise included. */
function everyContainer(property: string, holds: (container: unknown, pod: unknown) => boolean): EachCheck {
  return everyPod((demand) =>
    demand(`containers.${property}`, (pod) => containersOf(pod).every((one) => holds(one, pod))),
  );
}

function containersOf(pod: unknown): unknown[] {
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
