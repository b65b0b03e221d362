import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { controlsPage } from "../policies/controls/page.ts";

// Writes docs/controls.md anew from the controls and policies. Run: node docs/controls.ts
writeFileSync(join(import.meta.dirname, "controls.md"), controlsPage());
