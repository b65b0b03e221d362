import { renderMonitoring } from "../../test/support/monitoring.ts";
import { renderWorkload, STACKS, TRACKS, WORKLOADS } from "../../test/support/workload-values.ts";
import type { Progress } from "../tool.ts";
import type { Rendered } from "./finding.ts";

/** What Helm renders of every chart for every stack, with the stack's own config, as the charts' tests do. */
export function renderedCharts(progress: Progress): Rendered[] {
  return STACKS.map((stack) => {
    const line = progress.begin(`rendering the charts of ${stack}`);
    const workloads = WORKLOADS.flatMap((workload) =>
      TRACKS.flatMap((track) => renderWorkload(stack, workload, track)),
    );
    const objects = [...workloads, ...renderMonitoring(stack)];
    line.end(`${objects.length} objects`);
    return { stack, objects };
  });
}
