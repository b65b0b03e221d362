/** What the tests read of a Grafana dashboard. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly panels: readonly DashboardPanel[];
  readonly templating: {
    readonly list: readonly { readonly name: string; readonly type: string; readonly query: string }[];
  };
  readonly annotations: { readonly list: readonly { readonly expr: string; readonly datasource: Datasource }[] };
}

export interface DashboardPanel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly datasource: Datasource;
  readonly fieldConfig: { readonly defaults: { readonly unit: string; readonly thresholds: Thresholds } };
  readonly targets: readonly DashboardTarget[];
}

export interface DashboardTarget {
  readonly refId: string;
  readonly expr: string;
  readonly legendFormat: string;
  /** Asked for now alone, and not for each step of the dashboard's time range. */
  readonly instant: boolean;
}

interface Datasource {
  readonly type: string;
  readonly uid: string;
}

interface Thresholds {
  readonly steps: readonly { readonly color: string; readonly value: number | null }[];
}

/** The dashboards in the monitoring chart's values. */
export function parseDashboards(dashboards: Readonly<Record<string, string>>): Dashboard[] {
  return Object.values(dashboards).map((text): Dashboard => JSON.parse(text));
}

export interface DashboardQuery {
  readonly panel: string;
  readonly expr: string;
  readonly instant: boolean;
}

/** Every query of a dashboard with the panel that asks it, markers included. */
export function queriesOf(dashboard: Dashboard): DashboardQuery[] {
  return [
    ...dashboard.panels.flatMap(({ title, targets }) =>
      targets.map(({ expr, instant }) => ({ panel: `${dashboard.uid}, ${title}`, expr, instant })),
    ),
    ...dashboard.annotations.list.map(({ expr }) => ({ panel: `${dashboard.uid}, markers`, expr, instant: false })),
  ];
}

/** How many finite samples Prometheus has for a query, asked as Grafana asks it: for now, or for the last six hours. */
export async function samplesOf(
  prometheusUrl: string,
  { expr, instant }: DashboardQuery,
  headers: Record<string, string>,
): Promise<number> {
  const now = Date.now() / 1000;
  const range = { start: `${now - 6 * 3600}`, end: `${now}`, step: "15" };
  const parameters = new URLSearchParams({ query: expr, ...(instant ? { time: `${now}` } : range) });
  const answer = await fetch(`${prometheusUrl}/api/v1/${instant ? "query" : "query_range"}?${parameters}`, { headers });
  const { data, error }: { data?: { result: readonly Series[] }; error?: string } = JSON.parse(await answer.text());
  if (data === undefined) throw new Error(`${expr}: ${error}`);
  const samples = data.result.flatMap(({ value, values = [] }) => (value === undefined ? values : [value]));
  return samples.filter(([, text]) => Number.isFinite(Number(text))).length;
}

interface Series {
  readonly value?: Sample;
  readonly values?: readonly Sample[];
}

type Sample = readonly [atSeconds: number, value: string];
