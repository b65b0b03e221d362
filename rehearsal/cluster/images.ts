import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { byService } from "../../stacks/services.ts";
import type { ImageBehaviour } from "../services.ts";
import { expanded } from "./environment-and-volumes.ts";
import type { Container } from "./objects.ts";

/** What the kubelets can pull. */
export interface ImageRegistry {
  /** How the image behaves, by the digest in its reference; undefined for an image that was never pushed. */
  behaviourOf(ref: string): ImageBehaviour | undefined;
}

/** The rehearsal's registry: every pushed image, kept in one file so that a later run still knows it. */
export class StoredImages implements ImageRegistry {
  readonly #file: string;
  readonly #images: Map<string, ImageBehaviour>;

  constructor(file: string) {
    this.#file = file;
    this.#images = new Map(existsSync(file) ? Object.entries(JSON.parse(readFileSync(file, "utf8"))) : []);
  }

  behaviourOf(ref: string): ImageBehaviour | undefined {
    return this.#images.get(keyOf(ref));
  }

  has(ref: string): boolean {
    return this.#images.has(keyOf(ref));
  }

  /** Pushes an image, or replaces what an earlier push of the same digest does. */
  push(ref: string, behaviour: ImageBehaviour): void {
    this.#images.set(keyOf(ref), behaviour);
    this.#save();
  }

  /** Deletes an image, as a registry's clean-up may; pods that run continue running. */
  remove(ref: string): void {
    this.#images.delete(keyOf(ref));
    this.#save();
  }

  #save(): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify(Object.fromEntries(this.#images)));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

/** The digest of a reference, whatever its repository; a reference without a digest stands for itself. */
export function keyOf(ref: string): string {
  return ref.split("@").at(-1) ?? ref;
}

type ApplicationKind = Exclude<ImageBehaviour["kind"], "postgres-client">;

/** The programs that each kind of image has below `/app`; the first is its entrypoint. */
const PROGRAMS: Readonly<Record<ApplicationKind, readonly [string, ...string[]]>> = {
  ...byService((name) => [name] as const),
  engine: ["engine", "migrate", "seed-data"],
  e2e: ["e2e"],
};

/**
 * The stand-in application's arguments for a container's command, for example `migrate up`, or `sh -c ...` of a client's.
 * Throws, in a container runtime's words, when the image has no such program.
 */
export function applicationArguments(
  kind: ImageBehaviour["kind"],
  container: Pick<Container, "command" | "args">,
  environment: Readonly<Record<string, string>>,
): readonly string[] {
  if (kind === "postgres-client") return shellWords(container, environment);
  const [entrypoint] = PROGRAMS[kind];
  const words = [...(container.command ?? [`/app/${entrypoint}`]), ...(container.args ?? [])];
  const [program = "", ...rest] = words.map((word) => expanded(word, environment));
  const name = program.replace(/^\/app\//, "");
  if (!program.startsWith("/app/") || !PROGRAMS[kind].includes(name)) throw new Error(notThere(program));
  return [name, ...rest];
}

/** The image of PostgreSQL's client runs no server here: only a shell's script. */
function shellWords(
  { command = [], args = [] }: Pick<Container, "command" | "args">,
  environment: Readonly<Record<string, string>>,
) {
  const [program = "", ...rest] = [...command, ...args].map((word) => expanded(word, environment));
  if (program !== "/bin/sh" && program !== "sh") throw new Error(notThere(program));
  return ["sh", ...rest];
}

function notThere(program: string): string {
  return (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: " +
    `exec: "${program}": stat ${program}: no such file or directory`
  );
}
