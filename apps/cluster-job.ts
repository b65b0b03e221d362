import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { type JobSettings, jobManifest } from "./job-manifest.ts";

export interface ClusterJobArgs {
  /** Secret: how to reach the Kubernetes API. */
  readonly kubeconfig: pulumi.Input<string>;
  readonly job: pulumi.Input<JobSettings>;
  /** What it runs again for, besides another image. */
  readonly again?: readonly pulumi.Input<string>[];
  /** Runs before each run of the job; what it refuses does not run. */
  readonly before?: pulumi.ResourceHook | undefined;
  /** Leaves the job as it last ran, whatever its image is now. */
  readonly keep: boolean;
}

/**
 * Runs a Job in the cluster once for each image digest, and whatever else it names, and waits for it; a failing Job fails the update with its logs.
 * Safe to run twice: what the job does must be idempotent, and a Job still running is waited for, not started again.
 */
export class ClusterJob extends pulumi.ComponentResource {
  /** The image that has run to its end; what comes after takes it from here. */
  readonly completedImage: pulumi.Output<string>;

  constructor(name: string, args: ClusterJobArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:apps:ClusterJob", name, {}, options);
    const job = pulumi.output(args.job);
    const image = job.apply(({ image }) => image);
    const run = new command.local.Command(
      `${name}-run`,
      {
        create: "node io/run-job.ts",
        // Only its triggers run the job again.
        update: "true",
        // On stdin, because arguments and environment of a process can be read by others on the machine.
        stdin: pulumi.jsonStringify({ kubeconfig: args.kubeconfig, job: job.apply(jobManifest) }),
        triggers: [image, ...(args.again ?? [])],
        logging: command.local.Logging.StdoutAndStderr,
      },
      {
        parent: this,
        ignoreChanges: args.keep ? ["stdin", "triggers"] : [],
        ...(args.before && { hooks: { beforeCreate: [args.before] } }),
      },
    );
    this.completedImage = pulumi.all([image, run.id]).apply(([completed]) => completed);
    this.registerOutputs();
  }
}
