import { findingsOf } from "../../aws/check.ts";
import { inputRecordOf } from "../../aws/inputs.ts";
import { isUnknown } from "../../rehearsal/provider/properties.ts";
import type { Previewed } from "../support/previewed-program.ts";
import { ALL_RIGHT, ALL_WRONG } from "./all-inputs.ts";
import { type Mutation, mutationsOf } from "./mutations.ts";
import { RIGHT } from "./right-inputs.ts";

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

const BEGIN = "<!-- figures: node docs/generate.ts aws -->";
const END = "<!-- end of figures -->";

/** The page with its figures as the tests have them now. */
export function withFigures(page: string, resources: readonly Previewed[]): string {
  const { refused, passed } = judged(resources);
  const all = refused.length + passed.length;
  const types = Object.keys(RIGHT).length;
  const lines = [
    `- ${types} resource types are known. Right inputs that are taken: one set for each type, and ${ALL_RIGHT.length} more as users`,
    "  vary them.",
    `- Wrong inputs that are refused: ${ALL_WRONG.length} by the first two layers, each by a rule of its kind.`,
    `- ${resources.length} resources of production's program, each property made wrong in each way that its schema tells:`,
    `  ${refused.length} of ${all} are refused in preview, ${((100 * refused.length) / all).toFixed(1)} %.`,
  ];
  const [before = "", rest = ""] = page.split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  return `${before}${BEGIN}\n${lines.join("\n")}\n${END}${after}`;
}
