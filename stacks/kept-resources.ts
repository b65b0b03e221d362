/** A resource by its type and its logical name. */
export interface Named {
  readonly type: string;
  readonly name: string;
}

/** What stays in the account when the stack is destroyed: the final snapshots are unreadable without it. */
const RETAINED = new Set(["aws:kms/key:Key keys-data"]);

/** What had another name, type or parent in a release before; until no stack's state has the old one. */
const RENAMED: ReadonlySet<string> = new Set();

/** What is read and not made: the stack's own outputs. */
const READ = new Set(["pulumi:pulumi:StackReference previous-outputs"]);

const keyOf = ({ type, name }: Named) => `${type} ${name}`;

/** Whether a resource may take the place of another one of the stack, by an alias. */
export function mayBeRenamed(resource: Named): boolean {
  return RENAMED.has(keyOf(resource));
}

/** Whether a resource may stay behind when it is deleted from the stack. */
export function mayBeRetained(resource: Named): boolean {
  return RETAINED.has(keyOf(resource));
}

/** Whether a resource may be one that the program reads and that someone else made. */
export function mayBeRead(resource: Named): boolean {
  return READ.has(keyOf(resource));
}
