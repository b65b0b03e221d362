import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { previewedProgram } from "../test/support/previewed-program.ts";
import { withFigures } from "./aws-figures.ts";

// Writes the figures of docs/aws.md anew. Run: node docs/aws.ts
const file = join(import.meta.dirname, "aws.md");
writeFileSync(file, withFigures(readFileSync(file, "utf8"), await previewedProgram("prod")));
