import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { podsPage } from "../policies/controls/pods-page.ts";

// Writes docs/engine-pod.md anew from what the policies declare. Run: node docs/engine-pod.ts
writeFileSync(join(import.meta.dirname, "engine-pod.md"), podsPage());
