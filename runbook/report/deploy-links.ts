import type { StackConfig } from "../../stacks/schema.ts";
import type { Link } from "./deploy-html.ts";

/** Pages that say what the report's words mean and what to do next. */
const PAGES = {
  "docs/decision-tree.md": "What happens after each verdict",
  "docs/gates.md": "What a gate proves",
  "docs/alerts.md": "What to do when an alert fires",
  "docs/runbook.md": "The whole runbook",
};

/** Where a reader of a deploy's report may want to go: the plan that was approved, if one was, and the stack's docs. */
export function deployLinks({ runbookUrl }: Pick<StackConfig, "runbookUrl">, planPage?: string): Link[] {
  const pages = Object.entries(PAGES).map(([path, title]) => ({ title, href: `${runbookUrl}/${path}` }));
  return [...(planPage === undefined ? [] : [{ title: "The plan that was approved", href: planPage }]), ...pages];
}
