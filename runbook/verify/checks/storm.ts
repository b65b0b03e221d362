import { type Finding, fail, pass, skipped } from "../../preflight/check.ts";
import { alertmanager } from "../../preflight/checks/alerting.ts";
import { commandCenter, elasticsearch, kibana, logstash } from "../../preflight/checks/logs.ts";
import { grafana, prometheus } from "../../preflight/checks/metrics.ts";
import { jaeger } from "../../preflight/checks/traces.ts";
import type { StormLook } from "../../preflight/storm.ts";
import type { Verification } from "../verification.ts";

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
    if (!config.storm.inCluster)
      return skipped("Storm runs elsewhere: the checklist looks at it before each deployment");
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
