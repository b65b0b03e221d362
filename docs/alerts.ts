import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { alertPages } from "../apps/monitoring/alert-pages.ts";
import { alertsOf } from "../apps/monitoring-values.ts";
import { configSchema } from "../stacks/schema.ts";

const STACK = "prod";

// Writes docs/alerts.md anew from the objectives and contacts of Pulumi.prod.yaml. Run: node docs/alerts.ts
const file: { config: Record<string, unknown> } = parse(
  readFileSync(join(import.meta.dirname, `../Pulumi.${STACK}.yaml`), "utf8"),
);
const objectives = configSchema.shape.objectives.parse(file.config["sparki:objectives"]);
const contacts = configSchema.shape.contacts.parse(file.config["sparki:contacts"]);
writeFileSync(join(import.meta.dirname, "alerts.md"), alertPages(alertsOf(STACK, objectives), contacts));
