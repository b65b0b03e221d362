import { createServer, type Server } from "node:https";
import type { IssuedCertificate } from "../../../rehearsal/certificates.ts";

/** An API server that knows one thing: the pods. Prometheus lists them once and then watches in vain. */
export function servePods(certificate: IssuedCertificate, token: string, pods: readonly object[]): Server {
  return createServer({ cert: certificate.certificatePem, key: certificate.keyPem }, (request, response) => {
    const isAllowed = request.headers.authorization === `Bearer ${token}`;
    response.writeHead(isAllowed ? 200 : 401, { "content-type": "application/json" });
    if (request.url?.includes("watch=")) response.flushHeaders();
    else
      response.end(
        JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata: { resourceVersion: "1" }, items: pods }),
      );
  });
}

/** A running pod as the API shows it: at its address in the VPC. */
export function podObject(name: string, address: string, release: string): object {
  return {
    metadata: {
      name,
      namespace: "sparki-engine",
      uid: name,
      labels: {
        "app.kubernetes.io/name": "sparki-engine",
        "sparki.tools/track": "fleet",
        "sparki.tools/release": release,
      },
    },
    spec: {
      nodeName: "node-1",
      containers: [{ name: "engine", image: "engine", ports: [{ name: "http", containerPort: 8080 }] }],
    },
    status: { phase: "Running", podIP: address, podIPs: [{ ip: address }] },
  };
}
