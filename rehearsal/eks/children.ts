import type { ConstructRequest } from "../provider/model.ts";
import type { Registered, Registrar, Registration } from "../provider/monitor.ts";
import type { Properties } from "../provider/properties.ts";

type ChildOptions = Pick<Registration, "dependencies" | "ignoreChanges"> & { readonly parent?: string };

/** Registers the children of one component: they inherit its AWS provider and its protection. */
export class Children {
  readonly #monitor: Registrar;
  readonly #request: ConstructRequest;
  /** URN of the component. */
  readonly urn: string;

  constructor(monitor: Registrar, request: ConstructRequest, urn: string) {
    this.#monitor = monitor;
    this.#request = request;
    this.urn = urn;
  }

  /** Registers an AWS resource below the component, or below the parent given. */
  async add(type: string, name: string, inputs: Properties, options: ChildOptions = {}): Promise<Registered> {
    const provider = this.#request.providers.aws;
    return this.#monitor.register({
      ...{ type, name, inputs, parent: this.urn, protect: this.#request.protect },
      ...(provider === undefined ? {} : { provider }),
      ...options,
    });
  }

  /** Registers a component below this one. */
  async addComponent(type: string, name: string): Promise<Registered> {
    const { protect } = this.#request;
    return this.#monitor.register({ type, name, inputs: {}, parent: this.urn, component: true, protect });
  }

  complete(urn: string, outputs: Properties): Promise<void> {
    return this.#monitor.registerOutputs(urn, outputs);
  }
}
