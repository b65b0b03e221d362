import { isRecord, type Properties, type Value } from "../provider/properties.ts";

/** What the API server adds by itself: never an input. */
const SERVER_FIELDS = ["creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"];

/**
 * The inputs that would make the object as it is now: what somebody changed since the last update (`before` is its
 * output) is taken from the live object, everything else stays as the program wrote it.
 */
export function driftedInputs(inputs: Properties, before: Properties, live: Properties): Properties {
  const drifted = Object.entries(inputs).flatMap(([key, input]): [string, Value][] => {
    const value = driftedValue(input, before[key], live[key]);
    return value === undefined ? [] : [[key, value]];
  });
  return Object.fromEntries(drifted);
}

function driftedValue(input: Value, before: Value | undefined, live: Value | undefined): Value | undefined {
  if (isRecord(input) && isRecord(live)) return driftedInputs(input, isRecord(before) ? before : {}, live);
  // Write-only fields, such as a Secret's stringData, never come back.
  if (before === undefined && live === undefined) return input;
  return JSON.stringify(before) === JSON.stringify(live) ? input : live;
}

/** The inputs of an imported object: all of it but what the API server adds. */
export function importedInputs(live: Properties): Properties {
  const { status: _, ...rest } = live;
  const metadata = isRecord(live.metadata) ? live.metadata : {};
  const own = Object.entries(metadata).filter(([key]) => !SERVER_FIELDS.includes(key));
  return { ...rest, metadata: Object.fromEntries(own) };
}

/** The live object as an output: without the bookkeeping of who set which field. */
export function outputsOf(live: Properties): Properties {
  const { managedFields: _, ...metadata } = isRecord(live.metadata) ? live.metadata : {};
  return { ...live, metadata };
}
