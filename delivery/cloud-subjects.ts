/** Where Pulumi Cloud's tokens come from, as IAM names it. */
export const CLOUD_ISSUER = "api.pulumi.com/oidc";
/** The project of the deployment, as `Pulumi.yaml` names it. */
export const PROJECT = "sparki";
/** The project of what follows a deployment, as `delivery/after/Pulumi.yaml` names it. */
export const AFTER = "sparki-after";
/** What follows a deployment, each task in a stack of its own: Pulumi Deployments runs commands only before an operation. */
const TASKS = ["verify", "watch"] as const;
export type Task = (typeof TASKS)[number];

/** Who in Pulumi Cloud may be a stack's roles. */
export interface CloudAccess {
  readonly organization: string;
  /** Pulumi Cloud may destroy the stack at a time that is set. */
  readonly ends: boolean;
}

/** The stack of a task that follows the deployments of another. */
export const afterStack = (stack: string, task: Task): string => `${stack}-${task}`;
/** The ESC environment that holds credentials of the role that plans. */
export const environmentName = (stack: string): string => `${stack}-plans`;

/** The audiences that Pulumi Cloud's tokens for AWS have: a deployment's, and an ESC environment's. */
export const audiencesOf = (organization: string): readonly [deployments: string, environments: string] => [
  organization,
  `aws:${organization}`,
];

/** Claims of tokens that are taken for a role; each of them all together. */
export type Claims = Readonly<Record<string, string | readonly string[]>>;

/**
 * Whose tokens are taken for the stack's two roles: for the deploying one those of the stack's own deployments that update
 * it, look for drift or, where its end is set, destroy it; for the planning one those of what follows, and of the ESC
 * environment. No token of Pulumi Cloud says which branch or commit is deployed.
 * @see https://www.pulumi.com/docs/deployments/guides/oidc/
 */
export function cloudClaims(
  stack: string,
  { organization, ends }: CloudAccess,
): { readonly deploying: readonly Claims[]; readonly planning: readonly Claims[] } {
  const [deployments, environments] = audiencesOf(organization);
  const subject = (project: string, name: string, operation: string) =>
    `pulumi:deploy:org:${organization}:project:${project}:stack:${name}:operation:${operation}:scope:write`;
  const operations = ["update", "detect-drift", ...(ends ? ["destroy"] : [])];
  const own = operations.map((operation) => subject(PROJECT, stack, operation));
  const after = TASKS.map((task) => subject(AFTER, afterStack(stack, task), "update"));
  const environment = `pulumi:environments:org:${organization}:env:${PROJECT}/${environmentName(stack)}`;
  return {
    deploying: [{ aud: deployments, sub: own }],
    planning: [
      { aud: deployments, sub: after },
      { aud: environments, sub: environment },
    ],
  };
}
