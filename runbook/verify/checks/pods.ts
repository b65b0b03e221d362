import type { HealthSample } from "../../../gates/health.ts";
import { expectationOf, nameOf } from "../../../gates/live/track.ts";
import { servicesOf, type Track, tracksOf } from "../../../stacks/services.ts";
import { type Finding, fail, pass, skipped } from "../../preflight/check.ts";
import {
  alertmanager,
  commandCenter,
  elasticsearch,
  grafana,
  jaeger,
  kibana,
  logstash,
  prometheus,
} from "../../preflight/checks/observability.ts";
import type { StormLook } from "../../preflight/storm.ts";
import type { Verification, VerifyContext } from "../verification.ts";

export const pods: Verification = {
  id: "pods",
  title: "Pods",
  proves: "Every pod of both tracks of each service runs, is ready, and runs the release's digest.",
  timeLimitSeconds: 60,
  run: async (context) => {
    const looks = await Promise.all(
      tracksOf(servicesOf(context.config)).map(async (track) =>
        judgeTrack(track, await context.podsOf(track), context),
      ),
    );
    const running = looks.reduce((sum, look) => sum + look.running, 0);
    const wanted = looks.reduce((sum, look) => sum + look.wanted, 0);
    const apart = looks.flatMap(({ problem }) => problem ?? []);
    return judged(running, wanted, apart, context);
  },
};

function judged(running: number, wanted: number, apart: readonly string[], { stack }: VerifyContext): Finding {
  if (apart.length === 0) return pass(`100 % running: ${running} of ${wanted}, on the release's digests`);
  const share = `${Math.floor((100 * running) / Math.max(1, wanted))} % running, ${running} of ${wanted}`;
  return fail(`${share}: ${apart.join("; ")}`, `npx sparki diagnose --stack ${stack}`);
}

interface TrackLook {
  readonly wanted: number;
  /** Ready, and on the expected digest. */
  readonly running: number;
  readonly problem: string | undefined;
}

function judgeTrack(track: Track, { rollout, pods: found }: HealthSample, { config }: VerifyContext): TrackLook {
  const { digest, minReplicas } = expectationOf(config, track);
  const wanted = Math.max(minReplicas, rollout?.desired ?? 0);
  const ready = found.filter((pod) => pod.ready);
  const running = ready.filter(({ imageDigest }) => imageDigest === digest).length;
  const other = ready.find(({ imageDigest }) => imageDigest !== digest);
  const waiting = found.flatMap((pod) => (pod.waiting ? [`${pod.waiting.reason}: ${pod.waiting.message}`] : []));
  const old = (rollout?.total ?? 0) - (rollout?.updated ?? 0);
  const problems = [
    ...(running < wanted ? [`${nameOf(track)} has ${running} of ${wanted}`] : []),
    ...(other === undefined
      ? []
      : [`${other.name} runs ${other.imageDigest ?? "an unknown image"}; expected ${digest}`]),
    ...(old > 0 ? [`${old} old pods of ${nameOf(track)} still serve`] : []),
    ...waiting.slice(0, 1),
  ];
  return { wanted, running, problem: problems.length === 0 ? undefined : problems.join(", ") };
}

const LOOKS: readonly StormLook[] = [
  prometheus,
  grafana,
  jaeger,
  elasticsearch,
  logstash,
  kibana,
  alertmanager,
  commandCenter,
];

/** What the checklist could not look at before the first deployment: Storm's services in the stack's own cluster. */
export const storm: Verification = {
  id: "storm",
  title: "Storm in this cluster",
  proves: "Every service of Storm that the config names is up, where Storm runs in the stack's own cluster.",
  timeLimitSeconds: 60,
  run: async ({ stack, config, http, tokens, clock }, signal): Promise<Finding> => {
    if (!config.storm.inCluster) return skipped("Storm runs elsewhere: the checklist checks it before each deployment");
    const context = { stack, config, http, tokens, clock };
    const found = await Promise.all(LOOKS.map(async (look) => ({ look, finding: await look.look(context, signal) })));
    const bad = found.filter(({ finding }) => finding.status === "fail" || finding.status === "warn");
    const looked = found.filter(({ finding }) => finding.status !== "skipped");
    if (bad.length === 0) return pass(`${looked.length} services are up`);
    const told = bad.map(({ look, finding }) => `${look.title}: ${finding.reason}`).join("; ");
    const fix = `npx sparki preflight --stack ${stack}, once Storm is installed in the cluster`;
    // No fault of the release: it is not proven to be watched.
    return { ...fail(told, fix), status: "warn" };
  },
};
