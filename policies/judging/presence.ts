import { knownValue } from "./resource.ts";

/** Whether a property is set at all; a value that only the update knows counts, an empty one does not. */
export function isGiven(read: () => unknown): boolean {
  let known = false;
  const value = knownValue(() => {
    const result = read();
    known = true;
    return result;
  });
  return !known || (value !== undefined && value !== null && value !== "");
}
