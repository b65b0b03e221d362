import type { ModelClock } from "./latency.ts";
import { uniforms } from "./latency.ts";
import { AwsError } from "./model.ts";

/** A request to AWS: a resource's, with its type, or a provider function's, with its token. */
export interface Call {
  readonly type: string;
  readonly act: "create" | "update" | "delete" | "describe";
}

/** What AWS answers to calls instead of doing what they ask for. */
export interface Refusal {
  /** @default every type */
  readonly type?: string;
  /** @default every act */
  readonly act?: Call["act"];
  readonly code: string;
  readonly text: string;
  /** How many answers in a row each call gets. @default all of them */
  readonly times?: number;
}

/** How AWS ends the creation of a type that it had accepted. */
export interface Ending {
  readonly type: string;
  /** `late`: it continues for longer than the provider waits. `failed`: it gives up, and what is there is of no use. */
  readonly ends: "late" | "failed";
  /** How the provider's wait ends, in its own words. */
  readonly text: string;
}

export interface Disturbed {
  readonly refused: readonly Refusal[];
  readonly creations: readonly Ending[];
  /** Creations that take so many model seconds more. @default none */
  readonly slow?: readonly { readonly type: string; readonly seconds: number }[];
}

/** What the AWS SDK calls a passing trouble, and tries again. */
const PASSING = new Set([
  "Throttling",
  "ThrottlingException",
  "RequestLimitExceeded",
  "TooManyRequestsException",
  "RequestTimeout",
  "InternalFailure",
  "InternalError",
  "ServiceUnavailable",
]);

/** Limit of the SDK's exponential back-off as the AWS provider sets it. */
const MAX_BACKOFF_SECONDS = 300;

/** What goes wrong at the simulated AWS, and how the AWS provider bears it. */
export class FaultInjection {
  readonly #clock: ModelClock;
  readonly #seed: number;
  #now: Disturbed = { refused: [], creations: [] };
  #changed = Promise.withResolvers<void>();
  /** How often the provider tries a call: its `maxRetries`. */
  maxAttempts = 25;

  constructor(clock: ModelClock, seed: number) {
    this.#clock = clock;
    this.#seed = seed;
  }

  /** Makes exactly these hold from now on. */
  set(disturbed: Disturbed): void {
    this.#now = disturbed;
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Model seconds that the creation of a type takes beyond its own. */
  slownessOf(type: string): number {
    return this.#now.slow?.find((each) => each.type === type)?.seconds ?? 0;
  }

  creationOf(type: string): Ending | undefined {
    return this.#now.creations.find((each) => each.type === type);
  }

  /** Resolves once AWS takes the call, after as many tries as the provider makes; throws what AWS answers to the last. */
  async accepted(call: Call, signal: AbortSignal): Promise<void> {
    for (let tried = 1; ; tried++) {
      const refusal = this.#refusalOf(call, tried);
      if (refusal === undefined) return;
      const answer = new AwsError(refusal.code, refusal.text);
      if (!PASSING.has(refusal.code)) throw answer;
      if (tried >= this.maxAttempts)
        throw new Error(`exceeded maximum number of attempts, ${this.maxAttempts}, ${answer.message}`);
      await this.#clock.wait(this.#backoffSeconds(call, tried), signal);
    }
  }

  /** Rejects once AWS no longer answers calls of this kind, or the signal aborts. */
  async refused(call: Call, signal: AbortSignal): Promise<never> {
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    aborted.catch(() => undefined);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    for (;;) {
      const changed = this.#changed.promise;
      await this.accepted(call, signal);
      await Promise.race([changed, aborted]);
    }
  }

  #refusalOf({ type, act }: Call, tried: number): Refusal | undefined {
    return this.#now.refused.find(
      (each) =>
        (each.type ?? type) === type && (each.act ?? act) === act && tried <= (each.times ?? Number.POSITIVE_INFINITY),
    );
  }

  /** Doubles with each try, under full jitter. */
  #backoffSeconds({ type, act }: Call, tried: number): number {
    const [jitter] = uniforms(this.#seed, `${act} ${type} try ${tried}`);
    return Math.min(MAX_BACKOFF_SECONDS, jitter * 2 ** tried);
  }
}
