/** What a scanner does not like about one object of one stack. */
export interface Finding {
  readonly tool: "kube-score" | "checkov";
  /** The scanner's own id of the check, such as CKV_K8S_16. */
  readonly check: string;
  readonly stack: string;
  /** Kind and name, such as Deployment/engine-fleet. */
  readonly object: string;
  readonly what: string;
}

/** One scanner's reading of one stack's charts. */
export interface Scan {
  readonly findings: readonly Finding[];
  /** How many checks of objects were made, those that found something among them. */
  readonly checks: number;
  /** Kind and name of every object that a check was made of. */
  readonly examined: ReadonlySet<string>;
}

/** What the charts of one stack render. */
export interface Rendered {
  readonly stack: string;
  readonly objects: readonly ChartObject[];
}

export interface ChartObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
}

/** Kind and name, as findings and exemptions call an object. */
export function nameOf({ kind, metadata }: ChartObject): string {
  return `${kind}/${metadata.name}`;
}
