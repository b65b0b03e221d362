import { mkdir, readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { createWhole, isThere } from "../../io/whole-file.ts";
import { keepNewest } from "../../shared/keep-newest.ts";
import { safeDocument } from "../../shared/text/output.ts";
import type { Plan } from "./plan.ts";
import { planHtml } from "./plan-html.ts";
import { planMarkdown } from "./plan-markdown.ts";

/** A plan names accounts, addresses and people: it is for its owner alone. */
const OWN = { mode: 0o600 } as const;

/** A plan's files, relative to the folder of the program. */
export interface PlanFiles {
  readonly markdown: string;
  readonly html: string;
  readonly json: string;
}

const HASH_DIGITS = 12;
/** Files of plans that stay, three a plan. */
const MOST_KEPT = 600;

/** Who made a plan: a person to review it, or a deploy on its way. */
export type PlanMaker = "plan" | "deploy";

/**
 * Writes the plan for people (Markdown, and one HTML file that needs nothing else) and for the approval (JSON) into a
 * folder's `.sparki/plans`, which only its owner can read. A file that is there is never written again: what was reviewed
 * stays, and a deploy's own plan stands beside it under its own time. The newest 200 plans are kept. Paths are told as seen
 * from `shownFrom`.
 */
export async function writePlan(
  directory: string,
  plan: Plan,
  { maker = "plan", shownFrom = directory }: { readonly maker?: PlanMaker; readonly shownFrom?: string } = {},
): Promise<PlanFiles> {
  const time = plan.madeAt.replace(/[-:]|\.\d+/g, "");
  const own = maker === "deploy" ? `deploy-${time}.` : "";
  const path = (ending: string) => pathOf(directory, plan.stack, plan.fingerprint.hash, `${own}${ending}`);
  await mkdir(join(directory, ".sparki", "plans"), { recursive: true, mode: 0o700 });
  writeOnce(path("md"), planMarkdown(plan));
  writeOnce(path("html"), planHtml(plan));
  writeOnce(path("json"), documentOf(plan));
  keepNewest(join(directory, ".sparki", "plans"), MOST_KEPT);
  const shown = (ending: string) => relative(shownFrom, path(ending));
  return { markdown: shown("md"), html: shown("html"), json: shown("json") };
}

/** The fingerprint, which holds names and hashes only, stays as it is: what was approved is compared with it. */
function documentOf({ fingerprint, ...plan }: Plan): string {
  const document = { ...Object(safeDocument(plan)), fingerprint };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function writeOnce(file: string, content: string): void {
  try {
    createWhole(file, { content, ...OWN });
  } catch (error) {
    if (!isThere(error)) throw error;
  }
}

/** The plan's JSON document as it was written; undefined when there is none that can be read. */
export async function readPlanDocument(projectDirectory: string, stack: string, hash: string): Promise<unknown> {
  const text = await readFile(pathOf(projectDirectory, stack, hash, "json"), "utf8").catch(() => "null");
  try {
    return JSON.parse(text) ?? undefined;
  } catch {
    return undefined;
  }
}

function pathOf(projectDirectory: string, stack: string, hash: string, ending: string): string {
  return join(projectDirectory, ".sparki", "plans", `${stack}-${hash.slice(0, HASH_DIGITS)}.${ending}`);
}
