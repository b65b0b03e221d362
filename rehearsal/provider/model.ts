import * as grpc from "@grpc/grpc-js";
import providerMessages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessages from "@pulumi/pulumi/proto/status_pb.js";
import any from "google-protobuf/google/protobuf/any_pb.js";
import { messageOf } from "../../shared/deploy-error.ts";
import { isList, isRecord, type Path, type Properties, send, type Value } from "./properties.ts";

/** What a provider does; the server translates the engine's calls to it. Only `check` to `delete` are asked for resources. */
export interface ProviderModel {
  readonly name: string;
  readonly version: string;
  /** Called once for each provider instance with its configuration, before its first resource. */
  configure?(session: Session): Promise<void> | void;
  /** Compares a provider instance's old and new configuration; without it any change is an update in place. */
  diffConfig?(olds: Properties, news: Properties): Difference;
  /** Validates and completes the inputs; runs in preview too, so inputs may be unknown. */
  check(request: CheckRequest): Promise<Checked> | Checked;
  diff(request: DiffRequest): Promise<Difference> | Difference;
  /** Makes the resource, or in preview says what it would look like, with `UNKNOWN` for what only creation tells. */
  create(request: CreateRequest): Promise<Created> | Created;
  /** The resource as it is now, or undefined when it is gone. With empty `inputs` it is being imported. */
  read(request: ReadRequest): Promise<Read | undefined> | Read | undefined;
  update(request: UpdateRequest): Promise<Outputs> | Outputs;
  delete(request: DeleteRequest): Promise<void> | void;
  /** Answers a provider function such as `aws:index/getRegion:getRegion`. */
  invoke?(request: InvokeRequest): Promise<Properties> | Properties;
  /** Registers a component's children with the engine. */
  construct?(request: ConstructRequest): Promise<Constructed>;
}

/** One provider instance: the engine opens one connection for each, so two instances with one server stay apart. */
export interface Session {
  /** The configuration as the engine sent it; nested values are JSON texts, as in the SDK's provider classes. */
  readonly config: Properties;
  /** Aborted when the engine cancels the operation. */
  readonly signal: AbortSignal;
}

/** Severities of the engine's log. */
export type Severity = "debug" | "info" | "warning" | "error";

/** What every call about a resource carries. */
export interface ResourceRequest {
  readonly urn: string;
  /** The type token, e.g. `aws:ec2/vpc:Vpc`. */
  readonly type: string;
  /** The resource's logical name. */
  readonly name: string;
  readonly session: Session;
  readonly signal: AbortSignal;
  /** Shows a line under this resource in the engine's progress; never fails. */
  log(severity: Severity, message: string): void;
}

export interface CheckRequest extends ResourceRequest {
  readonly olds: Properties;
  readonly news: Properties;
  /** Where in the new inputs a value is marked secret. */
  readonly secrets: readonly Path[];
  /** Stable for a resource within an update: the source of generated names. */
  readonly randomSeed: Uint8Array;
}

export interface Checked {
  readonly inputs: Properties;
  /** Inputs to mark secret beside those that came so, where the model made one out of another. */
  readonly secrets?: readonly Path[];
  readonly failures?: readonly { readonly property: string; readonly reason: string }[];
}

export interface DiffRequest extends ResourceRequest {
  readonly id: string;
  /** The old outputs (the resource's state). */
  readonly olds: Properties;
  readonly oldInputs: Properties;
  readonly news: Properties;
}

export type DifferenceKind = "add" | "delete" | "update" | "add-replace" | "delete-replace" | "update-replace";

export interface Difference {
  /** How each changed property changes, by its path (`tags.Name`, `rules[0].port`); empty when nothing changes. */
  readonly detailed: Readonly<Record<string, DifferenceKind>>;
  /** The old resource must go before the new one can exist. @default false */
  readonly deleteBeforeReplace?: boolean;
}

export interface CreateRequest extends ResourceRequest {
  readonly inputs: Properties;
  readonly preview: boolean;
  /** The program's own limit (customTimeouts); 0 when it gave none. */
  readonly timeoutSeconds: number;
  /** Where in the inputs a value is marked secret. */
  readonly secrets: readonly Path[];
}

export interface Outputs {
  readonly properties: Properties;
  /** Outputs to mark secret beside those whose inputs were. */
  readonly secrets?: readonly Path[];
}

export interface Created extends Outputs {
  /** Ignored in preview. */
  readonly id: string;
}

export interface ReadRequest extends ResourceRequest {
  readonly id: string;
  readonly inputs: Properties;
  readonly properties: Properties;
}

export interface Read extends Created {
  readonly inputs: Properties;
}

export interface UpdateRequest extends ResourceRequest {
  readonly id: string;
  readonly olds: Properties;
  readonly oldInputs: Properties;
  readonly inputs: Properties;
  readonly preview: boolean;
  readonly timeoutSeconds: number;
  readonly secrets: readonly Path[];
}

export interface DeleteRequest extends ResourceRequest {
  readonly id: string;
  readonly properties: Properties;
  readonly oldInputs: Properties;
  readonly timeoutSeconds: number;
}

export interface InvokeRequest {
  /** The function's token. */
  readonly token: string;
  readonly args: Properties;
  readonly session: Session;
}

export interface ConstructRequest {
  readonly type: string;
  readonly name: string;
  /** URN of the parent, or empty. */
  readonly parent: string;
  /** Secrets stay wrapped, unknown values stay unknown: both may be passed to children as they are. */
  readonly inputs: Properties;
  readonly inputDependencies: Readonly<Record<string, readonly string[]>>;
  /** References of provider instances by package name. */
  readonly providers: Readonly<Record<string, string>>;
  readonly dependencies: readonly string[];
  readonly protect: boolean;
  readonly preview: boolean;
  /** Address of the engine's resource monitor. */
  readonly monitorAddress: string;
  readonly session: Session;
}

export interface Constructed {
  readonly urn: string;
  /** Secrets must be wrapped already. */
  readonly state: Properties;
  readonly stateDependencies: Readonly<Record<string, readonly string[]>>;
}

/** A resource that exists but is not as asked for: the engine keeps it in state and tries to update it next time. */
export class PartialFailure extends Error {
  readonly id: string;
  readonly inputs: Properties;
  readonly properties: Properties;
  /** Paths in inputs and properties to mark secret. */
  secrets: readonly Path[] = [];

  constructor(message: string, partial: { id: string; inputs: Properties; properties: Properties }) {
    super(message);
    this.name = "PartialFailure";
    this.id = partial.id;
    this.inputs = partial.inputs;
    this.properties = partial.properties;
  }
}

/** The engine is not answered: it knows no more than that the provider is gone. */
export class ConnectionLost extends Error {
  constructor() {
    super("transport is closing");
    this.name = "ConnectionLost";
  }
}

/** The gRPC error for a thrown value; a partial failure carries the resource as it stands. */
export function rpcError(error: unknown): Partial<grpc.StatusObject> {
  const details = messageOf(error);
  if (error instanceof ConnectionLost) return { code: grpc.status.UNAVAILABLE, details };
  if (!(error instanceof PartialFailure)) return { code: grpc.status.UNKNOWN, details };
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(partialStatus(error).serializeBinary()));
  return { code: grpc.status.UNKNOWN, details, metadata };
}

function partialStatus(error: PartialFailure): statusMessages.Status {
  const detail = new providerMessages.ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setReasonsList([error.message]);
  detail.setProperties(send(error.properties, error.secrets));
  detail.setInputs(send(error.inputs, error.secrets));
  const packed = new any.Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new statusMessages.Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(error.message);
  status.addDetails(packed);
  return status;
}

/**
 * How the new inputs differ from the old, leaf by leaf; an immutable one makes a replacement.
 * Immutable is a dotted path without list positions, and covers what is below it; "*" is all but tags, "!x" excepts x.
 */
export function differenceOf(olds: Properties, news: Properties, immutable: readonly string[]): Difference {
  const changes = compare(olds, news, "");
  const entries = changes.map(({ path, kind }) => [
    path,
    replaces(path, immutable) ? (`${kind}-replace` as const) : kind,
  ]);
  return { detailed: Object.fromEntries(entries) };
}

interface Change {
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
}

function compare(old: Value | undefined, now: Value | undefined, path: string): Change[] {
  const [before, after] = [old ?? undefined, now ?? undefined];
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ path, kind: "add" }];
  if (after === undefined) return [{ path, kind: "delete" }];
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => compare(before[key], after[key], joined(path, key)));
  }
  if (isList(before) && isList(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      compare(before[index], after[index], `${path}[${index}]`),
    );
  }
  return before === after ? [] : [{ path, kind: "update" }];
}

function joined(path: string, key: string): string {
  const plain = /^[A-Za-z_][\w-]*$/.test(key);
  if (!plain) return `${path}["${key.replaceAll('"', '\\"')}"]`;
  return path === "" ? key : `${path}.${key}`;
}

const TAGS = ["tags", "tagsAll"];

function replaces(path: string, immutable: readonly string[]): boolean {
  const plain = path.replaceAll(/\[[^\]]*\]/g, "");
  const covers = (prefix: string) => plain === prefix || plain.startsWith(`${prefix}.`);
  if ([...TAGS, ...immutable.filter((it) => it.startsWith("!")).map((it) => it.slice(1))].some(covers)) return false;
  return immutable.some((prefix) => prefix === "*" || covers(prefix));
}

/** True when a difference has a change that makes a new resource. */
export function isReplacement({ detailed }: Difference): boolean {
  return Object.values(detailed).some((kind: DifferenceKind) => kind.endsWith("-replace"));
}
