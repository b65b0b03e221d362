import type { ProviderModel } from "../../rehearsal/provider/model.ts";
import { UNKNOWN } from "../../shared/engine-values.ts";

/** What other resources take of a resource, in the form that AWS demands there: a key's ARN, a role's name. */
const TAKEN: Readonly<Record<string, string>> = {
  "aws:kms/key:Key": "arn:aws:kms:us-east-1:111122223333:key/1b2c3d4e-0000-4000-8000-1234567890ab",
  "aws:iam/role:Role": "sparki-prod-flow-logs",
};

/** A provider that accepts everything: outputs are the inputs, and in preview the id and ARN are unknown. */
export function echoProvider(name: string): ProviderModel {
  return {
    name,
    version: "99.0.0",
    check: ({ news }) => ({ inputs: news }),
    diff: ({ oldInputs, news }) =>
      JSON.stringify(oldInputs) === JSON.stringify(news) ? { detailed: {} } : { detailed: { inputs: "update" } },
    create: ({ inputs, type, name: id, preview }) => ({
      id,
      properties: { ...inputs, arn: preview ? UNKNOWN : (TAKEN[type] ?? `arn:${id}`) },
    }),
    read: ({ id, inputs, properties }) => ({ id, inputs, properties }),
    update: ({ olds, inputs }) => ({ properties: { ...olds, ...inputs } }),
    delete: () => {},
  };
}
