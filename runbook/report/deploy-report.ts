import type { DeployDocument } from "../deploy/deploy-document.ts";
import type { StackTarget } from "../deploy/stack-target.ts";
import { CHECKOUT_DIRECTORY, DEPLOYS_DIRECTORY } from "../project.ts";
import type { RequestedRollback } from "../rollback/requested-rollback.ts";
import { deployHtml } from "./deploy-html.ts";
import { writeReport } from "./report-files.ts";
import { docsLinks, planLinks } from "./report-links.ts";
import { rollbackHtml } from "./rollback-html.ts";

type Target = Pick<StackTarget, "stack" | "config" | "clock" | "screen">;

/** Writes a deploy's report into the project's folder; resolves with the page's path, or null when it cannot be written. */
export async function reportDeploy(document: DeployDocument, target: Target, cwd: string): Promise<string | null> {
  const { stack, release } = document;
  const links = [...planLinks(document, CHECKOUT_DIRECTORY, DEPLOYS_DIRECTORY), ...docsLinks(await target.config())];
  const page = (madeAt: string) => deployHtml(document, { madeAt, notes: [], links });
  return write({ stack, release: release.id, document, page }, target, cwd);
}

/** Writes a rollback's report there; null also where nothing was gone back to. */
export async function reportRollback(done: RequestedRollback, target: Target, cwd: string): Promise<string | null> {
  const { release, rollback } = done;
  if (release === null || rollback === null) return null;
  const document = { stack: target.stack, ...done };
  const links = docsLinks(await target.config());
  const page = (madeAt: string) => rollbackHtml(document, { madeAt, links });
  return write({ stack: target.stack, release: release.id, document, page }, target, cwd);
}

function write(reported: Parameters<typeof writeReport>[0], { clock, screen }: Target, cwd: string) {
  return writeReport(reported, { directory: DEPLOYS_DIRECTORY, at: clock.now(), cwd }, screen.line);
}
