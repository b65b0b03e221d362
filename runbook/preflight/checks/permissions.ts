import { z } from "zod";
import { documentsOf } from "../../../delivery/documents.ts";
import { type Check, fail, pass, skipped } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const identitySchema = z.object({ arn: z.string() });
const sessionSchema = z.object({ issuerArn: z.string() });
const simulationSchema = z.object({
  results: z.array(z.object({ actionName: z.string(), allowed: z.boolean(), missingContextKeys: z.array(z.string()) })),
});

/** What makes things: who may do it may go on, and who may not stops a deployment in its middle. */
const MAKING = /:(Create|Put|Allocate|Request|Authorize|Associate|Attach|PassRole|Enable|Register)(?!.*Tag)/;

/** What a request of the deployment says, as IAM is to take it. */
interface Simulated {
  readonly actionNames: readonly string[];
  readonly resourceArns: readonly string[];
  readonly contexts: readonly { readonly key: string; readonly type: string; readonly values: readonly string[] }[];
}

export const permissions: Check = {
  id: "aws-permissions",
  group: "Infrastructure",
  title: "Permissions",
  proves: "The deploying role may create every type of resource in the plan, by IAM's own simulation.",
  timeLimitSeconds: 60,
  run: async (context) => {
    const who = await principalOf(context);
    if (who === undefined) return skipped("the account's root user may do everything, and IAM cannot simulate it");
    const asked = simulations(context);
    const answers = await Promise.all(
      asked.map((each) =>
        context.aws.find("iam/getPrincipalPolicySimulation", { policySourceArn: who, ...each }, simulationSchema),
      ),
    );
    const results = answers.flatMap((answer) => answer?.results ?? []);
    const judged = new Set(results.map(({ actionName }) => actionName.toLowerCase()));
    const wanted = new Set(asked.flatMap(({ actionNames }) => actionNames));
    const open = [...wanted].filter((action) => !judged.has(action.toLowerCase())).sort();
    if (open.length > 0) throw new Error(`IAM did not say whether ${who} may do ${open.join(", ")}`);
    // What depends on something that is not known here is not judged.
    const denied = results.filter(({ allowed, missingContextKeys }) => !allowed && missingContextKeys.length === 0);
    const actions = [...new Set(denied.map(({ actionName }) => actionName))].sort();
    if (actions.length === 0)
      return pass(`${who} may do ${new Set(results.map(({ actionName }) => actionName)).size} actions`);
    return fail(
      `${who} may not do ${actions.join(", ")}`,
      `give it the policies in delivery/documents (docs/production.md), or deploy as one of sparki:cluster.administrators`,
    );
  },
};

/** The role or user whose policies count; undefined for the root of the account. */
async function principalOf({ aws }: PreflightContext): Promise<string | undefined> {
  const identity = await aws.find("index/getCallerIdentity", {}, identitySchema);
  if (identity === undefined) throw new Error("AWS does not report the caller's identity");
  if (/:root$/.test(identity.arn)) return undefined;
  if (!/:assumed-role\//.test(identity.arn)) return identity.arn;
  const session = await aws.find("iam/getSessionContext", { arn: identity.arn }, sessionSchema);
  if (session === undefined) throw new Error(`AWS does not say whose session ${identity.arn} is`);
  return session.issuerArn;
}

/** The deploying role's own table, a question for each statement: what it allows is what a deployment needs. */
function simulations({ config, stack }: PreflightContext): Simulated[] {
  const { accountId, region, domain } = config;
  const documents = Object.entries(documentsOf({ stack, accountId, region, domain }));
  const statements = documents.flatMap(([file, { Statement }]) =>
    file.startsWith("deploying-role.") ? Statement : [],
  );
  return statements
    .filter(({ Effect }) => Effect === "Allow")
    .map(({ Action, Resource, Condition = {} }) => ({
      actionNames: Action.filter((action) => MAKING.test(action)),
      resourceArns: Resource,
      contexts: contextsOf(Condition),
    }))
    .filter(({ actionNames }) => actionNames.length > 0);
}

function contextsOf(condition: object): Simulated["contexts"] {
  return Object.values(condition).flatMap((keys: object) =>
    Object.entries(keys).map(([key, value]) => ({
      key,
      type: "string",
      values: [value].flat().slice(0, 1).map(String),
    })),
  );
}
