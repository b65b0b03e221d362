import { parse } from "yaml";
import { z } from "zod";
import { messageOf } from "../../../shared/message-of.ts";
import { type Check, fail, pass, skipped } from "../check.ts";
import { placeOf } from "../context.ts";

const NAME = /^[a-z][a-z0-9]*([-_.][a-z0-9]+)*$/;
const flagSchema = z.union([
  z.boolean(),
  z.strictObject({
    enabled: z.boolean(),
    description: z.string().optional(),
    /** Share of users, in percent. */
    percent: z.number().min(0).max(100).optional(),
    /** The day after which the flag should be gone. */
    until: z.iso.date().optional(),
  }),
]);
const fileSchema = z.record(z.string().regex(NAME, "a lower-case name"), flagSchema);

export const featureFlags: Check = {
  id: "feature-flags",
  group: "Application",
  title: "Feature flags",
  proves: "The stack's file of feature flags can be read, and every flag is on, off or a share of users.",
  timeLimitSeconds: 10,
  run: async (context) => {
    const { config, files } = context;
    const path = config.preflight.featureFlags;
    if (path === undefined) return skipped("no sparki:preflight.featureFlags file is configured");
    const text = files.read(placeOf(context, path));
    if (text === undefined) return fail(`${path} cannot be read`, "write it, or correct sparki:preflight.featureFlags");
    const fix = `correct ${path}`;
    try {
      const flags = fileSchema.safeParse(parse(text));
      if (!flags.success) return fail(`${path}: ${z.prettifyError(flags.error).replaceAll("\n", " ")}`, fix);
      return pass(`${Object.keys(flags.data).length} flags in ${path}`);
    } catch (error) {
      return fail(`${path} is neither JSON nor YAML: ${messageOf(error).split("\n")[0]}`, fix);
    }
  },
};
