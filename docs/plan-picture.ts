import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { planPicture } from "../runbook/plan/plan-picture.ts";
import { EXIT } from "../shared/deploy-error.ts";

// Writes docs/plan-chart-change.svg again from a plan's JSON document. Run: node docs/plan-picture.ts PLAN.json
const [file] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write(
    "no plan given; expected the JSON document of one\nRun: node docs/plan-picture.ts .sparki/plans/<plan>.json\n",
  );
  process.exit(EXIT.usage.code);
}
const picture = planPicture(JSON.parse(readFileSync(file, "utf8")));
writeFileSync(join(import.meta.dirname, "plan-chart-change.svg"), picture);
