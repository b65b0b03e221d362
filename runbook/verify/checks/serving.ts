import type { HealthSample } from "../../../gates/health.ts";
import { dnsSeconds, lookUpName } from "../../../gates/live/name-gate.ts";
import { expectationOf, nameOf } from "../../../gates/live/track.ts";
import type { HttpAnswer } from "../../../io/http.ts";
import { SYNTHETIC } from "../../../io/synthetic.ts";
import type { Clock } from "../../../shared/clock.ts";
import { servicesOf, type Track, tracksOf } from "../../../stacks/services.ts";
import { type Finding, fail, pass, skipped } from "../../preflight/check.ts";
import { judgeCertificate } from "../../preflight/checks/names.ts";
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
import { askEntrance, diagnoseErrors, type Verification, type VerifyContext } from "../verification.ts";

const EVERY_SECONDS = 1;

/** Looks again and again while it fails or cannot look, for so long; ends as the last look did. */
async function retrying(
  { clock }: { readonly clock: Clock },
  seconds: number,
  signal: AbortSignal,
  look: () => Promise<Finding>,
): Promise<Finding> {
  const deadline = clock.now() + seconds;
  for (;;) {
    const [found] = await Promise.allSettled([look()]);
    const isOver = clock.now() >= deadline || signal.aborted;
    if (found.status === "rejected" && isOver) throw found.reason;
    if (found.status === "fulfilled" && (found.value.status !== "fail" || isOver)) return found.value;
    await clock.sleep(EVERY_SECONDS, signal);
  }
}

const TIME_LIMIT_SECONDS = 330;

export const dns: Verification = {
  id: "dns",
  title: "DNS",
  proves: "The domain's name resolves to the load balancer.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: (context, signal) =>
    retrying(context, dnsSeconds(context.timeScale), signal, async () => {
      const { config, loadBalancer, names } = context;
      const { domain } = config;
      const { addresses, problem } = await lookUpName({ domain, loadBalancer, addressesOf: names.addressesOf });
      if (problem === undefined) return pass(`${domain} is ${addresses.join(", ")}`);
      return fail(problem, `nslookup ${domain}; then npx sparki preflight, for the delegation`);
    }),
};

export const certificate: Verification = {
  id: "certificate",
  title: "TLS certificate",
  proves: "The served certificate is trusted, covers the domain and has at least 14 days left.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context, signal) => {
    const { domain, region } = context.config;
    const served = await context.certificateOf(domain, signal);
    const fix = `aws acm list-certificates --region ${region}; openssl s_client -connect ${domain}:443`;
    if (served.problem !== undefined)
      return fail(`the certificate of ${domain} is not trusted: ${served.problem}`, fix);
    const finding = judgeCertificate(served.certificate, context, fix);
    // That it should have been renewed is preflight's to warn of: today it proves who answers.
    return finding.status === "warn" ? pass(finding.reason) : finding;
  },
};

export const outside: Verification = {
  id: "outside",
  title: "Reached from outside",
  proves: "`https://<domain>/health` answers 200, by the name's own address and with its certificate.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: (context, signal) =>
    retrying(context, dnsSeconds(context.timeScale), signal, async () => {
      const url = `https://${context.config.domain}/health`;
      const answer = await context.http(url, { headers: SYNTHETIC, timeoutSeconds: 10, signal });
      const fix = `curl -v ${url}; npx sparki diagnose --stack ${context.stack}`;
      if (!answer.answered) return fail(`${url}: ${answer.error}`, fix);
      if (answer.status !== 200) return fail(`${url} answered ${answer.status}; expected 200`, fix);
      return pass(`${url} answered 200 in ${Math.round(answer.seconds * 1000)} ms`);
    }),
};

const TIMEOUT_SECONDS = 10;
/** The engine, what it needs, and the web UI. */
export const SMOKE_PATHS = ["/health", "/api/projects", "/api/cache/health", "/"] as const;

export const smoke: Verification = {
  id: "smoke",
  title: "Smoke tests",
  proves: `${SMOKE_PATHS.join(", ")} answer 200 through the load balancer, by its own name.`,
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const answers = await Promise.all(
      SMOKE_PATHS.map(async (path) => ({ path, answer: await ask(context, path, signal) })),
    );
    const bad = answers.filter(({ answer }) => !isGood(answer));
    const evidence = answers.map(({ path, answer }) => `${path} ${told(answer)}`);
    if (bad.length === 0) return { ...pass(`${answers.length} of ${answers.length} answered 200`), evidence };
    const which = bad.map(({ path, answer }) => `${path} ${told(answer)}`).join("; ");
    return { ...fail(`${bad.length} of ${answers.length}: ${which}`, diagnoseErrors(context)), evidence };
  },
};

interface Answering extends Pick<Verification, "id" | "title" | "proves"> {
  readonly path: string;
  /** What a good answer says. */
  readonly healthy: string;
  readonly fix: (context: VerifyContext) => string;
}

/** Something behind the engine that must answer by one of its paths. */
const answering = ({ path, healthy, fix, ...named }: Answering): Verification => ({
  ...named,
  timeLimitSeconds: 30,
  run: async (context, signal) => {
    const answer = await ask(context, path, signal);
    return isGood(answer) ? pass(`${healthy}${path} ${told(answer)}`) : fail(`${path} ${told(answer)}`, fix(context));
  },
});

export const database = answering({
  id: "database",
  title: "Database",
  proves: "The engine reads its projects from PostgreSQL: `/api/projects` answers 200.",
  path: "/api/projects",
  healthy: "healthy: ",
  fix: ({ stack }) => `npx sparki diagnose database --stack ${stack}`,
});

export const cache = answering({
  id: "cache",
  title: "Cache",
  proves: "The engine sets a key in Redis and gets it back: `/api/cache/health` answers 200.",
  path: "/api/cache/health",
  healthy: "healthy: set and get, ",
  fix: diagnoseErrors,
});

function ask(context: VerifyContext, path: string, signal: AbortSignal): Promise<HttpAnswer> {
  return askEntrance(context, path, { timeoutSeconds: TIMEOUT_SECONDS, signal });
}

function isGood(answer: HttpAnswer): boolean {
  return answer.answered && answer.status === 200;
}

/** The answer and its time, in words. */
function told(answer: HttpAnswer): string {
  const time = `${Math.round(answer.seconds * 1000)} ms`;
  return answer.answered ? `answered ${answer.status} in ${time}` : `did not answer: ${answer.error}`;
}

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
