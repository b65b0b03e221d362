import { parse } from "yaml";
import { z } from "zod";
import { messageOf } from "../../../shared/deploy-error.ts";
import { type Check, type Finding, fail, pass, skipped } from "../check.ts";
import type { PreflightContext, Question } from "../context.ts";
import { placeOf } from "../context.ts";

const TIME_LIMIT_SECONDS = 5;

export const onCall: Check = {
  id: "on-call",
  group: "Communication",
  title: "On-call confirmed",
  proves: "The engineers on call are confirmed and briefed: a person confirmed it.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context) => confirmed(context, "on-call-confirmed", "the engineers on call are confirmed and briefed"),
};

export const maintenanceWindow: Check = {
  id: "maintenance-window",
  group: "Communication",
  title: "Maintenance window announced",
  proves: "The window is announced in #status; support, and affected customers, know: a person confirmed it.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context) => confirmed(context, "window-announced", "the window is announced, and support knows"),
};

function confirmed({ answers }: PreflightContext, question: Question, what: string): Finding {
  const { confirmed: yes, how } = answers[question];
  if (yes && how === "rehearsed") return pass("not needed in a rehearsal");
  if (yes) return pass(how === "flag" ? `given as --${question}` : "answered yes");
  const why = how === "asked" ? "answered no" : "there was no interactive terminal to ask on";
  return fail(`not confirmed: ${why}`, `see to it that ${what}, then run it with --${question}`);
}

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
  proves: "The stack's feature flag file can be read, and every flag is on, off or a share of users.",
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
