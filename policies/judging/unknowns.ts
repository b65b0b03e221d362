import { UNKNOWN } from "../../shared/engine-values.ts";

/** Reading a value that preview cannot know throws, as it does in the pack (@pulumi/policy's own proxy has no types). */
export function unknownsThrow<T extends object>(target: T): T {
  return new Proxy(target, {
    get: (object, key) => {
      const value: unknown = Reflect.get(object, key);
      if (value === UNKNOWN) {
        throw Object.assign(new Error(`${String(key)} can't be known during preview`), { unknownTypeSentinel: value });
      }
      return typeof value === "object" && value !== null ? unknownsThrow(value) : value;
    },
  });
}
