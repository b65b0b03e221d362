import { canonical, hashOf, isRecord } from "../../records/canonical.ts";
import { nameOf, type RecordedEvent } from "../../records/engine-record.ts";
import { type InputChange, inputChanges } from "./difference.ts";
import type { Entries } from "./fingerprint.ts";

/** A resource as a preview met it, changed or not; secrets are taken out. */
export interface PlannedResource {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly action: "create" | "update" | "replace" | "delete" | "same";
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly changes: readonly InputChange[];
  /** The inputs that cannot be changed in place; empty when it is not replaced. */
  readonly replacedFor: readonly string[];
  /** Something that is there already becomes this resource. */
  readonly isImported?: boolean;
  /** It was another resource of the stack before: an alias says so. */
  readonly isRenamed?: boolean;
  /** It stays behind when the stack no longer has it. */
  readonly isRetained?: boolean;
}

/** Ops of the engine by what they come to; what only reads is left out. */
const ACTIONS: Readonly<Record<string, PlannedResource["action"]>> = {
  create: "create",
  import: "create",
  update: "update",
  delete: "delete",
  same: "same",
  replace: "replace",
  "create-replacement": "replace",
  "delete-replaced": "replace",
  "import-replacement": "replace",
};

/** Collects a preview's events into what is planned for each resource; the several steps of a replacement are one. */
export class PlannedResources {
  readonly #byUrn = new Map<string, PlannedResource>();

  add({ resourcePreEvent }: RecordedEvent): void {
    const metadata = resourcePreEvent?.metadata;
    const custom = (metadata?.new ?? metadata?.old)?.custom === true;
    const action = metadata === undefined ? undefined : ACTIONS[metadata.op];
    if (metadata === undefined || action === undefined || !custom) return;
    const { urn, type } = metadata;
    if (type.startsWith("pulumi:providers:")) return;
    const earlier = this.#byUrn.get(urn);
    const before = inputsOf(metadata.old?.inputs) ?? earlier?.before ?? {};
    const after = (action === "delete" ? undefined : inputsOf(metadata.new?.inputs)) ?? earlier?.after ?? {};
    const replacedFor = action === "replace" ? [...(metadata.keys ?? earlier?.replacedFor ?? [])].sort() : [];
    const isChange = action === "update" || action === "replace";
    const changes = isChange ? changesOf(before, after, metadata.diffs ?? []) : [];
    const isImported = metadata.op.startsWith("import") || earlier?.isImported === true;
    const isRetained = metadata.new?.retainOnDelete === true;
    const isRenamed = (metadata.old?.urn ?? urn) !== urn || earlier?.isRenamed === true;
    const kept = {
      ...(isImported && { isImported }),
      ...(isRenamed && { isRenamed }),
      ...(isRetained && { isRetained }),
    };
    this.#byUrn.set(urn, { urn, name: nameOf(urn), type, action, before, after, changes, replacedFor, ...kept });
  }

  get all(): readonly PlannedResource[] {
    return [...this.#byUrn.values()].sort((one, other) => (one.urn < other.urn ? -1 : 1));
  }
}

/** What the approval of a plan holds of its steps: by resource, its action and what its inputs would be. */
export function planEntries(resources: readonly PlannedResource[]): Entries {
  const changed = resources.filter(({ action }) => action !== "same");
  return Object.fromEntries(
    changed.map(({ action, urn, name, before, after, replacedFor }) => [
      `${action} ${urn}`,
      hashOf({ before, after: action === "create" ? withoutRandomName(after, name) : after, replacedFor }),
    ]),
  );
}

/** Each preview makes up another name for what the program gives none: the resource's own and random characters. */
function withoutRandomName(inputs: PlannedResource["after"], name: string): PlannedResource["after"] {
  const isMadeUp = (value: unknown) =>
    typeof value === "string" && value.startsWith(`${name}-`) && /^[0-9a-z]{7,8}$/.test(value.slice(name.length + 1));
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => !isMadeUp(value)));
}

/** Both values of a changed secret look the same, so the engine's own word for what differs is taken then. */
function changesOf(before: unknown, after: unknown, diffs: readonly string[]): readonly InputChange[] {
  const changes = inputChanges(before, after);
  return changes.length > 0 ? changes : diffs.map((path) => ({ path, from: "(not shown)", to: "(not shown)" }));
}

function inputsOf(inputs: unknown): Readonly<Record<string, unknown>> | undefined {
  const known = canonical(inputs);
  return isRecord(known) ? known : undefined;
}
