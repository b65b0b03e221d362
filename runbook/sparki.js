#!/usr/bin/env node
// JavaScript, because an older Node refuses a TypeScript file before it could say what is wrong.
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major > 22 || (major === 22 && minor >= 18)) {
  await import("./sparki.ts");
} else {
  process.stderr.write(`SPARKI_USAGE: this is Node ${process.versions.node}; expected 22.18 or newer\n`);
  process.stderr.write("Next: npm ci, then npx sparki: it brings its own Node\n");
  process.exitCode = 2;
}
