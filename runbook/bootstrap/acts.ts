import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { DELIVERY_OWNER, secretsProviderOf, stateBucketOf } from "../../delivery/names.ts";
import { createWhole } from "../../io/whole-file.ts";
import { nameOf } from "../../records/engine-record.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { LAST_PART_VARIABLE, NETWORK_ONLY } from "../../stacks/run-record.ts";
import {
  isBucket,
  type PhaseContext,
  PROJECT_POLICIES,
  type Project,
  passphraseFile,
} from "../preflight/phases/context.ts";
import { hasBucket, inFolder, inStates, type KeptStack, keptOwn } from "../preflight/phases/states.ts";
import type { StepId } from "../preflight/phases/steps.ts";
import { type AdoptingEngine, adoptPending, settled } from "../recovery/adopt.ts";
import { type PendingCreate, pendingCreates, unreadIn, withCreatesEnded, withGuesses } from "../recovery/state-edit.ts";

/** What a step's act may do, each replaceable by a test. */
export interface ActPorts {
  readonly context: PhaseContext;
  readonly signal: AbortSignal;
  /** Runs the Pulumi CLI to change something; resolves with what it wrote, and throws SPARKI_OUTSIDE where it fails. */
  run(
    project: Project,
    backend: string,
    args: readonly string[],
    more?: Readonly<Record<string, string>>,
  ): Promise<string>;
  /** Resolves once a person said yes; throws SPARKI_USAGE for anything else. */
  agree(question: string): Promise<void>;
  say(text: string): void;
  /** Real seconds for a modelled one. */
  readonly timeScale: number;
  /** A folder for files of a moment; it need not exist. */
  readonly scratch: string;
}

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

type Inputs = PendingCreate["inputs"];
interface Account {
  readonly accountId: string;
  readonly region: string;
}
type IdOf = (inputs: Inputs, account: Account) => readonly unknown[];

const byBucket: IdOf = ({ bucket }) => [bucket];
const byName: IdOf = ({ name }) => [name];

/**
 * By what the provider imports each type that delivery names itself; see each type's "Import" in the registry. What AWS names
 * is created again, unless an account has one at most (`ONLY_ONES`): a key so forgotten has no alias and encrypts nothing, and
 * AWS takes a subscription, a rule or a target of the same name for the same one.
 */
const IDS: Readonly<Record<string, IdOf>> = {
  "aws:budgets/budget:Budget": ({ name }, { accountId }) => [accountId, ":", name],
  "aws:cfg/deliveryChannel:DeliveryChannel": byName,
  "aws:cfg/recorder:Recorder": byName,
  "aws:cfg/recorderStatus:RecorderStatus": byName,
  "aws:cloudtrail/trail:Trail": ({ name }, { accountId, region }) => [
    `arn:aws:cloudtrail:${region}:${accountId}:trail/`,
    name,
  ],
  "aws:cloudwatch/eventRule:EventRule": byName,
  "aws:cloudwatch/eventTarget:EventTarget": ({ rule, targetId }) => [rule, "/", targetId],
  "aws:codebuild/project:Project": byName,
  "aws:codebuild/webhook:Webhook": ({ projectName }) => [projectName],
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ({ url }, { accountId }) => [
    `arn:aws:iam::${accountId}:oidc-provider/`,
    typeof url === "string" ? url.replace(/^https:\/\//, "") : url,
  ],
  "aws:iam/policy:Policy": ({ name }, { accountId }) => [`arn:aws:iam::${accountId}:policy/`, name],
  "aws:iam/role:Role": byName,
  "aws:iam/rolePolicy:RolePolicy": ({ role, name }) => [role, ":", name],
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ({ role, policyArn }) => [role, "/", policyArn],
  "aws:kms/alias:Alias": byName,
  "aws:s3/bucket:Bucket": byBucket,
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": byBucket,
  "aws:s3/bucketOwnershipControls:BucketOwnershipControls": byBucket,
  "aws:s3/bucketPolicy:BucketPolicy": byBucket,
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": byBucket,
  "aws:s3/bucketReplicationConfig:BucketReplicationConfig": byBucket,
  "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": byBucket,
  "aws:s3/bucketVersioning:BucketVersioning": byBucket,
  "aws:sns/topic:Topic": ({ name }, { accountId, region }) => [`arn:aws:sns:${region}:${accountId}:`, name],
  "aws:sns/topicPolicy:TopicPolicy": ({ arn }) => [arn],
};

/** The id under which a resource exists, if it does; undefined where AWS chose it, or the inputs do not say. */
export function deliveredId(
  { type, inputs }: Pick<PendingCreate, "type" | "inputs">,
  account: Account,
): string | undefined {
  const parts = IDS[type]?.(inputs, account);
  const isKnown = parts?.every((part) => typeof part === "string" && part !== "") === true;
  return isKnown ? parts.join("") : undefined;
}

/** What AWS names, and has once in an account and region: the function that finds it. A second one would be refused for ever. */
const ONLY_ONES: Readonly<Record<string, string>> = {
  "aws:guardduty/detector:Detector": "guardduty/getDetector",
};

const foundSchema = z.object({ id: z.string().min(1) });

/** The id of what a killed update may have created; undefined where it does not exist, or nothing says which one it is. */
async function idOf(pending: PendingCreate, { aws, delivered }: PhaseContext): Promise<string | undefined> {
  const lookUp = ONLY_ONES[pending.type];
  if (lookUp === undefined) return deliveredId(pending, delivered().config);
  return (await aws.find(lookUp, {}, foundSchema))?.id;
}

interface Place {
  readonly project: Project;
  readonly backend: string;
  readonly stack: string;
}

/** The engine as the Pulumi CLI runs it, with states in files of the scratch folder. */
function engineOf({ context, run, scratch }: ActPorts, { project, backend, stack }: Place): AdoptingEngine {
  const own = (command: readonly string[], ...args: readonly string[]) =>
    run(project, backend, [...command, "--stack", stack, ...args]);
  return {
    exportEncrypted: async () => {
      const file = join(scratch, "exported.json");
      await own(["stack", "export"], "--file", file);
      return JSON.parse(context.files.read(file) ?? "null");
    },
    importState: async (state) => {
      const file = join(scratch, "imported.json");
      writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
      await own(["stack", "import"], "--file", file);
    },
    refresh: async (_watch, urns) => {
      await own(["refresh"], ...urns.flatMap((urn) => ["--target", urn]), "--yes", "--skip-preview");
      return { outcome: "succeeded", failure: undefined };
    },
  };
}

/**
 * Has `adopt` take over, after a yes, what an update that was killed left half-made of a stack; nothing where nothing was.
 * What `adopt` answers ends the sentence that is said then.
 */
async function adoptLeft(
  ports: ActPorts,
  place: Place,
  adopt: (state: unknown, engine: AdoptingEngine) => Promise<string>,
): Promise<void> {
  const { agree, say, scratch } = ports;
  const engine = engineOf(ports, place);
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  try {
    const state = await engine.exportEncrypted();
    const names = [...pendingCreates(state), ...unreadIn(state)].map(({ name }) => name);
    if (names.length === 0) return;
    await agree(`An update was killed while it created ${names.join(", ")}. Take over what of it exists?`);
    const end = await adopt(state, engine);
    say(`  took over what the killed update had created of ${names.length} resources${end}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Takes into delivery's state what a killed Pulumi had begun to create and AWS has, so that the next update neither creates it
 * twice nor fails because it exists. Changes nothing at AWS, and can itself be killed anywhere.
 */
function takeOver(ports: ActPorts, backend: string): Promise<void> {
  const { context, say, signal, timeScale } = ports;
  const { stack } = context.delivered();
  return adoptLeft(ports, { project: DELIVERY, backend, stack }, async (state, engine) => {
    const pending = pendingCreates(state);
    // What is created after it was looked for would be created once more.
    if (pending.length > 0) await settled(state, { clock: context.clock, signal, timeScale, onProgress: say });
    const known = await Promise.all(pending.map(async (each) => [each.urn, await idOf(each, context)] as const));
    const ids = known.flatMap(([urn, id]) => (id === undefined ? [] : [[urn, id] as const]));
    await engine.importState(withGuesses(state, new Map(ids)));
    const urns = [...ids.map(([urn]) => urn), ...unreadIn(state).map(({ urn }) => urn)];
    if (urns.length > 0) await engine.refresh(undefined, urns);
    const ended = new Set(pending.map(({ urn }) => urn));
    await engine.importState(withCreatesEnded(await engine.exportEncrypted(), ended));
    return "";
  });
}

/** The same for the deployment's own stack, by the tags and names that its program gives everything. */
function adoptOwn(ports: ActPorts): Promise<void> {
  const { context, say, signal, timeScale } = ports;
  const { backends, fullName, stack, aws, clock } = context;
  return adoptLeft(ports, { project: "sparki", backend: backends.states, stack: fullName }, async (state, engine) => {
    const { adopted } = await adoptPending(state, { engine, aws, stack, clock, timeScale, signal, onProgress: say });
    return `: ${adopted.join(", ") || "none"}`;
  });
}
