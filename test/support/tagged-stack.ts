/** A stack's tags as a backend keeps them: to remove one that is not there is an error. */
export function taggedStack() {
  const kept = new Map<string, string>();
  return {
    tags: async () => Object.fromEntries(kept),
    setTag: async (name: string, value: string | undefined) => {
      if (value === undefined && !kept.delete(name)) throw new Error("no such tag");
      if (value !== undefined) kept.set(name, value);
    },
  };
}
