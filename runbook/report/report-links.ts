import { join, relative } from "node:path";
import type { StackConfig } from "../../stacks/schema.ts";
import type { DeployDocument } from "../deploy/deploy-document.ts";
import type { Link } from "./page.ts";

/** Pages that say what the report's words mean and what to do next. */
const PAGES = {
  "docs/decision-tree.md": "What happens after each verdict",
  "docs/gates.md": "What a gate proves",
  "docs/alerts.md": "What to do when an alert fires",
  "docs/runbook.md": "The whole runbook",
};

/** The stack's pages on the web, where a reader of a report may want to go. */
export function docsLinks({ runbookUrl }: Pick<StackConfig, "runbookUrl">): Link[] {
  return Object.entries(PAGES).map(([path, title]) => ({ title, href: `${runbookUrl}/${path}` }));
}

/**
 * The page of the plan that was carried out, as a link from a report's folder; plans are told relative to `base`. None
 * where nothing was planned.
 */
export function planLinks({ plan }: Pick<DeployDocument, "plan">, base: string, folder: string): Link[] {
  if (plan === null) return [];
  const href = relative(folder, join(base, plan.files.html));
  return [{ title: `The plan ${plan.hash.slice(0, 12)}`, href }];
}
