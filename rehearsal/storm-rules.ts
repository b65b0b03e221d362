import type { RuleFiles } from "./backing/prometheus.ts";
import { KubernetesApi } from "./cluster/api.ts";
import type { KubernetesObject } from "./cluster/objects.ts";
import { follow } from "./cluster/watch.ts";
import type { ClusterAccess } from "./services.ts";

/** `monitoring.coreos.com/v1` PrometheusRule. */
interface PrometheusRule extends KubernetesObject {
  readonly spec?: { readonly groups?: readonly unknown[] };
}

const RULES = "/apis/monitoring.coreos.com/v1/prometheusrules";

/**
 * Stands in for the Prometheus operator until the signal aborts: hands over all PrometheusRules of the cluster, a file
 * each, at every change. Resolves once the first ones were handed over.
 */
export async function followRules(
  access: ClusterAccess,
  signal: AbortSignal,
  handOver: (rules: RuleFiles) => Promise<void>,
): Promise<void> {
  const api = new KubernetesApi(access);
  signal.addEventListener("abort", () => void api.close());
  const rules = new Map<string, readonly unknown[]>();
  let last = Promise.resolve();
  const changed = () => {
    // Rules that Prometheus does not take are seen where they are looked for: it goes on with those from before.
    last = last.then(() => handOver(rules)).catch(() => undefined);
  };
  const onChange = (rule: PrometheusRule) => {
    rules.set(fileOf(rule), rule.spec?.groups ?? []);
    changed();
  };
  const onDelete = (rule: PrometheusRule) => {
    rules.delete(fileOf(rule));
    changed();
  };
  await follow(api, { path: RULES, onChange, onDelete }, signal);
  await last;
}

function fileOf({ metadata }: PrometheusRule): string {
  return `${metadata.namespace}-${metadata.name}`;
}
