import * as grpc from "@grpc/grpc-js";
import type providerMessages from "@pulumi/pulumi/proto/provider_pb.js";
import services from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/resource_pb.js";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { type Properties, receiveWrapped, send } from "./properties.ts";

/** A resource to register with the engine. */
export interface Registration {
  readonly type: string;
  readonly name: string;
  /** URN of the parent; empty for the stack. */
  readonly parent: string;
  /** A component has no provider and no state of its own. */
  readonly component?: boolean;
  /** Secrets in the engine's wrapping, unknown values as they are. */
  readonly inputs: Properties;
  /** URNs of what must exist before. */
  readonly dependencies?: readonly string[];
  /** Reference of the provider instance; the default instance when it is absent. */
  readonly provider?: string;
  readonly providers?: Readonly<Record<string, string>>;
  readonly protect?: boolean;
  readonly ignoreChanges?: readonly string[];
  /** Of the plugin that is asked for; without it the engine may choose another one in the next update. */
  readonly version?: string;
}

export interface Registered {
  readonly urn: string;
  /** `UNKNOWN` in a preview of the creation; empty for a component. */
  readonly id: string;
  /** Inputs and outputs, secrets still wrapped. */
  readonly outputs: Properties;
}

/** What a component provider asks of the engine. */
export type Registrar = Pick<Monitor, "register" | "registerOutputs" | "invoke">;

/** The engine's resource monitor, as a component provider calls it while it constructs. */
export class Monitor {
  readonly #client: services.ResourceMonitorClient;

  constructor(address: string) {
    this.#client = new services.ResourceMonitorClient(address, grpc.credentials.createInsecure());
  }

  /** Resolves once the resource is created, updated or, in a preview, planned; rejects when the engine gives up. */
  async register(registration: Registration): Promise<Registered> {
    const request = registerRequest(registration);
    const reply = await new Promise<messages.RegisterResourceResponse>((resolve, reject) =>
      this.#client.registerResource(request, (error, response) => (error === null ? resolve(response) : reject(error))),
    );
    const id = registration.component === true ? "" : reply.getId() || UNKNOWN;
    return { urn: reply.getUrn(), id, outputs: receiveWrapped(reply.getObject()) };
  }

  /** Completes a component. */
  async registerOutputs(urn: string, outputs: Properties): Promise<void> {
    const request = new messages.RegisterResourceOutputsRequest();
    request.setUrn(urn);
    request.setOutputs(send(outputs));
    await new Promise<void>((resolve, reject) =>
      this.#client.registerResourceOutputs(request, (error) => (error === null ? resolve() : reject(error))),
    );
  }

  /** Calls a provider function; rejects with its failures. */
  async invoke(token: string, args: Properties, provider: string | undefined): Promise<Properties> {
    const request = new messages.ResourceInvokeRequest();
    request.setTok(token);
    request.setArgs(send(args));
    request.setAcceptresources(true);
    if (provider !== undefined) request.setProvider(provider);
    const reply = await new Promise<providerMessages.InvokeResponse>((resolve, reject) =>
      this.#client.invoke(request, (error, response) => (error === null ? resolve(response) : reject(error))),
    );
    const [failure] = reply.getFailuresList();
    if (failure !== undefined) throw new Error(`${token}: ${failure.getReason()}`);
    return receiveWrapped(reply.getReturn());
  }

  close(): void {
    this.#client.close();
  }
}

function registerRequest(registration: Registration): messages.RegisterResourceRequest {
  const request = new messages.RegisterResourceRequest();
  request.setType(registration.type);
  request.setName(registration.name);
  request.setParent(registration.parent);
  request.setCustom(registration.component !== true);
  request.setObject(send(registration.inputs));
  request.setDependenciesList([...(registration.dependencies ?? [])]);
  request.setIgnorechangesList([...(registration.ignoreChanges ?? [])]);
  request.setAcceptsecrets(true);
  request.setAcceptresources(true);
  request.setSupportspartialvalues(true);
  if (registration.version !== undefined) request.setVersion(registration.version);
  if (registration.provider !== undefined) request.setProvider(registration.provider);
  if (registration.protect === true) request.setProtect(true);
  for (const [name, reference] of Object.entries(registration.providers ?? {})) {
    request.getProvidersMap().set(name, reference);
  }
  return request;
}
