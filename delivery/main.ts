import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { keptDocuments } from "./documents.ts";
import { places } from "./places.ts";

// Writes the IAM documents of every stack again. Run: npm run deploying-role
for (const place of places())
  for (const [file, document] of Object.entries(keptDocuments(place, place.repository)))
    writeFileSync(join(import.meta.dirname, "documents", file), `${JSON.stringify(document, null, 2)}\n`);
