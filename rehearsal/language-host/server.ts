import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { listenPrivately } from "../provider/private-port.ts";
import { runProgram, stopProgram } from "./program.ts";

type Unary<Request, Reply> = grpc.handleUnaryCall<Request, Reply>;

/**
 * Serves what `pulumi preview`, `up`, `refresh` and `destroy` ask of a language host; resolves with the port.
 * What only generates or installs code answers as unimplemented.
 */
export async function serveLanguage(engineAddress: string | undefined): Promise<number> {
  let engine = engineAddress ?? "";
  const server = new grpc.Server({ "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 });
  const handshake: Unary<messages.LanguageHandshakeRequest, messages.LanguageHandshakeResponse> = (call, reply) => {
    engine = call.request.getEngineAddress() || engine;
    reply(null, new messages.LanguageHandshakeResponse());
  };
  const run: Unary<messages.RunRequest, messages.RunResponse> = (call, reply) => {
    runProgram(call.request, engine).then((response) => reply(null, response), reply);
  };
  server.addService(services.LanguageRuntimeService, { handshake, run, ...QUESTIONS });
  return (await listenPrivately(server, "127.0.0.1")).port;
}

/** Answers that do not depend on the program: its providers are attached, so there is nothing to install. */
const QUESTIONS = {
  getRequiredPlugins: answer(() => new messages.GetRequiredPluginsResponse()),
  getRequiredPackages: answer(() => new messages.GetRequiredPackagesResponse()),
  getProgramDependencies: answer(() => new messages.GetProgramDependenciesResponse()),
  getPluginInfo: answer(() => new plugins.PluginInfo().setVersion("3.255.0")),
  runtimeOptionsPrompts: answer(() => new messages.RuntimeOptionsResponse()),
  about: answer(() => new messages.AboutResponse().setExecutable(process.execPath).setVersion(process.version)),
  installDependencies: (call: grpc.ServerWritableStream<unknown, unknown>) => call.end(),
  cancel: answer(() => {
    stopProgram();
    return new empty.Empty();
  }),
};

function answer<Reply>(reply: () => Reply): Unary<unknown, Reply> {
  return (_call, callback) => callback(null, reply());
}
