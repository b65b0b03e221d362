/** One chart as a release. */
export interface TemplatedRelease {
  readonly release: string;
  readonly namespace: string;
  /** The chart's folder. */
  readonly chart: string;
  /** The cluster's, such as `1.35`. */
  readonly kubernetesVersion: string;
}

/**
 * How Helm is asked what it makes of a chart, with the values on stdin: what a plan shows and what the policies judge is
 * rendered alike. The chart's schema is left out, which what is known only after the deployment would not meet.
 */
export function templateArguments({ release, namespace, chart, kubernetesVersion }: TemplatedRelease): string[] {
  const flags = ["--skip-schema-validation", "--namespace", namespace, "--kube-version", `${kubernetesVersion}.0`];
  return ["template", release, chart, ...flags, "--values", "-"];
}
