import * as command from "@pulumi/command";
import type * as pulumi from "@pulumi/pulumi";

export interface DestroyGuardArgs {
  /** From the stack's config: false lets the stack be destroyed. */
  readonly protect: boolean;
  /** What it stands before. */
  readonly everything: readonly pulumi.Resource[];
}

const REFUSAL =
  "This stack is protected, and nothing was deleted. To destroy it on purpose, set sparki:protection to false, " +
  "approve the deletion in sparki:approvals, run pulumi up, then pulumi destroy (README.md, Destroying a stack).";

/**
 * Makes `pulumi destroy` refuse before it deletes anything, with `--skip-preview` too. The engine deletes first what
 * nothing depends on, which is this alone, and goes no further when that fails. (`protect` is no help there: the engine
 * continues past what is protected, and deletes whatever that does not depend on.)
 */
export function guardFromDestroy(name: string, args: DestroyGuardArgs): void {
  const refuse = `echo '${REFUSAL}' >&2; exit 1`;
  new command.local.Command(
    name,
    { create: "true", update: "true", delete: args.protect ? refuse : "true" },
    { dependsOn: [...args.everything] },
  );
}
