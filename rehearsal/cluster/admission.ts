import { once } from "node:events";
import { createServer } from "node:https";
import { json } from "node:stream/consumers";
import { z } from "zod";
import type { CertificateAuthority } from "../certificates.ts";
import { answerOwnUser } from "../connection-owners.ts";
import type { KubernetesApi } from "./api.ts";

/** The gates of a new pod in a namespace. */
export type GatesOf = (namespace: string, labels: Readonly<Record<string, string>>) => readonly string[];

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
export async function serveReadinessGates(
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
