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
};

export default {
  projects: [
    { ...common, displayName: "unit", testMatch: ["<rootDir>/test/**/*.test.ts"], testPathIgnorePatterns: ["/test/engine/"] },
    { ...common, displayName: "engine", testMatch: ["<rootDir>/test/engine/**/*.test.ts"] },
  ],
};
