import { join } from "node:path";

// What the tests start, `sparki` and the program among it, finds what the one before has compiled.
process.env.NODE_COMPILE_CACHE ??= join(import.meta.dirname, "node_modules", ".cache", "node");

/**
 * What would disturb, or be disturbed by, another test beside it: it measures rates, takes a port of the whole machine, or
 * needs this checkout to stay as it is, in which other tests put a stack's file.
 */
const ALONE = ["backing", "plan", "rolling-update", "taken-port"].map((name) => `/test/engine/${name}.test.ts`);

/** What mostly waits, for pods that never are ready and for time limits: it goes on beside two others that compute. */
const WAITING = ["kubernetes", "providers"].map((name) => `/test/engine/${name}.test.ts`);

/**
 * Test layers: unit (pure functions and recorded component inputs, seconds), engine (the rehearsal on the real engine; several
 * side by side, each in folders and on a loopback network of its own), waiting (the same, beside those, one at a time),
 * alone (one at a time, and nothing beside it) and long (what is rehearsed every night and before a release: variations of
 * what the engine project rehearses on each commit).
 */
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
  // What Pulumi's SDK loads at once to ship functions to the cloud: ours ships none, and every test would load it again.
  moduleNameMapper: { "^(typescript|@npmcli/arborist)$": "<rootDir>/test/support/unused-module.ts" },
};

/** For the tests that run real servers: what fails is tried once more, and named at the end where it then passes. */
const rehearsing = { ...common, setupFilesAfterEnv: ["<rootDir>/test/second-try.ts"] };

export default {
  // Five seconds, Jest's own limit, are little on a machine that does other things too; what hangs is ended all the same.
  testTimeout: 180_000,
  testSequencer: "<rootDir>/test/longest-first.ts",
  projects: [
    {
      ...common,
      displayName: "unit",
      testMatch: ["<rootDir>/test/**/*.test.ts"],
      testPathIgnorePatterns: ["/test/engine/", "/test/long/"],
    },
    {
      ...rehearsing,
      displayName: "engine",
      testMatch: ["<rootDir>/test/engine/**/*.test.ts"],
      testPathIgnorePatterns: [...ALONE, ...WAITING],
    },
    { ...rehearsing, displayName: "waiting", testMatch: WAITING.map((file) => `<rootDir>${file}`) },
    { ...rehearsing, displayName: "alone", testMatch: ALONE.map((file) => `<rootDir>${file}`) },
    { ...rehearsing, displayName: "long", testMatch: ["<rootDir>/test/long/**/*.test.ts"] },
  ],
};
