import { FURTHER_RIGHT } from "../test/aws/further-right-inputs.ts";
import { FURTHER_WRONG } from "../test/aws/further-wrong-inputs.ts";
import { judged } from "../test/aws/judged.ts";
import { RIGHT } from "../test/aws/right-inputs.ts";
import { WRONG } from "../test/aws/wrong-inputs.ts";
import type { Previewed } from "../test/support/previewed-program.ts";

const BEGIN = "<!-- figures: node docs/aws.ts -->";
const END = "<!-- end of figures -->";

/** The page with its figures as the tests have them now. */
export function withFigures(page: string, resources: readonly Previewed[]): string {
  const { refused, passed } = judged(resources);
  const all = refused.length + passed.length;
  const types = Object.keys(RIGHT).length;
  const lines = [
    `- ${types} resource types are known. Right inputs that are taken: one set for each type, and ${FURTHER_RIGHT.length} more as users`,
    "  vary them.",
    `- Wrong inputs that are refused: ${WRONG.length + FURTHER_WRONG.length} by the first two layers, each by a rule of its kind.`,
    `- ${resources.length} resources of production's program, each property made wrong in each way that its schema tells:`,
    `  ${refused.length} of ${all} are refused in preview, ${((100 * refused.length) / all).toFixed(1)} %.`,
  ];
  const [before = "", rest = ""] = page.split(BEGIN);
  const after = rest.split(END)[1] ?? "";
  return `${before}${BEGIN}\n${lines.join("\n")}\n${END}${after}`;
}
