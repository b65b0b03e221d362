/** A stack as Pulumi names it: `stack`, `organization/stack` or `organization/project/stack`. */
export interface StackName {
  /** The last part: what files, resources and reports are named after. */
  readonly stack: string;
  /** As it was given: what the backend is asked for. */
  readonly fullName: string;
  readonly organization: string | undefined;
  readonly project: string | undefined;
}

const PART = /^[A-Za-z0-9_-][A-Za-z0-9_.-]*$/;

/** The parts of a stack's name; undefined where Pulumi or the resources' names would refuse it. */
export function stackNameIn(text: string): StackName | undefined {
  const parts = text.split("/");
  const stack = parts.at(-1) ?? "";
  const [organization, project] = parts.length === 3 ? parts : parts.length === 2 ? [parts[0]] : [];
  const isName = parts.length <= 3 && parts.slice(0, -1).every((part) => PART.test(part));
  return isName && /^[a-z][a-z0-9-]*$/.test(stack) ? { stack, fullName: text, organization, project } : undefined;
}

/** Text whose commands name the stack in full, as it was given: its last part alone may be another organization's. */
export function namingInFull({ stack, fullName }: StackName): (text: string) => string {
  return (text) =>
    text.replace(new RegExp(`(--stack[ =])${stack}(?![\\w/.-]*[\\w/-])`, "g"), (_, flag) => `${flag}${fullName}`);
}

/** The managed policy that caps what a stack's own roles can do; `sparki-delivery` makes one for each stack. */
export const boundaryName = (stack: string): string => `sparki-${stack}-permission-boundary`;

/** Its ARN: the only boundary under which the stack's deploying role may make a role. */
export const boundaryArn = ({ stack, accountId }: { readonly stack: string; readonly accountId: string }): string =>
  `arn:aws:iam::${accountId}:policy/${boundaryName(stack)}`;
