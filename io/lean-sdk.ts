import { createRequire, Module } from "node:module";

/**
 * Imported before Pulumi's SDK, it spares its user two thirds of the SDK's loading: TypeScript's compiler and npm's resolver,
 * which serve only programs that ship functions to the cloud. This one ships none, and one that tried would be told so.
 */
const UNUSED = ["typescript", "@npmcli/arborist"];

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
