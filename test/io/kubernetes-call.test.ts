import { execFile } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import type { CoreV1Event, RequestContext, V1Pod } from "@kubernetes/client-node";
import { containerOf, heldBy, limitedCall, listedIn, refusalOf, seenIn, whileAway } from "../../io/kubernetes-call.ts";

const IO = join(import.meta.dirname, "../../io");
/** The client is an ES module that only Node itself loads. */
const READS = `
  const { readLiveRelease } = await import(${JSON.stringify(join(IO, "live-release.ts"))});
  await import(${JSON.stringify(join(IO, "kubernetes.ts"))});
  const started = performance.now();
  const found = await readLiveRelease(process.argv[1], AbortSignal.timeout(500)).catch((error) => error.name);
  console.log(JSON.stringify({ found, seconds: (performance.now() - started) / 1000 }));
`;

/** The signal that a call is made with. */
async function signalOf(caller: AbortSignal | undefined, seconds: number): Promise<AbortSignal> {
  const getUrl = () => "https://10.0.0.1:6443/api/v1/pods?watch=false";
  const setSignal = jest.fn<void, [AbortSignal]>();
  await limitedCall(caller, seconds).pre({ setSignal, getUrl } as unknown as RequestContext);
  const signal = setSignal.mock.calls[0]?.[0];
  if (signal === undefined) throw new Error("the call has no signal");
  return signal;
}

describe("limitedCall", () => {
  it.each([undefined, new AbortController().signal])(
    "ends a call when its time is over, and says who did not answer (W96)",
    async (caller) => {
      const signal = await signalOf(caller, 0.02);
      expect(signal.aborted).toBe(false);
      await once(signal, "abort");
      expect(signal.reason).toMatchObject({
        name: "TimeoutError",
        message: "the Kubernetes API at 10.0.0.1:6443 did not answer within 0.02 s",
      });
    },
  );

  it("ends a call when its caller is interrupted", async () => {
    const controller = new AbortController();
    const signal = await signalOf(controller.signal, 60);
    controller.abort(new Error("interrupted by SIGINT"));
    expect(signal.reason).toMatchObject({ message: "interrupted by SIGINT" });
  });
});

describe("refusalOf", () => {
  it("finds no title in a page for minutes", () => {
    const body = `<html>${"<title".repeat(100_000)}`;
    const began = performance.now();
    expect(refusalOf(Object.assign(new Error("no"), { code: 502, body }))).toMatch(/an HTML page/);
    expect(performance.now() - began).toBeLessThan(2_000);
  });

  const refused = (body: unknown) => Object.assign(new Error("HTTP-Code: 401"), { code: 401, body });

  it.each<[string, unknown, string]>([
    ["its own words", '{"kind":"Status","message":"pods is forbidden"}', "HTTP 401, pods is forbidden"],
    ["an answer that was read before", { kind: "Status", message: "pods is forbidden" }, "HTTP 401, pods is forbidden"],
    ["no answer's text", undefined, "HTTP 401"],
    ["an empty answer", " ", "HTTP 401"],
    ["another text", "no route", "HTTP 401, no route"],
    ["another document", { reason: "x" }, 'HTTP 401, {"reason":"x"}'],
    [
      "a page of who stands before the API",
      "<html><head><title>Log in</title></head></html>",
      'HTTP 401, a page "Log in", which does not come from the Kubernetes API',
    ],
  ])("tells a refusal with %s", (_, body, expected) => {
    expect(refusalOf(refused(body))).toBe(expected);
  });

  it("tells any other error by its message", () => {
    expect(refusalOf(new Error("socket hang up"))).toBe("socket hang up");
  });
});

describe("readLiveRelease", () => {
  it("ends with its signal where the API takes the call and never answers", async () => {
    const server = createServer((socket) => socket.on("error", () => undefined)).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const kubeconfig = {
      "current-context": "c",
      clusters: [{ name: "c", cluster: { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true } }],
      users: [{ name: "c", user: { token: "t" } }],
      contexts: [{ name: "c", context: { cluster: "c", user: "c" } }],
    };
    const args = ["--input-type=module", "-e", READS, JSON.stringify(kubeconfig)];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 60_000 });
    server.close();
    const { found, seconds } = JSON.parse(stdout);
    expect(found).toBe("TimeoutError");
    expect(seconds).toBeLessThan(9);
  });
});

describe("listedIn", () => {
  const pod = { metadata: { name: "a" } };
  /** What the client makes of an answer. */
  const read = (answer: unknown, options?: { isPart: boolean }) =>
    listedIn(answer as { items: { metadata?: object }[] } | undefined, "PodList", options);

  it.each([
    { items: [pod] },
    { kind: "PodList", metadata: {}, items: [pod] },
    { metadata: { _continue: "" }, items: [pod] },
  ])("gives the items of a list: %j", (answer) => {
    expect(read(answer)).toEqual([pod]);
  });

  it.each<[string, unknown]>([
    ["nothing", undefined],
    ["null", null],
    ["what a page is read as", {}],
    ["a refusal under the status of a success", { kind: "Status", items: undefined }],
    ["a list of other things", { kind: "SecretList", items: [] }],
    ["items that are none", { items: null }],
    ["letters", { items: "abc" }],
    ["an item that is null", { items: [null] }],
    ["an item without what every object has", { items: [pod, {}] }],
  ])("never takes for a list: %s", (_, answer) => {
    expect(() => read(answer)).toThrow(/^the Kubernetes API answered with .*; expected a PodList$/);
  });

  it("takes a part of a list only where one was asked for", () => {
    const part = { metadata: { _continue: "x" }, items: [pod] };
    expect(() => read(part)).toThrow("a part of a PodList");
    expect(read(part, { isPart: true })).toEqual([pod]);
  });
});

describe("seenIn", () => {
  const [made, seen] = ["2026-11-30T10:00:00Z", "2026-11-30T12:00:00Z"] as const;
  const event = (parts: object) =>
    ({ metadata: { creationTimestamp: new Date(made) }, involvedObject: {}, ...parts }) as unknown as CoreV1Event;

  // As the scheduler writes them: https://github.com/kubernetes/kubernetes/issues/89689
  it.each([
    ["kubelet's", { count: 7, lastTimestamp: new Date(seen) }, seen, 7],
    ["the scheduler's, for the first time", { eventTime: seen }, seen, 1],
    ["the scheduler's, again", { eventTime: made, series: { count: 7, lastObservedTime: seen } }, seen, 7],
    ["one with times that are null", { count: null, lastTimestamp: null, eventTime: null, series: null }, made, 1],
  ])("tells when an event was seen last, and how often: %s", (_, parts, last, times) => {
    expect(seenIn(event(parts))).toEqual({ at: Date.parse(last) / 1000, times });
  });
});

describe("a pod", () => {
  const status = (name: string) => ({ name, imageID: "", restartCount: 0, ready: true });

  it("is there for the container that its annotation names, whatever stands beside it", () => {
    const [web, proxy] = [{ name: "web" }, { name: "istio-proxy" }];
    const containerStatuses = [status("istio-proxy"), status("web")];
    const named = { annotations: { "kubectl.kubernetes.io/default-container": "web" } };
    const pods = [
      { metadata: named, spec: { containers: [proxy, web] }, status: { containerStatuses } },
      { spec: { containers: [web, proxy] }, status: { containerStatuses } },
      { metadata: named, status: { containerStatuses: [status("other")] } },
      { metadata: named, status: {} },
    ] as V1Pod[];
    expect(pods.map((pod) => containerOf(pod)?.name)).toEqual(["web", "web", "other", undefined]);
  });

  // https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/2857
  const gate = "target-health.eks.amazonaws.com/sparki";
  const failed = { type: gate, status: "False", reason: "Target.FailedHealthChecks", message: "Health checks failed" };
  it.each([
    ["by the gate that does not open", "True", [failed], `${gate}: Target.FailedHealthChecks: Health checks failed`],
    ["by a gate that nobody has looked at", "True", [], `${gate}: nobody has decided yet`],
    ["by no gate that is open", "True", [{ ...failed, status: "True" }], undefined],
    ["by no gate while its containers are not ready", "False", [failed], undefined],
  ])("is held %s", (_, ready, conditions, held) => {
    const all = [{ type: "ContainersReady", status: ready }, ...conditions];
    const pod = { spec: { containers: [], readinessGates: [{ conditionType: gate }] }, status: { conditions: all } };
    expect(heldBy(pod)).toBe(held);
    expect(heldBy({ status: { conditions: all } })).toBeUndefined();
  });
});

describe("whileAway", () => {
  const failing = (error: Error, times: number) => {
    let asked = 0;
    return async () => {
      asked += 1;
      if (asked > times) return asked;
      throw error;
    };
  };
  const refused = (code: number) => Object.assign(new Error(`HTTP ${code}`), { code });

  it.each([
    ["a connection that is reset", Object.assign(new Error("reset"), { code: "ECONNRESET" })],
    ["a control plane that changes its leader", refused(503)],
    ["one that is too busy", refused(429)],
    ["one that does not know a new access entry yet", refused(401)],
  ])("asks again after %s", async (_, error) => {
    expect(await whileAway(failing(error, 2))).toBe(3);
  });

  it.each([400, 403, 404, 409, 422])("takes %d for an answer", async (code) => {
    await expect(whileAway(failing(refused(code), 1))).rejects.toMatchObject({ code });
  });

  it("gives up after its time, and at once when it is told to stop", async () => {
    await expect(whileAway(failing(refused(503), 9), undefined, 0)).rejects.toMatchObject({ code: 503 });
    await expect(whileAway(failing(refused(503), 9), AbortSignal.abort())).rejects.toMatchObject({ code: 503 });
  });
});
