import { isUnknownValue } from "./resource.ts";

const SECRET = /(passw(or)?d|passphrase|secret|token|api_?key|private_?key|credential)s?$/i;

/** A text in a nested value. */
export interface Leaf {
  readonly path: readonly string[];
  /** Throws when preview cannot know it, or what is below it. */
  readonly text: () => string;
}

/** Whether a key's name says that its value is a secret, and not a reference to one such as `secretArn`. */
export function isSecretName(key: string): boolean {
  return SECRET.test(key);
}

/** Every text in a value with its path, those that preview cannot know included. */
export function leavesOf(read: () => unknown, path: readonly string[] = []): Leaf[] {
  try {
    const value = read();
    if (typeof value === "string") return [{ path, text: () => value }];
    if (typeof value !== "object" || value === null) return [];
    return Object.keys(value).flatMap((key) => leavesOf(() => Reflect.get(value, key), [...path, key]));
  } catch (error) {
    if (!isUnknownValue(error)) throw error;
    const unknown = () => {
      throw error;
    };
    return [{ path, text: unknown }];
  }
}
