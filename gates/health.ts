/** A pod as the Kubernetes API reports it at one moment. */
export interface PodSnapshot {
  readonly name: string;
  readonly ready: boolean;
  /** `sha256:<64 hex>` of the image that runs or should run. */
  readonly imageDigest: string | undefined;
  readonly restarts: number;
  /** Why a container cannot start, in the kubelet's words; undefined when none waits. */
  readonly waiting: { readonly reason: string; readonly message: string } | undefined;
  /** How a container ended the last time, such as `Error, exit code 127`; undefined where none has. */
  readonly ended?: string | undefined;
  /** Why the kubelet evicted the pod for what it did itself, such as writing too much; the pod that follows has no restart. */
  readonly evicted?: string | undefined;
  /** Which readiness gate keeps the pod out whose containers are ready, such as the load balancer's, in its own words. */
  readonly held?: string | undefined;
  /** What the cluster warned of about the pod, the newest last; such as a probe's answer. */
  readonly warnings?: readonly string[];
  /** Error lines that the pod has logged since it started. */
  readonly errorLines: readonly string[];
  /** What the pod said of servers that it needs and that did not answer: no fault of the release's own. */
  readonly outages: readonly string[];
}

/** How far a Deployment has come with its current template. */
export interface RolloutSnapshot {
  readonly observed: boolean;
  readonly desired: number;
  readonly updated: number;
  readonly available: number;
  readonly total: number;
  /** Why the cluster makes none of its pods, such as a quota, in its own words; undefined while it does. */
  readonly refusal?: string | undefined;
}

export interface HealthSample {
  readonly rollout: RolloutSnapshot | undefined;
  readonly pods: readonly PodSnapshot[];
}

export interface HealthExpectation {
  readonly digest: string;
  readonly minReplicas: number;
}

/** `pass` only when everything is proven, `fail` at the first thing that waiting cannot fix, else `inconclusive`. */
export interface HealthFinding {
  readonly verdict: "fail" | "inconclusive" | "pass";
  readonly reason: string;
  /** The cluster's own words for it, such as a probe's answer. */
  readonly words?: string;
  /** What is missing is a server that the release needs and does not bring. */
  readonly outage?: true;
}

/** Reasons of a waiting container that more time does not cure; see Kubernetes' kubelet/images and kuberuntime errors. */
const FATAL_REASONS = new Set([
  "ErrImagePull",
  "ImagePullBackOff",
  "InvalidImageName",
  "ErrImageNeverPull",
  "CrashLoopBackOff",
  "CreateContainerConfigError",
  "CreateContainerError",
  "RunContainerError",
]);

/** What a registry, a network or a node says that was only busy or away: the kubelet tries again by itself. */
const PASSING =
  /too ?many ?requests|qps exceeded|(?:internal server error|bad gateway|service unavailable|gateway time-?out)\b|(?:i\/o|handshake) timeout|client\.timeout|deadline exceeded|connection (?:refused|reset|timed out)|no such host|server misbehaving|temporary failure in name resolution|network is unreachable|no route to host|(?:unexpected |: )eof\b|broken pipe|http2: |stream error: |context canceled|failed to reserve container name/i;
/** What a registry says of the image itself, which stays so. */
const LASTING =
  /not found|manifest unknown|unknown manifest|denied|unauthorized|forbidden|no match for platform|invalid/i;
/** Reasons that say nothing of the release, where their message tells of such trouble. */
const MAY_PASS = new Set(["ErrImagePull", "ImagePullBackOff", "CreateContainerError", "RunContainerError"]);
/** What a kubelet says of an image while it waits to pull it again; older ones leave out why. */
const WITHOUT_CAUSE = /^Back-off pulling image \S+$/;
const PULL_WARNING = /^Failed to pull image /;

/** Whether a container may still start by itself: the registry or the node was busy or away, and nothing says more. */
export function mayStillStart(
  waiting: { readonly reason: string; readonly message: string },
  warnings: readonly string[] = [],
): boolean {
  const { reason, message } = waiting;
  const told = WITHOUT_CAUSE.test(message.trim()) ? warnings.findLast((each) => PULL_WARNING.test(each)) : message;
  return MAY_PASS.has(reason) && told !== undefined && PASSING.test(told.trim()) && !LASTING.test(told);
}

/** Judges one look at a workload's pods; the same sample always gets the same finding. */
export function judgeHealth(sample: HealthSample, expected: HealthExpectation): HealthFinding {
  return brokenPod(sample.pods, expected) ?? unfinishedRollout(sample, expected) ?? healthy(sample.pods);
}

function brokenPod(pods: readonly PodSnapshot[], expected: HealthExpectation): HealthFinding | undefined {
  for (const pod of pods) {
    const reason = breakageOf(pod, expected);
    if (reason !== undefined) return { verdict: "fail", reason: `${pod.name}: ${reason}`, ...breakageWords(pod) };
  }
  return undefined;
}

/** The kubelet's own words for why a pod is broken; none for what the pod itself said, or what is only unexpected. */
function breakageWords({ ended, evicted, name, restarts, waiting }: PodSnapshot): Pick<HealthFinding, "words"> {
  if (evicted !== undefined) return { words: `Evicted: ${evicted} (${name})` };
  // That it is started again later says nothing: how it ended does.
  const isLoop = waiting?.reason === "CrashLoopBackOff" && ended !== undefined;
  if (waiting !== undefined && FATAL_REASONS.has(waiting.reason) && !isLoop)
    return { words: `${waiting.reason}: ${waiting.message} (${name})` };
  const isEnded = ended !== undefined && (restarts > 0 || isLoop);
  return isEnded ? { words: `${isLoop ? "CrashLoopBackOff: " : ""}its container ended: ${ended} (${name})` } : {};
}

function breakageOf(pod: PodSnapshot, expected: HealthExpectation): string | undefined {
  if (pod.evicted !== undefined) return `was evicted: ${pod.evicted}`;
  if (pod.waiting !== undefined && FATAL_REASONS.has(pod.waiting.reason) && !mayStillStart(pod.waiting, pod.warnings)) {
    return `${pod.waiting.reason}: ${pod.waiting.message}`;
  }
  if (pod.restarts > 0) return `restarted ${pod.restarts} time(s); expected 0. Last log lines: ${tail(pod)}`;
  if (pod.errorLines.length > 0) return `logged ${pod.errorLines.length} ERROR line(s): ${tail(pod)}`;
  if (pod.ready && pod.imageDigest !== expected.digest) {
    return `runs ${pod.imageDigest ?? "an unknown image"}; expected ${expected.digest}`;
  }
  return undefined;
}

function tail(pod: PodSnapshot): string {
  return pod.errorLines.slice(-3).join(" | ") || "none";
}

function unfinishedRollout(sample: HealthSample, expected: HealthExpectation): HealthFinding | undefined {
  const missing = missingIn(sample, expected);
  if (missing === undefined) return undefined;
  const unready = sample.pods.filter((pod) => !pod.ready);
  const outage = unready.flatMap((pod) => pod.outages.slice(-1))[0];
  if (outage === undefined) return { verdict: "inconclusive", reason: missing, ...wordsOf(unready, sample.rollout) };
  return { verdict: "inconclusive", reason: `${missing}: ${outage}`, outage: true };
}

/** The cluster's own words: why it makes no pod, else about the first that is not ready. */
function wordsOf(unready: readonly PodSnapshot[], rollout: RolloutSnapshot | undefined): Pick<HealthFinding, "words"> {
  if (rollout?.refusal !== undefined) return { words: rollout.refusal };
  const held = unready.find((pod) => pod.held !== undefined);
  if (held !== undefined) return { words: `${held.held} (${held.name})` };
  const told = unready.find(({ warnings = [] }) => warnings.length > 0);
  const waiting = unready.find((pod) => pod.waiting !== undefined && pod.waiting.reason !== "ContainerCreating");
  if (told !== undefined) return { words: `${told.warnings?.at(-1)} (${told.name})` };
  if (waiting === undefined) return {};
  return { words: `${waiting.waiting?.reason}: ${waiting.waiting?.message} (${waiting.name})` };
}

/** What a rollout still lacks, in words. */
function missingIn({ rollout, pods }: HealthSample, expected: HealthExpectation): string | undefined {
  if (rollout === undefined) return "the Deployment does not exist yet";
  const want = Math.max(rollout.desired, expected.minReplicas);
  if (!rollout.observed) return "the Deployment's controller has not observed the new template yet";
  if (rollout.updated < want) return `${rollout.updated} of ${want} pods have the new template`;
  if (rollout.total > rollout.updated) return `${rollout.total - rollout.updated} old pods are still serving`;
  const ready = pods.filter((pod) => pod.ready).length;
  return rollout.available < want || ready < want ? `${ready} of ${want} pods are ready` : undefined;
}

function healthy(pods: readonly PodSnapshot[]): HealthFinding {
  return { verdict: "pass", reason: `${pods.length} of ${pods.length} pods ready on the expected digest, 0 restarts` };
}
