import { at, lint, type Manifest, only } from "../support/chart.ts";
import { renderWorkload, STACKS, stackValues, TRACKS, WORKLOADS } from "../support/workload-values.ts";

const CASES = STACKS.flatMap((stack) =>
  WORKLOADS.flatMap((workload) => TRACKS.map((track) => ({ stack, workload, track }) as const)),
);

const POD = "spec.template.spec";
const CONTAINER = `${POD}.containers.0`;

interface Control {
  readonly control: string;
  readonly promise: string;
  /** A path in the Deployment and the value it must have. */
  readonly path: string;
  readonly expected: unknown;
}

/** The pod controls, one field a row: what a reviewer looks for in the Deployment. */
const CONTROLS: readonly Control[] = [
  { control: "S60", promise: "never runs as root", path: `${POD}.securityContext.runAsNonRoot`, expected: true },
  {
    control: "S60",
    promise: "no container is root",
    path: `${CONTAINER}.securityContext.runAsNonRoot`,
    expected: true,
  },
  { control: "S60", promise: "a user id of its own", path: `${CONTAINER}.securityContext.runAsUser`, expected: 10001 },
  {
    control: "S60",
    promise: "a group id of its own",
    path: `${CONTAINER}.securityContext.runAsGroup`,
    expected: 10001,
  },
  {
    control: "S61",
    promise: "cannot gain privileges",
    path: `${CONTAINER}.securityContext.allowPrivilegeEscalation`,
    expected: false,
  },
  {
    control: "S62",
    promise: "no capability",
    path: `${CONTAINER}.securityContext.capabilities`,
    expected: { drop: ["ALL"] },
  },
  {
    control: "S63",
    promise: "a read-only root",
    path: `${CONTAINER}.securityContext.readOnlyRootFilesystem`,
    expected: true,
  },
  { control: "S64", promise: "not privileged", path: `${CONTAINER}.securityContext.privileged`, expected: false },
  { control: "S64", promise: "no host network", path: `${POD}.hostNetwork`, expected: undefined },
  { control: "S64", promise: "no host processes", path: `${POD}.hostPID`, expected: undefined },
  { control: "S64", promise: "no host IPC", path: `${POD}.hostIPC`, expected: undefined },
  {
    control: "S65",
    promise: "seccomp",
    path: `${POD}.securityContext.seccompProfile.type`,
    expected: "RuntimeDefault",
  },
  { control: "S67", promise: "no Kubernetes token", path: `${POD}.automountServiceAccountToken`, expected: false },
  { control: "S67", promise: "no links to services", path: `${POD}.enableServiceLinks`, expected: false },
  {
    control: "S68",
    promise: "ready apart from alive",
    path: `${CONTAINER}.readinessProbe.httpGet.path`,
    expected: "/ready",
  },
  { control: "S68", promise: "alive", path: `${CONTAINER}.livenessProbe.httpGet.path`, expected: "/health" },
  { control: "S68", promise: "time to start", path: `${CONTAINER}.startupProbe.httpGet.path`, expected: "/health" },
];

describe.each(CASES)("the objects of $workload $track in $stack", ({ stack, workload, track }) => {
  const objects = renderWorkload(stack, workload, track);
  const deployment = only(objects, "Deployment");
  const container = at(deployment, CONTAINER);
  const name = `${workload}-${track}`;

  it.each(CONTROLS)("$control: $promise", ({ path, expected }) => {
    expect(at(deployment, path)).toEqual(expected);
  });

  it("S64: mounts no directory of the host", () => {
    expect(kindsOfVolumes(deployment).filter((kind) => kind !== "emptyDir" && kind !== "csi")).toEqual([]);
  });

  it("S65, S66: lives in a namespace of its own, never in the default one", () => {
    expect(new Set(objects.map(({ metadata }) => metadata.namespace))).toEqual(new Set([`sparki-${workload}`]));
  });

  it("S67: has an account of its own and asks for no rights in the cluster", () => {
    expect(at(deployment, `${POD}.serviceAccountName`)).toBe(workload);
    expect(objects.filter(({ kind }) => /Role|ServiceAccount/.test(kind))).toEqual([]);
  });

  it("S68: asks for and is limited in CPU, memory and disk", () => {
    for (const side of ["requests", "limits"]) {
      expect(Object.keys(Object(at(container, `resources.${side}`))).sort()).toEqual([
        "cpu",
        "ephemeral-storage",
        "memory",
      ]);
    }
    expect(at(container, "resources.requests.memory")).toBe(at(container, "resources.limits.memory"));
  });

  it("S69: has secrets as files only", () => {
    expect(objects.map(({ kind }) => kind)).not.toContain("Secret");
    expect(JSON.stringify(at(container, "env"))).not.toMatch(/password|token|secret|valueFrom/i);
    expect(at(container, "envFrom")).toBeUndefined();
  });

  it("S70: runs one image, by the digest of the release", () => {
    const { release, image } = stackValues(stack, workload, track);
    expect(at(container, "image")).toBe(image);
    expect(at(container, "image")).toMatch(/^ghcr\.io\/alexarno\/sparki\/[a-z]+@sha256:[0-9a-f]{64}$/);
    expect(at(deployment, "spec.template.metadata.labels")).toMatchObject({
      "app.kubernetes.io/name": `sparki-${workload}`,
      "app.kubernetes.io/instance": name,
      "sparki.tools/track": track,
      "sparki.tools/release": at(release, "id"),
    });
  });

  it("keeps the chart's hash out of the pods, so that a new hash alone replaces none", () => {
    const other = only(renderWorkload(stack, workload, track, { chartHash: "3".repeat(64) }), "Deployment");
    expect(other.metadata.annotations?.["sparki.tools/chart-hash"]).toBe("3".repeat(64));
    expect(at(other, "spec")).toEqual(at(deployment, "spec"));
  });

  it("selects by what a release never changes", () => {
    const next = only(renderWorkload(stack, workload, track, { "release.id": "next" }), "Deployment");
    expect(at(next, "spec.selector")).toEqual(at(deployment, "spec.selector"));
    expect(at(only(objects, "Service"), "spec.selector")).toEqual(at(deployment, "spec.selector.matchLabels"));
  });

  it("is bound to its own target group by the Service's port", () => {
    const binding = only(objects, "TargetGroupBinding");
    expect(binding.apiVersion).toBe("eks.amazonaws.com/v1");
    expect(binding.spec).toEqual({
      targetGroupARN: expect.stringContaining(`${name}/`),
      targetType: "ip",
      serviceRef: { name, port: "http" },
    });
    expect(at(only(objects, "Service"), "spec.ports.0")).toMatchObject({
      name: "http",
      port: 8080,
      targetPort: "http",
    });
  });

  it("is spread over zones and nodes, by preference", () => {
    expect(at(deployment, `${POD}.topologySpreadConstraints.0`)).toMatchObject({
      topologyKey: "topology.kubernetes.io/zone",
      whenUnsatisfiable: "ScheduleAnyway",
      maxSkew: 1,
    });
    const affinity = `${POD}.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution.0.podAffinityTerm`;
    expect(at(deployment, `${affinity}.topologyKey`)).toBe("kubernetes.io/hostname");
  });

  it("passes helm lint --strict", () => {
    expect(lint(workload, stackValues(stack, workload, track))).toMatchObject({ status: 0 });
  });
});

function kindsOfVolumes(deployment: Manifest): string[] {
  const volumes = at(deployment, `${POD}.volumes`);
  if (!Array.isArray(volumes)) return [];
  return volumes.flatMap((volume: object) => Object.keys(volume).filter((key) => key !== "name"));
}
