import { type ApiServer, startApiServer } from "../support/api-server.ts";
import { at, type Manifest, only } from "../support/chart.ts";
import { renderMonitoring } from "../support/monitoring.ts";
import { renderWorkload, STACKS, TRACKS, WORKLOADS } from "../support/workload-values.ts";

jest.setTimeout(600_000);

const NAMESPACES = ["sparki-engine", "sparki-web", "sparki-monitoring"];

let server: ApiServer;

beforeAll(async () => {
  server = await startApiServer();
  const policy = "pod-security.kubernetes.io";
  const labels = { [`${policy}/enforce`]: "restricted", [`${policy}/warn`]: "restricted" };
  for (const name of NAMESPACES) await server.api.create("/api/v1/namespaces", { metadata: { name, labels } });
  for (const name of WORKLOADS) {
    await server.api.create(`/api/v1/namespaces/sparki-${name}/serviceaccounts`, { metadata: { name } });
  }
});

afterAll(() => server?.stop());

const BOT = { secretName: "slack", addressKey: "address", tokenKey: "token" };

const CASES = STACKS.flatMap((stack) => [
  ...WORKLOADS.flatMap((workload) =>
    TRACKS.map((track) => ({ name: `${workload}-${track}`, stack, objects: renderWorkload(stack, workload, track) })),
  ),
  { name: "monitoring", stack, objects: renderMonitoring(stack) },
  { name: "monitoring by Slack's bot", stack, objects: renderMonitoring(stack, { slack: BOT }) },
]);

describe.each(CASES)("$name of $stack on a real API server", ({ objects }) => {
  it("is taken as it is, without a warning", async () => {
    for (const object of objects) {
      const place = `${object.kind} ${object.metadata.name}`;
      expect({ place, ...(await server.dryRun(object)) }).toMatchObject({ place, message: "", warnings: [] });
    }
  });

  it("has no field that its kind does not know", async () => {
    const [object] = objects.filter(({ spec }) => spec !== undefined);
    if (object === undefined) throw new Error("no object has a spec");
    expect((await server.dryRun(changed(object, "spec.surprise", 1))).message).toContain("surprise");
  });
});

/** The pod that a workload's Deployment makes. */
function podOf(workload: (typeof WORKLOADS)[number]): Manifest {
  const deployment = only(renderWorkload("prod", workload, "fleet"), "Deployment");
  const { labels } = Object(at(deployment, "spec.template.metadata"));
  const metadata = { name: `${workload}-pod`, namespace: `sparki-${workload}`, labels };
  return { apiVersion: "v1", kind: "Pod", metadata, spec: at(deployment, "spec.template.spec") };
}

const SECURITY = "spec.containers.0.securityContext";

/** One security field at a time, turned the wrong way, and what the API server says then. */
const WRONG: readonly (readonly [path: string, value: unknown, refusal: RegExp])[] = [
  ["spec.hostNetwork", true, /host namespaces/],
  ["spec.hostPID", true, /host namespaces/],
  ["spec.hostIPC", true, /host namespaces/],
  ["spec.volumes.0", { name: "tmp", hostPath: { path: "/tmp" } }, /restricted volume type "hostPath"/],
  ["spec.containers.0.ports.0.hostPort", 8080, /hostPort/],
  ["spec.securityContext.sysctls", [{ name: "kernel.msgmax", value: "1" }], /forbidden sysctls/],
  ["spec.securityContext.runAsUser", 0, /runAsUser=0/],
  ["spec.securityContext.seccompProfile", { type: "Unconfined" }, /seccompProfile/],
  [`${SECURITY}.runAsNonRoot`, false, /runAsNonRoot != true/],
  [`${SECURITY}.runAsUser`, 0, /runAsUser=0/],
  [`${SECURITY}.allowPrivilegeEscalation`, true, /allowPrivilegeEscalation != false/],
  [`${SECURITY}.allowPrivilegeEscalation`, undefined, /allowPrivilegeEscalation != false/],
  [`${SECURITY}.capabilities`, undefined, /unrestricted capabilities/],
  [`${SECURITY}.capabilities`, { drop: ["ALL"], add: ["NET_ADMIN"] }, /must not include "NET_ADMIN"/],
  [`${SECURITY}.seccompProfile`, { type: "Unconfined" }, /seccompProfile/],
  [`${SECURITY}.seLinuxOptions`, { type: "spc_t" }, /seLinuxOptions/],
  [`${SECURITY}.appArmorProfile`, { type: "Unconfined" }, /forbidden AppArmor profile/],
];

describe.each(WORKLOADS)("a pod of %s", (workload) => {
  const pod = podOf(workload);

  it("is let in where Pod Security's level is restricted", async () => {
    expect(await server.dryRun(pod)).toMatchObject({ message: "", warnings: [] });
  });

  it.each(WRONG)("is refused when %s is %j", async (path, value, refusal) => {
    const { status, message } = await server.dryRun(changed(pod, path, value));
    expect(message).toMatch(refusal);
    expect({ status, restricted: message.includes('violates PodSecurity "restricted:latest"') }).toEqual({
      status: 403,
      restricted: true,
    });
  });

  it.each([
    [`${SECURITY}.privileged`, true, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true"],
    [`${SECURITY}.procMount`, "Unmasked", "`hostUsers` must be false to use `Unmasked`"],
  ])("is refused as contradicting itself, before Pod Security looks, when %s is %j", async (path, value, refusal) => {
    expect(await server.dryRun(changed(pod, path, value))).toMatchObject({
      status: 422,
      message: expect.stringContaining(refusal),
    });
  });
});

/** A copy of the object with one value replaced, or removed when it is undefined. */
function changed(object: Manifest, path: string, value: unknown): Manifest {
  const copy = structuredClone(object);
  const keys = path.split(".");
  const last = keys.pop() ?? "";
  Reflect.set(Object(at(copy, keys.join("."))), last, value);
  return copy;
}
