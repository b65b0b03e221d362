import {
  imagesByDigest,
  imagesScannedOnPush,
  imageTagsImmutable,
  namespacesDenyByDefault,
  namespacesRestricted,
  podsApartFromHost,
  podsBounded,
  podsConfined,
  podsNoCapabilities,
  podsNoEscalation,
  podsNotRoot,
  podsReadOnly,
  podsSecretsAsFiles,
  serviceAccountsWithoutTokens,
} from "../../policies/pods.ts";
import {
  database,
  deployment,
  jobCommand,
  namespace,
  podSpec,
  release,
  securedPod,
} from "../support/policy-examples.ts";
import { example, thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

{
  const digest = `sha256:${"a".repeat(64)}`;
  const containers = "spec.template.spec.containers.image";
  const of = (image: string | undefined) => deployment(podSpec({ container: { image } }));
  const chart = (image: unknown) => release.with({ values: { image } });

  proves(imagesByDigest, {
    passes: {
      "images by digest": [deployment(), release],
      "an image that only the update knows": [database, release.from("values", database)],
      "a chart without an image": release.with({ values: { imagePullPolicy: "Always" } }),
    },
    stops: {
      "an image by tag": [containers, of("ghcr.io/alexarno/sparki/engine:1.0.0")],
      "an image by nothing": [containers, of("ghcr.io/alexarno/sparki/engine")],
      "no image": [containers, of(undefined)],
      "an image from elsewhere": [containers, of(`docker.io/library/redis@${digest}`)],
      "half a digest": [containers, of("ghcr.io/alexarno/sparki/engine@sha256:abc")],
      "a chart's image by tag": ["values.image", chart("ghcr.io/alexarno/sparki/engine:latest")],
      "a chart's image from elsewhere": ["values.image", chart(`docker.io/library/redis@${digest}`)],
      "an image further down": [
        "values.sidecar.proxyImage",
        release.with({ values: { sidecar: { proxyImage: "envoy:latest" } } }),
      ],
      "a chart that nobody rendered": ["chart", release.with({ chart: "oci://ghcr.io/alexarno/charts/engine" })],
      "another registry's list": ["values.image", release, { allowedRegistries: ["registry.example/"] }],
    },
  });
}

{
  const repository = example("aws:ecr/repository:Repository", { imageTagMutability: "IMMUTABLE" });

  proves(imageTagsImmutable, {
    passes: { "tags that stay": repository },
    stops: {
      "tags that move": ["imageTagMutability", repository.with({ imageTagMutability: "MUTABLE" })],
      "tags left to AWS": ["imageTagMutability", repository.without("imageTagMutability")],
    },
  });
}

{
  const repository = example("aws:ecr/repository:Repository", { imageScanningConfiguration: { scanOnPush: true } });
  const property = "imageScanningConfiguration.scanOnPush";

  proves(imagesScannedOnPush, {
    passes: { "a repository that scans": repository },
    stops: {
      "a repository that does not": [property, repository.with({ imageScanningConfiguration: { scanOnPush: false } })],
      "a repository that does not say": [property, repository.without("imageScanningConfiguration")],
    },
  });
}

{
  const property = "default-deny network policy";
  const spec = { podSelector: {}, policyTypes: ["Ingress", "Egress"] };
  const deny = thing("kubernetes:networking.k8s.io/v1:NetworkPolicy", {
    metadata: { name: "default-deny", namespace: "sparki-engine" },
    spec,
  });
  const but = (changes: object) => [namespace, deny.with({ spec: { ...spec, ...changes } })];

  proves(namespacesDenyByDefault, {
    passes: {
      "a namespace that denies all": [namespace, deny],
      "a namespace whose name only the update knows": [namespace, deny.from("metadata", namespace)],
      "a selector that is left out": but({ podSelector: undefined }),
    },
    stops: {
      "a namespace that allows all": [property, namespace],
      "another namespace's denial": [property, [namespace, deny.with({ metadata: { namespace: "sparki-web" } })]],
      "a denial of no namespace": [property, [namespace, deny.with({ metadata: {} })]],
      "a denial of no namespace beside a namespace of no name": [
        property,
        [namespace.with({ metadata: {} }), deny.with({ metadata: {} })],
      ],
      "a denial for some pods": [property, but({ podSelector: { matchLabels: { app: "engine" } } })],
      "a denial with an exception inwards": [property, but({ ingress: [{}] })],
      "a denial with an exception outwards": [property, but({ egress: [{}] })],
      "a denial of what comes in only": [property, but({ policyTypes: ["Ingress"] })],
      "a denial of what goes out only": [property, but({ policyTypes: ["Egress"] })],
    },
  });
}

{
  const labelled = (labels?: object) => namespace.with({ metadata: { name: "sparki-engine", labels } });

  proves(namespacesRestricted, {
    passes: { "a restricted namespace": namespace },
    stops: {
      "a namespace that takes every pod": ["metadata.labels", labelled()],
      "a namespace that only warns": ["metadata.labels", labelled({ "pod-security.kubernetes.io/warn": "restricted" })],
      "a namespace that takes more": [
        "metadata.labels",
        labelled({ "pod-security.kubernetes.io/enforce": "baseline" }),
      ],
      "labels that preview cannot know": ["metadata.labels", namespace.from("metadata")],
    },
  });
}

{
  const of = (pod: Record<string, unknown>) => deployment(podSpec({ pod }));
  const shared = ["hostNetwork", "hostPID", "hostIPC"].map((key) => [
    `a pod with ${key}`,
    [`spec.template.spec.${key}`, of({ [key]: true })] as const,
  ]);

  proves(podsApartFromHost, {
    passes: {
      "a pod of its own": deployment(),
      "a volume of its own": of({ volumes: [{ name: "tmp", emptyDir: {} }] }),
      "a port of its own": deployment(podSpec({ container: { ports: [{ containerPort: 8080 }] } })),
    },
    stops: {
      ...Object.fromEntries(shared),
      "a privileged pod": [
        "spec.template.spec.containers.securityContext.privileged",
        deployment(securedPod({ privileged: true })),
      ],
      "a pod with the node's files": [
        "spec.template.spec.volumes.hostPath",
        of({ volumes: [{ name: "host", hostPath: { path: "/" } }] }),
      ],
      "a pod on the node's port": [
        "spec.template.spec.containers.ports.hostPort",
        deployment(podSpec({ container: { ports: [{ containerPort: 8080, hostPort: 8080 }] } })),
      ],
    },
  });
}

{
  const bounds = { cpu: "1", memory: "512Mi" };
  const of = (container: Record<string, unknown>) => deployment(podSpec({ container }));
  const containers = "spec.template.spec.containers";
  const probe = { httpGet: { path: "/health", port: 8080 } };

  proves(podsBounded, {
    passes: {
      "a bounded and probed pod": deployment(),
      "a job without probes": jobCommand(
        podSpec({ container: { readinessProbe: undefined, livenessProbe: undefined } }),
      ),
    },
    stops: {
      "a pod without bounds": [
        [`${containers}.resources.requests`, `${containers}.resources.limits`],
        of({ resources: undefined }),
      ],
      "a pod that asks for no CPU": [
        `${containers}.resources.requests`,
        of({ resources: { requests: { memory: "1Mi" }, limits: bounds } }),
      ],
      "a pod that asks for no memory": [
        `${containers}.resources.requests`,
        of({ resources: { requests: { cpu: "1" }, limits: bounds } }),
      ],
      "a pod that takes all memory": [
        `${containers}.resources.limits`,
        of({ resources: { requests: bounds, limits: { cpu: "1" } } }),
      ],
      "a pod that takes all CPU": [
        `${containers}.resources.limits`,
        of({ resources: { requests: bounds, limits: { memory: "1Mi" } } }),
      ],
      "a pod that is always ready": [`${containers}.probes`, of({ readinessProbe: undefined })],
      "a pod that nobody restarts": [`${containers}.probes`, of({ livenessProbe: undefined })],
      "probes that ask the same": [`${containers}.probes`, of({ readinessProbe: probe, livenessProbe: probe })],
    },
  });
}

{
  const property = "spec.template.spec.containers.securityContext.seccompProfile.type";
  const securityContext = { runAsNonRoot: true };

  proves(podsConfined, {
    passes: {
      "a confined pod": deployment(),
      "a confined container": deployment({
        ...securedPod({ seccompProfile: { type: "RuntimeDefault" } }),
        securityContext,
      }),
    },
    stops: {
      "a pod that is not": [property, deployment(podSpec({ pod: { securityContext } }))],
      "a container that is not": [property, deployment(securedPod({ seccompProfile: { type: "Unconfined" } }))],
    },
  });
}

{
  const property = "spec.template.spec.containers.securityContext.capabilities";

  proves(podsNoCapabilities, {
    passes: { "a pod without capabilities": deployment() },
    stops: {
      "a pod with the runtime's": [property, deployment(securedPod({ capabilities: undefined }))],
      "a pod that drops some": [property, deployment(securedPod({ capabilities: { drop: ["NET_RAW"] } }))],
      "a pod that adds one": [
        property,
        deployment(securedPod({ capabilities: { drop: ["ALL"], add: ["NET_ADMIN"] } })),
      ],
    },
  });
}

{
  const property = "spec.template.spec.containers.securityContext.allowPrivilegeEscalation";

  proves(podsNoEscalation, {
    passes: { "a pod that stays what it is": deployment() },
    stops: {
      "a pod that may escalate": [property, deployment(securedPod({ allowPrivilegeEscalation: true }))],
      "a pod that does not say": [property, deployment(securedPod({ allowPrivilegeEscalation: undefined }))],
    },
  });
}

{
  const root = "spec.template.spec.containers.securityContext.runAsNonRoot";
  const user = "spec.template.spec.containers.securityContext.runAsUser";
  const ofPod = (securityContext: object) => deployment(podSpec({ pod: { securityContext } }));

  proves(podsNotRoot, {
    passes: {
      "a pod of a high user": [deployment(), jobCommand()],
      "a container of a high user": deployment(securedPod({ runAsNonRoot: true, runAsUser: 20_000 })),
      "a command that runs no job": thing("command:local:Command", { create: "true", stdin: "no JSON" }),
      "a manifest that only the update knows": thing("command:local:Command", { create: "true" }).from("stdin"),
    },
    stops: {
      "a pod that may be root": [root, ofPod({ runAsUser: 10_001 })],
      "a container that is root in spite of its pod": [root, deployment(securedPod({ runAsNonRoot: false }))],
      "a pod of a low user": [user, ofPod({ runAsNonRoot: true, runAsUser: 1000 })],
      "a user that is no number": [user, ofPod({ runAsNonRoot: true, runAsUser: "20000" })],
      "a pod of any user": [user, ofPod({ runAsNonRoot: true })],
      "a bare pod that is root": [
        ["spec.containers.securityContext.runAsNonRoot", "spec.containers.securityContext.runAsUser"],
        thing("kubernetes:core/v1:Pod", { spec: podSpec({ pod: { securityContext: {} } }) }),
      ],
      "a job's pod that is root": [`stdin.job.${root}`, jobCommand(securedPod({ runAsNonRoot: false }))],
      "an initial container that is root": [
        root,
        deployment(podSpec({ pod: { initContainers: [{ securityContext: { runAsNonRoot: false } }] } })),
      ],
    },
  });
}

{
  const property = "spec.template.spec.containers.securityContext.readOnlyRootFilesystem";

  proves(podsReadOnly, {
    passes: { "a pod that writes nothing": deployment() },
    stops: {
      "a pod that writes": [property, deployment(securedPod({ readOnlyRootFilesystem: false }))],
      "a pod that does not say": [property, deployment(securedPod({ readOnlyRootFilesystem: undefined }))],
    },
  });
}

{
  const [env, envFrom] = ["spec.template.spec.containers.env", "spec.template.spec.containers.envFrom"];
  const variable = (value: object) => deployment(podSpec({ container: { env: [value] } }));
  const secret = thing("kubernetes:core/v1:Secret", { metadata: { name: "empty" } });

  proves(podsSecretsAsFiles, {
    passes: {
      "settings as values": deployment(),
      "a secret's file": variable({ name: "DATABASE_PASSWORD_FILE", value: "/mnt/secrets/database/password" }),
      "an empty value": variable({ name: "DATABASE_PASSWORD", value: "" }),
      "settings of a ConfigMap": deployment(podSpec({ container: { envFrom: [{ configMapRef: { name: "x" } }] } })),
      "what the Prometheus operator reads": [
        secret.with({ metadata: { namespace: "sparki-monitoring" }, data: { token: "aHVudGVyMg==" } }),
        secret.with({ metadata: { namespace: "sparki-monitoring" }, stringData: { token: "hunter2" } }).named("text"),
      ],
      "what a node pulls images with": secret.with({
        metadata: { namespace: "sparki-engine" },
        type: "kubernetes.io/dockerconfigjson",
        data: { ".dockerconfigjson": "e30=" },
      }),
      "a Secret without data": [secret, secret.named("other").with({ data: {} })],
    },
    stops: {
      "a password in a value": [env, variable({ name: "DATABASE_PASSWORD", value: "hunter2" })],
      "a token in a value": [env, variable({ name: "API_TOKEN", value: "hunter2" })],
      "a value taken from a Secret": [
        env,
        variable({ name: "X", valueFrom: { secretKeyRef: { name: "x", key: "y" } } }),
      ],
      "all values of a Secret": [
        envFrom,
        deployment(podSpec({ container: { envFrom: [{ secretRef: { name: "x" } }] } })),
      ],
      "a Secret with data": ["data", secret.with({ data: { password: "aHVudGVyMg==" } })],
      "a Secret of another type": [
        "data",
        secret.with({
          metadata: { namespace: "sparki-engine" },
          type: "Opaque",
          data: { ".dockerconfigjson": "e30=" },
        }),
      ],
      "a Secret of another namespace": [
        "stringData",
        secret.with({ metadata: { namespace: "sparki-engine" }, stringData: { password: "hunter2" } }),
      ],
      "a Secret with text": ["stringData", secret.with({ stringData: { password: "hunter2" } })],
    },
  });
}

{
  const account = thing("kubernetes:core/v1:ServiceAccount", { automountServiceAccountToken: false });
  const named = "spec.template.spec.serviceAccountName";
  const of = (pod: Record<string, unknown>) => deployment(podSpec({ pod }));

  proves(serviceAccountsWithoutTokens, {
    passes: {
      "an account and a pod without a token": [account, deployment()],
      "a command that runs no job": thing("command:local:Command", { create: "true", stdin: "no JSON" }),
    },
    stops: {
      "an account whose pods get a token": [
        "automountServiceAccountToken",
        account.with({ automountServiceAccountToken: true }),
      ],
      "an account that leaves it to Kubernetes": [
        "automountServiceAccountToken",
        account.without("automountServiceAccountToken"),
      ],
      "a pod of the default account": [named, of({ serviceAccountName: "default" })],
      "a pod of no account": [named, of({ serviceAccountName: undefined })],
      "a pod that gets a token": [
        "spec.template.spec.automountServiceAccountToken",
        of({ automountServiceAccountToken: true }),
      ],
    },
  });
}
