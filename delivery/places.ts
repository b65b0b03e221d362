import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import type { Place } from "./documents.ts";

const ROOT = join(import.meta.dirname, "..");
const STACK_FILE = /^Pulumi\.(.+)\.yaml$/;
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
  /** The same with GitHub's own numbers, `owner@1/name@2`. @default its tokens name it without them */
  readonly numbered?: string;
  /** It serves no customer, and its config lifts the protection from deletion. @default false */
  readonly mayEnd?: boolean;
}

const deliverySchema = z.object({
  config: z.object({
    "sparki-delivery:stacks": z.array(z.string()).default([]),
    "sparki-delivery:repositories": z.array(z.string()).default([]),
  }),
});

/** The one of a delivery's numbered repositories, `owner@1/name@2`, that is this repository. */
export function numberedOf(repositories: readonly string[], repository: string): string | undefined {
  return repositories.find((each) => withoutNumbers(each) === repository);
}

/** `owner/name` of `owner@1/name@2`. */
export function withoutNumbers(repository: string): string {
  return repository.replaceAll(/@\d+(?=\/|$)/g, "");
}

/** The repository at GitHub that a page is of; empty for another page. */
export function repositoryIn(url: string): string {
  return /^https:\/\/github\.com\/([\w-]+\/[\w.-]+?)(?:\.git)?(?:[/?#]|$)/.exec(url)?.[1] ?? "";
}

/** Of every stack of the deployment that has a config here. */
export function places(): DeliveredPlace[] {
  const deliveries = readdirSync(import.meta.dirname)
    .filter((file) => STACK_FILE.test(file))
    .map((file) => deliverySchema.parse(parse(readFileSync(join(import.meta.dirname, file), "utf8"))).config);
  return readdirSync(ROOT).flatMap((file) => {
    const stack = STACK_FILE.exec(file)?.[1];
    if (stack === undefined) return [];
    const { config } = placeSchema.parse(parse(readFileSync(join(ROOT, file), "utf8")));
    const { "sparki:accountId": accountId, "sparki:region": region, "sparki:domain": domain } = config;
    const repository = repositoryIn(config["sparki:runbookUrl"]);
    const mayEnd = !config["sparki:production"] && !config["sparki:protection"];
    const delivery = deliveries.find((each) => each["sparki-delivery:stacks"].includes(stack));
    const numbered = numberedOf(delivery?.["sparki-delivery:repositories"] ?? [], repository);
    return [{ stack, accountId, region, domain, repository, mayEnd, ...(numbered !== undefined && { numbered }) }];
  });
}
