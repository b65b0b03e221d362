import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { DELIVERY_OWNER, secretsProviderOf, stateBucketOf } from "../../../delivery/names.ts";
import { backendHint, documentIn, reasonIn, STACK_NOT_FOUND } from "../../../io/pulumi-process.ts";
import { readCliHistory } from "../../../io/stack-state.ts";
import { promotionIn } from "../../../records/promotion.ts";
import { outputsIn, resourcesIn, type StateResource } from "../../../records/state.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { outputsSchema, type StackOutputs } from "../../../stacks/outputs.ts";
import { fail, pass } from "../check.ts";
import { isBucket, type PhaseCheck, type PhaseContext, type Project } from "./context.ts";

const secretsSchema = z.object({
  /** Of a stack that was never updated there is none. */
  deployment: z
    .object({
      secrets_providers: z
        .object({ type: z.string(), state: z.object({ url: z.string().optional() }).nullish() })
        .nullish(),
    })
    .nullish(),
});

/** What a backend has of a stack. */
export interface KeptStack {
  readonly resources: readonly StateResource[];
  /** The address of what encrypts its secrets, or the kind of provider; undefined where the state says none. */
  readonly secretsProvider: string | undefined;
}

type Asking = Pick<PhaseContext, "pulumi">;

/** The stack as the backend keeps it; undefined where it has none. Throws SPARKI_OUTSIDE when it cannot be asked. */
export async function keptStack(
  { pulumi }: Asking,
  { project, backend, stack }: { readonly project: Project; readonly backend: string; readonly stack: string },
  signal: AbortSignal,
): Promise<KeptStack | undefined> {
  const { code, stdout, stderr } = await pulumi(project, backend, ["stack", "export", "--stack", stack], signal);
  if (code === STACK_NOT_FOUND) return undefined;
  const place = backend.replace(/\?.*$/, "");
  if (code !== 0) {
    const reason = reasonIn(stderr);
    throw new DeployError("SPARKI_OUTSIDE", `the stack ${stack} of ${project} in ${place} cannot be read: ${reason}`, {
      hint: backendHint(reason),
    });
  }
  const exported = documentIn(stdout, "stack export");
  const provider = secretsSchema.parse(exported).deployment?.secrets_providers;
  return {
    resources: resourcesIn(exported),
    secretsProvider: provider === undefined || provider === null ? undefined : (provider.state?.url ?? provider.type),
  };
}

/** The deployment's own stack; undefined where its backend has none. */
export function keptOwn(context: PhaseContext, signal: AbortSignal): Promise<KeptStack | undefined> {
  const { backends, fullName } = context;
  return keptStack(context, { project: "sparki", backend: backends.states, stack: fullName }, signal);
}

/** The stack's state, which is empty while the account has no bucket for it; the backend is not asked before. */
export function stateOnceThere(
  { aws, state }: Pick<PhaseContext, "aws" | "state">,
  { states, accountId }: { readonly states: string; readonly accountId: string },
): PhaseContext["state"] {
  const isThere = async () => !isBucket(states) || (await hasBucket(aws, accountId));
  return {
    read: async () => ((await isThere()) ? state.read() : { resources: [], pending: [] }),
    lock: async () => ((await isThere()) ? state.lock() : undefined),
  };
}

/** Whether delivery has created the account's bucket of states. */
export async function hasBucket(aws: PhaseContext["aws"], accountId: string): Promise<boolean> {
  const bucket = stateBucketOf(accountId);
  return (await aws.find("s3/getBucket", { bucket }, z.object({ bucket: z.string() }))) !== undefined;
}

/** Delivery's state in the folder of its first run; undefined where there is none. */
export async function inFolder(context: PhaseContext, signal: AbortSignal): Promise<KeptStack | undefined> {
  const { backends, files, delivered } = context;
  if (files.list(join(backends.folderPath, ".pulumi")) === undefined) return undefined;
  const { stack } = delivered();
  return keptStack(context, { project: "sparki-delivery", backend: backends.folder, stack }, signal);
}

/** Delivery's state where it is to stay; undefined where it is not there, for lack of a bucket too. */
export async function inStates(context: PhaseContext, signal: AbortSignal): Promise<KeptStack | undefined> {
  const { aws, backends, delivered } = context;
  const { stack, config } = delivered();
  if (isBucket(backends.states) && !(await hasBucket(aws, config.accountId))) return undefined;
  return keptStack(context, { project: "sparki-delivery", backend: backends.states, stack }, signal);
}

export const deliveryState: PhaseCheck = {
  id: "delivery-state",
  group: "Infrastructure",
  title: "Delivery's state",
  proves:
    "Delivery's state is in the bucket, its secrets encrypted by KMS, and no copy is left in a folder of this machine.",
  timeLimitSeconds: 120,
  run: async (context, signal) => {
    const { backends, stack, delivered } = context;
    const { states, folderPath } = backends;
    const fix = `npx sparki bootstrap --stack ${stack}`;
    const place = states.replace(/\?.*$/, "");
    const kept = await inStates(context, signal);
    if (kept === undefined) return fail(`delivery's state is not in ${place}`, fix);
    if (kept.resources.length === 0) return fail(`delivery's state in ${place} is empty`, fix);
    const expected = isBucket(states) ? secretsProviderOf(DELIVERY_OWNER, delivered().config.region) : undefined;
    if (expected !== undefined && kept.secretsProvider !== expected)
      return fail(`its secrets are encrypted by ${kept.secretsProvider}; expected ${expected}`, fix);
    if (isBucket(states) && (await inFolder(context, signal)) !== undefined)
      return fail(`the copy in ${folderPath} is still there: no preview has proven the move yet`, fix);
    return pass(`${kept.resources.length} resources in ${place}`);
  },
};

export const ownStack: PhaseCheck = {
  id: "stack",
  group: "Infrastructure",
  title: "Stack of the deployment",
  proves: "The deployment's stack exists in the bucket, and its secrets are encrypted by its own KMS key.",
  timeLimitSeconds: 120,
  run: async (context, signal) => {
    const { backends, stack, config, files, projectDirectory } = context;
    const fix = `npx sparki bootstrap --stack ${stack}`;
    const place = backends.states.replace(/\?.*$/, "");
    const kept = await keptOwn(context, signal);
    if (kept === undefined) return fail(`there is no stack ${stack} in ${place}`, fix);
    if (!isBucket(backends.states)) return pass(`${stack} in ${place}`);
    const expected = secretsProviderOf(stack, config.region);
    const settings: unknown = parse(files.read(join(projectDirectory, `Pulumi.${stack}.yaml`)) ?? "");
    const named = z.object({ secretsprovider: z.string().optional() }).parse(settings).secretsprovider;
    const move = `pulumi stack change-secrets-provider '${expected}' --stack ${stack}`;
    if (named !== expected)
      return fail(`Pulumi.${stack}.yaml names ${named ?? "no secrets provider"}; expected ${expected}`, move);
    const other = [kept.secretsProvider].filter((each) => each !== undefined && each !== expected);
    if (other.length > 0) return fail(`the state's secrets are encrypted by ${other[0]}; expected ${expected}`, move);
    return pass(`${stack} in ${place}, its secrets encrypted by ${expected}`);
  },
};

/** Where a runner stands, by the last update that ended well; undefined before the network was whole. */
export async function ownNetworkOf(
  context: PhaseContext,
  signal: AbortSignal,
): Promise<StackOutputs["network"] | undefined> {
  const kept = await keptOwn(context, signal);
  return outputsSchema.shape.network.safeParse(outputsIn(kept?.resources ?? [])?.network).data;
}

export const ownNetwork: PhaseCheck = {
  id: "network",
  group: "Infrastructure",
  title: "Network of the stack",
  proves: "The stack's network exists: its private subnets have their way out, and the runner its group.",
  timeLimitSeconds: 120,
  run: async (context, signal) => {
    const found = await ownNetworkOf(context, signal);
    return found === undefined
      ? fail(`${context.stack} has no network yet`, `npx sparki bootstrap --stack ${context.stack}`)
      : pass(`${found.vpcId}, with ${found.subnetIds.length} private subnets and the runner's group`);
  },
};

export const promoted: PhaseCheck = {
  id: "promoted",
  group: "Application",
  title: "Promoted release",
  proves: "A release was promoted: it passed its gates.",
  timeLimitSeconds: 120,
  run: async (context, signal) => {
    const { stack } = context;
    const kept = await keptOwn(context, signal);
    const record = promotionIn(kept?.resources ?? []);
    return record === undefined
      ? fail("no release was promoted yet", `npx sparki deploy --stack ${stack}`)
      : pass(`${record.release.id} is promoted`);
  },
};

export const deployedByCi: PhaseCheck = {
  id: "deployed-by-ci",
  group: "Application",
  title: "Deployment from CI",
  proves: "The newest deployment that succeeded was run by a workflow of GitHub.",
  timeLimitSeconds: 120,
  run: async (context, signal) => {
    const { backends, fullName, pulumi } = context;
    const fix = "run the workflow Deploy in GitHub, or merge";
    const updates = await readCliHistory(async (args) => {
      const { code, stdout, stderr } = await pulumi("sparki", backends.states, [...args, "--stack", fullName], signal);
      if (code === STACK_NOT_FOUND) return "[]";
      if (code === 0) return stdout;
      throw new DeployError("SPARKI_OUTSIDE", `pulumi stack history: ${reasonIn(stderr)}`);
    });
    const newest = updates.find(({ result, ranBy }) => result === "succeeded" && ranBy?.by === "sparki deploy");
    const who = newest?.ranBy?.who;
    if (who === undefined) return fail("no deployment by sparki has succeeded yet", fix);
    return who.through === "GitHub Actions"
      ? pass(
          `${newest?.release?.id ?? "it"} was deployed by ${who.name} through GitHub Actions: ${who.run ?? "no page of the run"}`,
        )
      : fail(`the newest deployment was run by ${who.name} through ${who.through}; expected GitHub Actions`, fix);
  },
};
