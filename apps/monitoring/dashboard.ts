import { DATASOURCE, type Json, layOut, type Panel } from "./panel.ts";
import { selector } from "./rule.ts";
import { SERVED_NAMESPACES } from "./slo-rules.ts";

export interface Dashboard {
  /** Also its address in Grafana. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
}

/** A dashboard as Grafana imports it, with a marker where a release first shows. */
export function dashboardJson(stack: string, { uid, title, description, panels }: Dashboard): Json {
  return {
    uid: `sparki-${stack}-${uid}`,
    title: `${title} (${stack})`,
    description,
    tags: ["sparki", stack],
    schemaVersion: 39,
    version: 1,
    editable: false,
    timezone: "utc",
    refresh: "30s",
    time: { from: "now-6h", to: "now" },
    graphTooltip: 1,
    templating: {
      list: [{ name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", hide: 0 }],
    },
    annotations: { list: [deploymentMarkers(stack)] },
    panels: layOut(panels),
  };
}

/** A mark wherever pods of a release appear that was not there two minutes before. */
function deploymentMarkers(stack: string): Json {
  return {
    name: "Deployments",
    type: "dashboard",
    enable: true,
    iconColor: "blue",
    datasource: DATASOURCE,
    expr: deploymentsQuery(stack),
    step: "30s",
    titleFormat: "{{release}}",
    textFormat: "{{namespace}} {{track}}",
    tagKeys: "track,namespace",
  };
}

function deploymentsQuery(stack: string): string {
  const up = `up${selector(["namespace", "=~", SERVED_NAMESPACES.join("|")], ["stack", "=", stack])}`;
  const running = `count by (namespace, track, release) (${up})`;
  return `${running} unless ${running.replace(up, `${up} offset 2m`)}`;
}
