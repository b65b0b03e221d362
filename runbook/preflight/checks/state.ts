import { z } from "zod";
import type { StateResource } from "../../../records/state.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { type Check, fail, pass, skipped, warn } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const CLUSTER = "aws:eks/cluster:Cluster";

/** What EKS says of a cluster; each of its states is one of these, or `FAILED`, in which it serves nobody. */
const LIVING = new Set(["ACTIVE", "CREATING", "PENDING", "UPDATING"]);

const standingSchema = z.object({ status: z.string() });

/** A cluster that the state names, and that serves nobody any more. */
export interface LostCluster {
  readonly name: string;
  /** Gone for good, or still on its way there. */
  readonly standing: "gone" | "deleting" | "failed";
  /** In a sentence, without the full stop. */
  readonly message: string;
  /** The next command, or what comes before it. */
  readonly next: string;
}

/**
 * The cluster that the state names and that AWS no longer has, or is deleting; undefined where it is there, and where the
 * state names none. Throws SPARKI_OUTSIDE where AWS does not say.
 */
export async function lostCluster(
  resources: readonly Pick<StateResource, "type" | "id" | "delete">[],
  { aws, stack }: Pick<PreflightContext, "aws" | "stack">,
): Promise<LostCluster | undefined> {
  const named = resources.find(({ type, delete: isOld }) => type === CLUSTER && isOld !== true);
  if (named?.id === undefined) return undefined;
  const name = named.id;
  const found = await aws.find("eks/getCluster", { name }, standingSchema);
  if (found !== undefined && LIVING.has(found.status)) return undefined;
  const next = `npx sparki recover cluster --stack ${stack}`;
  if (found === undefined)
    return { name, standing: "gone", message: `the cluster ${name} that the state names does not exist at AWS`, next };
  const wait = `wait until it is gone (aws eks wait cluster-deleted --name ${name}), then ${next}`;
  if (found.status === "DELETING")
    return {
      name,
      standing: "deleting",
      message: `the cluster ${name} that the state names is being deleted`,
      next: wait,
    };
  const told = `the cluster ${name} that the state names is ${found.status} at AWS; expected ACTIVE`;
  return { name, standing: "failed", message: told, next: `aws eks describe-cluster --name ${name}` };
}

/** The same of the state as it is now; undefined also where nobody could look, for who failed already and asks only why. */
export async function lostClusterIfSeen(context: PreflightContext): Promise<LostCluster | undefined> {
  try {
    return await lostCluster((await context.state.read()).resources, context);
  } catch {
    return undefined;
  }
}

/**
 * What a command failed for, where the cluster that the state names is lost: that says more than that nobody answers at its
 * address. Undefined where it is not lost, and where nobody could look.
 */
export async function lostClusterError(
  open: () => Promise<{ readonly context: PreflightContext; close(): Promise<void> }>,
): Promise<DeployError | undefined> {
  try {
    const opened = await open();
    try {
      const lost = await lostClusterIfSeen(opened.context);
      return lost && new DeployError("SPARKI_OUTSIDE", lost.message, { hint: lost.next });
    } finally {
      await opened.close();
    }
  } catch {
    return undefined;
  }
}

export const clusterExists: Check = {
  id: "cluster-exists",
  group: "Infrastructure",
  title: "Cluster",
  proves: "The cluster that the state names exists at AWS, and nobody is deleting it.",
  timeLimitSeconds: 30,
  run: async (context) => {
    const { resources } = await context.state.read();
    const name = resources.find(({ type }) => type === CLUSTER)?.id;
    if (name === undefined) return skipped("the state names no cluster yet: the deployment creates it");
    const lost = await lostCluster(resources, context);
    return lost === undefined ? pass(`${name} exists`) : fail(lost.message, lost.next);
  },
};

export const stateFree: Check = {
  id: "state-free",
  group: "Infrastructure",
  title: "No other deployment is running",
  proves: "The stack's state is not locked.",
  timeLimitSeconds: 30,
  run: async ({ stack, state }) => {
    const lock = await state.lock();
    if (lock === undefined) return pass("the state is not locked");
    const since = lock.since === undefined ? "" : ` since ${lock.since}`;
    return fail(
      `the state is locked by ${lock.holder}${since}`,
      `wait for it to end; only if it is no longer running: pulumi cancel --stack ${stack}`,
    );
  },
};

export const stateClean: Check = {
  id: "state-clean",
  group: "Infrastructure",
  title: "No operation is pending",
  proves: "No interrupted update left a resource that may exist but is not in the state.",
  timeLimitSeconds: 30,
  run: async ({ state }) => {
    const { resources, pending } = await state.read();
    if (resources.length === 0) return skipped("nothing was deployed yet");
    const told = pending.map(({ operation, urn }) => `${operation} ${urn.split("::").at(-1)}`).join(", ");
    // What was being made may exist without the state knowing its id; the other operations are safe to repeat.
    if (pending.some(({ operation }) => operation === "creating"))
      return warn(
        `an update was interrupted: ${told}`,
        "npx sparki deploy finds what was created and continues with it",
      );
    if (pending.length > 0) return warn(`an update was interrupted: ${told}`, "the deployment repeats it");
    return pass("every operation finished");
  },
};
