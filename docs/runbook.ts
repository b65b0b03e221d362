import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runbookPage, runbookSections } from "./runbook-page.ts";

// Writes docs/runbook.md anew from docs/runbook-lines.yaml. Run: node docs/runbook.ts
writeFileSync(join(import.meta.dirname, "runbook.md"), runbookPage(runbookSections()));
