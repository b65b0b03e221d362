import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Project } from "../preflight/phases/context.ts";
import { type AdoptingEngine, adoptPending } from "../recovery/adopt.ts";
import { type PendingCreate, pendingCreates, unreadIn, withCreatesEnded, withGuesses } from "../recovery/state-edit.ts";
import type { ActPorts } from "./act-ports.ts";

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
 * is created again: a key so forgotten has no alias and encrypts nothing, and AWS takes a subscription, a rule or a target of
 * the same name for the same one.
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
export function takeOver(ports: ActPorts, backend: string): Promise<void> {
  const { stack, config } = ports.context.delivered();
  return adoptLeft(ports, { project: "sparki-delivery", backend, stack }, async (state, engine) => {
    const pending = pendingCreates(state);
    const ids = pending.flatMap((each) => {
      const id = deliveredId(each, config);
      return id === undefined ? [] : [[each.urn, id] as const];
    });
    await engine.importState(withGuesses(state, new Map(ids)));
    const urns = [...ids.map(([urn]) => urn), ...unreadIn(state).map(({ urn }) => urn)];
    if (urns.length > 0) await engine.refresh(undefined, urns);
    const ended = new Set(pending.map(({ urn }) => urn));
    await engine.importState(withCreatesEnded(await engine.exportEncrypted(), ended));
    return "";
  });
}

/** The same for the deployment's own stack, by the tags and names that its program gives everything. */
export function adoptOwn(ports: ActPorts): Promise<void> {
  const { context, say, signal, timeScale } = ports;
  const { backends, fullName, stack, aws, clock } = context;
  return adoptLeft(ports, { project: "sparki", backend: backends.states, stack: fullName }, async (state, engine) => {
    const { adopted } = await adoptPending(state, { engine, aws, stack, clock, timeScale, signal, onProgress: say });
    return `: ${adopted.join(", ") || "none"}`;
  });
}
