import { createRequire, registerHooks } from "node:module";

/** What the SDK loads at once to ship functions to the cloud; policies ship none, and it is half of the time to start. */
const UNUSED = ["@npmcli/arborist", "typescript"];

registerHooks({
  resolve: (specifier, context, next) =>
    UNUSED.includes(specifier) ? { url: "node:util", format: "builtin", shortCircuit: true } : next(specifier, context),
});

/**
 * The SDK decodes a resource anew for every policy that looks at it. Policies only read, so one decoding does for all.
 */
const sdk: { deserializeProperties: (properties: object, keepSecrets: boolean) => unknown } = createRequire(
  import.meta.url,
)("@pulumi/policy/deserialize.js");
const decode = sdk.deserializeProperties;
const decoded = new WeakMap<object, unknown>();
sdk.deserializeProperties = (properties, keepSecrets) => {
  if (keepSecrets) return decode(properties, true);
  if (!decoded.has(properties)) decoded.set(properties, decode(properties, false));
  return decoded.get(properties);
};
