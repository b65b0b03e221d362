import { type HealthSample, judgeHealth, type PodSnapshot } from "../../gates/health.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const EXPECTED = { digest: DIGEST, minReplicas: 2 };

const pod = (change: Partial<PodSnapshot> = {}): PodSnapshot => ({
  name: "engine-1",
  ready: true,
  imageDigest: DIGEST,
  restarts: 0,
  waiting: undefined,
  errorLines: [],
  outages: [],
  ...change,
});

const sample = (change: Partial<HealthSample> = {}): HealthSample => ({
  rollout: { observed: true, desired: 2, updated: 2, available: 2, total: 2 },
  pods: [pod(), pod({ name: "engine-2" })],
  ...change,
});

const rollout = (change: Partial<NonNullable<HealthSample["rollout"]>>) =>
  sample({ rollout: { observed: true, desired: 2, updated: 2, available: 2, total: 2, ...change } });

describe("judgeHealth", () => {
  it("passes when every pod of the new template is ready on the expected digest", () => {
    expect(judgeHealth(sample(), EXPECTED)).toMatchObject({ verdict: "pass" });
  });

  const fatal: [string, Partial<PodSnapshot>, RegExp][] = [
    [
      "an image that cannot be pulled",
      { ready: false, waiting: { reason: "ImagePullBackOff", message: "not found" } },
      /ImagePullBackOff: not found/,
    ],
    [
      "a first failed pull",
      { ready: false, waiting: { reason: "ErrImagePull", message: "denied" } },
      /ErrImagePull: denied/,
    ],
    [
      "a crash loop",
      { ready: false, waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" } },
      /CrashLoopBackOff/,
    ],
    [
      "a pod that was evicted for what it wrote, though the next one is ready",
      { ready: false, evicted: 'Usage of EmptyDir volume "tmp" exceeds the limit "64Mi".' },
      /was evicted: Usage of EmptyDir volume "tmp" exceeds/,
    ],
    [
      "an image that a mirror did not have and its registry does not know",
      {
        ready: false,
        waiting: {
          reason: "ErrImagePull",
          message: "mirror: 503 Service Unavailable; failed to resolve reference: engine@sha256:1: not found",
        },
      },
      /ErrImagePull: mirror/,
    ],
    [
      "a pull whose cause nobody tells",
      { ready: false, waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "engine@sha256:1"' } },
      /ImagePullBackOff: Back-off/,
    ],
    [
      "a pull whose cause the cluster warned of, and which stays so",
      {
        ready: false,
        waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "engine@sha256:1"' },
        warnings: ["Failed to pull image: 503 Service Unavailable", "Failed to pull image: manifest unknown"],
      },
      /ImagePullBackOff: Back-off/,
    ],
    ["a restart", { restarts: 2 }, /restarted 2 time\(s\)/],
    ["an error line in the log", { errorLines: ['{"level":"ERROR"}'] }, /logged 1 ERROR/],
    ["another digest", { imageDigest: `sha256:${"b".repeat(64)}` }, /expected sha256:aaaa/],
    ["a ready pod of an unknown image", { imageDigest: undefined }, /an unknown image/],
  ];
  it.each(fatal)("fails at once on %s, naming the pod", (_, change, reason) => {
    const finding = judgeHealth(sample({ pods: [pod(), pod({ name: "engine-2", ...change })] }), EXPECTED);
    expect(finding.verdict).toBe("fail");
    expect(finding.reason).toMatch(/^engine-2: /);
    expect(finding.reason).toMatch(reason);
  });

  it.each<[string, Partial<PodSnapshot>, string]>([
    [
      "why an image is not there",
      { ready: false, waiting: { reason: "ErrImagePull", message: "manifest unknown" } },
      "ErrImagePull: manifest unknown (engine-2)",
    ],
    [
      "how a container ended that is started again and again",
      {
        ready: false,
        restarts: 1,
        waiting: { reason: "CrashLoopBackOff", message: "back-off 10s" },
        ended: 'StartError, exit code 128: exec: "nope": not found',
      },
      'CrashLoopBackOff: its container ended: StartError, exit code 128: exec: "nope": not found (engine-2)',
    ],
    [
      "how a container ended that runs again",
      { restarts: 1, ended: "Error, exit code 1" },
      "its container ended: Error, exit code 1 (engine-2)",
    ],
  ])("tells in the cluster's own words %s", (_, change, words) => {
    const finding = judgeHealth(sample({ pods: [pod(), pod({ name: "engine-2", ...change })] }), EXPECTED);
    expect(finding).toMatchObject({ verdict: "fail", words });
  });

  it.each<[string, NonNullable<PodSnapshot["waiting"]>, string[]]>([
    ["a registry's limit", { reason: "ErrImagePull", message: "429 Too Many Requests - toomanyrequests" }, []],
    [
      "a registry that is away, while the kubelet waits",
      {
        reason: "ImagePullBackOff",
        message:
          'Back-off pulling image "engine@sha256:1": ErrImagePull: failed to pull and unpack image: failed to authorize: failed to fetch oauth token: unexpected status from GET request to https://ghcr.io/token: 502 Bad Gateway',
      },
      [],
    ],
    [
      "a network",
      { reason: "ErrImagePull", message: 'Head "https://ghcr.io/v2/": dial tcp 140.82.1.1:443: i/o timeout' },
      [],
    ],
    [
      "a name server",
      { reason: "ErrImagePull", message: "dial tcp: lookup ghcr.io on 10.0.0.2:53: server misbehaving" },
      [],
    ],
    // https://github.com/kairos-io/kairos/issues/4491
    [
      "a registry that ends a stream of HTTP/2",
      {
        reason: "ErrImagePull",
        message: "failed to copy: stream error: stream ID 3; PROTOCOL_ERROR; received from peer",
      },
      [],
    ],
    // https://github.com/werf/werf/pull/2684
    [
      "a registry that closes a connection of HTTP/2",
      { reason: "ErrImagePull", message: "failed to copy: http2: server sent GOAWAY and closed the connection" },
      [],
    ],
    // https://github.com/containerd/containerd/issues/12802
    [
      "a download that came to a standstill",
      { reason: "ErrImagePull", message: "rpc error: code = Canceled desc = failed to pull image: context canceled" },
      [],
    ],
    [
      "a node's runtime that is started again",
      { reason: "ErrImagePull", message: "failed to send write: error reading from server: EOF: unavailable" },
      [],
    ],
    ["the kubelet's own limit", { reason: "ErrImagePull", message: "pull QPS exceeded" }, []],
    ["a busy node", { reason: "CreateContainerError", message: "context deadline exceeded" }, []],
    [
      "a registry of which only a warning tells",
      { reason: "ImagePullBackOff", message: 'Back-off pulling image "engine@sha256:1"' },
      [
        'Failed to pull image "engine@sha256:1": rpc error: code = Unknown desc = unexpected EOF',
        "Error: ErrImagePull",
      ],
    ],
  ])("waits for %s, which passes, and tells of it", (_, waiting, warnings) => {
    const starting = pod({ name: "engine-2", ready: false, imageDigest: undefined, waiting, warnings });
    expect(judgeHealth(sample({ pods: [pod(), starting] }), EXPECTED)).toMatchObject({
      verdict: "inconclusive",
      reason: "1 of 2 pods are ready",
      words: expect.stringContaining(warnings.at(-1) ?? waiting.message),
    });
  });

  it("tells in the load balancer's own words why pods whose containers are ready are held back", () => {
    const held = "target-health.eks.amazonaws.com/sparki: Target.FailedHealthChecks: Health checks failed";
    const pods = [pod(), pod({ name: "engine-2", ready: false, held, warnings: ["Readiness probe failed: 503"] })];
    const found = judgeHealth({ ...rollout({ available: 1 }), pods }, EXPECTED);
    expect(found).toMatchObject({ verdict: "inconclusive", words: `${held} (engine-2)` });
  });

  it("tells in the cluster's own words why it makes no pods", () => {
    const refusal = 'FailedCreate: pods "engine-1" is forbidden: exceeded quota: compute';
    expect(judgeHealth(rollout({ updated: 0, available: 0, total: 0, refusal }), EXPECTED)).toEqual({
      verdict: "inconclusive",
      reason: "0 of 2 pods have the new template",
      words: refusal,
    });
  });

  it("waits, and says for what, while a server that the release needs is away", () => {
    const starting = pod({ name: "engine-2", ready: false, outages: ["the cache cannot be reached: ECONNREFUSED"] });
    const withOld = { observed: true, desired: 2, updated: 2, available: 1, total: 3 };
    expect(judgeHealth(sample({ rollout: withOld, pods: [pod(), starting] }), EXPECTED)).toEqual({
      verdict: "inconclusive",
      reason: "1 old pods are still serving: the cache cannot be reached: ECONNREFUSED",
      outage: true,
    });
  });

  it("passes once that server is back, whatever was said meanwhile", () => {
    const recovered = pod({ outages: ["the database cannot be reached: 57P01"] });
    expect(judgeHealth(sample({ pods: [recovered, pod()] }), EXPECTED)).toMatchObject({ verdict: "pass" });
  });

  const unfinished: [string, HealthSample, RegExp][] = [
    ["no Deployment yet", sample({ rollout: undefined, pods: [] }), /does not exist yet/],
    ["a template not observed yet", rollout({ observed: false }), /not observed/],
    ["too few new pods", rollout({ updated: 1, total: 1 }), /1 of 2 pods have the new template/],
    ["old pods that still serve", rollout({ total: 3 }), /1 old pods/],
    [
      "a pod that is not ready yet",
      sample({ pods: [pod(), pod({ ready: false, imageDigest: undefined })] }),
      /1 of 2 pods are ready/,
    ],
    [
      "a container that is being created",
      sample({ pods: [pod(), pod({ ready: false, waiting: { reason: "ContainerCreating", message: "" } })] }),
      /1 of 2/,
    ],
    [
      "a fleet that is not scaled to its minimum yet",
      rollout({ desired: 1, updated: 1, available: 1, total: 1 }),
      /1 of 2/,
    ],
    ["no pods at all", sample({ pods: [] }), /0 of 2 pods are ready/],
  ];
  it.each(unfinished)("waits on %s", (_, seen, reason) => {
    const finding = judgeHealth(seen, EXPECTED);
    expect(finding.verdict).toBe("inconclusive");
    expect(finding.reason).toMatch(reason);
  });
});
