import type { HostileChart } from "./charts.ts";

export const DEPLOYMENT = "templates/deployment.yaml";
export const AUTOSCALER = "templates/autoscaler.yaml";
export const RULES = "templates/prometheus-rule.yaml";
export const ROUTES = "templates/alertmanager-config.yaml";
export const BOARDS = "templates/dashboards.yaml";
export const SERVICE = "templates/service.yaml";
export const NETWORK = "templates/network-policy.yaml";
export const MONITORS = "templates/pod-monitors.yaml";

/** One text of a chart's file put in the place of another, and what is then refused. */
export type Edit = readonly [title: string, file: string, from: string, to: string, says: string];

/** Those edits as charts to refuse, one each. */
export const edits = (chart: HostileChart["chart"], listed: readonly Edit[]): HostileChart[] =>
  listed.map(([title, file, from, to, says]) => ({
    title: `${title}, in the chart of ${chart}`,
    ...(chart !== undefined && { chart }),
    changes: [{ file, replace: [from, to] }],
    says,
  }));
