import { ALL_RIGHT, ALL_WRONG } from "../test/aws/all-inputs.ts";
import { judged } from "../test/aws/judged.ts";
import { RIGHT } from "../test/aws/right-inputs.ts";
import type { Previewed } from "../test/support/previewed-program.ts";

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
