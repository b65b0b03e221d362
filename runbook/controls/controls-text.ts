import type { ControlRow, ControlStatus } from "../../policies/controls/report.ts";
import type { CostEstimate } from "../../policies/pricing/estimate.ts";
import { inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import type { ControlsDocument } from "./controls-document.ts";

/** The report for people: a line a control, then the coverage, the price and whatever is wrong. */
export function controlsText(document: ControlsDocument, paint: Paint): string {
  const { controls, own, violations, cost } = document;
  const lines = [
    "",
    ...controls.flatMap((row) => rowLines(row, paint)),
    "",
    paint.strong("This deployment's own"),
    ...own.flatMap((row) => rowLines(row, paint)),
    "",
    coverageLine(document, paint),
    ...violations.map((violation) => paint.bad(violation)),
    "",
    ...costLines(cost, paint),
  ];
  return `${inColumns(lines.join("\n"))}\n`;
}

const MARKS: Readonly<Record<ControlStatus, string>> = {
  met: "met   ",
  exempt: "exempt",
  "not applicable": "n/a   ",
  unmet: "UNMET ",
};

function rowLines({ id, title, status, reason, metBy, enforcedBy }: ControlRow, paint: Paint): string[] {
  const colour = status === "met" ? paint.good : status === "unmet" ? paint.bad : paint.dim;
  const toothless = enforcedBy.filter(({ testBites }) => !testBites).map(({ policy }) => policy);
  return [
    `${id} ${colour(MARKS[status])} ${title}`,
    ...(status === "met"
      ? [paint.dim(`           ${metBy}; ${enforcedBy.map(({ policy }) => policy).join(", ")}`)]
      : []),
    ...(reason === undefined ? [] : [paint.dim(`           ${reason}`)]),
    ...(toothless.length === 0 ? [] : [paint.bad(`           not shown to bite: ${toothless.join(", ")}`)]),
  ];
}

function coverageLine({ stack, coverage }: ControlsDocument, paint: Paint): string {
  const { controls, enforced, met, exempt, notApplicable, unmet, ratio } = coverage;
  const counts = `${met} met, ${exempt} exempt, ${notApplicable} not applicable, ${unmet} unmet`;
  const text = `${stack}: ${controls} controls, ${enforced} enforced: ${counts}; coverage ${(ratio * 100).toFixed(1)} %`;
  return unmet === 0 ? paint.good(text) : paint.bad(text);
}

function costLines({ monthly, lines, region, asOf, notCounted }: CostEstimate, paint: Paint): string[] {
  const money = (amount: number) => amount.toFixed(2).padStart(10);
  return [
    paint.strong(`About ${monthly.toFixed(2)} USD a month, list prices of ${region} as of ${asOf}`),
    ...lines.map(({ item, quantity, each, monthly: sum }) => `${money(sum)}  ${quantity} x ${item} at ${each}`),
    "Not counted:",
    ...notCounted.map((what) => `  ${what}`),
  ];
}
