import { FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";
import { parseAllDocuments, stringify } from "yaml";
import { isRecord, SECRET } from "../../records/canonical.ts";
import {
  type Fact,
  factsOf,
  objectTitle,
  type RenderedObject,
  TOPICS,
  type Topic,
} from "../../records/object-facts.ts";
import { redacted } from "../../shared/text/secrets.ts";
import { withoutSensitive } from "../plan/planned.ts";

/** What became of one Kubernetes object. */
export interface ObjectChange {
  /** Such as `Deployment sparki-engine/engine-fleet`. */
  readonly object: string;
  readonly action: "create" | "update" | "delete";
  /** A unified diff of it, without secrets. */
  readonly diff: string;
  readonly added: number;
  readonly removed: number;
}

/** Something new, gone or changed of who may do or reach what, or of how much something may take. */
export interface Callout {
  readonly topic: Topic;
  readonly text: string;
}

const CONTEXT_LINES = 3;

/** The objects that a chart rendered, or that Helm keeps; hooks and comments are none. */
export function renderedObjects(manifest: string): RenderedObject[] {
  return parseAllDocuments(manifest)
    .map((document): unknown => document.toJS())
    .filter(isRecord);
}

/** Every object that differs, by its name; two texts of the same objects differ in nothing, whatever their order. */
export function objectChanges(from: readonly RenderedObject[], to: readonly RenderedObject[]): ObjectChange[] {
  const [before, after] = [byTitle(from), byTitle(to)];
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((object) => {
    const [old, now] = [before.get(object), after.get(object)];
    if (old === now) return [];
    const action = old === undefined ? "create" : now === undefined ? "delete" : "update";
    return [{ object, action, ...unified(object, old ?? "", now ?? "") } as const];
  });
}

/** What changes of the facts that a reviewer must see, in words, the most dangerous first. */
export function calloutsOf(from: readonly RenderedObject[], to: readonly RenderedObject[]): Callout[] {
  const [before, after] = [bySubject(factsOf(from)), bySubject(factsOf(to))];
  const found = [...new Set([...before.keys(), ...after.keys()])].flatMap((key): Callout[] => {
    const [old, now] = [before.get(key), after.get(key)];
    const { topic, subject } = old ?? now ?? { topic: "unknown", subject: key };
    if (old?.value === now?.value) return [];
    const text =
      old === undefined
        ? `new: ${subject}${now?.value ? ` ${now.value}` : ""}`
        : now === undefined
          ? `gone: ${subject}${old.value ? ` ${old.value}` : ""}`
          : `${subject}: ${old.value || "nothing"} → ${now.value || "nothing"}`;
    return [{ topic, text: redacted(text) }];
  });
  return found.sort(
    (one, other) => TOPICS.indexOf(one.topic) - TOPICS.indexOf(other.topic) || (one.text < other.text ? -1 : 1),
  );
}

/** An object as YAML that a reviewer may see; made once, since each side is shown whole and by object. */
export function objectText(object: RenderedObject): string {
  const text = texts.get(object) ?? redacted(stringify(withoutSecrets(object)));
  texts.set(object, text);
  return text;
}

const texts = new WeakMap<RenderedObject, string>();

/** A unified diff with its counts; empty when nothing differs. */
export function unified(name: string, from: string, to: string): Pick<ObjectChange, "diff" | "added" | "removed"> {
  const patch = structuredPatch(`${name} before`, `${name} after`, from, to, "", "", { context: CONTEXT_LINES });
  const lines = patch.hunks.flatMap((hunk) => hunk.lines);
  const count = (sign: string) => lines.filter((line) => line.startsWith(sign)).length;
  const diff = lines.length === 0 ? "" : formatPatch(patch, FILE_HEADERS_ONLY);
  return { diff, added: count("+"), removed: count("-") };
}

function byTitle(objects: readonly RenderedObject[]): Map<string, string> {
  return new Map(objects.map((object) => [objectTitle(object), objectText(object)]));
}

function bySubject(facts: readonly Fact[]): Map<string, Fact> {
  return new Map(facts.map((fact) => [`${fact.topic} ${fact.subject}`, fact]));
}

function withoutSecrets(object: RenderedObject): unknown {
  if (object.kind !== "Secret") return withoutSensitive(object);
  const hidden = (data: unknown) =>
    isRecord(data) ? Object.fromEntries(Object.keys(data).map((key) => [key, SECRET])) : data;
  return { ...object, data: hidden(object.data), stringData: hidden(object.stringData) };
}
