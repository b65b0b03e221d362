import { isRecord, type Properties, type Value } from "../provider/properties.ts";
import type { Services } from "../services.ts";
import type { Latency, ModelClock } from "./latency.ts";
import { TYPES } from "./types.ts";
import { text, texts } from "./values.ts";
import type { Vault, World, WorldResource } from "./world.ts";

/** A resource that is about to exist: what its id and outputs are made from. */
export interface Draft {
  readonly type: string;
  /** The program's name for it. */
  readonly logicalName: string;
  readonly inputs: Properties;
  readonly region: string;
  readonly accountId: string;
  readonly serial: number;
  readonly origin: string;
  /** Hex digits of this resource's own, the same again for the same label. */
  hex(label: string, length: number): string;
}

export interface Identified extends Draft {
  readonly id: string;
}

export interface Subject extends Identified {
  readonly arn: string;
}

/** An input that names another resource, which must exist. */
export interface Reference {
  /** Dotted path of the input; lists on the way are entered. */
  readonly path: string;
  readonly to: readonly string[];
  readonly missing: (identifier: string) => AwsError;
  /** The other resource cannot be deleted while this one exists. @default true */
  readonly holds?: boolean;
  /** Identifiers that need no resource, such as AWS's own. */
  readonly exempt?: (identifier: string) => boolean;
}

/** What no two resources may share. */
export interface Uniqueness {
  /** The types compared with each other. @default the model's own */
  readonly among?: readonly string[];
  /** What must differ; undefined when this resource does not take part. */
  readonly key: (inputs: Properties, type: string) => string | undefined;
  readonly taken: (inputs: Properties, other: WorldResource) => AwsError;
}

/** How many there may be at most. */
export interface Quota {
  readonly limit: number;
  /** Counted within what shares this key. @default the account and region */
  readonly within?: (inputs: Properties) => string | undefined;
  readonly exceeded: (limit: number) => AwsError;
}

/** What AWS makes on its own together with a resource. */
export interface Companion {
  readonly type: string;
  readonly id: string;
  readonly arn: string;
  readonly name?: string;
  readonly inputs?: Properties;
  readonly outputs?: Properties;
}

/** Everything a model may use while it acts. */
export interface Cloud {
  readonly world: World;
  readonly vault: Vault;
  readonly clock: ModelClock;
  readonly services: Services;
}

/** The real process behind a resource. */
export interface Backing {
  /** Brings it up as the inputs say; idempotent; resolves with further outputs. */
  start(subject: Subject, cloud: Cloud, signal: AbortSignal): Promise<Properties>;
  /** @default start */
  update?(subject: Subject, olds: Properties, cloud: Cloud): Promise<Properties>;
  stop?(resource: WorldResource, cloud: Cloud): Promise<void>;
  /** Starts only once the modelled latency has passed, as where AWS shows an effect late. @default false */
  afterLatency?: boolean;
}

type LatencyOf = Latency | ((inputs: Properties) => Latency);

/** How AWS treats one resource type. */
export interface ResourceModel {
  readonly type: string;
  /** As the provider names it in errors, for example `EC2 Subnet`. */
  readonly title: string;
  readonly required?: readonly string[];
  /** Inputs whose change makes a new resource; dotted paths, "*" for all but tags. */
  readonly immutable?: readonly string[];
  readonly defaults?: Properties;
  /** The input that carries the physical name; generated when the program gives none. */
  readonly nameProperty?: string;
  /** Not bound to a region. @default false */
  readonly global?: boolean;
  /** @default true */
  readonly tagged?: boolean;
  /** Inputs that are kept in the vault instead of the world. */
  readonly secrets?: readonly string[];
  id(draft: Draft, world: World): string;
  arn?(identified: Identified, world: World): string;
  readonly references?: readonly Reference[];
  readonly unique?: readonly Uniqueness[];
  readonly quotas?: readonly Quota[];
  /** Throws what AWS answers to inputs that do not fit together or do not fit the world. */
  validate?(draft: Draft, world: World): void;
  /** Outputs beside the inputs; unknown in a preview of the creation. */
  readonly outputs?: Readonly<Record<string, (subject: Subject, world: World) => Value>>;
  /** Outputs that a preview can tell in part. */
  preview?(inputs: Properties): Properties;
  companions?(subject: Subject, world: World): readonly Companion[];
  readonly latency?: { readonly create?: LatencyOf; readonly update?: LatencyOf; readonly delete?: LatencyOf };
  readonly backing?: Backing;
  /** Throws what AWS answers when the resource may not be deleted now. */
  mayDelete?(resource: WorldResource, world: World): void;
  /** What AWS answers when another resource still uses this one. */
  inUse?(resource: WorldResource, holder: WorldResource): AwsError;
  /** Model seconds that the provider tries again while the deletion is refused. @default 0 */
  readonly deleteRetrySeconds?: number;
  /** Called once it is gone. */
  afterDelete?(resource: WorldResource, cloud: Cloud): void;
  /** The resource was there before and stays afterwards: creation adopts it, deletion only forgets it. @default false */
  readonly adopted?: boolean;
}

/** What AWS answers when it refuses: its own error code, and words of the same meaning as its own. */
export class AwsError extends Error {
  readonly code: string;

  constructor(code: string, text: string) {
    super(`api error ${code}: ${text}`);
    this.name = "AwsError";
    this.code = code;
  }
}

/** Throws with the service's own code when the text is no policy document. */
export function checkPolicy(document: string | undefined, code: string): void {
  if (document === undefined) return;
  if (isPolicy(document)) return;
  throw new AwsError(code, "This policy contains invalid Json or has no Statement");
}

function isPolicy(document: string): boolean {
  try {
    const parsed: Value = JSON.parse(document);
    return isRecord(parsed) && parsed.Statement !== undefined;
  } catch {
    return false;
  }
}

/** The ARN of a regional resource. */
export function arnOf(
  { region, accountId }: Pick<Identified, "region" | "accountId">,
  service: string,
  resource: string,
) {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

/** The ARN of a resource of a service without regions. */
export function globalArn({ accountId }: Pick<Identified, "accountId">, service: string, resource: string) {
  return `arn:aws:${service}::${accountId}:${resource}`;
}

/** A UUID made of a resource's own digits. */
export function uuidOf(draft: Pick<Identified, "hex">, label: string): string {
  const digits = draft.hex(label, 32);
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`, `a${digits.slice(17, 20)}`];
  return [...parts, digits.slice(20)].join("-");
}

/** Upper-case letters and digits, as in hosted zones' and DB resources' ids. */
export function upperId(draft: Pick<Identified, "hex">, label: string, length: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const digits = draft.hex(label, length * 2);
  const letters = digits.match(/../g) ?? [];
  return letters.map((pair) => alphabet[Number.parseInt(pair, 16) % alphabet.length]).join("");
}

const weak = { holds: false } as const;

export function vpcReference(path = "vpcId"): Reference {
  return {
    path,
    to: [TYPES.vpc],
    missing: (id) => new AwsError("InvalidVpcID.NotFound", `The vpc ID '${id}' does not exist`),
  };
}

export function subnetReference(path: string, code = "InvalidSubnetID.NotFound", holds = true): Reference {
  const missing = (id: string) => new AwsError(code, `The subnet ID '${id}' does not exist`);
  return { path, to: [TYPES.subnet], missing, holds };
}

export function securityGroupReference(path: string, code = "InvalidGroup.NotFound", holds = true): Reference {
  const missing = (id: string) => new AwsError(code, `The security group '${id}' does not exist`);
  return { path, to: [TYPES.securityGroup], missing, holds };
}

/** KMS keys can always be scheduled for deletion, so they are never held. */
export function kmsKeyReference(
  path: string,
  code: string,
  words = "does not exist, is not enabled or may not be used",
): Reference {
  return {
    path,
    to: [TYPES.kmsKey, TYPES.kmsAlias],
    missing: (id) => new AwsError(code, `The specified KMS key '${id}' ${words}`),
    exempt: (id) => id.includes("alias/aws/"),
    ...weak,
  };
}

/** A role can be deleted while a service still has its ARN. */
export function roleReference(path: string, code: string, words: (arn: string) => string): Reference {
  return { path, to: [TYPES.role], missing: (arn) => new AwsError(code, words(arn)), ...weak };
}

export function logGroupReference(path: string, code = "ResourceNotFoundException"): Reference {
  return {
    path,
    to: [TYPES.logGroup],
    missing: (arn) => new AwsError(code, `The specified log group does not exist: ${arn}`),
    ...weak,
  };
}

/** Throws what AWS answers to inputs that do not fit the resources that they name. */
export type Check = (draft: Draft, world: World) => void;

export function fail(code: string, words: string): never {
  throw new AwsError(code, words);
}

export const textOf = (resource: WorldResource | undefined, path: string) => text(resource?.inputs ?? {}, path);

export function named(draft: Draft, path: string, types: readonly string[], world: World): WorldResource[] {
  return texts(draft.inputs, path).flatMap((id) => world.find(types, id) ?? []);
}
