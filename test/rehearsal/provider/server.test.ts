import * as grpc from "@grpc/grpc-js";
import engineServices from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import pluginMessages from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import statusMessages from "@pulumi/pulumi/proto/status_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import type { CreateRequest, ProviderModel } from "../../../rehearsal/provider/model.ts";
import { PartialFailure } from "../../../rehearsal/provider/model.ts";
import { receive, send } from "../../../rehearsal/provider/properties.ts";
import { type ServedProvider, serveProvider } from "../../../rehearsal/provider/server.ts";
import { asStranger } from "../../support/stranger.ts";

const URN = "urn:pulumi:test::sparki::test:index:Thing::thing";
const model = (create: (request: CreateRequest) => ReturnType<ProviderModel["create"]>): ProviderModel => ({
  ...{ name: "test", version: "1.2.3", create },
  check: ({ news }) => ({ inputs: news, failures: [{ property: "size", reason: "too big" }] }),
  diff: () => ({ detailed: { "rules[0].port": "update-replace", name: "add" }, deleteBeforeReplace: true }),
  read: () => undefined,
  update: ({ inputs }) => ({ properties: inputs }),
  delete: () => {},
});

describe("serveProvider", () => {
  let served: ServedProvider;
  let client: services.ResourceProviderClient;

  const serve = async (create: Parameters<typeof model>[0]) => {
    served = await serveProvider(model(create));
    client = connect();
  };
  const connect = () =>
    new services.ResourceProviderClient(`127.0.0.1:${served.port}`, grpc.credentials.createInsecure(), {
      "grpc.use_local_subchannel_pool": 1,
    });
  const call = <Reply>(start: (callback: (error: grpc.ServiceError | null, reply: Reply) => void) => void) =>
    new Promise<Reply>((resolve, reject) => start((error, reply) => (error === null ? resolve(reply) : reject(error))));
  const createThing = (request = new messages.CreateRequest(), from = client) =>
    call<messages.CreateResponse>((callback) => from.create(request.setUrn(URN).setType("test:index:Thing"), callback));

  afterEach(async () => {
    client.close();
    await served.close();
  });

  it("answers the engine of our own user, and tells another user of the machine nothing", async () => {
    await serve(() => ({ id: "1", properties: {} }));
    expect((await createThing()).getId()).toBe("1");
    const preface = String.raw`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0`;
    const lines = `exec 3<>/dev/tcp/127.0.0.1/${served.port}; printf '${preface}' >&3; timeout 3 head -c 9 <&3`;
    expect((await asStranger("bash", "-c", lines)).stdout).toBe("");
  });

  it("keeps secrets of inputs secret in outputs, and marks what the model names", async () => {
    await serve(({ inputs, secrets }) => {
      expect(inputs).toEqual({ password: "hunter2", user: "a" });
      expect(secrets).toEqual([["password"]]);
      return { id: "1", properties: { ...inputs, token: "t" }, secrets: [["token"]] };
    });
    const properties = send({ password: "hunter2", user: "a" }, [["password"]]);
    const reply = await createThing(new messages.CreateRequest().setProperties(properties));
    expect(reply.getId()).toBe("1");
    expect(receive(reply.getProperties())).toEqual({
      values: { password: "hunter2", user: "a", token: "t" },
      secrets: [["password"], ["token"]],
    });
  });

  it("gives no id in a preview", async () => {
    await serve(({ preview }) => ({ id: `preview ${preview}`, properties: {} }));
    expect((await createThing(new messages.CreateRequest().setPreview(true))).getId()).toBe("");
  });

  it("passes a failure's words on", async () => {
    await serve(() => {
      throw new Error("api error TeapotException: short and stout");
    });
    await expect(createThing()).rejects.toMatchObject({ details: "api error TeapotException: short and stout" });
  });

  it("sends what exists along with a partial failure, secrets still marked", async () => {
    await serve(({ inputs }) => {
      throw new PartialFailure("half made", { id: "7", inputs, properties: { ...inputs, arn: "a" } });
    });
    const request = new messages.CreateRequest().setProperties(send({ password: "p" }, [["password"]]));
    const error = await createThing(request).catch((caught: grpc.ServiceError) => caught);
    if (error instanceof messages.CreateResponse) throw new Error("it was made");
    const [details] = error.metadata.get("grpc-status-details-bin");
    const [packed] = statusMessages.Status.deserializeBinary(Buffer.from(details ?? "")).getDetailsList();
    const partial = messages.ErrorResourceInitFailed.deserializeBinary(packed?.getValue_asU8() ?? new Uint8Array());
    expect(partial.getId()).toBe("7");
    expect(partial.getReasonsList()).toEqual(["half made"]);
    expect(receive(partial.getProperties())).toEqual({ values: { password: "p", arn: "a" }, secrets: [["password"]] });
  });

  it("tells each change by its path, and what it replaces by the outermost name", async () => {
    await serve(() => ({ id: "1", properties: {} }));
    const reply = await call<messages.DiffResponse>((callback) => client.diff(new messages.DiffRequest(), callback));
    expect(reply.getChanges()).toBe(messages.DiffResponse.DiffChanges.DIFF_SOME);
    expect(reply.getReplacesList()).toEqual(["rules"]);
    expect(reply.getDiffsList()).toEqual(["rules", "name"]);
    expect(reply.getDetaileddiffMap().get("rules[0].port")?.getKind()).toBe(messages.PropertyDiff.Kind.UPDATE_REPLACE);
    expect(reply.getDeletebeforereplace()).toBe(true);
  });

  it("reports failed checks", async () => {
    await serve(() => ({ id: "1", properties: {} }));
    const reply = await call<messages.CheckResponse>((callback) => client.check(new messages.CheckRequest(), callback));
    expect(reply.getFailuresList().map((failure) => failure.toObject())).toEqual([
      { property: "size", reason: "too big" },
    ]);
  });

  it("reads what is gone as nothing", async () => {
    await serve(() => ({ id: "1", properties: {} }));
    const reply = await call<messages.ReadResponse>((callback) =>
      client.read(new messages.ReadRequest().setId("1"), callback),
    );
    expect(reply.getId()).toBe("");
  });

  it("keeps two provider instances apart, and cancels only the one", async () => {
    const seen: string[] = [];
    await serve(({ session, signal }) => {
      seen.push(`${session.config.region} ${signal.aborted}`);
      return { id: "1", properties: {} };
    });
    const other = connect();
    const configure = (from: typeof client, region: string) =>
      call((callback) => from.configure(new messages.ConfigureRequest().setArgs(send({ region })), callback));
    await configure(client, "us-east-1");
    await configure(other, "eu-west-1");
    await call((callback) => client.cancel(new empty.Empty(), callback));
    await createThing(undefined, client);
    await createThing(undefined, other);
    other.close();
    expect(seen).toEqual(["us-east-1 true", "eu-west-1 false"]);
  });

  it("lets nothing that an engine cancelled reach a later one, whose connection has the same port", async () => {
    const seen: boolean[] = [];
    await serve(({ signal }) => {
      seen.push(signal.aborted);
      return { id: "1", properties: {} };
    });
    const attach = (address: string) =>
      call((callback) => client.attach(new pluginMessages.PluginAttach().setAddress(address), callback));
    await attach("127.0.0.1:1001");
    await call((callback) => client.cancel(new empty.Empty(), callback));
    await createThing(undefined, client);
    await attach("127.0.0.1:1002");
    await createThing(undefined, client);
    expect(seen).toEqual([true, false]);
  });

  it("brings log lines to the engine that attached itself, in order", async () => {
    const lines: string[] = [];
    const engine = new grpc.Server();
    engine.addService(engineServices.EngineService, {
      log: (
        received: grpc.ServerUnaryCall<engineMessages.LogRequest, empty.Empty>,
        callback: grpc.sendUnaryData<empty.Empty>,
      ) => {
        lines.push(`${received.request.getUrn()} ${received.request.getSeverity()} ${received.request.getMessage()}`);
        callback(null, new empty.Empty());
      },
    });
    const port = await new Promise<number>((resolve, reject) =>
      engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
        error ? reject(error) : resolve(bound),
      ),
    );
    await serve(({ log }) => {
      for (const line of ["one", "two", "three"]) log("info", line);
      return { id: "1", properties: {} };
    });
    const attach = new pluginMessages.PluginAttach().setAddress(`127.0.0.1:${port}`);
    await call((callback) => client.attach(attach, callback));
    await createThing();
    while (lines.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    engine.forceShutdown();
    expect(lines).toEqual(["one", "two", "three"].map((line) => `${URN} ${engineMessages.LogSeverity.INFO} ${line}`));
  });
});
