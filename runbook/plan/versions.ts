import { z } from "zod";

/** A command-line tool of a preview: what the project's catalog pins, and what ran; undefined where it is not known. */
export interface ToolVersion {
  readonly pinned: string | undefined;
  readonly used: string | undefined;
}

/** What a preview was made with. */
export interface Versions {
  /** By name: pulumi, helm, node. */
  readonly tools: Readonly<Record<string, ToolVersion>>;
  /** The packages of the lock file that a deployment gets, by name; one inside of another as `outer > inner`. */
  readonly packages: Readonly<Record<string, string>>;
  /** The providers' plugins that these packages ask the engine for, by name. */
  readonly plugins: Readonly<Record<string, string>>;
}

/** Something that has another version on the two sides; undefined where a side does not have it. */
export interface VersionChange {
  readonly kind: "tool" | "sdk" | "plugin" | "package";
  readonly name: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** Of a tool, where what ran is not what is pinned: it ran on both sides in this version. */
  readonly ranAs?: string;
}

const lockSchema = z.object({
  packages: z.record(z.string(), z.object({ version: z.string().optional(), dev: z.boolean().default(false) })),
});

/** What npm's lock file pins for a deployment; undefined for a text that is no lock file with packages. */
export function lockedPackages(lock: string): Readonly<Record<string, string>> | undefined {
  const found = lockSchema.safeParse(parsed(lock));
  if (!found.success) return undefined;
  const entries = Object.entries(found.data.packages).flatMap(([path, { version, dev }]): [string, string][] =>
    path === "" || dev || version === undefined ? [] : [[nameAt(path), version]],
  );
  return Object.fromEntries(entries.sort());
}

/** The Node that the lock file gives to npm's own scripts and to npx; undefined where it has none. */
export function lockedNode(lock: string): string | undefined {
  const found = lockSchema.safeParse(parsed(lock));
  return found.success ? found.data.packages["node_modules/node"]?.version : undefined;
}

function nameAt(path: string): string {
  return path
    .split(/(?:^|\/)node_modules\//)
    .filter((name) => name !== "")
    .join(" > ");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Every version that differs: the tools, Pulumi's SDKs and their plugins first. */
export function versionChanges(before: Versions, now: Versions): readonly VersionChange[] {
  const sdks = differing(before.packages, now.packages);
  return [
    ...toolChanges(before.tools, now.tools),
    ...sdks.filter(({ name }) => isSdk(name)).map((each) => ({ kind: "sdk" as const, ...each })),
    ...differing(before.plugins, now.plugins).map((each) => ({ kind: "plugin" as const, ...each })),
    ...sdks.filter(({ name }) => !isSdk(name)).map((each) => ({ kind: "package" as const, ...each })),
  ];
}

function toolChanges(before: Versions["tools"], now: Versions["tools"]): VersionChange[] {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return names.flatMap((name) => {
    const [one, other] = [before[name], now[name]];
    const [from, to] = [one?.pinned ?? one?.used, other?.pinned ?? other?.used];
    const [ranBefore, ranNow] = [one?.used, other?.used];
    const isSame = from === to && ranBefore === ranNow;
    if (isSame) return [];
    if (from === to) return [{ kind: "tool" as const, name, from: ranBefore, to: ranNow }];
    const ranAs = ranBefore !== undefined && ranBefore === ranNow ? { ranAs: ranBefore } : {};
    return [{ kind: "tool" as const, name, from, to, ...ranAs }];
  });
}

function differing(before: Readonly<Record<string, string>>, now: Readonly<Record<string, string>>) {
  const names = [...new Set([...Object.keys(before), ...Object.keys(now)])].sort();
  return names
    .filter((name) => before[name] !== now[name])
    .map((name) => ({ name, from: before[name], to: now[name] }));
}

function isSdk(name: string): boolean {
  return /(?:^| > )@pulumi\/[^/ ]+$/.test(name);
}

/** Whether a change of a version may change what a preview of these providers' packages says of a resource. */
export function isOf(packages: readonly string[], { kind, name }: VersionChange): boolean {
  if (kind === "plugin") return packages.includes(name);
  return kind === "sdk" && packages.some((each) => name.endsWith(`@pulumi/${each}`));
}

/** A tool that was pinned to another version but ran in the same one on both sides changes nothing. */
export function hasEffect({ ranAs }: VersionChange): boolean {
  return ranAs === undefined;
}
