import { join } from "node:path";
import { parse } from "yaml";
import type { CommandOutput } from "../../io/child-command.ts";
import type { HelmRelease } from "../../io/cluster-lookups.ts";
import {
  namespaceOf,
  SERVICE_NAMES,
  type ServiceName,
  servicesOf,
  TRACK_KINDS,
  trackName,
} from "../../stacks/services.ts";
import { type Check, fail, pass, skipped, warn } from "./check.ts";
import type { PreflightContext } from "./context.ts";

/** A chart's track with the values that it is tried with. */
export interface ChartTrial {
  readonly chart: ServiceName | "monitoring";
  readonly title: string;
  readonly namespace: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Both tracks of a workload's chart: the chart's own trial values, with all that the stack's config decides over them. */
export function workloadTrials(context: PreflightContext, chart: ServiceName): ChartTrial[] {
  const { config, files, projectDirectory } = context;
  const { release, network, [chart]: size } = config;
  return TRACK_KINDS.map((track) => {
    const file = join(projectDirectory, "apps", "charts", chart, "ci", `${track}-values.yaml`);
    const own: Record<string, unknown> = parse(files.read(file) ?? "{}");
    const values = {
      ...own,
      release: { id: release.id, gitSha: release.gitSha },
      image: release.images[chart],
      replicas: track === "fleet" ? size.replicas : 1,
      maxReplicas: size.maxReplicas,
      zones: network.zones.length,
    };
    return { chart, title: trackName({ workload: chart, kind: track }), namespace: namespaceOf(chart), values };
  });
}

/** The monitoring chart with the values of its last release; undefined before there was one. */
export async function monitoringTrial({ state }: PreflightContext): Promise<ChartTrial | undefined> {
  const { resources } = await state.read();
  const release = resources.find(({ urn }) => urn.endsWith("kubernetes:helm.sh/v3:Release::monitoring"));
  const values = release?.inputs.values;
  if (typeof values !== "object" || values === null) return undefined;
  return { chart: "monitoring", title: "monitoring", namespace: "sparki-monitoring", values: { ...values } };
}

/** Every chart of the stack that there are values to try with. */
export async function trialsOf(context: PreflightContext): Promise<ChartTrial[]> {
  const workloads = servicesOf(context.config).flatMap((name) => workloadTrials(context, name));
  const monitoring = await monitoringTrial(context);
  return [...workloads, ...(monitoring === undefined ? [] : [monitoring])];
}

export function lint(context: PreflightContext, trial: ChartTrial, signal: AbortSignal): Promise<CommandOutput> {
  return helm(context, trial, ["lint", "--strict"], signal);
}

export function render(context: PreflightContext, trial: ChartTrial, signal: AbortSignal): Promise<CommandOutput> {
  return helm(context, trial, ["template", trial.title, "--namespace", trial.namespace], signal);
}

function helm(context: PreflightContext, { chart, values }: ChartTrial, words: readonly string[], signal: AbortSignal) {
  const { commands, config, projectDirectory } = context;
  const [verb = "", ...rest] = words;
  const release = verb === "template" ? rest.splice(0, 1) : [];
  const folder = join("apps", "charts", chart);
  const common = ["--kube-version", `${config.cluster.version}.0`, "--values", "-"];
  const input = JSON.stringify(values);
  return commands.helm([verb, ...release, folder, ...rest, ...common], { cwd: projectDirectory, input, signal });
}

/** Where the charts are installed. */
export const NAMESPACES = [...SERVICE_NAMES.map(namespaceOf), "sparki-monitoring"];

export const helmReleases: Check = {
  id: "helm-releases",
  group: "Infrastructure",
  title: "Helm releases",
  proves: "Every Helm release is deployed: none is stuck in an operation, uninstalled, or in an unknown state.",
  timeLimitSeconds: 45,
  run: async ({ cluster, state }) => {
    const { resources } = await state.read();
    if (!resources.some(({ type }) => type === "aws:eks/cluster:Cluster")) return skipped("there is no cluster yet");
    const found = await cluster.helmReleases(NAMESPACES);
    // One that AWS still makes, or could not make, is no use yet, and the deployment sees to it.
    const wasUsed = resources.some(({ type }) => type === "kubernetes:helm.sh/v3:Release");
    if (found === undefined && !wasUsed) return skipped("the cluster is not created yet");
    if (found === undefined) return fail("the cluster no longer exists", "pulumi refresh, then deploy");
    if (found.length === 0) return skipped("nothing has been released to the cluster yet");
    const failed = found.filter(({ status }) => status === "failed");
    const other = found.filter(({ status }) => status !== "deployed" && status !== "failed");
    if (other.length > 0) return fail(other.map(describe).join(", "), other.map(repair).join("\n"));
    if (failed.length > 0) return warn(failed.map(describe).join(", "), "the deployment upgrades it again");
    return pass(`${found.length} releases, all deployed`);
  },
};

function describe({ name, namespace, revision, status }: HelmRelease): string {
  return `${name} in ${namespace} is ${status} at revision ${revision}`;
}

/** A first revision has nothing to roll back to, nor has what is being taken away. */
function repair({ name, namespace, revision, status }: HelmRelease): string {
  const isLeaving = status.startsWith("uninstall");
  if (!isLeaving && !status.startsWith("pending-"))
    return `helm status ${name} --namespace ${namespace}, then deploy once it says deployed`;
  return revision === 1 || isLeaving
    ? `helm uninstall ${name} --namespace ${namespace}`
    : `helm rollback ${name} --namespace ${namespace}`;
}

export const charts: Check = {
  id: "charts",
  group: "Application",
  title: "Helm charts",
  proves: "Every chart lints strictly and renders with the stack's own settings, for its Kubernetes version.",
  timeLimitSeconds: 60,
  run: async (context, signal) => {
    const trials = await trialsOf(context);
    const problems = (await Promise.all(trials.map((trial) => problemsOf(context, trial, signal)))).flat();
    if (problems.length > 0)
      return fail(problems.join("; "), "fix the chart below apps/charts, or the config that it reads");
    const note = trials.every(({ chart }) => chart !== "monitoring")
      ? "; there is no earlier monitoring release to take values from"
      : "";
    return pass(`${trials.map(({ title }) => title).join(", ")} lint and render${note}`);
  },
};

async function problemsOf(context: PreflightContext, trial: ChartTrial, signal: AbortSignal): Promise<string[]> {
  const [linted, rendered] = await Promise.all([lint(context, trial, signal), render(context, trial, signal)]);
  if (rendered.code !== 0) return [`${trial.title} does not render: ${firstLine(rendered.stderr)}`];
  if (linted.code !== 0) return [`${trial.title} does not lint: ${firstLine(linted.stdout + linted.stderr)}`];
  return [];
}

/** Helm's own words; a lint says `[ERROR]` or `[WARNING]` before them. */
function firstLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.find((line) => /error|warning/i.test(line)) ?? lines.find(Boolean) ?? "no reason given";
}
