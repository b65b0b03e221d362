import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { ImageBehaviour } from "../services.ts";

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
