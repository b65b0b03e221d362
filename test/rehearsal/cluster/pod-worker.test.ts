import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { json } from "node:stream/consumers";
import { z } from "zod";
import { CertificateAuthority } from "../../../rehearsal/certificates.ts";
import { Events, KubernetesApi } from "../../../rehearsal/cluster/api.ts";
import type { Pod } from "../../../rehearsal/cluster/objects.ts";
import { PodAddresses } from "../../../rehearsal/cluster/pod.ts";
import { PodWorker, sourcesFrom } from "../../../rehearsal/cluster/pod-worker.ts";
import { timingAt } from "../../../rehearsal/cluster/timing.ts";
import { Processes } from "../../../rehearsal/processes.ts";

const POD: Pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "engine-1", namespace: "sparki-engine", uid: "uid-1" },
  spec: {
    containers: [
      {
        name: "engine",
        image: "engine",
        env: [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "keys", key: "token" } } }],
      },
    ],
  },
};

const written = z.object({
  status: z.object({ containerStatuses: z.array(z.object({ state: z.record(z.string(), z.unknown()) })) }),
});

const recorded = z.object({ reason: z.string() });

/** An API server of one pod and one secret, that refuses as it is told first. */
class OnePodApi {
  readonly server: Server;
  /** The HTTP status of each of the next answers to a change of the pod's status, until there are none left. */
  readonly statusRefusals: number[] = [];
  readonly secretRefusals: number[] = [];
  /** Of the pod of this name that is there. */
  uid = "uid-1";
  /** The container's state in each status that was taken. */
  readonly states: string[] = [];
  /** The reasons of the events that were recorded. */
  readonly events: string[] = [];
  #onChange: () => void = () => undefined;

  constructor(tls: { cert: string; key: string }) {
    this.server = createServer(tls, async (request, response) => {
      const { url = "", method } = request;
      const body = method === "GET" ? undefined : await json(request);
      if (url.endsWith("/status")) {
        const refusal = this.statusRefusals.shift();
        if (refusal === undefined) this.states.push(stateIn(written.parse(body)));
        response.writeHead(refusal ?? 200).end("{}");
      } else if (url.endsWith("/events")) {
        this.events.push(recorded.parse(body).reason);
        response.end("{}");
      } else if (url.includes("/secrets/")) {
        const data = { token: Buffer.from("t").toString("base64") };
        response.writeHead(this.secretRefusals.shift() ?? 200).end(JSON.stringify({ data }));
      } else response.end(JSON.stringify({ ...POD, metadata: { ...POD.metadata, uid: this.uid } }));
      this.#onChange();
    });
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds())
      await new Promise<void>((resolve) => {
        this.#onChange = resolve;
      });
  }
}

function stateIn({ status }: z.infer<typeof written>): string {
  const [container] = status.containerStatuses;
  return Object.keys(container?.state ?? {}).join();
}

describe("PodWorker", () => {
  let folder: string;
  let served: OnePodApi;
  let api: KubernetesApi;
  let processes: Processes;
  let worker: PodWorker;
  const ending = new AbortController();

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "sparki-pod-worker-"));
    const authority = await CertificateAuthority.open(folder);
    const tls = await authority.issue({ commonName: "api", addresses: ["127.0.0.1"] });
    served = new OnePodApi({ cert: tls.certificatePem, key: tls.keyPem });
    served.server.listen(0, "127.0.0.1");
    await once(served.server, "listening");
    const endpoint = `https://127.0.0.1:${portOf(served.server)}`;
    api = new KubernetesApi({ endpoint, certificateAuthorityPem: authority.pem, token: "token" });
    processes = new Processes(folder);
    const program = join(folder, "program.mjs");
    writeFileSync(program, "setInterval(() => undefined, 1e6);\n");
    const context = {
      api,
      processes,
      program,
      images: { behaviourOf: () => ({ kind: "engine" as const }) },
      timing: timingAt(0.001),
      events: new Events(api),
      slot: 77,
      addresses: new PodAddresses("10.0.0.0/16"),
      environment: {},
      signal: ending.signal,
      sourcesFor: sourcesFrom(api, "sparki", async () => undefined),
    };
    worker = new PodWorker(
      context,
      { name: "node-1", zone: "us-east-1a", address: "127.77.1.1", version: "1.35" },
      POD,
    );
  });
  afterEach(async () => {
    await worker.forget();
    await processes.stopAll();
    await api.close();
    served.server.closeAllConnections();
    served.server.close();
    rmSync(folder, { recursive: true });
  });

  it("writes its pod's status again when another writer was faster", async () => {
    served.statusRefusals.push(409, 409, 409);
    worker.start();
    await served.until(() => served.states.at(-1) === "running");
  });

  it("writes nothing more once another pod has its name", async () => {
    served.uid = "uid-2";
    served.statusRefusals.push(409);
    worker.start();
    await served.until(() => served.events.includes("Started"));
    await worker.forget();
    expect(served.states).toEqual([]);
  });

  it.each([403, 500, 503])(
    "starts the container when the API first answers %s to what it refers to",
    async (refusal) => {
      served.secretRefusals.push(refusal);
      worker.start();
      await served.until(() => served.states.at(-1) === "running");
      expect(served.events).toContain("Failed");
    },
  );
});

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("it does not listen");
  return address.port;
}
