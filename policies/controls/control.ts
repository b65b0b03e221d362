/** `S01` to `S70` are the audit's controls; `D01` and on are this deployment's own. */
export type ControlId = `S${number}` | `D${number}`;

/** One line of the audit: what is demanded, under which names others know it, and where the program meets it. */
export interface Control {
  readonly id: ControlId;
  readonly title: string;
  /** Names in AWS FSBP, CIS AWS, CIS EKS, Checkov, Trivy and the Pod Security Standards. */
  readonly ids: readonly string[];
  /** File of the program that meets it. */
  readonly metBy: string;
  /** Why it cannot apply to this stack; its policy still guards what may be added later. */
  readonly notApplicable?: string;
  /** What checks it when no policy can see it. */
  readonly alsoCheckedBy?: string;
}
