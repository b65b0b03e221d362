import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { EXIT } from "../shared/deploy-error.ts";
import { htmlText } from "../shared/text/markup.ts";

/** As much of a plan's document as the picture shows. */
const shownSchema = z.object({
  stack: z.string(),
  release: z.object({ from: z.string().optional(), to: z.string() }),
  helm: z.array(
    z.object({
      release: z.string(),
      live: z.string().optional(),
      callouts: z.array(z.object({ topic: z.string(), text: z.string() })),
      objects: z.array(z.object({ object: z.string(), action: z.string(), diff: z.string() })),
    }),
  ),
});
type Shown = z.infer<typeof shownSchema>;

interface Line {
  readonly text: string;
  readonly kind: "title" | "release" | "callout" | "object" | "added" | "removed" | "context" | "gap";
}

const WIDTH = 840;
const LINE_HEIGHT = 20;
const PADDING = 16;
/** More of a line would leave the picture. */
const LONGEST_LINE = 96;
/** A picture that is longer than this is read by nobody: the page has the rest. */
const MOST_LINES = 40;

const STYLE = `
.ground { fill: #fff; } text { font: 13px ui-monospace, monospace; fill: #1b1f24; white-space: pre; }
.title { font: 700 16px system-ui, sans-serif; } .release { font: 700 14px system-ui, sans-serif; }
.callout { font: 700 14px system-ui, sans-serif; fill: #1d4ed8; } .object { font: 13px system-ui, sans-serif; }
.added { font-weight: 700; } .removed { text-decoration: line-through; } .context { fill: #57606a; }
`;

/**
 * What a plan changes by its charts, as one SVG file that needs nothing else: first what the change means (flows,
 * permissions, limits), then each object's lines. Throws when the document is no plan, or no chart changes anything.
 */
export function planPicture(document: unknown): string {
  const plan = shownSchema.parse(document);
  const changed = plan.helm.filter(({ objects }) => objects.length > 0);
  if (changed.length === 0) throw new RangeError("no chart changes anything in this plan");
  const alike = [...Map.groupBy(changed, (each) => shownWithout(each.release, releaseLines([each]))).values()];
  const lines = [titleOf(plan), ...alike.flatMap(releaseLines)];
  const shown = lines.slice(0, MOST_LINES);
  if (shown.length < lines.length)
    shown.push({ text: `… ${lines.length - shown.length} more lines in the plan`, kind: "context" });
  const height = PADDING * 2 + shown.length * LINE_HEIGHT;
  const texts = shown.map(({ text, kind }, index) => {
    const y = PADDING + (index + 0.75) * LINE_HEIGHT;
    return `<text class="${kind}" x="${PADDING}" y="${y}">${htmlText(cut(text))}</text>`;
  });
  const label = htmlText(shown[0]?.text ?? "");
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${label}">`,
    `<style>${STYLE}</style><rect class="ground" width="${WIDTH}" height="${height}"/>`,
    ...texts,
    "</svg>\n",
  ].join("\n");
}

function titleOf({ stack, release: { from, to } }: Shown): Line {
  const releases = from === undefined || from === to ? to : `${from} → ${to}`;
  return { text: `Plan for ${stack}, ${releases}: what the charts change`, kind: "title" };
}

function shownWithout(name: string, lines: readonly Line[]): string {
  return JSON.stringify(lines).replaceAll(name, "");
}

/** Releases of one chart whose objects change alike, such as those of its two tracks, are shown once. */
function releaseLines(alike: Shown["helm"]): Line[] {
  const [first] = alike;
  if (first === undefined) return [];
  const { release, live, callouts, objects } = first;
  const others = alike.slice(1).map((each) => each.release);
  const against = live === undefined ? "nothing is live" : `against ${live}`;
  return [
    { text: "", kind: "gap" },
    { text: `${release}, ${against}${others.length === 0 ? "" : `; ${others.join(", ")} alike`}`, kind: "release" },
    ...callouts.map(({ topic, text }): Line => {
      // The object itself is named right below.
      const own = objects.find(({ object }) => text.startsWith(`${object}, `))?.object;
      return { text: `${topic}: ${own === undefined ? text : text.slice(own.length + 2)}`, kind: "callout" };
    }),
    ...objects.flatMap(({ object, action, diff }) => [
      { text: `${action} ${object}`, kind: "object" } as const,
      ...diffLines(diff),
    ]),
  ];
}

/** The lines that differ, each with the one before it that says what it is a part of; a chart's own hash tells nothing. */
function diffLines(diff: string): Line[] {
  const body = diff
    .split("\n")
    .filter((line) => line !== "" && !/^(---|\+\+\+|@@)|sparki\.tools\/chart-hash/.test(line));
  return body.flatMap((line, index): Line[] => {
    const kind = line.startsWith("+") ? "added" : line.startsWith("-") ? "removed" : undefined;
    if (kind !== undefined) return [{ text: `  ${line}`, kind }];
    return /^[+-]/.test(body[index + 1] ?? "") ? [{ text: `  ${line}`, kind: "context" }] : [];
  });
}

function cut(text: string): string {
  return text.length > LONGEST_LINE ? `${text.slice(0, LONGEST_LINE - 1)}…` : text;
}

// Writes docs/plan-chart-change.svg again from a plan's JSON document. Run: node docs/plan-picture.ts PLAN.json
if (process.argv[1] === import.meta.filename) writePicture(process.argv[2]);

function writePicture(file: string | undefined): void {
  if (file === undefined) {
    process.stderr.write(
      "no plan given; expected the JSON document of one\nRun: node docs/plan-picture.ts .sparki/plans/<plan>.json\n",
    );
    process.exit(EXIT.usage.code);
  }
  const picture = planPicture(JSON.parse(readFileSync(file, "utf8")));
  writeFileSync(join(import.meta.dirname, "plan-chart-change.svg"), picture);
}
