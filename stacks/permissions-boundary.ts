/** The managed policy that caps what a stack's own roles can do; `sparki-delivery` makes one for each stack. */
export const boundaryName = (stack: string): string => `sparki-${stack}-permission-boundary`;

/** Its ARN: the only boundary under which the stack's deploying role may make a role. */
export const boundaryArn = ({ stack, accountId }: { readonly stack: string; readonly accountId: string }): string =>
  `arn:aws:iam::${accountId}:policy/${boundaryName(stack)}`;
