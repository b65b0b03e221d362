import * as grpc from "@grpc/grpc-js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { listenPrivately } from "../../tools/callers.ts";
import {
  ConnectionLost,
  type Difference,
  type DifferenceKind,
  PartialFailure,
  type ProviderModel,
  type ResourceRequest,
  rpcError,
  type Session,
  type Severity,
} from "./model.ts";
import { type Path, type Properties, type Received, receive, receiveWrapped, send } from "./properties.ts";

/** A provider that the engine reaches through `PULUMI_DEBUG_PROVIDERS=<name>:<port>`. */
export interface ServedProvider {
  readonly port: number;
  /** Aborts what is in flight and closes every connection. */
  close(): Promise<void>;
}

/**
 * Serves a provider model to the Pulumi engine over gRPC on a free port, which answers processes of our own user alone.
 *
 * Secrets: the server accepts them, hands models plain values, and marks an output secret where the input at the same
 * path was, plus what the model names. Unknown values reach models as `UNKNOWN` and may be sent back.
 */
export async function serveProvider(
  model: ProviderModel,
  { host = "127.0.0.1" }: { host?: string } = {},
): Promise<ServedProvider> {
  const sessions = new Sessions();
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  server.addService(services.ResourceProviderService, handlers(model, sessions));
  const listener = await listenPrivately(server, host, grpc.ServerCredentials.createInsecure());
  return {
    port: listener.port,
    close: async () => {
      listener.close();
      sessions.closeAll();
      server.forceShutdown();
    },
  };
}

function handlers(model: ProviderModel, sessions: Sessions): grpc.UntypedServiceImplementation {
  return { ...resourceHandlers(model, sessions), ...instanceHandlers(model, sessions) };
}

function resourceHandlers(model: ProviderModel, sessions: Sessions): grpc.UntypedServiceImplementation {
  const bound = (session: OpenSession) => (urn: string) => ({
    session,
    signal: session.signal,
    log: (severity: Parameters<Context["log"]>[0], text: string) => session.log?.write(urn, severity, text),
  });
  const on = <Request, Reply>(
    act: (model: ProviderModel, message: Request, bind: ReturnType<typeof bound>) => Promise<Reply>,
  ) => answering(sessions, (message: Request, session) => act(model, message, bound(session)));
  return {
    check: on(check),
    diff: on(diff),
    create: on(create),
    read: on(read),
    update: on(update),
    delete: on(remove),
    invoke: answering(sessions, (message: messages.InvokeRequest, session) => invoke(model, message, session)),
    construct: answering(sessions, (message: messages.ConstructRequest, session) => construct(model, message, session)),
  };
}

function instanceHandlers(model: ProviderModel, sessions: Sessions): grpc.UntypedServiceImplementation {
  return {
    handshake: answering(sessions, (message: messages.ProviderHandshakeRequest, _session, peer) => {
      sessions.attach(peer, message.getEngineAddress());
      return new messages.ProviderHandshakeResponse().setAcceptSecrets(true).setAcceptResources(true);
    }),
    attach: answering(sessions, (message: pluginMessages.PluginAttach, _session, peer) => {
      sessions.attach(peer, message.getAddress());
      return new empty.Empty();
    }),
    getPluginInfo: answering(sessions, () => new pluginMessages.PluginInfo().setVersion(model.version)),
    getSchema: answering(sessions, () => new messages.GetSchemaResponse().setSchema("{}")),
    checkConfig: answering(sessions, (message: messages.CheckRequest) =>
      new messages.CheckResponse().setInputs(message.getNews()),
    ),
    diffConfig: answering(sessions, (message: messages.DiffRequest) => diffConfig(model, message)),
    configure: answering(sessions, async (message: messages.ConfigureRequest, session) => {
      session.config = receive(message.getArgs()).values;
      await model.configure?.(session);
      return new messages.ConfigureResponse().setAcceptsecrets(true).setAcceptresources(true).setSupportspreview(true);
    }),
    cancel: answering(sessions, (_message: empty.Empty, session) => {
      session.abort();
      return new empty.Empty();
    }),
  };
}

function answering<Request, Reply>(
  sessions: Sessions,
  act: (message: Request, session: OpenSession, peer: string) => Promise<Reply> | Reply,
): grpc.handleUnaryCall<Request, Reply> {
  return async (call, callback) => {
    try {
      const peer = call.getPeer();
      callback(null, await act(call.request, sessions.of(peer), peer));
    } catch (error) {
      callback(rpcError(error));
    }
  };
}

/** Asks the model to construct a component; its inputs keep their secrets wrapped, so that children inherit them. */
async function construct(model: ProviderModel, message: messages.ConstructRequest, session: Session) {
  if (model.construct === undefined) throw new Error(`sparki rehearsal: no component ${message.getType()}`);
  const constructed = await model.construct({
    type: message.getType(),
    name: message.getName(),
    parent: message.getParent(),
    inputs: receiveWrapped(message.getInputs()),
    inputDependencies: dependenciesOf(message),
    providers: Object.fromEntries(message.getProvidersMap().toArray()),
    dependencies: message.getDependenciesList(),
    protect: message.getProtect() ?? false,
    preview: message.getDryrun(),
    monitorAddress: message.getMonitorendpoint(),
    session,
  });
  const reply = new messages.ConstructResponse();
  reply.setUrn(constructed.urn);
  reply.setState(send(constructed.state));
  for (const [key, urns] of Object.entries(constructed.stateDependencies)) {
    const dependencies = new messages.ConstructResponse.PropertyDependencies();
    dependencies.setUrnsList([...urns]);
    reply.getStatedependenciesMap().set(key, dependencies);
  }
  return reply;
}

function dependenciesOf(message: messages.ConstructRequest): Record<string, string[]> {
  const entries = message.getInputdependenciesMap().toArray();
  return Object.fromEntries(
    entries.map(([key]) => [key, message.getInputdependenciesMap().get(key)?.getUrnsList() ?? []]),
  );
}

/** What a call about a resource needs beside its message. */
type Context = Omit<ResourceRequest, "urn" | "type" | "name">;

type Identified = { getUrn(): string; getType(): string; getName(): string };
type Bound = (urn: string) => Context;

function about(message: Identified, bind: Bound): ResourceRequest {
  const urn = message.getUrn();
  return { ...bind(urn), urn, type: message.getType(), name: message.getName() };
}

async function check(model: ProviderModel, message: messages.CheckRequest, bind: Bound) {
  const news = receive(message.getNews());
  const olds = receive(message.getOlds()).values;
  const randomSeed = message.getRandomseed_asU8();
  const checked = await model.check({
    ...about(message, bind),
    olds,
    news: news.values,
    secrets: news.secrets,
    randomSeed,
  });
  const reply = new messages.CheckResponse();
  reply.setInputs(send(checked.inputs, [...news.secrets, ...(checked.secrets ?? [])]));
  reply.setFailuresList((checked.failures ?? []).map(toFailure));
  return reply;
}

function toFailure({ property, reason }: { property: string; reason: string }): messages.CheckFailure {
  const failure = new messages.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

async function diff(model: ProviderModel, message: messages.DiffRequest, bind: Bound) {
  const difference = await model.diff({
    ...about(message, bind),
    id: message.getId(),
    olds: receive(message.getOlds()).values,
    oldInputs: receive(message.getOldInputs()).values,
    news: receive(message.getNews()).values,
  });
  return toDiffResponse(difference);
}

function diffConfig(model: ProviderModel, message: messages.DiffRequest) {
  if (model.diffConfig === undefined) return new messages.DiffResponse();
  const olds = receive(message.getOldInputs() ?? message.getOlds()).values;
  return toDiffResponse(model.diffConfig(olds, receive(message.getNews()).values));
}

/** Runs `act`; the properties in a partial failure keep the inputs' secrets marked. */
async function marking<T>(secrets: readonly Path[], act: () => Promise<T> | T): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof PartialFailure) error.secrets = [...error.secrets, ...secrets];
    throw error;
  }
}

async function create(model: ProviderModel, message: messages.CreateRequest, bind: Bound) {
  const inputs = receive(message.getProperties());
  const request = { ...about(message, bind), ...operation(message, inputs), inputs: inputs.values };
  const created = await marking(inputs.secrets, () => model.create(request));
  const reply = new messages.CreateResponse();
  reply.setId(message.getPreview() ? "" : created.id);
  reply.setProperties(send(created.properties, [...inputs.secrets, ...(created.secrets ?? [])]));
  return reply;
}

async function update(model: ProviderModel, message: messages.UpdateRequest, bind: Bound) {
  const inputs = receive(message.getNews());
  const updated = await marking(inputs.secrets, () =>
    model.update({
      ...about(message, bind),
      ...operation(message, inputs),
      id: message.getId(),
      olds: receive(message.getOlds()).values,
      oldInputs: receive(message.getOldInputs()).values,
      inputs: inputs.values,
    }),
  );
  const reply = new messages.UpdateResponse();
  reply.setProperties(send(updated.properties, [...inputs.secrets, ...(updated.secrets ?? [])]));
  return reply;
}

function operation(message: { getPreview(): boolean; getTimeout(): number }, inputs: Received) {
  return {
    preview: message.getPreview(),
    timeoutSeconds: message.getTimeout(),
    secrets: inputs.secrets,
  };
}

async function read(model: ProviderModel, message: messages.ReadRequest, bind: Bound) {
  const inputs = receive(message.getInputs());
  const properties = receive(message.getProperties());
  const found = await model.read({
    ...about(message, bind),
    id: message.getId(),
    inputs: inputs.values,
    properties: properties.values,
  });
  const reply = new messages.ReadResponse();
  if (found === undefined) return reply;
  reply.setId(found.id);
  reply.setInputs(send(found.inputs, inputs.secrets));
  reply.setProperties(send(found.properties, [...properties.secrets, ...(found.secrets ?? [])]));
  return reply;
}

async function remove(model: ProviderModel, message: messages.DeleteRequest, bind: Bound) {
  await model.delete({
    ...about(message, bind),
    id: message.getId(),
    properties: receive(message.getProperties()).values,
    oldInputs: receive(message.getOldInputs()).values,
    timeoutSeconds: message.getTimeout(),
  });
  return new empty.Empty();
}

async function invoke(model: ProviderModel, message: messages.InvokeRequest, session: Session) {
  if (model.invoke === undefined) throw new Error(`sparki rehearsal: no function ${message.getTok()}`);
  const args = receive(message.getArgs());
  const result = await model.invoke({ token: message.getTok(), args: args.values, session });
  const reply = new messages.InvokeResponse();
  const secrets = args.secrets.length > 0 ? Object.keys(result).map((key) => [key]) : [];
  reply.setReturn(send(result, secrets));
  return reply;
}

const KINDS: Record<DifferenceKind, messages.PropertyDiff.Kind> = {
  add: messages.PropertyDiff.Kind.ADD,
  delete: messages.PropertyDiff.Kind.DELETE,
  update: messages.PropertyDiff.Kind.UPDATE,
  "add-replace": messages.PropertyDiff.Kind.ADD_REPLACE,
  "delete-replace": messages.PropertyDiff.Kind.DELETE_REPLACE,
  "update-replace": messages.PropertyDiff.Kind.UPDATE_REPLACE,
};

/** The engine's form of a difference; the first key of each path is what it lists as changed or replacing. */
function toDiffResponse(difference: Difference): messages.DiffResponse {
  const reply = new messages.DiffResponse();
  const changes = Object.entries(difference.detailed);
  const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
  reply.setChanges(changes.length === 0 ? DIFF_NONE : DIFF_SOME);
  reply.setHasdetaileddiff(true);
  for (const [path, kind] of changes) {
    const property = new messages.PropertyDiff();
    property.setKind(KINDS[kind]);
    property.setInputdiff(true);
    reply.getDetaileddiffMap().set(path, property);
  }
  const topLevel = (path: string) => path.split(/[.[]/, 1)[0] ?? path;
  const replaced = changes.filter(([, kind]) => kind.endsWith("-replace")).map(([path]) => topLevel(path));
  reply.setReplacesList([...new Set(replaced)]);
  reply.setDiffsList([...new Set(changes.map(([path]) => topLevel(path)))]);
  reply.setDeletebeforereplace(difference.deleteBeforeReplace ?? false);
  return reply;
}

/** The engine's log of one provider instance. */
interface EngineLog {
  /** Shows a line under the resource; lines keep their order; a vanished engine is ignored. */
  write(urn: string, severity: Severity, message: string): void;
  close(): void;
}

const SEVERITIES = {
  debug: engineMessages.LogSeverity.DEBUG,
  info: engineMessages.LogSeverity.INFO,
  warning: engineMessages.LogSeverity.WARNING,
  error: engineMessages.LogSeverity.ERROR,
} as const;

/** Connects to the engine that attached itself at `address` (host:port). */
function connectEngineLog(address: string): EngineLog {
  const client = new engineServices.EngineClient(address, grpc.credentials.createInsecure());
  let previous: Promise<void> = Promise.resolve();
  return {
    write(urn, severity, message) {
      const request = new engineMessages.LogRequest();
      request.setUrn(urn);
      request.setSeverity(SEVERITIES[severity]);
      request.setMessage(message);
      previous = previous.then(() => new Promise((resolve) => client.log(request, () => resolve())));
    },
    close: () => void previous.then(() => client.close()),
  };
}

/** One engine connection's state behind the `Session` that models see. */
interface OpenSession extends Session {
  config: Properties;
  engineAddress: string | undefined;
  log: EngineLog | undefined;
  abort(): void;
}

/**
 * The provider instances that share one server. The engine's calls do not name the instance they are for,
 * but each instance has its own connection, so the peer's address tells them apart.
 */
class Sessions {
  readonly #byPeer = new Map<string, OpenSession>();

  of(peer: string): OpenSession {
    const known = this.#byPeer.get(peer);
    if (known !== undefined) return known;
    const opened = open();
    this.#byPeer.set(peer, opened);
    return opened;
  }

  /**
   * Remembers where the engine of this connection listens for log lines. Another engine's connection may have had the same
   * port once: nothing of that one counts for this one, least of all that its work was cancelled.
   */
  attach(peer: string, engineAddress: string): void {
    const earlier = this.of(peer);
    if (engineAddress === "" || earlier.engineAddress === engineAddress) return;
    earlier.log?.close();
    const session = earlier.engineAddress === undefined ? earlier : open();
    this.#byPeer.set(peer, session);
    session.engineAddress = engineAddress;
    session.log = connectEngineLog(engineAddress);
  }

  closeAll(): void {
    for (const session of this.#byPeer.values()) {
      session.abort();
      session.log?.close();
    }
    this.#byPeer.clear();
  }
}

function open(): OpenSession {
  const controller = new AbortController();
  const { signal } = controller;
  return { config: {}, engineAddress: undefined, log: undefined, signal, abort: () => controller.abort() };
}

/** The end of a provider's call at which it can be held: it has not acted yet, or has and the engine does not know it. */
type Moment = "before" | "after";

/** Which call is held: the first of the operation about the resource of that logical name. */
interface HeldCall {
  readonly name: string;
  readonly operation: "check" | "create" | "update" | "delete";
  readonly moment: Moment;
}

/** Holds calls of the providers, so that something can be killed, or break, exactly there. */
export class Boundaries {
  #wanted: readonly HeldCall[] = [];
  #isLost = false;
  readonly #held = new Map<HeldCall, () => void>();

  /** From now on these calls are held when they come, and providers that were lost are there again; what was held before continues. */
  hold(wanted: readonly HeldCall[]): void {
    this.#isLost = false;
    this.#wanted = wanted;
    for (const release of this.#held.values()) release();
    this.#held.clear();
  }

  /** Until `hold` the engine is answered no change, as when the providers have died; what they had done stays done. */
  lose(): void {
    this.hold([]);
    this.#isLost = true;
  }

  /** The calls that have come and are held, by the resource's name. */
  get held(): readonly string[] {
    return [...this.#held.keys()].map(({ name }) => name);
  }

  /**
   * The provider with its calls held where that is wanted; previews are never held, but in a resource's check, which does not
   * know whether it is one. An update checks a resource when all that it needs is done, and before its hooks run.
   */
  around(model: ProviderModel): ProviderModel {
    const held = async <T>(request: ResourceRequest, operation: HeldCall["operation"], act: () => T | Promise<T>) => {
      await this.#pass(request, operation, "before");
      const done = await act();
      await this.#pass(request, operation, "after");
      return done;
    };
    return new Proxy(model, {
      get: (target, key) => {
        if (key === "create" || key === "update")
          return (request: Parameters<ProviderModel["create"]>[0] & Parameters<ProviderModel["update"]>[0]) =>
            request.preview ? target[key](request) : held<unknown>(request, key, () => target[key](request));
        if (key === "delete")
          return (request: Parameters<ProviderModel["delete"]>[0]) => held(request, key, () => target.delete(request));
        if (key === "check")
          return (request: Parameters<ProviderModel["check"]>[0]) => held(request, key, () => target.check(request));
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  async #pass({ name }: ResourceRequest, operation: HeldCall["operation"], moment: Moment): Promise<void> {
    const wanted = this.#wanted.find(
      (each) => each.name === name && each.operation === operation && each.moment === moment,
    );
    if (wanted !== undefined) {
      this.#wanted = this.#wanted.filter((each) => each !== wanted);
      await new Promise<void>((resolve) => this.#held.set(wanted, resolve));
    }
    if (this.#isLost && operation !== "check") throw new ConnectionLost();
  }
}
