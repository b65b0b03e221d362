import type { ProviderModel } from "../../rehearsal/provider/model.ts";
import { UNKNOWN } from "../../stacks/engine-values.ts";

/** A provider that accepts everything: outputs are the inputs, and in preview the id and ARN are unknown. */
export function echoProvider(name: string): ProviderModel {
  return {
    name,
    version: "99.0.0",
    check: ({ news }) => ({ inputs: news }),
    diff: ({ oldInputs, news }) =>
      JSON.stringify(oldInputs) === JSON.stringify(news) ? { detailed: {} } : { detailed: { inputs: "update" } },
    create: ({ inputs, name: id, preview }) => ({
      id,
      properties: { ...inputs, arn: preview ? UNKNOWN : `arn:${id}` },
    }),
    read: ({ id, inputs, properties }) => ({ id, inputs, properties }),
    update: ({ olds, inputs }) => ({ properties: { ...olds, ...inputs } }),
    delete: () => {},
  };
}
