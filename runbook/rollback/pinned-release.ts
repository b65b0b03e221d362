import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { RunSettings } from "../../io/engine.ts";
import { pinConfig } from "../../io/pinned-config.ts";
import { KEPT_VARIABLE, ROLLBACK_ENVIRONMENT } from "../../records/kept-inputs.ts";
import type { Promoted } from "../../records/update.ts";
import type { Kept } from "../release/keep.ts";

/**
 * The settings of an operation that rolls back to what was promoted, for as long as the work lasts: the release and its
 * sizes in a config of its own, and the charts and values that were kept in a file beside it.
 */
export async function withPinned<T>(
  configFile: string,
  promoted: Promoted,
  { releases }: Pick<Kept, "releases">,
  work: (run: Pick<RunSettings, "configFile" | "environment">) => Promise<T>,
): Promise<T> {
  const isKept = Object.keys(releases).length > 0;
  const { release, workloads } = promoted;
  const pinned = pinConfig(configFile, { release, ...(isKept && workloads && { workloads }) });
  try {
    const file = join(dirname(pinned.file), "kept.json");
    writeFileSync(file, JSON.stringify(releases), { mode: 0o600 });
    return await work({ configFile: pinned.file, environment: { ...ROLLBACK_ENVIRONMENT, [KEPT_VARIABLE]: file } });
  } finally {
    pinned.remove();
  }
}
