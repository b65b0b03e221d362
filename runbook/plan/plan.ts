import type { Seal } from "../../io/seal/seal.ts";
import type { EngineResult } from "../../records/engine-record.ts";
import type { Identity } from "../../records/update.ts";
import type { ErrorCode } from "../../shared/deploy-error.ts";
import type { CostChange, FromTo } from "./cost-change.ts";
import type { CriticalPath } from "./critical-path.ts";
import type { Drift, InputChange } from "./difference.ts";
import type { Fingerprint } from "./fingerprint.ts";
import type { HelmDiff } from "./helm-diff.ts";
import type { PlannedNotice } from "./notices.ts";
import type { PlannedRollback, Risk } from "./planned.ts";

/** One change that a deployment would make, without any secret's value. */
export interface PlannedChange {
  readonly risk: Risk;
  readonly action: "create" | "update" | "replace" | "delete";
  readonly name: string;
  readonly type: string;
  readonly replacedFor: readonly string[];
  readonly changes: readonly InputChange[];
  /** Of a creation that decides who may do or reach what: what it says, as YAML without secrets. */
  readonly text?: string;
  /** Of a creation: every input that it would have, by path, without secrets and made-up names. */
  readonly inputs?: Readonly<Record<string, string>>;
  /** Paths of the inputs that the provider fills in and the program does not give, where the provider tells them. */
  readonly defaults?: readonly string[];
}

/** What a deployment would do, as a reviewer reads it and as an approval holds it. */
export interface Plan {
  readonly stack: string;
  /** ISO 8601; not part of what is approved. */
  readonly madeAt: string;
  /** Who made it, where that was asked; not part of what is approved. */
  readonly plannedBy?: Identity;
  readonly fingerprint: Fingerprint;
  /** What it was made from and is deployed from. */
  readonly seal: Omit<Seal, "files">;
  /** Why the preview refuses the deployment; undefined when it does not. */
  readonly failure: string | undefined;
  /** The code of the failure, where the program itself refused. */
  readonly code?: ErrorCode | undefined;
  readonly outcome: EngineResult["outcome"];
  readonly release: FromTo<string>;
  readonly digests: readonly ({ readonly image: string } & FromTo<string>)[];
  readonly schema: FromTo<SchemaLevel>;
  /** The most dangerous first. */
  readonly changes: readonly PlannedChange[];
  readonly unchanged: number;
  /** What users notice of the changes, or what nobody knows whether they do. */
  readonly notices: readonly PlannedNotice[];
  /** Undefined where it was not checked. */
  readonly drift: readonly Drift[] | undefined;
  /** Undefined where nothing is live to roll back to, or the deployment's own preview failed. */
  readonly wayBack: PlannedRollback | undefined;
  readonly policy: EngineResult["policy"];
  readonly helm: readonly HelmDiff[];
  readonly monthlyCost: CostChange;
  readonly duration: CriticalPath & { readonly asOf: string };
}

export interface SchemaLevel {
  readonly level: number;
  /** The oldest level that the release's code can run on. */
  readonly oldest: number;
}
