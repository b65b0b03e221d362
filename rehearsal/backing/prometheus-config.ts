import { yamlText } from "../../shared/yaml-text.ts";

export interface PrometheusSources {
  /** The API server's URL. */
  readonly endpoint: string;
  readonly authorityFile: string;
  readonly tokenFile: string;
  /** The run's slot: pods listen in 127.<slot>.0.0/16. */
  readonly slot: number;
  /** Every series is labelled with it, as the PodMonitors of the monitoring chart do. */
  readonly stack: string;
  readonly ruleFiles: readonly string[];
}

const APPLICATIONS = "sparki-engine|sparki-web";

const PACE = { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" };

/** Prometheus' configuration while there is no cluster to watch. */
export function idleConfig(): string {
  return yamlText({ global: PACE });
}

/** Prometheus' configuration: every running pod of the applications, found through the Kubernetes API, scraped each second. */
export function prometheusConfig(sources: PrometheusSources): string {
  return yamlText({
    global: PACE,
    rule_files: sources.ruleFiles,
    scrape_configs: [
      { job_name: "pods", kubernetes_sd_configs: [discovery(sources)], relabel_configs: relabelling(sources) },
    ],
  });
}

function discovery({ endpoint, authorityFile, tokenFile }: PrometheusSources) {
  return {
    role: "pod",
    api_server: endpoint,
    authorization: { credentials_file: tokenFile },
    tls_config: { ca_file: authorityFile },
    selectors: [{ role: "pod", label: `app.kubernetes.io/name in (${APPLICATIONS.replace("|", ",")})` }],
  };
}

function relabelling({ slot, stack }: PrometheusSources) {
  const pod = "__meta_kubernetes_pod";
  const take = (source: string, label: string) => ({ source_labels: [`${pod}_${source}`], target_label: label });
  return [
    { action: "keep", source_labels: [`${pod}_container_port_name`], regex: "http" },
    { action: "keep", source_labels: [`${pod}_phase`], regex: "Running" },
    // The API shows a pod at 10.x.y.z; its process listens on the slot's network.
    {
      source_labels: ["__address__"],
      regex: String.raw`\d+\.\d+\.(\d+)\.(\d+):(\d+)`,
      target_label: "__address__",
      replacement: `127.${slot}.$1.$2:$3`,
    },
    { source_labels: ["__meta_kubernetes_namespace"], target_label: "namespace" },
    take("name", "pod"),
    take("label_sparki_tools_track", "track"),
    take("label_sparki_tools_release", "release"),
    { target_label: "stack", replacement: stack },
  ];
}
