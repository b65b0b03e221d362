import * as pulumi from "@pulumi/pulumi";
import provider from "@pulumi/pulumi/proto/provider_pb.js";
import resource from "@pulumi/pulumi/proto/resource_pb.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { constructWith } from "../../rehearsal/eks/provider.ts";
import type { Session } from "../../rehearsal/provider/model.ts";
import type { Registered, Registration } from "../../rehearsal/provider/monitor.ts";
import { type Properties, receive, receiveWrapped, send } from "../../rehearsal/provider/properties.ts";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { Account } from "../rehearsal/aws/account.ts";
import { rawConfig } from "./stack-config.ts";

/** A resource as the provider is asked about it in a preview: unknown values are the engine's sentinels. */
export interface Previewed {
  readonly type: string;
  readonly name: string;
  readonly inputs: Properties;
  /** What the provider's own check said against it. */
  readonly failures: readonly string[];
}

type Reply<T> = (error: Error | null, response?: T) => void;

/** Runs the program as a preview of an empty account, without an engine; gives the AWS resources that it asks for. */
export async function previewedProgram(stack: string): Promise<Previewed[]> {
  const engine = new StandInEngine(stack);
  try {
    Object.assign(MockMonitor.prototype, engine.monitor());
    await pulumi.runtime.setMocks(
      { newResource: () => ({ id: "", state: {} }), call: () => ({}) },
      "sparki",
      stack,
      true,
      "organization",
    );
    Object.assign(Object(Reflect.get(globalThis, "globalStore")), { supportsTransforms: true });
    pulumi.runtime.setAllConfig(rawConfig(stack));
    const { default: deployment } = await import("../../index.ts");
    await deployment();
    await pulumi.runtime.disconnect();
  } finally {
    await engine.close();
  }
  return engine.previewed;
}

class StandInEngine {
  readonly previewed: Previewed[] = [];
  readonly #stack: string;
  readonly #account = new Account();
  readonly #sessions = new Map<string, Session>();
  readonly #registered = new Map<string, Properties>();

  constructor(stack: string) {
    this.#stack = stack;
  }

  monitor() {
    const nothing = (_request: unknown, reply: Reply<object>) => reply(null, {});
    return {
      registerResource: answering((request: resource.RegisterResourceRequest) => this.#register(request)),
      registerResourceOutputs: nothing,
      registerResourceHook: nothing,
      registerErrorHook: nothing,
      invoke: answering(async (request: resource.ResourceInvokeRequest) => {
        const answer = await this.#invoke(request.getTok(), receive(request.getArgs()).values, request.getProvider());
        return new provider.InvokeResponse().setReturn(send(answer));
      }),
    };
  }

  close(): Promise<void> {
    return this.#account.close();
  }

  async #register(request: resource.RegisterResourceRequest): Promise<resource.RegisterResourceResponse> {
    const wrapped = receiveWrapped(request.getObject());
    const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
    const done =
      type === "eks:index:Cluster"
        ? await this.#construct({
            type,
            name,
            parent,
            inputs: wrapped,
            providers: Object.fromEntries(request.getProvidersMap().getEntryList()),
          })
        : await this.#resource({ type, name, parent, inputs: wrapped, provider: request.getProvider() });
    this.#registered.set(done.urn, done.outputs);
    return new resource.RegisterResourceResponse().setUrn(done.urn).setId("").setObject(send(done.outputs));
  }

  async #construct(registration: Registration): Promise<Registered> {
    const { urn, state } = await constructWith(
      {
        register: (child) => this.#resource(child),
        registerOutputs: async () => undefined,
        invoke: (token, args, from) => this.#invoke(token, args, from ?? ""),
      },
      {
        ...{ type: registration.type, name: registration.name, parent: registration.parent },
        ...{ inputs: registration.inputs, inputDependencies: {}, providers: registration.providers ?? {} },
        ...{ dependencies: [], protect: false, preview: true, monitorAddress: "" },
        session: this.#account.session,
      },
    );
    return { urn, id: "", outputs: state };
  }

  async #resource({ type, name, inputs, provider: from = "" }: Registration): Promise<Registered> {
    const urn = `urn:pulumi:${this.#stack}::sparki::${type}::${name}`;
    const { values, secrets } = receive(send(inputs));
    if (type === "pulumi:providers:aws") this.#sessions.set(urn, { ...this.#account.session, config: values });
    if (type === "pulumi:pulumi:StackReference") return { urn, id: "", outputs: { outputs: {} } };
    if (!type.startsWith("aws:")) return { urn, id: UNKNOWN, outputs: inputs };
    const session = this.#session(from);
    const about = { type, name, urn, session, signal: session.signal, log: () => {} };
    const asked = { ...about, olds: {}, news: values, secrets, randomSeed: new Uint8Array([1]) };
    const checked = this.#account.provider.check(asked);
    const failures = (checked.failures ?? []).map(({ property, reason }) => `${property}: ${reason}`);
    this.previewed.push({ type, name, inputs: checked.inputs, failures });
    const wanted = { ...about, inputs: checked.inputs, preview: true, timeoutSeconds: 0, secrets };
    const { properties } = await this.#account.provider.create(wanted);
    this.#registered.set(urn, properties);
    return { urn, id: UNKNOWN, outputs: properties };
  }

  async #invoke(token: string, args: Properties, from: string): Promise<Properties> {
    const urn = String(args.urn);
    if (token === "pulumi:pulumi:getResource") return { urn, id: UNKNOWN, state: this.#registered.get(urn) ?? {} };
    return this.#account.provider.invoke({ token, args, session: this.#session(from) });
  }

  #session(reference: string): Session {
    return this.#sessions.get(reference.slice(0, reference.lastIndexOf("::"))) ?? this.#account.session;
  }
}

function answering<Q, A>(answer: (request: Q) => Promise<A>) {
  return (request: Q, reply: Reply<A>) => {
    answer(request).then(
      (response) => reply(null, response),
      (error: unknown) => reply(error instanceof Error ? error : new Error(String(error))),
    );
  };
}
