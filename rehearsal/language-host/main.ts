import { type ChildProcess, spawn } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/language_pb.js";
import plugins from "@pulumi/pulumi/proto/plugin_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { listenPrivately } from "../../tools/callers.ts";

/** The SDK's runner ends with this code when it has told the user already what went wrong. */
const TOLD_THE_USER = 32;

const running = new Set<ChildProcess>();

/** Runs the program in a Node process of its own through the SDK's runner, exactly as Pulumi's own host does. */
async function runProgram(request: messages.RunRequest, engine: string): Promise<messages.RunResponse> {
  const directory = request.getInfo()?.getProgramDirectory() || request.getPwd();
  const runner = createRequire(join(directory, "package.json")).resolve("@pulumi/pulumi/cmd/run");
  const program = [runner, ...flags(request, engine), entryPoint(request)];
  const child = spawn(process.execPath, [...nodeArguments(request), ...program], {
    // The engine shows both streams to the user; stdin belongs to the engine.
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, ...settings(request) },
  });
  running.add(child);
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("exit", resolve));
  running.delete(child);
  return responseFor(code);
}

/** Interrupts every program that runs. */
function stopProgram(): void {
  for (const child of running) child.kill("SIGINT");
}

/** The project's runtime option `nodeargs`, in which no argument of this project holds a space. */
function nodeArguments(request: messages.RunRequest): string[] {
  const { nodeargs } = request.getInfo()?.getOptions()?.toJavaScript() ?? {};
  return typeof nodeargs === "string" ? nodeargs.split(" ").filter((each) => each !== "") : [];
}

function flags(request: messages.RunRequest, engine: string): string[] {
  const dryRun = request.getDryrun() ? ["--dry-run"] : [];
  const rootDirectory = request.getInfo()?.getRootDirectory();
  return [
    `--monitor=${request.getMonitorAddress()}`,
    `--engine=${engine}`,
    `--organization=${request.getOrganization()}`,
    `--project=${request.getProject()}`,
    `--stack=${request.getStack()}`,
    `--parallel=${request.getParallel()}`,
    `--pwd=${request.getPwd()}`,
    ...(rootDirectory ? [`--root-directory=${rootDirectory}`] : []),
    ...dryRun,
  ];
}

function settings(request: messages.RunRequest): Record<string, string> {
  return {
    PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().getEntryList())),
    PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
  };
}

function entryPoint(request: messages.RunRequest): string {
  return request.getInfo()?.getEntryPoint() || request.getProgram() || ".";
}

function responseFor(code: number | null): messages.RunResponse {
  const response = new messages.RunResponse();
  if (code === TOLD_THE_USER) return response.setBail(true);
  return code === 0 ? response : response.setError(`the program ended with exit code ${code}`);
}

type Unary<Request, Reply> = grpc.handleUnaryCall<Request, Reply>;

/**
 * Serves what `pulumi preview`, `up`, `refresh` and `destroy` ask of a language host; resolves with the port.
 * What only generates or installs code answers as unimplemented.
 */
async function serveLanguage(engineAddress: string | undefined): Promise<number> {
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
  return (await listenPrivately(server, "127.0.0.1", grpc.ServerCredentials.createInsecure())).port;
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

// The engine reads the port from the first line of stdout.
process.stdout.write(`${await serveLanguage(process.argv.at(-1))}\n`);

// An engine that was killed could not end its host: the host's parent is another one then.
const engine = process.ppid;
setInterval(() => {
  if (process.ppid === engine) return;
  stopProgram();
  process.exit();
}, 1000).unref();
