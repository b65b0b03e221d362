type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/**
 * Whether EventBridge hands an event to a rule of this pattern: each field that the pattern names is there and has one of
 * the values. Throws for a kind of match that is not known here.
 * https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern.html
 */
export function fits(pattern: string, event: object): boolean {
  return fitsObject(JSON.parse(pattern), Object(event));
}

function fitsObject(pattern: Readonly<Record<string, Json>>, event: Readonly<Record<string, Json>>): boolean {
  return Object.entries(pattern).every(([key, wanted]) => {
    const value = event[key];
    if (!Array.isArray(wanted)) return isObject(wanted) && isObject(value) && fitsObject(wanted, value);
    const values = Array.isArray(value) ? value : [value];
    return wanted.some((each: Json) => values.some((one) => fitsValue(each, one)));
  });
}

function fitsValue(wanted: Json, value: Json | undefined): boolean {
  if (!isObject(wanted)) return wanted === value;
  const { numeric, ...others } = wanted;
  if (!Array.isArray(numeric) || numeric[0] !== ">=" || numeric.length !== 2 || Object.keys(others).length > 0)
    throw new Error(`cannot match by ${JSON.stringify(wanted)}; expected a plain value, or numeric with >=`);
  return typeof value === "number" && value >= Number(numeric[1]);
}

function isObject(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
