import type { KubernetesApi } from "../cluster/api.ts";
import { PartialFailure } from "../provider/failures.ts";
import type { Outputs, ResourceRequest } from "../provider/model.ts";
import type { Properties, Value } from "../provider/properties.ts";
import { Helm, type HelmOptions, type HelmResult } from "./helm.ts";
import { PodTroubles } from "./pod-troubles.ts";
import { type ReleaseState, releaseOutputs } from "./release-outputs.ts";

/** Helm waits for real pods, so a compressed time-out must leave them time to start. */
const SHORTEST_TIMEOUT_SECONDS = 30;
const DEFAULT_TIMEOUT_SECONDS = 300;
/** Lines of helm's own words in an error. */
const SAID_LINES = 5;

export interface ReleaseContext extends HelmOptions {
  readonly api: KubernetesApi;
  readonly timeScale: number;
}

/**
 * Helm releases as the real provider keeps them (seen of 4.24): after an upgrade that failed the state has the old inputs,
 * outputs with the new values, the status `failed`, and the revision that failed, which is one behind Helm's own where Helm
 * went back by itself.
 */
export class Releases {
  readonly #context: ReleaseContext;
  readonly #helm: Helm;

  constructor(context: ReleaseContext) {
    this.#context = context;
    this.#helm = new Helm(context);
  }

  async apply(
    request: ResourceRequest & { readonly inputs: Properties; readonly oldInputs?: Properties },
  ): Promise<Outputs> {
    const { inputs, signal } = request;
    const { name, namespace } = placeOf(inputs);
    await this.#refuseWhilePending(inputs, signal);
    const troubles = new PodTroubles(this.#context.api, namespace, name);
    const { chart, values } = inputs;
    const upgrade = { name, namespace, chart: textOf(chart), values, timeoutSeconds: this.#timeoutOf(inputs) };
    const result = await this.#helm.upgrade({ ...upgrade, settings: inputs }, signal);
    const lines = await troubles.end({ isFailure: result.code !== 0 });
    const state = await this.#helm.state(name, namespace, signal);
    if (result.code === 0 && state !== undefined) return { properties: releaseOutputs(inputs, state) };
    const message = failureOf(name, result, lines);
    if (state === undefined) throw new Error(message);
    throw new PartialFailure(message, {
      id: `${namespace}/${name}`,
      inputs: request.oldInputs ?? inputs,
      properties: releaseOutputs(inputs, failedState(state, inputs.atomic === true && request.oldInputs !== undefined)),
    });
  }

  /** The release as helm has it; undefined when it is gone. */
  async read(inputs: Properties, signal: AbortSignal): Promise<Properties | undefined> {
    const { name, namespace } = placeOf(inputs);
    const state = await this.#helm.state(name, namespace, signal);
    return state && releaseOutputs(inputs, state);
  }

  uninstall(inputs: Properties, signal: AbortSignal): Promise<void> {
    const { name, namespace } = placeOf(inputs);
    return this.#helm.uninstall(name, namespace, signal);
  }

  /** Helm refuses an upgrade over one that was killed in the middle; say what ends that. */
  async #refuseWhilePending(inputs: Properties, signal: AbortSignal): Promise<void> {
    const { name, namespace } = placeOf(inputs);
    const state = await this.#helm.state(name, namespace, signal);
    if (state?.status.startsWith("pending-") !== true) return;
    const { revision, status } = state;
    const repair = revision === 1 ? `helm uninstall ${name}` : `helm rollback ${name}`;
    throw new Error(
      `helm release ${name}: another operation (install/upgrade/rollback) is in progress: revision ${revision} is ` +
        `${status}. If no helm is running, it was killed; repair it with: ${repair} --namespace ${namespace}`,
    );
  }

  #timeoutOf(inputs: Properties): number {
    const asked = typeof inputs.timeout === "number" ? inputs.timeout : DEFAULT_TIMEOUT_SECONDS;
    return Math.max(SHORTEST_TIMEOUT_SECONDS, Math.round(asked * this.#context.timeScale));
  }
}

function failedState(state: ReleaseState, wentBack: boolean): ReleaseState {
  const isBehind = wentBack && state.status === "deployed";
  return { ...state, status: "failed", revision: isBehind ? state.revision - 1 : state.revision };
}

/** Inputs without a namespace are in `default`. */
function placeOf(inputs: Properties): Pick<ReleaseState, "name" | "namespace"> {
  return { name: textOf(inputs.name), namespace: textOf(inputs.namespace) || "default" };
}

function failureOf(name: string, { stderr }: HelmResult, troubles: readonly string[]): string {
  const said = stderr.trim().split("\n").slice(-SAID_LINES).join("\n");
  const pods = troubles.length === 0 ? "" : `\npods that did not start:\n  ${troubles.join("\n  ")}`;
  return `helm release ${name} failed: ${said}${pods}`;
}

function textOf(value: Value | undefined): string {
  return typeof value === "string" ? value : "";
}
