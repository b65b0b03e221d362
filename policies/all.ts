import * as cache from "./cache.ts";
import * as chartsDeclared from "./charts-declared.ts";
import * as cluster from "./cluster.ts";
import * as database from "./database.ts";
import * as declaredOnly from "./declared-only.ts";
import * as edge from "./edge.ts";
import * as identity from "./identity.ts";
import * as network from "./network.ts";
import * as pods from "./pods.ts";
import type { Policy } from "./policy.ts";
import * as secrets from "./secrets.ts";
import * as stack from "./stack.ts";

/** The policies by the file that they are in; such a file exports policies only. */
const FILES: Readonly<Record<string, Readonly<Record<string, Policy>>>> = {
  cache,
  "charts-declared": chartsDeclared,
  cluster,
  database,
  "declared-only": declaredOnly,
  edge,
  identity,
  network,
  pods,
  secrets,
  stack,
};

/** Every policy of the pack, in the order of their names; importing this serves nothing. */
export const policies: readonly Policy[] = Object.values(FILES)
  .flatMap((exported) => Object.values(exported))
  .sort((one, other) => (one.name < other.name ? -1 : 1));

/** The file's name, without its ending, that a policy is in; its test's too. Throws for a policy that is not in the pack. */
export function subjectOf(policy: string): string {
  const found = Object.entries(FILES).find(([, exported]) =>
    Object.values(exported).some(({ name }) => name === policy),
  );
  if (found === undefined) throw new Error(`no policy is named ${policy}`);
  return found[0];
}
