/**
 * Runs one Job to its end; the program's `command` resources call it with `{"kubeconfig", "job"}` on stdin.
 * Exit 0 when the Job succeeded; 1 with the reason when it failed or did not end within its own deadline.
 */

import { text } from "node:stream/consumers";
import { EXIT } from "../shared/deploy-error.ts";
import { openOutput } from "../shared/text/output.ts";
import { type Job, runJob } from "./cluster-job.ts";

const { kubeconfig, job }: { kubeconfig: string; job: Job } = JSON.parse(await text(process.stdin));
const failure = await runJob(kubeconfig, job, process.stdout);
if (failure !== undefined) {
  const { name, namespace } = job.metadata ?? {};
  openOutput(process.stderr).write(`job ${namespace}/${name} failed: ${failure}\n`);
  process.exitCode = EXIT.refused.code;
}
