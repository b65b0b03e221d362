import { type Check, type Finding, fail, pass } from "../check.ts";
import type { PreflightContext, Question } from "../context.ts";

const TIME_LIMIT_SECONDS = 5;

export const onCall: Check = {
  id: "on-call",
  group: "Communication",
  title: "On-call confirmed",
  proves: "The engineers on call are confirmed and briefed: somebody said so.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context) => confirmed(context, "on-call-confirmed", "the engineers on call are confirmed and briefed"),
};

export const maintenanceWindow: Check = {
  id: "maintenance-window",
  group: "Communication",
  title: "Maintenance window announced",
  proves: "The window is announced in #status; support, and customers where it concerns them, know: somebody said so.",
  timeLimitSeconds: TIME_LIMIT_SECONDS,
  run: async (context) => confirmed(context, "window-announced", "the window is announced, and support knows"),
};

function confirmed({ answers }: PreflightContext, question: Question, what: string): Finding {
  const { confirmed: yes, how } = answers[question];
  if (yes && how === "rehearsed") return pass("a rehearsal needs nobody");
  if (yes) return pass(how === "flag" ? `given as --${question}` : "answered yes");
  const why = how === "asked" ? "answered no" : "nobody was there to ask";
  return fail(`not confirmed: ${why}`, `see to it that ${what}, then run it with --${question}`);
}
