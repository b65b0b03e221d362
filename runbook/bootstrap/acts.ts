import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DELIVERY_OWNER, secretsProviderOf, stateBucketOf } from "../../delivery/names.ts";
import { createWhole } from "../../io/whole-file.ts";
import { nameOf } from "../../records/engine-record.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { LAST_PART_VARIABLE, NETWORK_ONLY } from "../../stacks/run-record.ts";
import { isBucket, type PhaseContext, type Project } from "../preflight/phases/context.ts";
import { PROJECT_POLICIES, passphraseFile } from "../preflight/phases/pulumi-environment.ts";
import { hasBucket, inFolder, inStates, type KeptStack, keptOwn } from "../preflight/phases/states.ts";
import type { StepId } from "../preflight/phases/steps.ts";
import type { ActPorts } from "./act-ports.ts";
import { adoptOwn, takeOver } from "./take-over.ts";

/** Does one step, after a yes; begun again after a kill anywhere, it continues from what is there. */
export type Act = (ports: ActPorts) => Promise<void>;

export const ACTS: Readonly<Partial<Record<StepId, Act>>> = {
  delivery: deliver,
  state: moveState,
  stack: createStack,
  network: createNetwork,
};

const DELIVERY = "sparki-delivery";

async function deliver(ports: ActPorts): Promise<void> {
  const { context, signal, run, agree } = ports;
  const { stack, config } = context.delivered();
  const { backend, kept } = await deliveryHome(context, signal);
  if (kept === undefined) {
    await assertNothingThere(context);
    await agree(`Create delivery's stack ${stack} in ${placeOf(backend)}, and preview it?`);
    prepareFolder(context);
    await run(DELIVERY, backend, ["stack", "init", stack]);
  } else await takeOver(ports, backend);
  await applyJudged(ports, { project: DELIVERY, backend, stack, accountId: config.accountId });
}

interface Update {
  readonly project: Project;
  readonly backend: string;
  readonly stack: string;
  readonly accountId: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Previews an update, has the project's policies judge it, and applies it after a yes, by the same policies. */
async function applyJudged(
  { run, agree, say }: ActPorts,
  { project, backend, stack, accountId, env = {} }: Update,
): Promise<void> {
  const preview = await run(project, backend, ["preview", "--stack", stack, ...judgedBy(project)], env);
  assertJudged(project, preview);
  say(`${resourcesIn(preview)}\n  the policies of ${project} find nothing wrong`);
  await agree(`Apply this to account ${accountId}?`);
  await run(project, backend, ["up", "--stack", stack, "--yes", "--skip-preview", ...judgedBy(project)], env);
}

const judgedBy = (project: Project) => ["--policy-pack", PROJECT_POLICIES[project]];

/** Throws unless Pulumi tells that the project's pack judged the preview, and by which version. */
function assertJudged(project: Project, preview: string): void {
  if (new RegExp(`^ +\\S+ ${project}@v\\d+\\.\\d+\\.\\d+ \\(local: `, "m").test(preview)) return;
  const what = `Pulumi does not say that ${PROJECT_POLICIES[project]} judged the preview of ${project}`;
  throw new DeployError("SPARKI_HELD", what, { hint: "npm ci, then the same command again; nothing was changed" });
}

/** Where delivery's state is, or is to be at first. */
async function deliveryHome(
  context: PhaseContext,
  signal: AbortSignal,
): Promise<{ readonly backend: string; readonly kept: KeptStack | undefined }> {
  const { folder, states } = context.backends;
  const local = await inFolder(context, signal);
  if (local !== undefined) return { backend: folder, kept: local };
  const kept = await inStates(context, signal);
  if (kept !== undefined || !isBucket(states)) return { backend: states, kept };
  return { backend: folder, kept: undefined };
}

/** Without its state, delivery would be made a second time beside what is there. */
async function assertNothingThere({ aws, backends, delivered, stack }: PhaseContext): Promise<void> {
  const bucket = stateBucketOf(delivered().config.accountId);
  if (!(await hasBucket(aws, delivered().config.accountId))) return;
  throw new DeployError(
    "SPARKI_HELD",
    `${bucket} exists, but delivery's state is neither in it nor in ${backends.folderPath}; nothing was changed`,
    {
      hint: `run npx sparki bootstrap --stack ${stack} on the machine on which it was begun, or copy ${backends.folderPath} from there`,
    },
  );
}

/** A folder that only its owner can read, with a passphrase unless the user has one. */
function prepareFolder({ backends }: PhaseContext): void {
  if (!isBucket(backends.states)) return;
  mkdirSync(backends.folderPath, { recursive: true, mode: 0o700 });
  const file = passphraseFile(backends);
  if (!existsSync(file)) createWhole(file, { content: randomBytes(32).toString("hex"), mode: 0o600 });
}

async function moveState(ports: ActPorts): Promise<void> {
  const { context, signal, run, agree, say } = ports;
  const { backends, delivered } = context;
  const { stack, config } = delivered();
  const { states, folder, folderPath } = backends;
  await agree(
    `Move delivery's state from ${folderPath} to ${placeOf(states)}, and delete the folder once that is proven?`,
  );
  const there = await inStates(context, signal);
  const local = await inFolder(context, signal);
  if (there === undefined) await run(DELIVERY, states, ["stack", "init", stack]);
  if (there === undefined || there.resources.length === 0) {
    if (local === undefined) throw lost(context);
    const file = join(folderPath, `${stack}.json`);
    await run(DELIVERY, folder, ["stack", "export", "--stack", stack, "--file", file]);
    await run(DELIVERY, states, ["stack", "import", "--stack", stack, "--file", file]);
  }
  const provider = secretsProviderOf(DELIVERY_OWNER, config.region);
  if (there?.secretsProvider !== provider)
    await run(DELIVERY, states, ["stack", "change-secrets-provider", provider, "--stack", stack]);
  await proveMove(ports, local);
  rmSync(folderPath, { recursive: true, force: true });
  say(`  ${placeOf(states)} holds delivery's state; the preview shows no change, and ${folderPath} is deleted`);
}

/** Throws where the state that was moved is not the one that was, or its preview shows a change. */
async function proveMove({ context, signal, run }: ActPorts, local: KeptStack | undefined): Promise<void> {
  const { backends, delivered } = context;
  const moved = await inStates(context, signal);
  const [was, is] = [local?.resources.length, moved?.resources.length];
  if (was !== undefined && was !== is)
    throw new DeployError(
      "SPARKI_HELD",
      `${placeOf(backends.states)} has ${is ?? 0} resources of delivery's, and ${backends.folderPath} has ${was}; the folder was kept`,
      { hint: "docs/bootstrap.md, Moving a stack, has the commands one by one" },
    );
  await run(DELIVERY, backends.states, [
    "preview",
    "--stack",
    delivered().stack,
    "--expect-no-changes",
    ...judgedBy(DELIVERY),
  ]);
}

function lost({ backends, stack }: PhaseContext): DeployError {
  return new DeployError(
    "SPARKI_HELD",
    `delivery's state is neither in ${placeOf(backends.states)} nor in ${backends.folderPath}`,
    {
      hint: `run npx sparki bootstrap --stack ${stack} on the machine on which it was begun`,
    },
  );
}

async function createStack({ context, signal, run, agree }: ActPorts): Promise<void> {
  const { backends, config, fullName, stack } = context;
  const { states } = backends;
  const provider = isBucket(states) ? secretsProviderOf(stack, config.region) : undefined;
  const how = provider === undefined ? "" : `, its secrets encrypted by ${provider}`;
  await agree(`Create the stack ${fullName} in ${placeOf(states)}${how}?`);
  const kept = await keptOwn(context, signal);
  if (kept === undefined)
    await run("sparki", states, ["stack", "init", fullName, ...(provider ? ["--secrets-provider", provider] : [])]);
  else if (provider !== undefined)
    await run("sparki", states, ["stack", "change-secrets-provider", provider, "--stack", fullName]);
}

/** All that the program makes before it ends with its network. */
const OF_THE_NETWORK = /^(keys|network)(-|$)/;

async function createNetwork(ports: ActPorts): Promise<void> {
  const { context, signal } = ports;
  const { backends, config, fullName } = context;
  const kept = await keptOwn(context, signal);
  // The program would end with its network, and Pulumi delete the rest.
  const others = (kept?.resources ?? []).filter(({ type, urn }) => isReal(type) && !OF_THE_NETWORK.test(nameOf(urn)));
  if (others.length > 0)
    throw new DeployError(
      "SPARKI_HELD",
      `${fullName} has more than a network already, ${nameOf(others[0]?.urn ?? "")} for one; nothing was changed`,
      { hint: `npx sparki deploy --stack ${context.stack}, which completes it` },
    );
  await adoptOwn(ports);
  await applyJudged(ports, {
    ...{ project: "sparki", backend: backends.states, stack: fullName, accountId: config.accountId },
    env: { [LAST_PART_VARIABLE]: NETWORK_ONLY },
  });
}

/** Neither a component of the program nor what the engine keeps for itself. */
const isReal = (type: string) => !/^(sparki|pulumi):/.test(type);

const placeOf = (backend: string) => backend.replace(/\?.*$/, "");

/** What a preview comes to: its last lines. */
function resourcesIn(preview: string): string {
  const lines = preview.split("\n");
  const from = lines.findLastIndex((line) => /^Resources:/.test(line));
  return (from < 0 ? lines.slice(-10) : lines.slice(from))
    .map((line) => `  ${line}`.trimEnd())
    .join("\n")
    .trimEnd();
}
