import { DeployError } from "../../shared/deploy-error.ts";
import { type PythonTool, resolvePythonTool } from "../python-tool.ts";
import { resolveTools } from "../resolve.ts";
import type { ResolveContext } from "../tool.ts";
import { scanWithCheckov } from "./checkov.ts";
import { type ChartObject, nameOf, type Rendered, type Scan } from "./finding.ts";
import { scanWithKubeScore } from "./kube-score.ts";

/** The version whose findings the exemptions answer; `tools/checkov/requirements.txt` pins it. */
export const CHECKOV: PythonTool = { name: "checkov", version: "3.3.30" };

/** One scanner over one stack. */
export interface StackScan {
  readonly tool: "kube-score" | "checkov";
  readonly stack: string;
  readonly objects: number;
  readonly scan: Scan;
}

/** Every scanner over every stack; throws when one passes over a workload, since silence would then look like praise. */
export async function scanCharts(all: readonly Rendered[], context: ResolveContext): Promise<StackScan[]> {
  const { "kube-score": kubeScore = "kube-score" } = await resolveTools(["kube-score"], context);
  const checkov = await resolvePythonTool(CHECKOV, context);
  const { signal } = context;
  const scans = all.flatMap((rendered) => [
    watched("kube-score", rendered, scanWithKubeScore(kubeScore, rendered, signal), context),
    watched("checkov", rendered, scanWithCheckov(checkov, rendered, signal), context),
  ]);
  return Promise.all(scans);
}

async function watched(
  tool: StackScan["tool"],
  { stack, objects }: Rendered,
  work: Promise<Scan>,
  { progress }: ResolveContext,
): Promise<StackScan> {
  const line = progress.begin(`${tool} on ${stack}`);
  const scan = await work.finally(() => line.end("ended"));
  const overlooked = objects
    .filter(isWorkload)
    .map(nameOf)
    .filter((name) => !scan.examined.has(name));
  if (overlooked.length === 0) return { tool, stack, objects: objects.length, scan };
  throw new DeployError("SPARKI_OUTSIDE", `${tool} passed over ${overlooked.join(", ")} of ${stack}`);
}

function isWorkload({ kind }: ChartObject): boolean {
  return ["Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "Pod"].includes(kind);
}
