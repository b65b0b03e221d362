import type { Network } from "../../io/network.ts";
import type { AskCostExplorer } from "../housekeeping/spending.ts";
import { openInRehearsal } from "./rehearsed-copies.ts";

/** Cost Explorer of the rehearsal that the environment names; undefined outside of one. */
export function rehearsedCostExplorer(
  network: Network,
  env: Readonly<Record<string, string | undefined>>,
): AskCostExplorer | undefined {
  const opened = openInRehearsal(network, env, (ask) => ({
    costs: (request: object) => ask("POST", "/cost-explorer/get-cost-and-usage", request),
  }));
  return opened?.costs;
}
