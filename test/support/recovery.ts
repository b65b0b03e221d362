import { z } from "zod";
import type { resourcesIn } from "../../records/state.ts";
import type { AdoptionOptions } from "../../runbook/recovery/adopt.ts";
import { SUCCEEDED } from "./planning.ts";

const exportSchema = z.looseObject({ deployment: z.looseObject({ pending_operations: z.unknown().optional() }) });

type Outputs = Readonly<Record<string, unknown>>;

export interface FakeEngine {
  exportEncrypted: AdoptionOptions["engine"]["exportEncrypted"];
  importState: AdoptionOptions["engine"]["importState"];
  refresh: AdoptionOptions["engine"]["refresh"];
  readonly refreshes: (readonly string[])[];
}

/** An engine over one state; what a refresh finds of an id is `cloud`'s answer, one for each time it is asked. */
export function fakeEngine(state: unknown, cloud: Readonly<Record<string, readonly Outputs[]>> = {}): FakeEngine {
  let saved = JSON.stringify(state);
  const refreshes: (readonly string[])[] = [];
  const asked = new Map<string, number>();
  const answer = (id: string): Outputs | undefined => {
    const times = asked.get(id) ?? 0;
    asked.set(id, times + 1);
    return cloud[id]?.[Math.min(times, (cloud[id]?.length ?? 1) - 1)];
  };
  return {
    refreshes,
    exportEncrypted: async () => JSON.parse(saved),
    importState: async (next) => {
      // As the CLI's own import: it removes every pending operation.
      const { deployment, ...rest } = exportSchema.parse(next);
      const { pending_operations: _, ...whole } = deployment;
      saved = JSON.stringify({ ...rest, deployment: whole });
    },
    refresh: async (_watch, urns = []) => {
      refreshes.push(urns);
      const state = JSON.parse(saved);
      const whole: ReturnType<typeof resourcesIn> = state.deployment.resources;
      const found = whole.flatMap((resource) => {
        if (!urns.includes(resource.urn) || resource.delete === true) return [resource];
        const outputs = answer(resource.id ?? "");
        return outputs === undefined ? [] : [{ ...resource, outputs }];
      });
      // As the engine's own refresh: creations stay pending.
      saved = JSON.stringify({ ...state, deployment: { ...state.deployment, resources: found } });
      return SUCCEEDED;
    },
  };
}

/** A state with what is in it, and what was being created when an update died. */
export function interruptedState(
  pending: readonly { type: string; name: string; inputs: Outputs }[],
  resources: readonly { type: string; name: string; id: string; inputs?: Outputs; outputs?: Outputs }[] = [],
  time?: string,
) {
  const urn = ({ type, name }: { type: string; name: string }) => `urn:pulumi:prod::sparki::${type}::${name}`;
  return {
    version: 3,
    deployment: {
      manifest: time === undefined ? {} : { time },
      resources: resources.map(({ type, name, id, inputs = {}, outputs = { id } }) => ({
        urn: urn({ type, name }),
        type,
        id,
        custom: true,
        inputs,
        outputs,
      })),
      pending_operations: pending.map(({ type, name, inputs }) => ({
        type: "creating",
        resource: { urn: urn({ type, name }), type, custom: true, inputs },
      })),
    },
  };
}
