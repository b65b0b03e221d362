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
  readonly targets: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
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

/** Every query of a dashboard with the panel that asks it, markers included. */
export function queriesOf(dashboard: Dashboard): { readonly panel: string; readonly expr: string }[] {
  return [
    ...dashboard.panels.flatMap(({ title, targets }) =>
      targets.map(({ expr }) => ({ panel: `${dashboard.uid}, ${title}`, expr })),
    ),
    ...dashboard.annotations.list.map(({ expr }) => ({ panel: `${dashboard.uid}, markers`, expr })),
  ];
}
