import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { OPERATIONS } from "./points.ts";

const call = z.object({ operation: z.enum(OPERATIONS), type: z.string(), step: z.string() });

/** The calls that each journey was seen to make, by its name; `--record` writes them anew. */
export const KNOWN_CALLS = z
  .record(z.string(), z.array(call))
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "calls.json"), "utf8")));
