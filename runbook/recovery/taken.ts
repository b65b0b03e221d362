import type { RecordedEvent } from "../../records/engine-record.ts";
import type { Inputs } from "./found-by.ts";
import type { TakenResource } from "./state-edit.ts";

/** How AWS, Kubernetes and Helm refuse to make what is there already. */
const TAKEN =
  /already[ -]?(?:exist|associated|owned|attached|enabled)|Already(?:Exists|Associated|OwnedByYou)|cannot re-use a name|\w\.Duplicate\b|Duplicate\w+(?:Exception)?:/i;
/** What the engine's events show in place of a secret. */
const HIDDEN = "[secret]";

type Metadata = NonNullable<RecordedEvent["resOpFailedEvent"]>["metadata"];

/** Collects, from an update's events, the resources whose creation was refused because they are there already. */
export class TakenResources {
  readonly #refused = new Map<string, Metadata>();
  readonly #errors = new Map<string, string>();

  see({ resOpFailedEvent, diagnosticEvent }: RecordedEvent): void {
    const metadata = resOpFailedEvent?.metadata;
    if (metadata !== undefined && /^create/.test(metadata.op)) this.#refused.set(metadata.urn, metadata);
    const { urn, severity, message = "" } = diagnosticEvent ?? {};
    if (urn && severity === "error") this.#errors.set(urn, `${this.#errors.get(urn) ?? ""}\n${message}`);
  }

  get found(): readonly TakenResource[] {
    const taken = [...this.#refused.values()].filter(({ urn }) => TAKEN.test(this.#errors.get(urn) ?? ""));
    return taken.map(({ urn, type, provider, new: made }) => ({
      urn,
      type,
      custom: true,
      provider,
      ...(made?.parent ? { parent: made.parent } : {}),
      inputs: shown(made?.inputs ?? {}),
    }));
  }
}

/** The inputs without those that the events do not show: the next update tells the provider of them. */
function shown(inputs: Inputs): Inputs {
  return Object.fromEntries(
    Object.entries(inputs).filter(([, value]) => !JSON.stringify(value ?? "").includes(HIDDEN)),
  );
}
