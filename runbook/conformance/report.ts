import type { ImageSize } from "../../io/oci-image.ts";
import { EXIT, type ExitCodeOf } from "../../shared/deploy-error.ts";
import { bounded, oneLine, safeText } from "../../shared/text/visible.ts";
import { duration, inColumns } from "../report/columns.ts";
import type { Paint } from "../report/screen.ts";
import { CONTRACT, type Point, type PointId, pointsOf, type Role, type Seen } from "./contract.ts";

/** What one point of the contract came to. */
export interface PointResult {
  readonly id: string;
  readonly status: "pass" | "fail" | "not checked";
  readonly required: string;
  readonly neededBy: string;
  /** What was found; of what was not checked, why not, or how to. */
  readonly found: string;
}

/** All points of a role's contract, by a URL or by an image; also the document of `--json`. */
export interface Conformance extends Judged {
  readonly service: Role;
  readonly seconds: number;
  /** The process that was checked. */
  readonly url?: string;
  /** The image that was checked. */
  readonly image?: CheckedImage;
}

export interface CheckedImage {
  /** As it was named. */
  readonly name: string;
  /** Of what the name leads to. */
  readonly digest: string;
  readonly platforms: readonly CheckedPlatform[];
}

export interface CheckedPlatform {
  readonly platform: string;
  /** Null where the layers could not be read. */
  readonly size: ImageSize | null;
}

/** What the points came to. */
export interface Judged {
  readonly outcome: "conforms" | "not proven" | "does not conform";
  readonly exitCode: ExitCodeOf<"done" | "refused" | "held">;
  readonly passed: number;
  readonly failed: number;
  readonly notChecked: number;
  readonly points: readonly PointResult[];
}

/** What is wrong, or why it is not known; a text alone is what was found and is well. */
export type Found = string | { readonly wrong: string } | { readonly unknown: string };

export const wrong = (text: string): Found => ({ wrong: text });
export const unknown = (text: string): Found => ({ unknown: text });

/** Judges one point. */
export type Judge = (point: Point & { readonly id: PointId }) => Found;

/** Every point of a role, judged; one that this kind of check can see and that is not known leaves the role unproven. */
export function judgedPoints(role: Role, seenBy: Seen, judge: Judge): Judged {
  const asked = pointsOf(role);
  const points = asked.map((point) => resultOf(point, judge(point)));
  const count = (status: PointResult["status"]) => points.filter((point) => point.status === status).length;
  const isUnproven = points.some(({ status }, index) => status === "not checked" && asked[index]?.seen === seenBy);
  const [passed, failed, notChecked] = [count("pass"), count("fail"), count("not checked")];
  const end = failed > 0 ? ENDS.failed : isUnproven ? ENDS.unproven : ENDS.passed;
  return { ...end, passed, failed, notChecked, points };
}

const ENDS = {
  passed: { outcome: "conforms", exitCode: EXIT.done.code },
  unproven: { outcome: "not proven", exitCode: EXIT.held.code },
  failed: { outcome: "does not conform", exitCode: EXIT.refused.code },
} as const;

function resultOf({ id, required, neededBy }: Point, found: Found): PointResult {
  const told = (text: string) => bounded(oneLine(safeText(text)), LONGEST_FOUND);
  if (typeof found === "string") return { id, status: "pass", required, neededBy, found: told(found) };
  if ("wrong" in found) return { id, status: "fail", required, neededBy, found: told(found.wrong) };
  return { id, status: "not checked", required, neededBy, found: told(found.unknown) };
}

const LONGEST_FOUND = 400;

const MARKS = { pass: "✓", fail: "✗", "not checked": "-" } as const;

/** The points as people read them, those that fail with who needs them, and how many were checked. */
export function conformanceText(
  { points, url, image, service, seconds, ...counts }: Conformance,
  paint: Paint,
): string {
  const width = Math.max(...points.map(({ id }) => id.length)) + 2;
  const lines = points.flatMap(({ id, status, required, neededBy, found }) => {
    const line = `  ${MARKS[status]} ${id.padEnd(width)}${status === "not checked" ? `not checked: ${found}` : found}`;
    if (status === "pass") return [line];
    if (status === "not checked") return [paint.dim(line)];
    const below = " ".repeat(width + 4);
    return [paint.bad(line), `${below}required: ${required}`, `${below}needed by: ${neededBy}`];
  });
  const { passed, failed, notChecked, outcome } = counts;
  const colour = outcome === "conforms" ? paint.good : paint.bad;
  const [where, how] = image === undefined ? [`at ${url}`, "URL"] : [`in ${image.name}`, "image"];
  const end = `${service} ${where}: ${colour(outcome)}, for the points that can be checked by ${how}`;
  const article = image === undefined ? "a" : "an";
  const summary = `${passed} passed, ${failed} failed, ${notChecked} not checked by ${article} ${how}, in ${duration(seconds)}`;
  const next = "What each point requires, and who needs it: npx sparki conformance --list";
  return `${inColumns([...lines, "", end, summary, next].join("\n"))}\n`;
}

const SEEN: Readonly<Record<Seen, string>> = {
  url: "",
  away: "",
  registry: "; checked by image",
  image: "; cannot be checked by URL",
};

/** All of the contract as people read it. */
export function contractText(paint: Paint): string {
  const points: readonly Point[] = CONTRACT;
  const lines = points.flatMap(({ id, seen, of, required, neededBy, checkedBy }) => [
    `${paint.strong(id)}: ${of.join(", ")}${SEEN[seen]}`,
    `  required   ${required}`,
    `  needed by  ${neededBy}`,
    `  checked    ${checkedBy}`,
  ]);
  return `${inColumns(lines.join("\n"))}\n`;
}
