import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parse } from "yaml";
import type { Watcher } from "../../io/engine.ts";
import { sealNow } from "../../io/seal/sealed-run.ts";
import { EngineRecord, type EngineResult, type RecordedEvent } from "../../records/engine-record.ts";
import type { StoredRelease } from "../../records/stored-release.ts";
import type { Update } from "../../records/update.ts";
import type { PlanTarget } from "../../runbook/plan/make-plan.ts";
import type { Kept } from "../../runbook/release/keep.ts";
import { yamlText } from "../../shared/yaml-text.ts";
import type { StackConfig } from "../../stacks/schema.ts";
import { fakeClock } from "./fake-clock.ts";
import { NOTHING_KEPT } from "./updates.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const FILES = {
  "index.ts": 'import "./infra/cache.ts";\n',
  "infra/cache.ts": "export const cache = 1;\n",
  "io/run-job.ts": "// job\n",
  "policies/main.ts": "",
  "policies/pack": "exec node main.ts\n",
  "package.json": "{}",
  "package-lock.json": "{}",
  "apps/charts/engine/values.yaml": "replicas: 1\n",
};

type Inputs = Readonly<Record<string, unknown>>;
type Op = NonNullable<RecordedEvent["resourcePreEvent"]>["metadata"]["op"];

export interface Planned {
  readonly op: Op;
  readonly type: string;
  readonly name: string;
  readonly before?: Inputs;
  readonly after?: Inputs;
  readonly keys?: string[];
  readonly diffs?: string[];
  readonly retained?: boolean;
  /** Its logical name before. */
  readonly formerly?: string;
}

export function urnOf({ type, name }: Pick<Planned, "type" | "name">): string {
  return `urn:pulumi:staging::sparki::${type}::${name}`;
}

/** The engine's event at the begin of a planned step. */
export function stepEvent({ op, type, name, before, after, keys, diffs, retained, formerly }: Planned): RecordedEvent {
  const urn = urnOf({ type, name });
  const state = (inputs: Inputs) => {
    return { type, urn, id: "", parent: "", provider: "", custom: true, inputs: { ...inputs }, outputs: { ...inputs } };
  };
  const metadata = {
    op,
    urn,
    type,
    provider: "",
    ...(before === undefined ? {} : { old: { ...state(before), urn: urnOf({ type, name: formerly ?? name }) } }),
    ...(after === undefined ? {} : { new: { ...state(after), ...(retained === true && { retainOnDelete: true }) } }),
    ...(keys === undefined ? {} : { keys }),
    ...(diffs === undefined ? {} : { diffs }),
  };
  return { sequence: 1, timestamp: 0, resourcePreEvent: { metadata } };
}

/** The engine's event at the end of a refreshed resource. */
export function refreshedEvent(planned: Planned): RecordedEvent {
  const { resourcePreEvent, ...event } = stepEvent(planned);
  return resourcePreEvent === undefined ? event : { ...event, resOutputsEvent: resourcePreEvent };
}

export interface Recorded {
  readonly steps: readonly Planned[];
  /** What the stack's config allows to be replaced or deleted. @default what staging's own says */
  readonly approvals?: StackConfig["approvals"];
  readonly drift?: readonly Planned[];
  /** The state's resources as exported. */
  readonly resources?: readonly Inputs[];
  readonly result?: Partial<EngineResult>;
  /** The stack's history, newest first. */
  readonly updates?: readonly Update[];
  /** What a preview that is pinned to the live release comes to. */
  /** What of the live release can be restored. @default nothing is recorded */
  readonly kept?: Kept;
  /** What Helm keeps, newest first. @default nothing */
  readonly stored?: readonly StoredRelease[];
  readonly pinned?: { readonly steps: readonly Planned[]; readonly result?: Partial<EngineResult> };
}

/** What an operation of the engine comes to that changed nothing. */
export const SUCCEEDED: EngineResult = {
  outcome: "succeeded",
  steps: [],
  diagnostics: [],
  policy: { checked: 3, violations: [] },
  changes: {},
  seconds: 1,
  failure: undefined,
};

const made: string[] = [];

afterAll(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** Noon of the day on which plans of tests are made. */
const PLANNED_AT = Date.UTC(2026, 10, 28, 12) / 1000;

/** A small project in a folder of its own, with staging's own config and an engine that tells what was recorded. */
export function plannedProject(recorded: Recorded): PlanTarget {
  const projectDirectory = mkdtempSync(join(tmpdir(), "sparki-planned-"));
  made.push(projectDirectory);
  for (const [file, text] of Object.entries(FILES)) {
    mkdirSync(dirname(join(projectDirectory, file)), { recursive: true });
    writeFileSync(join(projectDirectory, file), text);
  }
  for (const file of ["Pulumi.yaml", "Pulumi.staging.yaml"]) cpSync(join(ROOT, file), join(projectDirectory, file));
  if (recorded.approvals !== undefined) approve(join(projectDirectory, "Pulumi.staging.yaml"), recorded.approvals);
  return {
    stack: "staging",
    engine: engineTelling(recorded),
    configFile: join(projectDirectory, "Pulumi.staging.yaml"),
    projectDirectory,
    seal: () => ({ ...sealNow(projectDirectory, "staging", {}), gaps: [] }),
    plugins: () => ({}),
    template: async ({ release, values }) =>
      `kind: ConfigMap\nmetadata: {name: ${release}}\ndata: ${JSON.stringify(values)}\n`,
    helmStore: () => ({
      revisions: async (_namespace, name) => (recorded.stored ?? []).filter((each) => each.name === name),
    }),
    keep: async () => recorded.kept ?? NOTHING_KEPT,
    clock: fakeClock(PLANNED_AT),
  };
}

function approve(file: string, approvals: StackConfig["approvals"]): void {
  const settings = parse(readFileSync(file, "utf8"));
  writeFileSync(file, yamlText({ ...settings, config: { ...settings.config, "sparki:approvals": approvals } }));
}

export function engineTelling({
  steps,
  drift = [],
  resources = [],
  result = {},
  pinned = { steps: [] },
  updates = [],
}: Recorded): PlanTarget["engine"] {
  const tell = async (events: readonly RecordedEvent[], watch: Watcher | undefined, end: Partial<EngineResult>) => {
    for (const event of events) watch?.(new EngineRecord(), event);
    return { ...SUCCEEDED, ...end };
  };
  return {
    plan: (_file, watch) => tell(steps.map(stepEvent), watch, result),
    preview: (watch) => tell(pinned.steps.map(stepEvent), watch, pinned.result ?? {}),
    history: async () => updates,
    previewRefresh: (watch) => tell(drift.map(refreshedEvent), watch, {}),
    exportState: async () => ({ version: 3, deployment: { resources } }),
    backend: async () => "s3://state",
    tags: async () => ({}),
  };
}
