import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
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

/**
 * Writes the plan for people (Markdown, and one HTML file that needs nothing else) and for the approval (JSON) into a
 * folder's `.sparki/plans`; a rehearsal's folder is its own, and is told as seen from the program's.
 */
export async function writePlan(directory: string, plan: Plan, projectDirectory = directory): Promise<PlanFiles> {
  const path = (ending: string) => pathOf(directory, plan.stack, plan.fingerprint.hash, ending);
  await mkdir(join(directory, ".sparki", "plans"), { recursive: true, mode: 0o700 });
  await writeFile(path("md"), planMarkdown(plan), OWN);
  await writeFile(path("html"), planHtml(plan), OWN);
  await writeFile(path("json"), `${JSON.stringify(plan, null, 2)}\n`, OWN);
  const shown = (ending: string) => relative(projectDirectory, path(ending));
  return { markdown: shown("md"), html: shown("html"), json: shown("json") };
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
