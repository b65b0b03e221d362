import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { type ErrorCode, errorCodeIn } from "../shared/deploy-error.ts";

/** One resource operation of an update. Seconds count from the update's start. */
export interface Step {
  readonly urn: string;
  readonly name: string;
  readonly type: string;
  readonly op: string;
  readonly startSeconds: number;
  /** Undefined while it runs. */
  readonly endSeconds: number | undefined;
  readonly status: "running" | "done" | "failed";
}

export interface Diagnostic {
  readonly severity: string;
  readonly message: string;
  readonly urn: string | undefined;
}

export interface Violation {
  readonly policy: string;
  readonly level: string;
  readonly resource: string | undefined;
  readonly message: string;
}

/** What the engine reported of one preview, update, refresh or destroy. */
export interface EngineResult {
  readonly outcome: "succeeded" | "failed" | "interrupted";
  readonly steps: readonly Step[];
  readonly diagnostics: readonly Diagnostic[];
  /** Checked counts the pairs of a resource (or the stack) and a policy that the engine evaluated. */
  readonly policy: {
    readonly checked: number;
    readonly violations: readonly Violation[];
    /** By policy, how often it passed and how often it did not: `passed/failed`. */
    readonly verdicts?: Readonly<Record<string, string>>;
  };
  /** Resources by what was done with them, as the engine's own summary counts them. */
  readonly changes: Readonly<Record<string, number>>;
  readonly seconds: number;
  /** Why it did not succeed, in the engine's first words of it; undefined when it did. */
  readonly failure: string | undefined;
  /** The engine's process was killed: what was in flight may have been done, and nothing is known of the end. */
  readonly cutOff?: true;
  /** The code of the failure, where the program itself refused; an error that is not ours has none. */
  readonly code?: ErrorCode | undefined;
}

/** The exit code of an engine whose process a signal ended. */
export const KILLED = -1;

interface End {
  readonly seconds: number;
  readonly exitCode: number;
  readonly interrupted: boolean;
  /** What the CLI wrote to stderr when it failed. */
  readonly message: string | undefined;
  /** Of what the program threw. */
  readonly code?: ErrorCode | undefined;
}

interface PolicySummary {
  readonly passed?: readonly string[];
  readonly failed?: readonly string[];
}

/** The engine's own event, with those the SDK does not declare. */
export type RecordedEvent = EngineEvent & {
  readonly policyAnalyzeSummaryEvent?: PolicySummary;
  readonly policyAnalyzeStackSummaryEvent?: PolicySummary;
};

/** Collects the engine's events, in the order they come, into a result. */
export class EngineRecord {
  readonly #steps = new Map<string, Step>();
  readonly #diagnostics: Diagnostic[] = [];
  readonly #violations: Violation[] = [];
  readonly #verdicts = new Map<string, { passed: number; failed: number }>();
  #checked = 0;
  #changes: Readonly<Record<string, number>> = {};
  #summarized = false;

  /** `at` is the seconds since the update's start at which the event came. */
  add(event: RecordedEvent, at: number): void {
    if (event.resourcePreEvent) this.#begin(event.resourcePreEvent.metadata, at);
    if (event.resOutputsEvent) this.#end(event.resOutputsEvent.metadata, at, "done");
    if (event.resOpFailedEvent) this.#end(event.resOpFailedEvent.metadata, at, "failed");
    if (event.diagnosticEvent) this.#diagnose(event.diagnosticEvent);
    if (event.policyEvent) this.#violate(event.policyEvent);
    this.#count(event.policyAnalyzeSummaryEvent);
    this.#count(event.policyAnalyzeStackSummaryEvent);
    if (event.summaryEvent) {
      this.#summarized = true;
      this.#changes = event.summaryEvent.resourceChanges ?? {};
    }
  }

  get steps(): readonly Step[] {
    return [...this.#steps.values()];
  }

  /** The result once the engine has ended; only a summary without any error in it counts as success. */
  result(end: End): EngineResult {
    const failed = end.exitCode !== 0 || !this.#summarized || this.#hasError();
    const failure = failed ? (this.#reason() ?? end.message ?? "the engine did not finish") : undefined;
    const code = failure === undefined ? undefined : (end.code ?? errorCodeIn(failure));
    return {
      outcome: failed ? (end.interrupted ? "interrupted" : "failed") : "succeeded",
      steps: this.steps.map((step) => (step.status === "running" ? { ...step, endSeconds: end.seconds } : step)),
      diagnostics: this.#diagnostics,
      policy: { checked: this.#checked, violations: this.#violations, verdicts: this.#verdictTexts() },
      changes: this.#changes,
      seconds: end.seconds,
      failure,
      ...(code !== undefined && { code }),
      ...(end.exitCode === KILLED && !end.interrupted && { cutOff: true as const }),
    };
  }

  /** The first error that says what is wrong, before the one that only says that something is. */
  #reason(): string | undefined {
    const errors = this.#diagnostics.filter(({ severity }) => severity === "error").map(({ message }) => message);
    const violations = this.#violations.filter(isMandatory).map(({ policy, resource, message }) => {
      return `policy ${policy}${resource === undefined ? "" : `, ${resource}`}: ${message}`;
    });
    return [...errors.filter((message) => !/^\w+ failed$/.test(message)), ...violations, ...errors].at(0);
  }

  #hasError(): boolean {
    return (
      this.steps.some(({ status }) => status === "failed") ||
      this.#diagnostics.some(({ severity }) => severity === "error") ||
      this.#violations.some(isMandatory)
    );
  }

  #begin(metadata: StepMetadata, at: number): void {
    if (isBookkeeping(metadata)) return;
    const { urn, type, op } = metadata;
    const name = nameOf(urn);
    this.#steps.set(`${urn} ${op}`, {
      urn,
      name,
      type,
      op,
      startSeconds: at,
      endSeconds: undefined,
      status: "running",
    });
  }

  #end(metadata: StepMetadata, at: number, status: "done" | "failed"): void {
    const key = `${metadata.urn} ${metadata.op}`;
    if (!this.#steps.has(key)) this.#begin(metadata, at);
    const step = this.#steps.get(key);
    if (step !== undefined) this.#steps.set(key, { ...step, endSeconds: at, status });
  }

  #diagnose(event: NonNullable<EngineEvent["diagnosticEvent"]>): void {
    // Debug messages may hold properties, secret ones too.
    if (event.ephemeral || event.severity.startsWith("debug")) return;
    const message = plain(event.message).trim();
    if (message !== "") this.#diagnostics.push({ severity: event.severity, message, urn: event.urn });
  }

  #violate(event: NonNullable<EngineEvent["policyEvent"]>): void {
    this.#violations.push({
      policy: event.policyName,
      level: event.enforcementLevel,
      resource: event.resourceUrn === undefined ? undefined : nameOf(event.resourceUrn),
      message: plain(event.message).trim(),
    });
  }

  #count(summary: PolicySummary | undefined): void {
    const [passed, failed] = [summary?.passed ?? [], summary?.failed ?? []];
    this.#checked += passed.length + failed.length;
    for (const policy of passed) this.#verdictsOf(policy).passed++;
    for (const policy of failed) this.#verdictsOf(policy).failed++;
  }

  #verdictsOf(policy: string): { passed: number; failed: number } {
    const verdicts = this.#verdicts.get(policy) ?? { passed: 0, failed: 0 };
    this.#verdicts.set(policy, verdicts);
    return verdicts;
  }

  #verdictTexts(): Record<string, string> {
    return Object.fromEntries([...this.#verdicts].map(([name, { passed, failed }]) => [name, `${passed}/${failed}`]));
  }
}

type StepMetadata = NonNullable<EngineEvent["resourcePreEvent"]>["metadata"];

function isMandatory({ level }: Violation): boolean {
  return level === "mandatory";
}

/** Components only group what is inside them, and a provider's settings are made nowhere: neither is an operation. */
function isBookkeeping({ type, old, new: made }: StepMetadata): boolean {
  return type.startsWith("pulumi:providers:") || (made ?? old)?.custom !== true;
}

export function nameOf(urn: string): string {
  return urn.split("::").at(-1) ?? urn;
}

/** A message without the engine's colour marks. */
export function plain(message: string): string {
  return message.replace(/<\{%[^%]*%\}>/g, "");
}
