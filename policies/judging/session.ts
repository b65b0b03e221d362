import { controlOf } from "../controls/table.ts";
import type { Policy, Situation } from "../policy.ts";
import { Excuses, type Excusing } from "./exemptions.ts";
import { type Finding, judgeEach, judgeWhole, UNREAD } from "./judgement.ts";
import { type AnyResource, StackView, withInputs } from "./resource.ts";

/** What stops the deployment; resource and property are undefined when the stack's exemptions are at fault. */
export interface Violation {
  readonly message: string;
  readonly urn: string | undefined;
  readonly property: string | undefined;
}

/** A resource that a policy judges once it has prepared, and whether it could. */
interface Waiting {
  readonly policy: Policy;
  readonly resource: AnyResource;
  readonly ready: Promise<boolean>;
}

export interface SessionOptions {
  readonly preview: boolean;
  /** What is excused. @default what the stack's config says */
  readonly excuses?: Excusing;
}

/**
 * One preview or update seen through all policies: each resource first, then the stack.
 * What could not be judged on the resource is judged again on the stack, so that nothing passes by being unknown.
 */
export class Session {
  readonly #policies: readonly Policy[];
  readonly #situation: Situation;
  readonly #preview: boolean;
  readonly #excuses: Excusing;
  /** By URN: what the program asked for. */
  readonly #inputs = new Map<string, AnyResource["props"]>();
  /** What a preview judges when all resources are known. */
  readonly #waiting: Waiting[] = [];
  /** What was met or broken by a resource alone, and needs no second look. */
  readonly #judged = new Set<string>();

  constructor(
    policies: readonly Policy[],
    situation: Situation,
    { preview, excuses = new Excuses(situation) }: SessionOptions,
  ) {
    this.#policies = policies;
    this.#situation = situation;
    this.#preview = preview;
    this.#excuses = excuses;
  }

  /** Keeps a resource's inputs for the stack phase, which is told of outputs only. */
  remember({ urn, props }: AnyResource): void {
    this.#inputs.set(urn, props);
  }

  /** Violations of one policy by a resource's inputs, before the resource is touched. */
  judgeResource(policy: Policy, resource: AnyResource): Violation[] {
    const findings = judgeEach(policy, resource, this.#situation);
    for (const finding of findings) if (finding.verdict !== "unknown") this.#judged.add(keyOf(finding));
    // What is judged on inputs only has no second look to be left to.
    const isLast = policy.inputsOnly === true;
    return this.#violations(findings.filter((one) => one.verdict === "broken" || (isLast && !this.#acceptable(one))));
  }

  /**
   * The same for a policy that has to prepare. In preview there are none yet: preparing goes on beside the engine's work,
   * and `judgeWaiting` has them.
   */
  async judgePrepared(policy: Policy, resource: AnyResource): Promise<Violation[]> {
    const ready = Promise.resolve()
      .then(() => policy.prepare?.(resource, this.#situation))
      .then(
        () => true,
        () => false,
      );
    if (!this.#preview) return this.#judgeReady({ policy, resource, ready });
    this.#waiting.push({ policy, resource, ready });
    return [];
  }

  /** Violations of a policy by the resources that a preview has not judged yet. */
  async judgeWaiting(policy: Policy): Promise<Violation[]> {
    const waiting = this.#waiting.filter((one) => one.policy === policy);
    return (await Promise.all(waiting.map((one) => this.#judgeReady(one)))).flat();
  }

  /** What could not be prepared is no better than what could not be read. */
  async #judgeReady({ policy, resource, ready }: Waiting): Promise<Violation[]> {
    const isReady = await ready;
    const failed: Finding = { policy, resource, property: UNREAD, verdict: "broken", whenUnknown: undefined };
    return [...(isReady ? [] : this.#violations([failed])), ...this.judgeResource(policy, resource)];
  }

  /** Violations of all policies by the stack, and by the stack's own exemptions. */
  judgeStack(resources: readonly AnyResource[]): Violation[] {
    const stack = new StackView(resources.map((one) => withInputs(one, this.#inputs.get(one.urn))));
    const judging = this.#policies.filter((policy) => policy.inputsOnly !== true);
    const findings = judging.flatMap((policy) => [
      ...judgeWhole(policy, stack, this.#situation),
      ...stack.resources
        .flatMap((resource) => judgeEach(policy, resource, this.#situation))
        .filter((finding) => !this.#judged.has(keyOf(finding))),
    ]);
    const faults = this.#violations(findings.filter((finding) => !this.#acceptable(finding)));
    const excuses = this.#excuses.faults(this.#policies);
    return [...faults, ...excuses.map((message) => ({ message, urn: undefined, property: undefined }))];
  }

  #acceptable({ verdict, resource, property, whenUnknown }: Finding): boolean {
    if (verdict !== "unknown") return verdict === "met";
    if (!this.#preview || whenUnknown === undefined) return false;
    if (whenUnknown === "update") return true;
    const [input = property] = property.split(".");
    return resource.sourcesOf(input).some((source) => source.type === whenUnknown.comesFrom);
  }

  #violations(findings: readonly Finding[]): Violation[] {
    return findings
      .filter((finding) => !this.#excuses.excuse(finding))
      .map((finding) => {
        const { resource, property } = finding;
        return { message: describeFinding(finding), urn: resource.urn, property };
      });
  }
}

function keyOf({ policy, resource, property }: Finding): string {
  return `${policy.name} ${resource.urn} ${property}`;
}

/** Names the control, the resource and the property; never the property's value, which may be a secret. */
function describeFinding({ policy, resource, property, verdict }: Finding): string {
  const { id, ids } = controlOf(policy.control);
  const where = `${id} [${ids.join(", ")}] ${resource.type} "${resource.name}", ${property}`;
  const unknown = verdict === "unknown" ? " cannot be known in preview, and must be" : "";
  return `${where}${unknown}. Why: ${policy.reason} Fix: ${policy.fix}`;
}
