import * as grpc from "@grpc/grpc-js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import * as calls from "./calls.ts";
import { construct } from "./component.ts";
import { rpcError } from "./failures.ts";
import type { ProviderModel } from "./model.ts";
import { listenPrivately } from "./private-port.ts";
import { receive } from "./properties.ts";
import { type OpenSession, Sessions } from "./sessions.ts";

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
  const listener = await listenPrivately(server, host);
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
    log: (severity: Parameters<calls.Context["log"]>[0], text: string) => session.log?.write(urn, severity, text),
  });
  const on = <Request, Reply>(
    act: (model: ProviderModel, message: Request, bind: ReturnType<typeof bound>) => Promise<Reply>,
  ) => answering(sessions, (message: Request, session) => act(model, message, bound(session)));
  return {
    check: on(calls.check),
    diff: on(calls.diff),
    create: on(calls.create),
    read: on(calls.read),
    update: on(calls.update),
    delete: on(calls.remove),
    invoke: answering(sessions, (message: messages.InvokeRequest, session) => calls.invoke(model, message, session)),
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
    diffConfig: answering(sessions, (message: messages.DiffRequest) => calls.diffConfig(model, message)),
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
