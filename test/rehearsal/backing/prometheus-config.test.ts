import { parse } from "yaml";
import { prometheusConfig } from "../../../rehearsal/backing/prometheus-alertmanager.ts";

const { scrape_configs, rule_files, alerting } = parse(
  prometheusConfig({
    endpoint: "https://127.20.0.10:6443",
    authorityFile: "/run/ca.pem",
    tokenFile: "/run/token",
    slot: 20,
    stack: "prod",
    ruleFiles: ["/run/rules.yaml"],
    exporter: { target: "127.20.0.1:7070", tokenFile: "/run/private/token", everySeconds: 3 },
    alertmanager: { target: "127.20.0.14:9093", ca_file: "/run/ca", cert_file: "/run/crt", key_file: "/run/key" },
  }),
);
const [pods, ...exporters] = scrape_configs;

/** What Prometheus makes of an address by the config's own expression; its `$1` is JavaScript's, its match is of the whole. */
function relabelled(address: string): string {
  const rule = pods.relabel_configs.find((each: { target_label?: string }) => each.target_label === "__address__");
  return address.replace(new RegExp(`^(?:${rule.regex})$`), rule.replacement);
}

describe("prometheusConfig", () => {
  it("finds the applications' pods through the API server with the run's own token", () => {
    expect(pods.kubernetes_sd_configs).toEqual([
      expect.objectContaining({
        api_server: "https://127.20.0.10:6443",
        authorization: { credentials_file: "/run/token" },
        selectors: [{ role: "pod", label: "app.kubernetes.io/name in (sparki-engine,sparki-web)" }],
      }),
    ]);
    expect(rule_files).toEqual(["/run/rules.yaml"]);
  });

  it("asks for the cluster's objects and AWS's values with the run's token, and keeps their own labels", () => {
    const headers = { "x-sparki-rehearsal": { files: ["/run/private/token"] } };
    const both = { honor_labels: true, http_headers: headers, static_configs: [{ targets: ["127.20.0.1:7070"] }] };
    expect(exporters).toEqual([
      expect.objectContaining({ ...both, metrics_path: "/metrics/cluster", scrape_interval: "2000ms" }),
      expect.objectContaining({ ...both, metrics_path: "/metrics/cloud", scrape_interval: "3000ms" }),
    ]);
  });

  it("sends its alerts to the run's Alertmanager, with a certificate of its own", () => {
    const tls_config = { ca_file: "/run/ca", cert_file: "/run/crt", key_file: "/run/key" };
    const static_configs = [{ targets: ["127.20.0.14:9093"] }];
    expect(alerting).toEqual({ alertmanagers: [{ scheme: "https", tls_config, static_configs }] });
  });

  it("scrapes a pod where its process listens", () => {
    expect(relabelled("10.40.17.3:8080")).toBe("127.20.17.3:8080");
  });

  it("labels each series with namespace, pod, track, release and stack", () => {
    const labels = pods.relabel_configs.map((each: { target_label?: string }) => each.target_label);
    expect(labels).toEqual(expect.arrayContaining(["namespace", "pod", "track", "release"]));
    expect(pods.relabel_configs).toContainEqual({ target_label: "stack", replacement: "prod" });
  });
});
