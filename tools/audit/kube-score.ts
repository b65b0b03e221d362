import { spawn } from "node:child_process";
import { text } from "node:stream/consumers";
import { z } from "zod";
import { DeployError } from "../../shared/deploy-error.ts";
import { type Finding, nameOf, type Rendered, type Scan } from "./finding.ts";

/** A check's best grade; every lower one is a finding. */
const ALL_OK = 10;
/**
 * Checks that kube-score makes only when asked to. Left out: requests equal to limits for CPU, which the charts set apart
 * on purpose, and seccomp, for which it reads an annotation that Kubernetes has given up; checkov reads the field.
 */
const OPTIONAL = ["container-ports-check", "container-memory-requests-equal-limits"];

const REPORT = z.array(
  z.object({
    type_meta: z.object({ kind: z.string() }),
    object_meta: z.object({ name: z.string() }),
    checks: z.array(
      z.object({
        check: z.object({ id: z.string() }),
        grade: z.number(),
        skipped: z.boolean(),
        comments: z.array(z.object({ path: z.string(), summary: z.string() })).nullable(),
      }),
    ),
  }),
);

/** Runs kube-score over one stack's objects; annotations that would silence it are not read. */
export async function scanWithKubeScore(path: string, rendered: Rendered, signal: AbortSignal): Promise<Scan> {
  const flags = ["--kubernetes-version", "v1.33", "--disable-ignore-checks-annotations", "--output-format", "json"];
  const optional = OPTIONAL.flatMap((id) => ["--enable-optional-test", id]);
  const child = spawn(path, ["score", ...flags, ...optional, "-"], { env: {}, signal });
  const failed = new Promise<never>((_, reject) => child.on("error", reject));
  child.stdin.end(rendered.objects.map((object) => JSON.stringify(object)).join("\n---\n"));
  const [stdout, stderr] = await Promise.race([Promise.all([text(child.stdout), text(child.stderr)]), failed]);
  return readKubeScore(stdout, stderr, rendered.stack);
}

/** Reads kube-score's report; what is not a report is a failure, never an empty one. */
export function readKubeScore(stdout: string, stderr: string, stack: string): Scan {
  const objects = parse(stdout, stderr).map(({ type_meta, object_meta, checks }) => ({
    object: nameOf({ kind: type_meta.kind, metadata: object_meta }),
    checks: checks.filter(({ skipped }) => !skipped),
  }));
  const findings = objects.flatMap(({ object, checks }) =>
    checks
      .filter(({ grade }) => grade < ALL_OK)
      .map(({ check, comments }): Finding => {
        const what = [...new Set((comments ?? []).map(({ summary }) => summary))].join("; ");
        return { tool: "kube-score", check: check.id, stack, object, what };
      }),
  );
  return {
    findings,
    checks: objects.reduce((sum, { checks }) => sum + checks.length, 0),
    examined: new Set(objects.filter(({ checks }) => checks.length > 0).map(({ object }) => object)),
  };
}

function parse(stdout: string, stderr: string): z.infer<typeof REPORT> {
  try {
    return REPORT.parse(JSON.parse(stdout));
  } catch (cause) {
    throw new DeployError("SPARKI_OUTSIDE", `kube-score made no report: ${stderr.trim().slice(-2000)}`, { cause });
  }
}
