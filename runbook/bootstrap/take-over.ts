import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type AdoptingEngine, adoptPending } from "../recovery/adopt.ts";
import { type PendingCreate, pendingCreates, unreadIn, withCreatesEnded, withGuesses } from "../recovery/state-edit.ts";
import type { ActPorts } from "./act-ports.ts";

type Inputs = PendingCreate["inputs"];
interface Place {
  readonly accountId: string;
  readonly region: string;
}
type IdOf = (inputs: Inputs, place: Place) => readonly unknown[];

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
  place: Place,
): string | undefined {
  const parts = IDS[type]?.(inputs, place);
  const isKnown = parts?.every((part) => typeof part === "string" && part !== "") === true;
  return isKnown ? parts.join("") : undefined;
}

type Own = (args: readonly string[]) => Promise<string>;

async function exportedBy(
  own: Own,
  at: readonly string[],
  { context, scratch }: Pick<ActPorts, "context" | "scratch">,
): Promise<unknown> {
  const file = join(scratch, "exported.json");
  await own(["stack", "export", ...at, "--file", file]);
  return JSON.parse(context.files.read(file) ?? "null");
}

async function importedBy(
  own: Own,
  at: readonly string[],
  { state, scratch }: { readonly state: unknown; readonly scratch: string },
): Promise<void> {
  const file = join(scratch, "imported.json");
  writeFileSync(file, JSON.stringify(state), { mode: 0o600 });
  await own(["stack", "import", ...at, "--file", file]);
}

/**
 * Takes into delivery's state what a killed Pulumi had begun to create and AWS has, so that the next update neither creates it
 * twice nor fails because it exists. Changes nothing at AWS, and can itself be killed anywhere.
 */
export async function takeOver(ports: ActPorts, backend: string, scratch: string): Promise<void> {
  const { context, run, agree, say } = ports;
  const { stack, config } = context.delivered();
  const at = ["--stack", stack];
  const own = (args: readonly string[]) => run("sparki-delivery", backend, args);
  const exported = () => exportedBy(own, at, { context, scratch });
  const imported = (state: unknown) => importedBy(own, at, { state, scratch });
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  try {
    const state = await exported();
    const [pending, unread] = [pendingCreates(state), unreadIn(state)];
    if (pending.length === 0 && unread.length === 0) return;
    const names = [...pending, ...unread].map(({ name }) => name);
    await agree(`An update was killed while it created ${names.join(", ")}. Take over what of it exists?`);
    const ids = pending.flatMap((each) => {
      const id = deliveredId(each, config);
      return id === undefined ? [] : [[each.urn, id] as const];
    });
    await imported(withGuesses(state, new Map(ids)));
    const urns = [...ids.map(([urn]) => urn), ...unread.map(({ urn }) => urn)];
    const targets = urns.flatMap((urn) => ["--target", urn]);
    if (urns.length > 0)
      await run("sparki-delivery", backend, ["refresh", ...at, ...targets, "--yes", "--skip-preview"]);
    await imported(withCreatesEnded(await exported(), new Set(pending.map(({ urn }) => urn))));
    say(`  took over what the killed update had created of ${names.length} resources`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * The same for the deployment's own stack, by the tags and names that its program gives everything: nothing where nothing
 * was left half-made.
 */
export async function adoptOwn(ports: ActPorts): Promise<void> {
  const { context, run, agree, say, scratch, signal, timeScale } = ports;
  const { backends, fullName, stack, aws, clock } = context;
  const at = ["--stack", fullName];
  const own = (args: readonly string[]) => run("sparki", backends.states, args);
  const engine: AdoptingEngine = {
    exportEncrypted: () => exportedBy(own, at, { context, scratch }),
    importState: (state) => importedBy(own, at, { state, scratch }),
    refresh: async (_watch, urns) => {
      await own(["refresh", ...at, ...urns.flatMap((urn) => ["--target", urn]), "--yes", "--skip-preview"]);
      return { outcome: "succeeded", failure: undefined };
    },
  };
  mkdirSync(scratch, { recursive: true, mode: 0o700 });
  try {
    const state = await engine.exportEncrypted();
    const names = [...pendingCreates(state), ...unreadIn(state)].map(({ name }) => name);
    if (names.length === 0) return;
    await agree(`An update was killed while it created ${names.join(", ")}. Take over what of it exists?`);
    const { adopted } = await adoptPending(state, { engine, aws, stack, clock, timeScale, signal, onProgress: say });
    say(`  took over what the killed update had created of ${names.length} resources: ${adopted.join(", ") || "none"}`);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}
