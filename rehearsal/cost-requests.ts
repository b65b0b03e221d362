import type { CostExplorer } from "./aws/cost-explorer.ts";
import type { Route } from "./control.ts";

/** Cost Explorer's calls, each with the document that its API takes and answers. */
export function costRoutes(costs: CostExplorer): Readonly<Record<string, Route>> {
  return {
    "POST /cost-explorer/get-cost-and-usage": async (body) => costs.costAndUsage(body),
    "POST /cost-explorer/update-cost-allocation-tags-status": async (body) => costs.updateTagsStatus(body),
  };
}
