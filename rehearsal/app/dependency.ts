import { reasonOf } from "./log.ts";

export type Dependency = "database" | "cache";

/** A server that the application needs, and that is not its own, did not answer; log lines name it as `dependency`. */
export class DependencyError extends Error {
  readonly dependency: Dependency;

  constructor(dependency: Dependency, cause: unknown) {
    super(reasonOf(cause), { cause });
    this.dependency = dependency;
  }
}

/** The log field of a failure that is a dependency's; empty for any other. */
export function dependencyIn(error: unknown): { readonly dependency?: Dependency } {
  return error instanceof DependencyError ? { dependency: error.dependency } : {};
}
