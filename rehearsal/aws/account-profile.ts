/** What an account has by itself, before any stack: it differs from one to the next. */
export interface AccountProfile {
  /** Processors of on-demand instances that it may run: a new account's five are too few for a stack. */
  readonly vcpus: number;
  /** Which number each letter of a region's zones has: AWS gives them out by account, and not in order. */
  readonly zoneNumbers: Readonly<Record<string, string>>;
  /** Whether services have made their own roles before. */
  readonly hasServiceRoles: boolean;
  /** Actions that the deploying role may not do. */
  readonly denied: readonly string[];
  /** Model seconds until the tagging API lists what was made, and lists what was deleted no more. */
  readonly tagDelaySeconds: number;
  /** Whether EKS writes its last lines once its log group is gone, and so makes it again. */
  readonly hasLateClusterLogs: boolean;
}

/** An account that runs other things already. */
export const USED_ACCOUNT: AccountProfile = {
  vcpus: 32,
  zoneNumbers: { "us-east-1": "124635", "us-west-1": "132", "ca-central-1": "124" },
  hasServiceRoles: true,
  denied: [],
  tagDelaySeconds: 0,
  hasLateClusterLogs: false,
};
