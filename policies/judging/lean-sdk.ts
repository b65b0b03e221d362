import { createRequire, registerHooks } from "node:module";
import { servePrivately } from "../../tools/callers.ts";

/** What @pulumi/policy asks for, and by the file beside it gets the part that it uses. */
const ASKED = ["@pulumi/pulumi", "@pulumi/pulumi/runtime/rpc"];
const ENOUGH = new URL("pulumi-for-policies.ts", import.meta.url).href;

const hooks = registerHooks({
  resolve: (specifier, context, next) =>
    ASKED.includes(specifier)
      ? { url: ENOUGH, format: "module-typescript", shortCircuit: true }
      : next(specifier, context),
});

const load = createRequire(import.meta.url);

/**
 * The SDK decodes a resource again for every policy that looks at it. Policies only read, so one decoding does for all.
 */
const sdk: { deserializeProperties: (properties: object, keepSecrets: boolean) => unknown } = load(
  "@pulumi/policy/deserialize.js",
);
// The policies themselves are loaded without detours.
hooks.deregister();

const decode = sdk.deserializeProperties;
const decoded = new WeakMap<object, unknown>();
sdk.deserializeProperties = (properties, keepSecrets) => {
  if (keepSecrets) return decode(properties, true);
  if (!decoded.has(properties)) decoded.set(properties, decode(properties, false));
  return decoded.get(properties);
};

/** No policy changes a resource: the engine takes that for granted when this is not offered, and asks once less for each. */
const { AnalyzerService }: { AnalyzerService: Record<string, unknown> } = load(
  "@pulumi/pulumi/proto/analyzer_grpc_pb.js",
);
delete AnalyzerService.remediate;

// Another user of the machine could else turn policies off while they judge.
servePrivately(load("@grpc/grpc-js"));
