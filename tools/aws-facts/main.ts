import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { catalogOf } from "./catalog.ts";
import { distil } from "./distil.ts";
import { Published } from "./published.ts";
import { PulumiArguments } from "./pulumi-arguments.ts";

const published = new Published(process.argv[2] ?? "");
const dated = new Date().toISOString().slice(0, 10);
const f = {
  dated,
  sources: published.versions(),
  ...distil(published, new PulumiArguments()),
  catalog: catalogOf(published),
};
const lines = `{"dated":${JSON.stringify(f.dated)},"sources":${JSON.stringify(f.sources)},\n"types":{\n${Object.entries(
  f.types,
)
  .map(([k, v]) => `${JSON.stringify(k)}:${JSON.stringify(v)}`)
  .join(
    ",\n",
  )}},\n"shapes":[\n${f.shapes.map((s) => JSON.stringify(s)).join(",\n")}\n],\n"catalog":${JSON.stringify(f.catalog)}}\n`;
writeFileSync(join(import.meta.dirname, "../../aws/facts.json"), lines);
