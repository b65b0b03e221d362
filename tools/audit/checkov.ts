import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join, posix } from "node:path";
import { z } from "zod";
import { DeployError } from "../../shared/deploy-error.ts";
import { temporaryFolder } from "../temporary-folders.ts";
import { type Finding, nameOf, type Rendered, type Scan } from "./finding.ts";

const CHECK = z.object({ check_id: z.string(), check_name: z.string(), file_path: z.string() });
const REPORT = z.object({
  results: z.object({
    passed_checks: z.array(CHECK),
    failed_checks: z.array(CHECK),
    skipped_checks: z.array(CHECK),
    parsing_errors: z.array(z.string()),
  }),
});

/** Runs checkov over one stack's objects; it sees nothing but them and asks no server. */
export async function scanWithCheckov(path: string, rendered: Rendered, signal: AbortSignal): Promise<Scan> {
  const folder = temporaryFolder("checkov");
  try {
    const objects = join(folder, "objects");
    await mkdir(objects);
    // A file each: checkov passes over a whole file when it cannot read one object in it, and says nothing.
    for (const [index, object] of rendered.objects.entries())
      await writeFile(join(objects, `${index}.json`), JSON.stringify(object));
    return readCheckov(await run(path, folder, signal), rendered);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Home is the empty folder too, so that no account's settings make checkov ask its platform. */
function run(path: string, folder: string, signal: AbortSignal): Promise<string> {
  const flags = ["--framework", "kubernetes", "--skip-download", "--compact", "--output", "json"];
  const env = { PATH: "/usr/bin:/bin", HOME: folder, CHECKOV_SKIP_PACKAGE_UPDATE_CHECK: "true" };
  const options = { cwd: folder, env, signal, maxBuffer: 64 * 1024 * 1024 };
  return new Promise((resolve, reject) => {
    execFile(path, ["--directory", "objects", ...flags], options, (error, stdout, stderr) => {
      // Its exit code is 1 both for findings and for most failures; the report tells them apart.
      if (stdout.trimStart().startsWith("{")) resolve(stdout);
      else if (signal.aborted) reject(signal.reason);
      else
        reject(
          new DeployError("SPARKI_OUTSIDE", `checkov made no report: ${stderr.trim().slice(-2000)}`, { cause: error }),
        );
    });
  });
}

/** Reads checkov's report; a check that an annotation silences is a finding, an object that it could not read a failure. */
export function readCheckov(report: string, { stack, objects }: Rendered): Scan {
  const { passed_checks, failed_checks, skipped_checks, parsing_errors } = REPORT.parse(JSON.parse(report)).results;
  if (parsing_errors.length > 0)
    throw new DeployError("SPARKI_OUTSIDE", `checkov could not read objects of ${stack}: ${parsing_errors.join(", ")}`);
  const objectOf = (file: string) => {
    const object = objects[Number(posix.basename(file, ".json"))];
    if (object === undefined)
      throw new DeployError("SPARKI_OUTSIDE", `checkov reports on ${file}, which it was not given`);
    return nameOf(object);
  };
  const findings = [...failed_checks, ...skipped_checks].map(
    ({ check_id, check_name, file_path }): Finding => ({
      tool: "checkov",
      check: check_id,
      stack,
      object: objectOf(file_path),
      what: check_name,
    }),
  );
  const examined = [...passed_checks, ...failed_checks, ...skipped_checks];
  return { findings, checks: examined.length, examined: new Set(examined.map(({ file_path }) => objectOf(file_path))) };
}
