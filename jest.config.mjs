import { join } from "node:path";

// What the tests start, `sparki` and the program among it, finds what the one before has compiled.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules", ".cache", "node");

/** Test layers: unit (pure functions and recorded component inputs, seconds) and engine (the rehearsal on the real engine). */
const common = {
  testEnvironment: "node",
  // Rehearsals leave copies of the project there.
  modulePathIgnorePatterns: ["<rootDir>/.sparki/"],
  transform: {
    "^.+\\.ts$": [
      "@swc/jest",
      { jsc: { target: "es2024", parser: { syntax: "typescript" } }, module: { type: "commonjs" } },
    ],
  },
  // What Pulumi's SDK loads at once to ship functions to the cloud: ours ships none, and every test would load it anew.
  moduleNameMapper: { "^(typescript|@npmcli/arborist)$": "<rootDir>/test/support/unused-module.ts" },
};

export default {
  projects: [
    { ...common, displayName: "unit", testMatch: ["<rootDir>/test/**/*.test.ts"], testPathIgnorePatterns: ["/test/engine/"] },
    { ...common, displayName: "engine", testMatch: ["<rootDir>/test/engine/**/*.test.ts"] },
  ],
};
