import { join } from "node:path";
import { parse } from "yaml";
import type { CommandOutput } from "../../io/child-command.ts";
import { namespaceOf, type ServiceName, TRACK_KINDS, trackName } from "../../stacks/services.ts";
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
