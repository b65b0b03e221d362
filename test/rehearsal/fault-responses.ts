import type { FAULTS } from "../../rehearsal/scenarios.ts";
import { failureDocumentSchema } from "../../runbook/report/document.ts";

/** How a deployment must end that meets a fault: what `sparki rehearse --fault ID --json` says. */
export interface Response {
  readonly exitCode: number;
  /** "interrupted": its document is that of an error, as a person who presses Ctrl-C waits for no report. */
  readonly outcome: "promoted" | "stopped" | "held" | "failed" | "rolled-back" | "interrupted";
  /** What its reason says. */
  readonly reason: RegExp;
  /** The scenario whose last release meets it. @default that which `--fault` takes by itself */
  readonly scenario?: "upgrade";
  /** What AWS created and the state could not keep is there until the next run, which must promote. */
  readonly isFinishedByResume?: true;
  /** Nothing may have changed. */
  readonly isUntouched?: true;
}

const promoted = { exitCode: 0, outcome: "promoted", reason: /every gate passed/ } as const;
const refused = (reason: RegExp, scenario?: "upgrade"): Response => ({
  ...{ exitCode: 1, outcome: "stopped", reason, isUntouched: true },
  ...(scenario && { scenario }),
});
const resumable = (reason: RegExp): Response => ({ exitCode: 4, outcome: "failed", reason });
const goesBack = (reason: RegExp): Response => ({ exitCode: 1, outcome: "rolled-back", reason, scenario: "upgrade" });
const held = (reason: RegExp): Response => ({ exitCode: 3, outcome: "held", reason });
const heldUpgrade = (reason: RegExp): Response => ({ ...held(reason), scenario: "upgrade" });

/** The required response to every fault that can be rehearsed by its id. */
export const RESPONSES: Readonly<Record<keyof typeof FAULTS, Response>> = {
  F01: promoted,
  F02: promoted,
  F03: resumable(/timeout while waiting for state/),
  F04: resumable(/not enough free addresses in the subnets/),
  F05: resumable(/unexpected state|exceeded maximum number of attempts/),
  F06: resumable(/no capacity in these zones/),
  F07: resumable(/unschedulable|nodes are available|timed out|deadline/),
  F08: refused(/vCPUs of instances .* of 5 used/),
  F09: resumable(/InsufficientDBInstanceCapacity/),
  F10: promoted,
  F11: { exitCode: 4, outcome: "interrupted", reason: /interrupted by SIGINT/ },
  F12: { ...resumable(/cannot be written|state/), isFinishedByResume: true },
  // The lock comes after the checklist, so it is the update that meets it.
  F13: { ...resumable(/locked by ann@desk .* since /), scenario: "upgrade", isUntouched: true },
  F15: resumable(/ExpiredToken/),
  F16: resumable(/elasticache:CreateReplicationGroup/),
  F17: promoted,
  F18: refused(/not what was approved .*state: sparki-\S+ differs/s, "upgrade"),
  F19: refused(/not what was approved .*config: /s, "upgrade"),
  F20: refused(/publiclyAccessible/),
  F21: refused(/policy pack|crashes/),
  F22: refused(/does not exist/, "upgrade"),
  F24: refused(/not in the registry/),
  F26: goesBack(/ImagePullBackOff|ErrImagePull/),
  F27: goesBack(/CrashLoopBackOff|exit/i),
  F28: goesBack(/Readiness probe failed|not ready|pods ready/i),
  F31: { exitCode: 1, outcome: "stopped", reason: /migrate|migration/ },
  F34: refused(/DROP COLUMN/, "upgrade"),
  F36: goesBack(/database cannot be reached|answered 50\d/),
  F37: goesBack(/cache cannot be reached|answered 50\d/),
  F38: goesBack(/requests bad: at least .* over the limit 0\.1 %/),
  F39: goesBack(/over the limit 1 %/),
  F40: goesBack(/bad|burn/),
  F41: heldUpgrade(/firewall rejects the gate's own requests/),
  F42: heldUpgrade(/metrics source does not respond/),
  F43: heldUpgrade(/not numbers/),
  F44: promoted,
  // An upgrade leaves the record as it is: DNS changes, and the entrance's gate runs, in the first deployment.
  F45: held(/^promoted, but DNS does not lead to it: after \d+ s: \S+ does not resolve/),
  F46: resumable(/PENDING_VALIDATION/),
  F47: held(/^entrance, certificate and engine: after \d+ s: .* on the fleet answered 503; expected 200/),
  F48: refused(/not in the registry/, "upgrade"),
  F49: { exitCode: 5, outcome: "failed", reason: /ImagePull/, scenario: "upgrade" },
  F51: refused(/use1-az3/),
  F52: promoted,
  F53: promoted,
  F54: refused(/eks:CreateCluster/),
  F55: promoted,
  F56: promoted,
  F57: refused(/DS/),
  F58: promoted,
};

/** What of a rehearsal's document is compared. */
export interface Ended {
  readonly exitCode: number;
  readonly outcome: string;
  readonly reason: string;
  readonly steps: readonly { readonly name: string; readonly op: string }[];
  readonly world: { readonly orphans: number; readonly duplicates: number } | "unknown";
}

/** How a rehearsal ended whose document is that of an error; undefined where it is another one. */
export function endedByError(document: unknown): Ended | undefined {
  const { data } = failureDocumentSchema.safeParse(document);
  if (data === undefined) return undefined;
  const { exitCode, error } = data;
  const outcome = error.message.startsWith("interrupted by ") ? "interrupted" : "failed";
  return { exitCode, outcome, reason: error.message, steps: [], world: "unknown" };
}

/** In what the run after it, with --resume, ended otherwise than it must. */
export function differenceAfterResume({ outcome, reason, world }: Ended): string | undefined {
  if (outcome !== "promoted") return `resumed, it ended ${outcome}, expected promoted: ${reason}`;
  if (world === "unknown") return "resumed, it does not say what is left at AWS";
  const { orphans, duplicates } = world;
  return orphans + duplicates > 0 ? `resumed, it left ${orphans} orphans and ${duplicates} duplicates` : undefined;
}

/** In what a rehearsal of a fault ended otherwise than it must; undefined where it ended as it must. */
export function differenceFrom(id: string, { exitCode, outcome, reason, steps, world }: Ended): string | undefined {
  const wanted = RESPONSES[id];
  if (wanted === undefined) return "no response is known to it";
  if (exitCode !== wanted.exitCode || outcome !== wanted.outcome)
    return `${outcome} (exit ${exitCode}), expected ${wanted.outcome} (exit ${wanted.exitCode}): ${reason}`;
  if (!wanted.reason.test(reason)) return `its reason is ${JSON.stringify(reason)}, expected ${wanted.reason}`;
  const changed = steps.filter(({ op }) => op !== "same").map(({ name }) => name);
  if (wanted.isUntouched && changed.length > 0) return `it changed ${changed.join(", ")}, expected nothing`;
  if (world === "unknown" || wanted.isFinishedByResume) return undefined;
  const { orphans, duplicates } = world;
  return orphans + duplicates > 0 ? `${orphans} orphans and ${duplicates} duplicates at AWS` : undefined;
}
