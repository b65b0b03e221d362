/** What a measure must keep over a long life: never more than so much, or no more growth by one deployment than that. */
type Bound = { readonly most: number } | { readonly growth: number };

interface Measure {
  readonly unit: string;
  readonly bound: Bound;
  /** What keeps it, in a few words. */
  readonly why: string;
}

/** Releases of Helm that the program makes, and the revisions that Helm keeps of each. */
const HELM = { releases: 5, revisions: 10 };

/**
 * Every measure that is taken after each deployment, with its bound. What only Pulumi's own backend keeps grows with each
 * update, by so much that can be told.
 */
export const MEASURES = {
  "state resources": {
    unit: "",
    bound: { growth: 0.05 },
    why: "the program makes the same resources for every release",
  },
  "state size": { unit: "kB", bound: { growth: 4 }, why: "a checkpoint holds the newest evidence alone" },
  "stack tags": { unit: "", bound: { most: 30 }, why: "how the newest 20 deploys ended that promoted nothing" },
  "backend updates": {
    unit: "",
    bound: { growth: 2.5 },
    why: "Pulumi's own history: one for each update, two for a rollback",
  },
  "backend size": {
    unit: "MB",
    bound: { growth: 6 },
    why: "Pulumi's own history and backup: a checkpoint each, for each update",
  },
  "history document": { unit: "kB", bound: { growth: 2 }, why: "sparki history tells every update" },
  "history time": { unit: "s", bound: { most: 60 }, why: "it reads a small file of each update" },
  "Helm revisions": {
    unit: "",
    bound: { most: HELM.releases * HELM.revisions },
    why: "maxHistory 10 for each of 5 Helm releases",
  },
  "Helm revisions of one": { unit: "", bound: { most: HELM.revisions }, why: "maxHistory" },
  ReplicaSets: { unit: "", bound: { most: 4 * 6 }, why: "revisionHistoryLimit 5 of 4 deployments" },
  Pods: { unit: "", bound: { growth: 1 }, why: "a promoted release's end-to-end tests stay for a day" },
  Jobs: { unit: "", bound: { growth: 1 }, why: "a promoted release's end-to-end tests stay for a day" },
  ConfigMaps: { unit: "", bound: { growth: 0.1 }, why: "each release has its own by name" },
  Secrets: { unit: "", bound: { most: 40 }, why: "without Helm's own" },
  "AWS resources": { unit: "", bound: { growth: 0.05 }, why: "no release makes any at AWS" },
  "AWS account": { unit: "kB", bound: { growth: 0.5 }, why: "the model of the account" },
  "log groups": { unit: "", bound: { growth: 0.02 }, why: "no release makes any" },
  "report files": { unit: "", bound: { most: 1000 }, why: "the newest 500 reports, two files each" },
  "plan files": { unit: "", bound: { most: 600 }, why: "the newest 200 plans, three files each" },
  "run's disk": { unit: "MB", bound: { growth: 2.5 }, why: "logs and metrics of the run; without the backend" },
  "memory: cloud": { unit: "MB", bound: { most: 900 }, why: "the process of the simulated cloud" },
  "memory: servers": {
    unit: "MB",
    bound: { growth: 10 },
    why: "API server, etcd, controllers, Prometheus, PostgreSQL, Redis",
  },
  processes: { unit: "", bound: { growth: 0.1 }, why: "nothing outlives its deployment" },
  "temporary files": { unit: "", bound: { most: 4 }, why: "a command removes what a killed one left" },
  "state locks": { unit: "", bound: { most: 0 }, why: "of the state, between deployments" },
} as const satisfies Readonly<Record<string, Measure>>;

export type MeasureName = keyof typeof MEASURES;
/** One value of each measure. */
export type Measured = Readonly<Record<MeasureName, number>>;

export interface Judged {
  readonly name: MeasureName;
  /** After the first deployment, at a quarter, at half, at three quarters, and after the last. */
  readonly points: readonly number[];
  readonly most: number;
  /** By one deployment, over the second half. */
  readonly growth: number;
  readonly isBounded: boolean;
}

/** Each measure against its bound; of fewer than four deployments growth cannot be told, and is taken as none. */
export function judged(all: readonly Readonly<Record<string, number>>[]): readonly Judged[] {
  const names = Object.keys(MEASURES).filter((name): name is MeasureName => name in MEASURES);
  return names.map((name) => {
    const values = all.map((each) => each[name] ?? missing(name));
    const places = [0, 0.25, 0.5, 0.75, 1].map((part) => Math.round(part * (values.length - 1)));
    const most = Math.max(...values);
    const growth = slopeOf(values.slice(Math.floor(values.length / 2)));
    const bound: Bound = MEASURES[name].bound;
    const isBounded = "most" in bound ? most <= bound.most : growth <= bound.growth;
    return { name, points: places.map((place) => values[place] ?? 0), most, growth, isBounded };
  });
}

function missing(name: string): never {
  throw new Error(`a result has no measure ${JSON.stringify(name)}; expected all of them`);
}

/** The least squares' slope; nothing of less than two values. */
function slopeOf(values: readonly number[]): number {
  const count = values.length;
  if (count < 2) return 0;
  const middle = (count - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const shared = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  return shared / values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
}

/** The table of a long life, in Markdown. */
export function boundsTable(all: readonly Judged[]): string {
  const head = ["measure", "first", "1/4", "1/2", "3/4", "last", "growth by one", "bound", "kept by"];
  const rows = all.map(({ name, points, growth, isBounded }) => {
    const { unit, bound, why }: Measure = MEASURES[name];
    const kept = "most" in bound ? `at most ${bound.most}` : `${bound.growth} by one`;
    const title = unit === "" ? name : `${name}, ${unit}`;
    return [title, ...points.map(shown), shown(growth), isBounded ? kept : `**not kept: ${kept}**`, why];
  });
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function shown(value: number): string {
  return `${Number(value.toFixed(Math.abs(value) < 100 ? 2 : 0))}`;
}
