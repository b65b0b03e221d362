import { createRequire, enableCompileCache, Module } from "node:module";
import { join } from "node:path";

// Compiled code is kept, as a sealed run does in a folder of its own; one that cannot be written to changes nothing.
if (process.env.NODE_COMPILE_CACHE === undefined)
  enableCompileCache(join(import.meta.dirname, "..", "node_modules", ".cache", "program"));

/**
 * Imported before Pulumi's SDK, it spares its user two thirds of the SDK's loading: TypeScript's compiler and npm's resolver,
 * which serve only programs that ship functions to the cloud. This one ships none, and one that tried would be told so.
 * Nor has it source maps, which would be looked for at every place that the SDK notes of a resource.
 */
const UNUSED = ["typescript", "@npmcli/arborist", "source-map-support/register"];

const unused = new Proxy(
  {},
  {
    // Symbols and this name are asked for by whoever only loads a module.
    get: (_, name) => {
      if (typeof name === "symbol" || name === "__esModule") return undefined;
      throw new Error("io/lean-sdk.ts left out what Pulumi needs to ship a function to the cloud");
    },
  },
);

const own = createRequire(import.meta.url);
const sdk = createRequire(own.resolve("@pulumi/pulumi"));
for (const name of UNUSED) {
  const place = sdk.resolve(name);
  sdk.cache[place] ??= Object.assign(new Module(place), { filename: place, loaded: true, exports: unused });
}

/** What the SDK does with every promise of a call, of which an update has thousands. */
type Debuggable = (promise: Promise<unknown>, context?: string) => Promise<unknown>;

// It writes down where each was made, for PULUMI_DEBUG_PROMISE_LEAKS alone: a third of what a resource costs.
const debuggable: { debuggablePromise: Debuggable; readonly debugPromiseLeaks: boolean } = sdk(
  "@pulumi/pulumi/runtime/debuggable",
);
const withStack = debuggable.debuggablePromise;
if (!debuggable.debugPromiseLeaks)
  debuggable.debuggablePromise = (promise, context) => {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      return withStack(promise, context);
    } finally {
      Error.stackTraceLimit = limit;
    }
  };
