import type { ProviderModel, ResourceRequest } from "./model.ts";

/** The end of a provider's call at which it can be held: it has not acted yet, or has and the engine does not know it. */
export type Moment = "before" | "after";

/** Which call is held: the first of the operation about the resource of that logical name. */
export interface HeldCall {
  readonly name: string;
  readonly operation: "create" | "update" | "delete";
  readonly moment: Moment;
}

/** Holds one call of the providers, so that something can be killed exactly there. */
export class Boundaries {
  #wanted: HeldCall | undefined;
  #reached = false;
  #release = () => {};

  /** From now on the call is held when it comes; what was held before goes on. */
  hold(wanted: HeldCall | undefined): void {
    this.#release();
    this.#wanted = wanted;
    this.#reached = false;
  }

  /** Whether the call has come and is held. */
  get reached(): boolean {
    return this.#reached;
  }

  /** The provider with its calls held where that is wanted; previews are never held. */
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
        const value: unknown = Reflect.get(target, key);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
  }

  async #pass({ name }: ResourceRequest, operation: HeldCall["operation"], moment: Moment): Promise<void> {
    const wanted = this.#wanted;
    if (wanted?.name !== name || wanted.operation !== operation || wanted.moment !== moment) return;
    this.#wanted = undefined;
    this.#reached = true;
    await new Promise<void>((resolve) => {
      this.#release = resolve;
    });
  }
}
