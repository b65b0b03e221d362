/** What an entry of a layer, or what lies at a place of an image, is. */
export interface ImageFile {
  readonly kind: "file" | "directory" | "link" | "other";
  /** Its permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Where a link leads. */
  readonly target?: string;
  /** Of a file that is read; most are not. */
  readonly text?: string;
}

interface Node extends ImageFile {
  /** The layer that it is of, from 0. */
  layer: number;
  /** The layer in which all below it that is older was taken away. */
  clearedIn?: number;
  readonly children: Map<string, Node>;
}

/** An entry that no runtime may unpack, or that this reader does not. */
export class BadEntry extends Error {
  readonly kind: "wrong" | "unknown";

  constructor(kind: "wrong" | "unknown", message: string) {
    super(message);
    this.kind = kind;
  }
}

const MOST_HOPS = 40;
/** Of one path, its links' own parts included. */
const MOST_STEPS = 1_024;
const DEEPEST = 256;
const LONGEST_PATH = 4_096;
const OPAQUE = ".wh..wh..opq";
const WHITEOUT = ".wh.";

/**
 * The files of an image as its container sees them: each layer over those before it, with what later layers take away
 * (https://github.com/opencontainers/image-spec/blob/main/layer.md). Links are followed inside the image alone.
 */
export class ImageFiles {
  readonly #root: Node = { kind: "directory", mode: 0o755, uid: 0, gid: 0, layer: 0, children: new Map() };

  /** Adds an entry of a layer; layers come in their order. Throws BadEntry for one that leads out of the image. */
  add(layer: number, path: string, entry: ImageFile): void {
    const parts = partsOf(path);
    const name = parts.at(-1);
    if (name === undefined) {
      if (entry.kind !== "directory") throw new BadEntry("wrong", `${told(path)} replaces the root`);
      Object.assign(this.#root, entry, { layer });
      return;
    }
    const parent = this.#folder(layer, parts.slice(0, -1), path);
    if (name.startsWith(WHITEOUT)) {
      takeAway(layer, parent, name, path);
      return;
    }
    const old = parent.children.get(name);
    const isKept = old?.kind === "directory" && entry.kind === "directory";
    if (isKept) Object.assign(old, entry, { layer });
    else parent.children.set(name, { ...entry, layer, children: new Map() });
  }

  /** Adds a second name of a file. Throws BadEntry where there is no such file. */
  link(layer: number, path: string, target: string): void {
    const found = this.#walk(partsOf(target), false)?.at(-1);
    if (found === undefined || found.kind === "directory")
      throw new BadEntry("wrong", `${told(path)} is a hard link to ${told(target)}, which is no file of the image`);
    const { layer: _, children: __, ...entry } = found;
    this.add(layer, path, entry);
  }

  /** What is at a path, after the folders that lead there; undefined where there is nothing. */
  find(path: string): readonly ImageFile[] | undefined {
    return this.#walk(path.split("/"), true);
  }

  /** What a mount at a path would meet: a folder, nothing yet, or something else. */
  placeFor(path: string): "directory" | "nothing" | "other" {
    const parts = path.split("/").filter((part) => part !== "");
    for (let length = parts.length; length >= 0; length--) {
      const begin = parts.slice(0, length);
      const found = this.#walk(begin, true)?.at(-1);
      if (found === undefined && this.#walk(begin, false) === undefined) continue;
      if (found?.kind !== "directory") return "other";
      return length === parts.length ? "directory" : "nothing";
    }
    return "nothing";
  }

  /** Every file that was read, with the folders that lead there. */
  *texts(): Generator<{ readonly path: string; readonly nodes: readonly ImageFile[]; readonly text: string }> {
    const open: { path: string; nodes: readonly Node[] }[] = [{ path: "", nodes: [this.#root] }];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const { path, nodes } = at;
      for (const [name, node] of nodes.at(-1)?.children ?? []) {
        const next = { path: `${path}/${name}`, nodes: [...nodes, node] };
        if (node.kind === "directory") open.push(next);
        else if (node.text !== undefined) yield { ...next, text: node.text };
      }
    }
  }

  /** The folder of an entry; what is missing of it is made, as by every runtime. */
  #folder(layer: number, parts: readonly string[], path: string): Node {
    const nodes = this.#walk(parts, true, (parent, name) => {
      const made: Node = { kind: "directory", mode: 0o755, uid: 0, gid: 0, layer, children: new Map() };
      parent.children.set(name, made);
      return made;
    });
    const folder = nodes?.at(-1);
    if (folder?.kind === "directory") return folder;
    throw new BadEntry("wrong", `${told(path)} is below something that is not a folder`);
  }

  #walk(
    parts: readonly string[],
    isLastFollowed: boolean,
    make?: (parent: Node, name: string) => Node,
  ): readonly Node[] | undefined {
    const left = parts.filter((part) => part !== "" && part !== ".").reverse();
    let nodes = [this.#root];
    let [hops, steps] = [0, 0];
    for (let part = left.pop(); part !== undefined; part = left.pop()) {
      if (++steps > MOST_STEPS) throw new BadEntry("unknown", `it has a path of more than ${MOST_STEPS} steps`);
      const parent = nodes.at(-1);
      if (parent?.kind !== "directory") return undefined;
      if (part === "..") {
        if (nodes.length > 1) nodes.pop();
        continue;
      }
      const next = parent.children.get(part) ?? make?.(parent, part);
      if (next === undefined) return undefined;
      if (next.kind === "link" && (left.length > 0 || isLastFollowed)) {
        if (++hops > MOST_HOPS) return undefined;
        const target = next.target ?? "";
        left.push(
          ...target
            .split("/")
            .filter((each) => each !== "" && each !== ".")
            .reverse(),
        );
        if (target.startsWith("/")) nodes = [this.#root];
        continue;
      }
      nodes.push(next);
      if (nodes.length > DEEPEST) throw new BadEntry("unknown", `it has more than ${DEEPEST} folders in each other`);
    }
    return nodes;
  }
}

function partsOf(path: string): string[] {
  if (path.length > LONGEST_PATH)
    throw new BadEntry("unknown", `it has a path of more than ${LONGEST_PATH} characters`);
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || path.includes("\0")) throw new BadEntry("wrong", `${told(path)} leads out of the image`);
  return parts;
}

function takeAway(layer: number, parent: Node, name: string, path: string): void {
  if (name === OPAQUE) {
    clear(parent, layer);
    return;
  }
  const taken = name.slice(WHITEOUT.length);
  // Of a storage driver of long ago: runtimes leave these out.
  if (taken.startsWith(WHITEOUT)) return;
  if (taken === "" || taken === "." || taken === "..")
    throw new BadEntry("wrong", `${told(path)} takes away something without a name`);
  const old = parent.children.get(taken);
  if (old === undefined) return;
  clear(old, layer);
  if (old.layer < layer && old.children.size === 0) parent.children.delete(taken);
}

/** Takes away what earlier layers have below a folder; what this layer has there stays. */
function clear(folder: Node, layer: number): void {
  if (folder.clearedIn === layer) return;
  folder.clearedIn = layer;
  for (const [name, child] of folder.children) {
    clear(child, layer);
    if (child.layer < layer && child.children.size === 0) folder.children.delete(name);
  }
}

function told(path: string): string {
  return JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
}
