import { z } from "zod";
import { PHASES, VERDICTS } from "../../gates/gate.ts";
import { SECOND_SIGNAL_CODES } from "../../io/signals.ts";
import { EXIT } from "../../shared/deploy-error.ts";
import { gateResultSchema } from "../../stacks/outputs.ts";
import { knownReleaseSchema } from "../../stacks/schema.ts";
import { byService } from "../../stacks/services.ts";
import { ROLES } from "../conformance/contract.ts";
import type { Conformance } from "../conformance/report.ts";
import { alertedSchema, type RehearsalReport } from "../rehearse/rehearsal-report.ts";

const seconds = z.number().min(0);
const count = z.int().min(0);

const stepSchema = z.strictObject({
  name: z.string(),
  type: z.string(),
  op: z.string(),
  startSeconds: seconds,
  endSeconds: seconds,
  status: z.enum(["running", "done", "failed"]),
  critical: z.literal(true).exactOptional(),
});

const violationSchema = z.strictObject({
  policy: z.string(),
  level: z.string(),
  resource: z.string().optional(),
  message: z.string(),
});

const decisionSchema = z.strictObject({
  phase: z.enum(PHASES),
  action: z.enum(["proceed", "wait", "hold", "rollback", "destroy", "escalate", "stop"]),
  reason: z.string(),
  page: z.boolean(),
  gate: z.string().exactOptional(),
  rule: z.string().exactOptional(),
});

const lookSchema = z.strictObject({ seconds, requests: count, bad: count, lower: z.number(), upper: z.number() });
const gatesSchema = z.array(
  gateResultSchema
    .required({ kind: true })
    .extend({ looks: z.array(lookSchema).exactOptional() })
    .strict(),
);
const tracksSchema = z.strictObject({ oneBox: z.array(z.string()), fleet: z.array(z.string()) });

const rollbackSchema = z.strictObject({
  release: knownReleaseSchema,
  verdict: z.enum(VERDICTS),
  reason: z.string(),
  steps: z.array(stepSchema),
  gates: gatesSchema,
  seconds,
});

const findingFields = {
  id: z.string(),
  title: z.string(),
  status: z.enum(["pass", "warn", "fail", "skipped"]),
  reason: z.string(),
  fix: z.string().optional(),
  /** A warning about how it was checked: what it checked is proven well. */
  advisory: z.literal(true).optional(),
  evidence: z.array(z.string()).optional(),
  /** It failed because nobody could look. */
  isBlind: z.literal(true).optional(),
  seconds,
};
const confirmation = z.strictObject({ confirmed: z.boolean(), how: z.string() });

const exitCodeSchema = z.literal(Object.values(EXIT).map(({ code }) => code));

const preflightSchema = z.strictObject({
  stack: z.string(),
  release: z.string(),
  outcome: z.enum(["passed", "failed"]),
  exitCode: z.literal([EXIT.done.code, EXIT.refused.code]),
  seconds,
  checks: z.array(z.strictObject({ ...findingFields, group: z.string() })),
  confirmations: z.strictObject({ "on-call-confirmed": confirmation, "window-announced": confirmation }),
});

const planSchema = z.strictObject({
  hash: z.string(),
  files: z.strictObject({ markdown: z.string(), html: z.string(), json: z.string() }),
  expected: z.strictObject({ typicalSeconds: seconds, longestSeconds: seconds }).exactOptional(),
});

/** The document of `verify --json`, which that of a deploy holds too. */
export const verifyDocument = z.strictObject({
  stack: z.string(),
  release: z.string(),
  outcome: z.enum(["verified", "unproven", "failed"]),
  exitCode: z.literal([EXIT.done.code, EXIT.refused.code, EXIT.held.code]),
  seconds,
  checks: z.array(z.strictObject(findingFields)),
  slos: gatesSchema,
  success: z.array(
    z.strictObject({
      metric: z.string(),
      threshold: z.string(),
      found: z.string(),
      verdict: z.enum(["pass", "fail", "not proven", "no data yet"]),
    }),
  ),
});

const notificationSchema = z.strictObject({
  channel: z.string(),
  text: z.string(),
  delivered: z.boolean(),
  problem: z.string().nullable(),
});

const worldSchema = z.strictObject({
  resources: count,
  orphans: count,
  duplicates: count,
  drift: count,
  findings: z.array(z.string()),
});

const timingSchema = z.strictObject({
  modelSeconds: seconds,
  criticalPathSeconds: seconds,
  wallSeconds: seconds,
  detectSeconds: seconds.nullable(),
  rollbackSeconds: seconds.nullable(),
  cloudReadySeconds: seconds,
  previewSeconds: seconds,
  upSeconds: seconds,
});

/** The contract of the document that `rehearse --json` writes: what CI and other tools may read. */
export const rehearsalDocument = z.strictObject({
  scenario: z.string(),
  stack: z.string(),
  seed: count,
  outcome: z.enum(["promoted", "rolled-back", "held", "stopped", "failed"]),
  exitCode: exitCodeSchema,
  reason: z.string(),
  release: knownReleaseSchema,
  previous: knownReleaseSchema.nullable(),
  replaced: z.array(z.strictObject({ key: z.string(), by: z.string() })),
  /** Documents of earlier versions have none: theirs were all simulated. */
  providers: z
    .array(
      z.strictObject({
        name: z.string(),
        is: z.enum(["simulated", "installed", "built"]),
        version: z.string().nullable(),
        /** Documents of earlier versions do not say it. */
        from: z.enum(["home", "PATH"]).nullable().exactOptional(),
      }),
    )
    .exactOptional(),
  languageHost: z
    .strictObject({
      name: z.literal("nodejs"),
      is: z.enum(["simulated", "installed"]),
      version: z.string().nullable(),
      from: z.enum(["beside pulumi", "home", "PATH"]).nullable(),
    })
    .exactOptional(),
  steps: z.array(stepSchema),
  gates: gatesSchema,
  decisions: z.array(decisionSchema),
  rollback: rollbackSchema.nullable(),
  preflight: preflightSchema.nullable(),
  plan: planSchema.nullable(),
  verify: verifyDocument.nullable(),
  notifications: z.array(notificationSchema),
  policy: z.strictObject({
    checked: count,
    violations: z.array(violationSchema),
    /** By policy: `PASSED/FAILED`, the checks of each kind. */
    verdicts: z.record(z.string(), z.string()).optional(),
  }),
  live: z.strictObject(byService(() => tracksSchema)),
  world: worldSchema,
  /** Documents of earlier versions have none. */
  inside: z
    .strictObject({
      objects: z.array(z.string()).nullable(),
      rows: z.record(z.string(), count),
      promoted: z.string().nullable(),
    })
    .exactOptional(),
  /** Documents of earlier versions have none. */
  users: z.strictObject({ requests: count, lost: count }).exactOptional(),
  alerted: alertedSchema.exactOptional(),
  timing: timingSchema,
  report: z.string().nullable(),
}) satisfies z.ZodType<Omit<RehearsalReport, "policy" | "preflight" | "verify">>;

/** The document of `conformance --json`; with `--list` it is `contractDocument`. */
export const conformanceDocument = z.strictObject({
  /** Of a check by URL. */
  url: z.string().exactOptional(),
  /** Of a check by image. */
  image: z
    .strictObject({
      name: z.string(),
      digest: z.string(),
      platforms: z.array(
        z.strictObject({
          platform: z.string(),
          size: z
            .strictObject({ layers: count, compressedBytes: count, unpackedBytes: count, entries: count })
            .nullable(),
        }),
      ),
    })
    .exactOptional(),
  service: z.enum(ROLES),
  outcome: z.enum(["conforms", "not proven", "does not conform"]),
  exitCode: z.literal([EXIT.done.code, EXIT.refused.code, EXIT.held.code]),
  seconds,
  passed: count,
  failed: count,
  notChecked: count,
  points: z.array(
    z.strictObject({
      id: z.string(),
      status: z.enum(["pass", "fail", "not checked"]),
      required: z.string(),
      neededBy: z.string(),
      found: z.string(),
    }),
  ),
}) satisfies z.ZodType<Conformance>;

/** What Sparki's images must offer, point by point. */
export const contractDocument = z.strictObject({
  points: z.array(
    z.strictObject({
      id: z.string(),
      seen: z.enum(["url", "away", "registry", "image"]),
      of: z.array(z.enum(ROLES)),
      required: z.string(),
      neededBy: z.string(),
      checkedBy: z.string(),
    }),
  ),
});

/** What `--json` writes instead when a command could not be carried out. */
export const failureDocumentSchema = z.strictObject({
  error: z.strictObject({
    code: z.enum(["SPARKI_USAGE", "SPARKI_CONFIG", "SPARKI_GATE", "SPARKI_HELD", "SPARKI_OUTSIDE", "SPARKI_ROLLBACK"]),
    message: z.string(),
    hint: z.string().nullable(),
  }),
  /** A second signal ends a command with its own. */
  exitCode: z.union([exitCodeSchema.refine((code) => code !== EXIT.done.code), z.literal(SECOND_SIGNAL_CODES)]),
});
