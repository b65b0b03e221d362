import type { Difference, DifferenceKind } from "../provider/model.ts";
import { isList, isRecord, type Properties, type Value } from "../provider/properties.ts";

/**
 * How the new inputs differ from the old, leaf by leaf; an immutable one makes a replacement.
 * Immutable is a dotted path without list positions, and covers what is below it; "*" is all but tags, "!x" excepts x.
 */
export function differenceOf(olds: Properties, news: Properties, immutable: readonly string[]): Difference {
  const changes = compare(olds, news, "");
  const entries = changes.map(({ path, kind }) => [
    path,
    replaces(path, immutable) ? (`${kind}-replace` as const) : kind,
  ]);
  return { detailed: Object.fromEntries(entries) };
}

interface Change {
  readonly path: string;
  readonly kind: "add" | "delete" | "update";
}

function compare(old: Value | undefined, now: Value | undefined, path: string): Change[] {
  const [before, after] = [old ?? undefined, now ?? undefined];
  if (before === undefined && after === undefined) return [];
  if (before === undefined) return [{ path, kind: "add" }];
  if (after === undefined) return [{ path, kind: "delete" }];
  if (isRecord(before) && isRecord(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
    return keys.flatMap((key) => compare(before[key], after[key], joined(path, key)));
  }
  if (isList(before) && isList(after)) {
    const length = Math.max(before.length, after.length);
    return Array.from({ length }, (_, index) => index).flatMap((index) =>
      compare(before[index], after[index], `${path}[${index}]`),
    );
  }
  return before === after ? [] : [{ path, kind: "update" }];
}

function joined(path: string, key: string): string {
  const plain = /^[A-Za-z_][\w-]*$/.test(key);
  if (!plain) return `${path}["${key.replaceAll('"', '\\"')}"]`;
  return path === "" ? key : `${path}.${key}`;
}

const TAGS = ["tags", "tagsAll"];

function replaces(path: string, immutable: readonly string[]): boolean {
  const plain = path.replaceAll(/\[[^\]]*\]/g, "");
  const covers = (prefix: string) => plain === prefix || plain.startsWith(`${prefix}.`);
  if ([...TAGS, ...immutable.filter((it) => it.startsWith("!")).map((it) => it.slice(1))].some(covers)) return false;
  return immutable.some((prefix) => prefix === "*" || covers(prefix));
}

/** True when a difference has a change that makes a new resource. */
export function isReplacement({ detailed }: Difference): boolean {
  return Object.values(detailed).some((kind: DifferenceKind) => kind.endsWith("-replace"));
}
