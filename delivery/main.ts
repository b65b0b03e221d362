import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { documentsOf, type Place, trustsOf } from "./documents.ts";

const ROOT = join(import.meta.dirname, "..");
const placeSchema = z.object({
  config: z.object({
    "sparki:accountId": z.string(),
    "sparki:region": z.string(),
    "sparki:domain": z.string(),
    "sparki:runbookUrl": z.string(),
  }),
});

/** A stack's place, and the repository that it is deployed from. */
export interface DeliveredPlace extends Place {
  /** As GitHub names it: `owner/name`. */
  readonly repository: string;
}

/** Whose documents are kept here: of every stack that has a config. */
export function places(): DeliveredPlace[] {
  return readdirSync(ROOT).flatMap((file) => {
    const stack = /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1];
    if (stack === undefined) return [];
    const { config } = placeSchema.parse(parse(readFileSync(join(ROOT, file), "utf8")));
    const { "sparki:accountId": accountId, "sparki:region": region, "sparki:domain": domain } = config;
    const repository = /^https:\/\/github\.com\/([^/]+\/[^/]+)/.exec(config["sparki:runbookUrl"])?.[1] ?? "";
    return [{ stack, accountId, region, domain, repository }];
  });
}

// Writes the IAM documents of every stack again. Run: npm run deploying-role
if (import.meta.main)
  for (const place of places())
    for (const [file, document] of Object.entries({ ...documentsOf(place), ...trustsOf(place, place.repository) }))
      writeFileSync(join(import.meta.dirname, "documents", file), `${JSON.stringify(document, null, 2)}\n`);
