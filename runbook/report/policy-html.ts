import type { EngineResult } from "../../records/engine-record.ts";
import { list, text } from "./page.ts";

/** What the policies found. */
export function policyHtml({ checked, violations }: EngineResult["policy"]): string {
  if (violations.length === 0) return `<p class="good">All ${checked} checks passed.</p>`;
  const items = violations.map(({ policy, level, resource, message }) => {
    const where = resource === undefined ? "" : `, ${text(resource)}`;
    return `<strong class="bad">${text(policy)}</strong> (${text(level)})${where}: ${text(message)}`;
  });
  return `<p>${checked} checks:</p>${list(items)}`;
}
