/**
 * Rehearses faults by their ids, one after the other, and compares how each ends with the response that it must have.
 * Run: npm run faults -- [ID ...]; without an id all of them, which takes about two hours. Exits with 1 when one ends otherwise.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { outliveReaders } from "../../io/signals.ts";
import { parsed, reportIn, sparki } from "../support/sparki.ts";
import { differenceAfterResume, differenceFrom, endedByError, RESPONSES } from "./fault-responses.ts";

outliveReaders([process.stdout, process.stderr]);

const ids = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(RESPONSES);
const unknown = ids.filter((id) => RESPONSES[id] === undefined);
if (unknown.length > 0) {
  process.stderr.write(
    `no response is known to ${unknown.join(", ")}; expected some of ${Object.keys(RESPONSES).join(", ")}\n`,
  );
  process.exit(2);
}
for (const id of ids) {
  const directory = mkdtempSync(join(tmpdir(), "sparki-faults-"));
  try {
    const { scenario, isFinishedByResume } = RESPONSES[id] ?? {};
    const named = scenario === undefined ? [] : [scenario, "--on-promoted"];
    const runs = { directory, processes: () => [], remove: () => {} };
    const run = await sparki(["rehearse", ...named, "--fault", id, "--json"], runs);
    const ended = differenceFrom(id, endedByError(parsed(run.stdout)) ?? reportIn(run));
    const resume = async () => differenceAfterResume(reportIn(await sparki(["rehearse", "--resume", "--json"], runs)));
    const wrong = ended ?? (isFinishedByResume ? await resume() : undefined);
    process.stdout.write(`${id}  ${wrong ?? "as it must"}\n`);
    if (wrong !== undefined) process.exitCode = 1;
  } catch (error) {
    process.stdout.write(`${id}  no report: ${error instanceof Error ? error.message.slice(0, 300) : error}\n`);
    process.exitCode = 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
