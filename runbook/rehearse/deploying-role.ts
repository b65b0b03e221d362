import { documentsOf } from "../../delivery/documents.ts";
import type { StackConfig } from "../../stacks/schema.ts";

/** Whom a rehearsal can deploy as. */
export const DEPLOYS_AS = ["deploying-role"] as const;
export type DeploysAs = (typeof DEPLOYS_AS)[number];

/** The role that `sparki-delivery` makes for a stack, with all that its documents say: the body of `POST /asker`. */
export function deployingRole(config: Pick<StackConfig, "accountId" | "region" | "domain">, stack: string) {
  const { accountId, region, domain } = config;
  const documents = Object.entries(documentsOf({ stack, accountId, region, domain }));
  return {
    arn: `arn:aws:sts::${accountId}:assumed-role/deploys-sparki-${stack}/rehearsal`,
    statements: documents.flatMap(([file, { Statement }]) => (file.startsWith("deploying-role.") ? Statement : [])),
  };
}
