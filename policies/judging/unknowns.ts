/** Stands for a value that preview cannot know, in what programs, providers and the engine's events say. */
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

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
