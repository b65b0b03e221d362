/**
 * What a gate, a watch, a verification or a diagnosis finds of the stack at a kubeconfig and a Prometheus, as one JSON
 * document on stdout with the most memory that the process had. Run by test/long/load.test.ts, in a process of its own.
 */
import { runSloGate } from "../../gates/live/gate-runner.ts";
import { runHealthGate } from "../../gates/live/health-gate.ts";
import { releaseCounts } from "../../gates/live/release-slo.ts";
import { expectationOf } from "../../gates/live/track.ts";
import { systemClock } from "../../io/clock.ts";
import { openClusterLookups } from "../../io/cluster-lookups.ts";
import { KubernetesClient } from "../../io/kubernetes.ts";
import { openNetwork } from "../../io/network.ts";
import { openPrometheus } from "../../io/prometheus.ts";
import { prometheusCounts } from "../../io/prometheus-counts.ts";
import { diagnose, EXAMINATIONS } from "../../runbook/diagnosis/diagnose.ts";
import { TOPICS } from "../../runbook/diagnosis/examination.ts";
import { runSideBySide } from "../../runbook/preflight/check.ts";
import { openScreen } from "../../runbook/report/screen.ts";
import { budget, burns, ReleaseObjectives } from "../../runbook/verify/checks/objectives.ts";
import { judgeLook } from "../../runbook/watch/look.ts";
import { lookAtAll } from "../../runbook/watch/open-watch.ts";
import type { Clock } from "../../shared/clock.ts";
import { openOutput } from "../../shared/text/output.ts";
import type { Track } from "../../stacks/services.ts";
import { configWith, fakeContext } from "./preflight.ts";
import { fakeVerify } from "./verify.ts";

const [what = "", kubeconfig = "", prometheusUrl = ""] = process.argv.slice(2);
const FLEET: Track = { workload: "engine", kind: "fleet" };
const SUBJECT = { gate: "engine fleet", phase: "fleet", track: "fleet" } as const;

/** A gate looks as often as ever, and nobody waits for it. */
const begun = Date.now() / 1000;
const sleep = (seconds: number, signal?: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
    setTimeout(resolve, (seconds / 60) * 1000);
  });
const quick: Clock = { now: () => begun + (Date.now() / 1000 - begun) * 60, sleep };
/** Time limits of looks are none of this: what they would cut off is not told. */
const standing: Clock = { now: () => Date.now() / 1000, sleep: () => new Promise(() => {}) };

const config = configWith({});
const network = openNetwork({});
const metrics = openPrometheus(network, prometheusUrl);
const screen = await openScreen({ stderr: openOutput(process.stderr), env: {} });
const { signal } = new AbortController();
const counts = releaseCounts(metrics, { stack: "prod", config }, standing.now);
const { cluster } = JSON.parse(kubeconfig).clusters[0];
const certificateAuthorities = [{ data: cluster["certificate-authority-data"] }];
const eks = { endpoint: cluster.server, certificateAuthorities };
const looks = { "eks/getCluster": eks, "eks/getClusterAuth": { token: "t" } };
const aws = fakeContext({ looks }).aws;
const context = { ...fakeContext({ clock: standing, aws, cluster: openClusterLookups(aws, "busy") }), metrics };

const SUBJECTS: Readonly<Record<string, () => Promise<unknown>>> = {
  health: async () => {
    const client = new KubernetesClient(kubeconfig);
    const sample = () => client.sampleHealth("sparki-engine", "engine-fleet");
    const pods = { expected: { ...expectationOf(config, FLEET), minReplicas: 40 }, sample };
    return runHealthGate({ ...SUBJECT, pods, probes: [], deadlineSeconds: 600, clock: standing, onProgress: () => {} });
  },
  objectives: async () => {
    const labels = { namespace: "sparki-engine", stack: "prod", track: "fleet", synthetic: "false" };
    const users = prometheusCounts(metrics, { labels, now: quick.now });
    const pace = { lookEverySeconds: 15, deadlineSeconds: 900 };
    return runSloGate({ ...SUBJECT, objectives: config.objectives, sources: { users }, ...pace, clock: quick });
  },
  watch: async () => {
    const elapsedSeconds = 80_000;
    const look = { counts, config, baseline: [], elapsedSeconds, sinceLookSeconds: 3_600, timeScale: 1 };
    const seen = await lookAtAll(look, context, screen, signal);
    const circumstances = { at: standing.now(), elapsedSeconds, canRollBack: true, rollbackTried: false };
    // Nothing else of the stack is there to be looked at.
    const checks = seen.checks.filter(({ id }) => id === "pods" || id === "error-lines");
    return judgeLook({ ...seen, checks }, circumstances);
  },
  verify: async () => {
    const verified = { ...fakeVerify({ config, clock: systemClock }), counts };
    const objectives = new ReleaseObjectives(verified);
    return runSideBySide("verify", [...objectives.checks, budget, ...burns], verified, { screen, signal });
  },
  diagnose: async () => diagnose(context, { topics: TOPICS, examinations: EXAMINATIONS }, screen, signal),
};

const found = await SUBJECTS[what]?.();
await network.close();
// Of Linux, in kB.
process.stdout.write(JSON.stringify({ found, megabytes: process.resourceUsage().maxRSS / 1024 }));
process.exit(0);
