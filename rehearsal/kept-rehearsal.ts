import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { SLOTS } from "./addresses.ts";

/** What a rehearsal was started with, and is gone on with: kept in its run's directory. */
const keptSchema = z.object({
  seed: z.int().min(0),
  timeScale: z.number().positive(),
  /** Its loopback network: the state and the cluster hold addresses of it. */
  slot: z.int().min(SLOTS.first).max(SLOTS.last),
  /** The day that its passwords are from, ISO 8601. */
  since: z.iso.date(),
  /** Whether Pulumi's own providers were used where there are any. */
  providers: z.enum(["simulated", "real"]).default("simulated"),
});

export type KeptRehearsal = z.infer<typeof keptSchema>;

/** Writes it down, so that the rehearsal can be gone on with, however it ends. */
export function keepRehearsal(runDirectory: string, kept: KeptRehearsal): void {
  writeFileSync(fileIn(runDirectory), JSON.stringify(kept), { mode: 0o600 });
}

/** The rehearsal that was left in a run's directory; undefined where there is none to go on with. */
export function keptRehearsal(runDirectory: string): KeptRehearsal | undefined {
  if (!existsSync(fileIn(runDirectory))) return undefined;
  try {
    return keptSchema.safeParse(JSON.parse(readFileSync(fileIn(runDirectory), "utf8"))).data;
  } catch {
    // A file cut short by a full disk or a crash keeps nothing.
    return undefined;
  }
}

function fileIn(runDirectory: string): string {
  return join(runDirectory, "rehearsal.json");
}
