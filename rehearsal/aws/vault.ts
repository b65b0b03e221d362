import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { isRecord, type Properties, type Value } from "../provider/properties.ts";

/**
 * Secret values of the simulated account, in memory and in one file that only its owner may read (mode 0600).
 * They are kept apart from the world's file, which holds none, so that the world can be shown and shared.
 */
export class Vault {
  readonly #file: string;
  readonly #values: Map<string, Value>;

  constructor(file: string) {
    this.#file = file;
    this.#values = new Map(Object.entries(load(file)));
  }

  get(key: string): Value | undefined {
    return this.#values.get(key);
  }

  /** The text stored under the key. */
  text(key: string): string | undefined {
    const value = this.#values.get(key);
    return typeof value === "string" ? value : undefined;
  }

  set(key: string, value: Value): void {
    this.#values.set(key, value);
    this.#write();
  }

  delete(key: string): void {
    if (this.#values.delete(key)) this.#write();
  }

  #write(): void {
    mkdirSync(dirname(this.#file), { recursive: true });
    writeFileSync(`${this.#file}.new`, JSON.stringify(Object.fromEntries(this.#values)), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
  }
}

function load(file: string): Properties {
  if (!existsSync(file)) return {};
  const parsed: Value = JSON.parse(readFileSync(file, "utf8"));
  return isRecord(parsed) ? parsed : {};
}
