import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Place } from "./documents.ts";

const ROOT = join(import.meta.dirname, "..");
const placeSchema = z.object({
  config: z.object({
    "sparki:accountId": z.string(),
    "sparki:region": z.string(),
    "sparki:domain": z.string(),
    "sparki:runbookUrl": z.string(),
    "sparki:production": z.boolean().default(true),
    "sparki:protection": z.boolean().default(true),
  }),
});

/** A stack's place, and the repository that it is deployed from. */
export interface DeliveredPlace extends Place {
  /** As GitHub names it: `owner/name`. */
  readonly repository: string;
  /** It serves no customer, and its config lifts the protection from deletion. @default false */
  readonly mayEnd?: boolean;
}

/** Of every stack of the deployment that has a config here. */
export function places(): DeliveredPlace[] {
  return readdirSync(ROOT).flatMap((file) => {
    const stack = /^Pulumi\.(.+)\.yaml$/.exec(file)?.[1];
    if (stack === undefined) return [];
    const { config } = placeSchema.parse(parse(readFileSync(join(ROOT, file), "utf8")));
    const { "sparki:accountId": accountId, "sparki:region": region, "sparki:domain": domain } = config;
    const repository = /^https:\/\/github\.com\/([^/]+\/[^/]+)/.exec(config["sparki:runbookUrl"])?.[1] ?? "";
    const mayEnd = !config["sparki:production"] && !config["sparki:protection"];
    return [{ stack, accountId, region, domain, repository, mayEnd }];
  });
}
