import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import * as grpc from "@grpc/grpc-js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessages from "@pulumi/pulumi/proto/status_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import { type Path, type Properties, receive, receiveWrapped, send } from "../../../rehearsal/provider/properties.ts";

/** A resource as the engine keeps it in the state. */
export interface Kept {
  readonly id: string;
  readonly inputs: Properties;
  readonly outputs: Properties;
  /** The outputs with what is secret in its wrapping: what the provider is given back. */
  readonly state: Properties;
}

/** Thrown for a call that the provider refuses; with what it says exists nevertheless. */
export class Refused extends Error {
  readonly kept: Kept | undefined;

  constructor(message: string, kept: Kept | undefined) {
    super(message);
    this.kept = kept;
  }
}

export interface Named {
  readonly type: string;
  readonly name: string;
}

/** As a program's own time-out of a creation says. */
const READY_SECONDS = 20;

/** Asks one provider instance as the engine does, keeping nothing: what a state would hold is handed back. */
export class ProviderClient {
  readonly #client: services.ResourceProviderClient;
  readonly #end: () => Promise<void>;
  /** Ends the provider as a crash would. */
  readonly kill: () => Promise<void>;

  private constructor(client: services.ResourceProviderClient, end: () => Promise<void>, kill: () => Promise<void>) {
    this.#client = client;
    this.#end = end;
    this.kill = kill;
  }

  /** A provider that this process serves already. */
  static async attached(port: number, engine: string, kill: () => Promise<void>): Promise<ProviderClient> {
    const address = `127.0.0.1:${port}`;
    const options = { "grpc.use_local_subchannel_pool": 1, "grpc.max_receive_message_length": -1 };
    const client = new services.ResourceProviderClient(address, grpc.credentials.createInsecure(), options);
    const made = new ProviderClient(client, async () => undefined, kill);
    await made.#call<empty.Empty>((done) => client.attach(new pluginMessages.PluginAttach().setAddress(engine), done));
    return made;
  }

  /** A plugin as the engine starts it: it prints the port that it listens on. */
  static async started(
    program: string,
    engine: string,
    { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
  ): Promise<ProviderClient> {
    const child = spawn(program, [], { cwd, env, stdio: ["ignore", "pipe", "inherit"] });
    const [port] = await once(createInterface(child.stdout), "line");
    const end = async (signal: NodeJS.Signals) => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const exited = once(child, "exit");
      child.kill(signal);
      await exited;
    };
    const made = await ProviderClient.attached(Number(port), engine, () => end("SIGKILL"));
    return new ProviderClient(
      made.#client,
      () => end("SIGTERM"),
      () => end("SIGKILL"),
    );
  }

  async close(): Promise<void> {
    this.#client.close();
    await this.#end();
  }

  async configure(config: Properties): Promise<void> {
    const request = new messages.ConfigureRequest()
      .setArgs(send(config))
      .setAcceptsecrets(true)
      .setAcceptresources(true);
    for (const [key, value] of Object.entries(config))
      request.getVariablesMap().set(`kubernetes:config:${key}`, `${value}`);
    await this.#call((done) => this.#client.configure(request, done));
  }

  /** The inputs as the provider completes them, and as policies see them. */
  async check(named: Named, news: Properties, olds: Properties = {}) {
    const request = about(new messages.CheckRequest(), named).setNews(send(news)).setOlds(send(olds));
    const reply = await this.#call<messages.CheckResponse>((done) =>
      this.#client.check(request.setRandomseed(Buffer.from("12345678")), done),
    );
    const { values, secrets } = receive(reply.getInputs());
    const failures = reply.getFailuresList().map((each) => `${each.getProperty()}: ${each.getReason()}`);
    return { inputs: values, secrets, failures };
  }

  async diff(named: Named, kept: Kept, news: Properties) {
    const request = about(new messages.DiffRequest(), named)
      .setId(kept.id)
      .setOlds(send(kept.state))
      .setOldInputs(send(kept.inputs))
      .setNews(send(news));
    const reply = await this.#call<messages.DiffResponse>((done) => this.#client.diff(request, done));
    return differenceIn(reply);
  }

  async diffConfig(olds: Properties, news: Properties) {
    const named = { type: "pulumi:providers:kubernetes", name: "cluster" };
    const request = about(new messages.DiffRequest(), named)
      .setOlds(send(olds))
      .setOldInputs(send(olds))
      .setNews(send(news));
    return differenceIn(await this.#call<messages.DiffResponse>((done) => this.#client.diffConfig(request, done)));
  }

  async create(
    named: Named,
    inputs: Properties,
    preview = false,
  ): Promise<Kept & { readonly secrets: readonly Path[] }> {
    const request = about(new messages.CreateRequest(), named)
      .setProperties(send(inputs))
      .setPreview(preview)
      .setTimeout(READY_SECONDS);
    const reply = await this.#call<messages.CreateResponse>((done) => this.#client.create(request, done), inputs);
    const { values, secrets } = receive(reply.getProperties());
    return { id: reply.getId(), inputs, outputs: values, state: receiveWrapped(reply.getProperties()), secrets };
  }

  /** Asks for a resource and hangs up a second later, as an engine does that is killed. */
  async createAndLeave(named: Named, inputs: Properties): Promise<void> {
    const request = about(new messages.CreateRequest(), named).setProperties(send(inputs)).setTimeout(READY_SECONDS);
    const call = this.#client.create(request, () => undefined);
    await delay(1000);
    call.cancel();
  }

  async update(named: Named, kept: Kept, inputs: Properties): Promise<Kept> {
    const request = about(new messages.UpdateRequest(), named)
      .setId(kept.id)
      .setOlds(send(kept.state))
      .setOldInputs(send(kept.inputs))
      .setNews(send(inputs));
    const reply = await this.#call<messages.UpdateResponse>((done) => this.#client.update(request, done), kept.inputs);
    const properties = reply.getProperties();
    return { id: kept.id, inputs, outputs: receive(properties).values, state: receiveWrapped(properties) };
  }

  /** The resource as a refresh finds it; undefined when it is gone. */
  async read(named: Named, kept: Kept): Promise<Kept | undefined> {
    const request = about(new messages.ReadRequest(), named)
      .setId(kept.id)
      .setInputs(send(kept.inputs))
      .setProperties(send(kept.state));
    const reply = await this.#call<messages.ReadResponse>((done) => this.#client.read(request, done), kept.inputs);
    if (reply.getId() === "") return undefined;
    return {
      id: reply.getId(),
      inputs: receive(reply.getInputs()).values,
      outputs: receive(reply.getProperties()).values,
      state: receiveWrapped(reply.getProperties()),
    };
  }

  async remove(named: Named, kept: Kept): Promise<void> {
    const request = about(new messages.DeleteRequest(), named)
      .setId(kept.id)
      .setProperties(send(kept.state))
      .setOldInputs(send(kept.inputs));
    await this.#call((done) => this.#client.delete(request, done));
  }

  /** Rejects with Refused; `inputs` are those that the engine keeps where the provider names none. */
  #call<Reply>(
    start: (done: (error: grpc.ServiceError | null, reply: Reply) => void) => void,
    inputs: Properties = {},
  ) {
    return new Promise<Reply>((resolve, reject) =>
      start((error, reply) => (error === null ? resolve(reply) : reject(refusal(error, inputs)))),
    );
  }
}

function about<T extends { setUrn(urn: string): T; setType(type: string): T; setName(name: string): T }>(
  message: T,
  { type, name }: Named,
): T {
  return message.setUrn(`urn:pulumi:test::sparki::${type}::${name}`).setType(type).setName(name);
}

function differenceIn(reply: messages.DiffResponse) {
  const detailed = reply
    .getDetaileddiffMap()
    .toArray()
    .map(([path]) => path.split(/[.[]/, 1)[0] ?? path);
  return {
    changes: [...new Set([...reply.getDiffsList(), ...detailed])].sort(),
    replaces: reply.getReplacesList().sort(),
    deleteBeforeReplace: reply.getDeletebeforereplace(),
  };
}

function refusal(error: grpc.ServiceError, inputs: Properties): Refused {
  const [details] = error.metadata.get("grpc-status-details-bin");
  if (!(details instanceof Buffer)) return new Refused(error.details, undefined);
  const [packed] = statusMessages.Status.deserializeBinary(details).getDetailsList();
  if (packed === undefined) return new Refused(error.details, undefined);
  const failed = providerMessagesOf(packed.getValue_asU8());
  const own = receive(failed.getInputs()).values;
  const kept = {
    id: failed.getId(),
    inputs: Object.keys(own).length > 0 ? own : inputs,
    outputs: receive(failed.getProperties()).values,
    state: receiveWrapped(failed.getProperties()),
  };
  return new Refused([error.details, ...failed.getReasonsList()].join("\n"), kept);
}

function providerMessagesOf(bytes: Uint8Array): messages.ErrorResourceInitFailed {
  return messages.ErrorResourceInitFailed.deserializeBinary(bytes);
}

/** As much of the engine as a provider asks for: it takes log lines. */
export async function startEngine(): Promise<{ readonly address: string; close(): void }> {
  const server = new grpc.Server();
  server.addService(engineServices.EngineService, {
    log: (_call: unknown, done: grpc.sendUnaryData<empty.Empty>) => done(null, new empty.Empty()),
    getRootResource: (_call: unknown, done: grpc.sendUnaryData<engineMessages.GetRootResourceResponse>) =>
      done(null, new engineMessages.GetRootResourceResponse()),
    setRootResource: (_call: unknown, done: grpc.sendUnaryData<engineMessages.SetRootResourceResponse>) =>
      done(null, new engineMessages.SetRootResourceResponse()),
  });
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    ),
  );
  return { address: `127.0.0.1:${port}`, close: () => server.forceShutdown() };
}
