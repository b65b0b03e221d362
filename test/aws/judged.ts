import { findingsOf } from "../../aws/check.ts";
import { inputRecordOf } from "../../aws/inputs.ts";
import { isUnknown } from "../../rehearsal/provider/properties.ts";
import type { Previewed } from "../support/previewed-program.ts";
import { type Mutation, mutationsOf } from "./mutations.ts";

export interface Judged extends Omit<Mutation, "inputs"> {
  readonly type: string;
  readonly name: string;
}

const unknown = { isValue: (value: unknown) => typeof value === "string" && isUnknown(value) };

/** What a preview refuses of the resources' mutations, and what it lets pass. */
export function judged(resources: readonly Previewed[]): { readonly refused: Judged[]; readonly passed: Judged[] } {
  const all = resources.flatMap(({ type, name, inputs }) =>
    mutationsOf(type, inputRecordOf(inputs, unknown)).map(({ kind, path, inputs: wrong }) => ({
      ...{ type, name, kind, path },
      isRefused: findingsOf(type, wrong).length > 0,
    })),
  );
  return { refused: all.filter(({ isRefused }) => isRefused), passed: all.filter(({ isRefused }) => !isRefused) };
}
