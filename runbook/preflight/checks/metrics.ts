import { z } from "zod";
import { promotionIn } from "../../../records/promotion.ts";
import { absentIn } from "../../../stacks/schema.ts";
import { namespaceOf, servicesOf, TRACKS, trackName } from "../../../stacks/services.ts";
import { monitoringTrial } from "../charts.ts";
import { type Finding, fail, pass, skipped } from "../check.ts";
import type { PreflightContext } from "../context.ts";
import { readiness, type StormContext, type StormService, stormCheck, stormFix, stormLook } from "../storm.ts";

const targetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({
        health: z.string(),
        lastError: z.string().optional(),
        labels: z.record(z.string(), z.string()),
      }),
    ),
  }),
});

export const prometheus = stormLook({
  id: "prometheus",
  service: "prometheusUrl",
  title: "Prometheus",
  proves: "Prometheus is ready, and its clock and this machine's agree: gates can count.",
  judge: async (service, context) => {
    const finding = await readiness(service, context);
    return finding.status === "pass" ? ((await clocksApart(service, context)) ?? finding) : finding;
  },
});

/** Half of the age at which a gate takes a sample for too old to say anything. */
const MOST_SECONDS_APART = 30;

const timeSchema = z.object({
  data: z.object({ resultType: z.literal("scalar"), result: z.tuple([z.number(), z.string()]) }),
});

/** What is wrong where the two clocks are so far apart that gates would count another time, or nothing; undefined else. */
async function clocksApart(service: StormService, { clock }: StormContext): Promise<Finding | undefined> {
  const asked = clock.now();
  const { data } = await service.read("/api/v1/query?query=time()", timeSchema);
  const [before, after] = [asked - data.result[0], clock.now() - data.result[0]];
  // The answer is of some time between the two.
  const apart = before > 0 ? before : after < 0 ? after : 0;
  if (Math.abs(apart) <= MOST_SECONDS_APART) return undefined;
  return fail(
    `this machine's clock is ${Math.round(Math.abs(apart))} s ${apart > 0 ? "ahead of" : "behind"} that of ${service.url}; expected ${MOST_SECONDS_APART} s at most`,
    "timedatectl: set this machine's clock right, or that of Prometheus's server; gates read its samples by the time of this one",
  );
}

export const prometheusTargets = stormCheck({
  id: "prometheus-targets",
  service: "prometheusUrl",
  title: "Prometheus targets",
  proves: "Prometheus scrapes every ready pod of the stack's services, each once.",
  timeLimitSeconds: 60,
  judge: async (service, context, signal) => {
    const { resources } = await context.state.read();
    const promoted = promotionIn(resources)?.release;
    if (promoted === undefined) return skipped("no release was promoted yet: there is nothing to scrape");
    // A service that comes with this release has no pods yet.
    const namespaces = servicesOf({ absent: absentIn(promoted) }).map(namespaceOf);
    for (let asked = 1; ; asked++) {
      const finding = await judgeTargets(service, context, namespaces);
      if (finding.status === "pass" || asked === TIMES_ASKED) return finding;
      await context.clock.sleep(ASKED_EVERY_SECONDS, signal);
    }
  },
});

/**
 * Longer than Prometheus needs to find and scrape a pod: a rollout that an interrupted update began continues by itself, and
 * its pods come and go.
 */
const TIMES_ASKED = 5;
const ASKED_EVERY_SECONDS = 5;

async function judgeTargets(
  service: StormService,
  context: PreflightContext,
  namespaces: readonly string[],
): Promise<Finding> {
  const { data } = await service.read("/api/v1/targets?state=active", targetsSchema);
  const served = data.activeTargets.filter(({ labels }) => namespaces.some((each) => each === labels.namespace));
  const own = served.filter(({ labels }) => labels.stack === context.stack);
  const bare = namespaces.filter((namespace) => own.every(({ labels }) => labels.namespace !== namespace));
  if (bare.length > 0) return fail(`no pod of ${bare.join(" and ")} is scraped for ${context.stack}`, fixFor(context));
  const serving = await servingPods(context, namespaces);
  const missed = (serving ?? []).filter((pod) => own.every(({ labels }) => labels.pod !== pod));
  if (missed.length > 0) return fail(`not scraped: ${missed.join(", ")}`, fixFor(context));
  const twice = [...Map.groupBy(own, ({ labels }) => `${labels.namespace}/${labels.pod ?? labels.instance}`)].filter(
    ([, targets]) => targets.length > 1,
  );
  if (twice.length > 0)
    return fail(
      `scraped more than once: ${twice.map(([pod, targets]) => `${pod} by ${scrapersOf(targets)}`).join("; ")}`,
      `remove one of these jobs, or exclude from it the namespaces ${namespaces.join(" and ")}`,
    );
  // A pod that begins, ends or fails answers nobody: others say so of it, and Prometheus sees what it should.
  const isCounted = (pod: string | undefined) => pod === undefined || serving === undefined || serving.includes(pod);
  const down = own.filter(({ health, labels }) => health !== "up" && isCounted(labels.pod));
  if (down.length === 0) return pass(`${own.length} pods are scraped`);
  const told = down.map(({ labels, lastError }) => `${labels.pod ?? labels.instance}: ${lastError ?? "not up"}`);
  return fail(`${down.length} of ${own.length} targets are down: ${told.join("; ")}`, stormFix(context));
}

function scrapersOf(targets: readonly { readonly labels: Readonly<Record<string, string>> }[]): string {
  return targets.map(({ labels }) => `job ${labels.job ?? "(none)"} at ${labels.instance ?? "(none)"}`).join(" and ");
}

/** Whether it is a track's pod; those of Jobs have no metrics. */
function isOfTrack(pod: string): boolean {
  return TRACKS.some((track) => pod.startsWith(`${trackName(track)}-`));
}

/** Names of the pods that requests reach; undefined where the cluster does not tell of one of the namespaces. */
async function servingPods(
  { cluster }: PreflightContext,
  namespaces: readonly string[],
): Promise<string[] | undefined> {
  const lists = await Promise.all(namespaces.map((namespace) => cluster.pods(namespace)));
  if (lists.some((list) => list === undefined)) return undefined;
  const found = lists.flatMap((list) => list ?? []);
  return found.filter(({ name, ready }) => ready && isOfTrack(name)).map(({ name }) => name);
}

function fixFor(context: PreflightContext): string {
  return `kubectl get podmonitors -n sparki-monitoring; then ${stormFix(context)}`;
}

const healthSchema = z.object({ database: z.string() });
const searchSchema = z.array(z.object({ uid: z.string() }));

export const grafana = stormLook({
  id: "grafana",
  service: "grafanaUrl",
  title: "Grafana",
  proves: "Grafana is up, with its database.",
  judge: async (service, context) => {
    const { database } = await service.read("/api/health", healthSchema);
    return database === "ok" ? pass("healthy") : fail(`its database is ${database}`, stormFix(context));
  },
});

export const dashboards = stormCheck({
  id: "dashboards",
  service: "grafanaUrl",
  title: "Grafana dashboards",
  proves: "Grafana has loaded every dashboard of the monitoring chart.",
  judge: async (service, context) => {
    const monitoring = await monitoringTrial(context);
    const wanted = dashboardIds(monitoring?.values.dashboards, context.stack);
    if (wanted.length === 0) return skipped("the monitoring chart was not released yet");
    const found = await service.read(`/api/search?type=dash-db&tag=sparki&tag=${context.stack}`, searchSchema);
    const missing = wanted.filter((id) => !found.some(({ uid }) => uid === id));
    if (missing.length === 0) return pass(`${wanted.length} dashboards are loaded`);
    return fail(
      `Grafana has not loaded ${missing.join(", ")}`,
      "check the log of Grafana's sidecar, and that it watches the namespace sparki-monitoring",
    );
  },
});

function dashboardIds(dashboards: unknown, stack: string): string[] {
  const names = typeof dashboards === "object" && dashboards !== null ? Object.keys(dashboards) : [];
  return names.map((name) => `sparki-${stack}-${name}`);
}
