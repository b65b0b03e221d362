/** Units as Grafana names them. */
export type Unit = "percentunit" | "s" | "reqps" | "short" | "x";

/** A panel before it has a place; what Grafana needs beyond this is the same for all. */
export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: "stat" | "timeseries" | "bargauge";
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Of 24 columns. */
  readonly width: number;
  /** From this value on it is bad; `worse` says in which direction. */
  readonly limit?: { readonly value: number; readonly worse: "above" | "below" };
}

export interface Query {
  readonly expr: string;
  /** With Grafana's `{{label}}`. */
  readonly legend: string;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The data source that the dashboard's reader has chosen. */
export const DATASOURCE = { type: "prometheus", uid: "$datasource" } as const;
const HEIGHT = 8;
const COLUMNS = 24;

/** The panels as Grafana's JSON, laid out in rows from left to right, none over another. */
export function layOut(panels: readonly Panel[]): Json[] {
  let x = 0;
  let y = 0;
  return panels.map((panel, index) => {
    if (x + panel.width > COLUMNS) {
      x = 0;
      y += HEIGHT;
    }
    const gridPos = { x, y, w: panel.width, h: HEIGHT };
    x += panel.width;
    return panelJson(panel, index + 1, gridPos);
  });
}

function panelJson(panel: Panel, id: number, gridPos: Json): Json {
  return {
    id,
    gridPos,
    type: panel.type,
    title: panel.title,
    description: panel.description,
    datasource: DATASOURCE,
    fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
    options: options(panel.type),
    targets: panel.queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
      instant: panel.type !== "timeseries",
      range: panel.type === "timeseries",
    })),
  };
}

function fieldDefaults({ type, unit, limit }: Panel): Json {
  const colours = limit?.worse === "below" ? ["red", "green"] : ["green", "red"];
  const steps = [
    { color: colours[0] ?? "green", value: null },
    ...(limit ? [{ color: colours[1] ?? "red", value: limit.value }] : []),
  ];
  return {
    unit: unit === "x" ? "suffix: x" : unit,
    thresholds: { mode: "absolute", steps },
    color: { mode: type === "timeseries" ? "palette-classic" : "thresholds" },
    ...(type === "timeseries" && limit ? { custom: { thresholdsStyle: { mode: "dashed" } } } : {}),
  };
}

function options(type: Panel["type"]): Json {
  if (type === "timeseries")
    return { legend: { displayMode: "table", placement: "bottom", calcs: ["lastNotNull", "max"] } };
  return { reduceOptions: { calcs: ["lastNotNull"] }, textMode: "value_and_name" };
}
