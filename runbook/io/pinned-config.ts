import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseDocument } from "yaml";
import type { Release } from "../../stacks/schema.ts";

/** A stack's config with another release in it, in a file of its own that only its owner can read. */
export interface PinnedConfig {
  readonly file: string;
  remove(): void;
}

/** Copies the config file and puts the release into the copy; the stack's own file is only read. */
export function pinConfig(configFile: string, release: Release): PinnedConfig {
  const document = parseDocument(readFileSync(configFile, "utf8"));
  document.setIn(["config", "sparki:release"], document.createNode(release));
  const folder = mkdtempSync(join(tmpdir(), "sparki-config-"));
  const file = join(folder, basename(configFile));
  writeFileSync(file, document.toString(), { mode: 0o600 });
  return { file, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
