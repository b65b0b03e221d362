import { controlOf } from "../controls/table.ts";
import type { Demand, Policy, PolicyConfig, Situation, WhenUnknown } from "../policy.ts";
import { isCurrent, isTooLong, MAX_DAYS, matchesName } from "./approvals.ts";
import { type AnyResource, isUnknownValue, StackView, withInputs } from "./resource.ts";

/** What one demand of a policy found on one property. */
interface Finding {
  readonly policy: Policy;
  readonly resource: AnyResource;
  readonly property: string;
  readonly verdict: "met" | "broken" | "unknown";
  readonly whenUnknown: WhenUnknown | undefined;
}

/** Judges a resource on its own by every check of the policy that applies to its type; empty when none does. */
export function judgeEach(policy: Policy, resource: AnyResource, situation: Situation): Finding[] {
  const findings: Finding[] = [];
  const demand: Demand = (property, holds, whenUnknown) =>
    findings.push({ policy, resource, property, verdict: verdictOf(holds), whenUnknown });
  for (const each of policy.each ?? []) {
    if (!each.appliesTo(resource.type)) continue;
    const verdict = failureOf(() => each.check(resource, demand, situation));
    if (verdict !== undefined) findings.push({ policy, resource, property: UNREAD, verdict, whenUnknown: undefined });
  }
  return findings;
}

/** Judges what the policy demands of the whole stack. */
export function judgeWhole(policy: Policy, stack: StackView, situation: Situation): Finding[] {
  const findings: Finding[] = [];
  const verdict = failureOf(() =>
    policy.whole?.(
      stack,
      (resource, property, holds, whenUnknown) =>
        findings.push({ policy, resource, property, verdict: verdictOf(holds), whenUnknown }),
      situation,
    ),
  );
  const [first] = stack.resources;
  if (verdict !== undefined && first !== undefined)
    findings.push({ policy, resource: first, property: UNREAD, verdict, whenUnknown: undefined });
  return findings;
}

/** Stands for the property where a policy ended before it could say which one it was about. */
const UNREAD = "a property of a form that the policy cannot read";

/**
 * What an unfinished judgement is: a policy that cannot read something is not met, so that no odd input ends the judging
 * of all others. The SDK would take an error about an unknown value for a word of advice.
 */
function failureOf(judging: () => void): "broken" | "unknown" | undefined {
  try {
    judging();
    return undefined;
  } catch (error) {
    return isUnknownValue(error) ? "unknown" : "broken";
  }
}

function verdictOf(holds: () => boolean): Finding["verdict"] {
  let isMet = false;
  const failure = failureOf(() => {
    isMet = holds();
  });
  return failure ?? (isMet ? "met" : "broken");
}

type Exemption = PolicyConfig["exemptions"][number];

/**
 * Controls that no line of config can exempt from: who may do what, what the world can reach of data, secrets, and the
 * closed world itself.
 */
export const NEVER_EXEMPT: readonly string[] = [
  ...["S17", "S18", "S50", "S51", "S52", "S53", "S59", "S67"],
  ...["S03", "S04", "S07", "S09", "S13", "S16", "S20", "S21"],
  ...["S11", "S22", "S35", "S55", "S69", "D02"],
  ...["D01", "D04", "D06", "D08", "D09", "D10"],
];

/** What may excuse a finding, and what is wrong with the excuses. */
type Excusing = Pick<Excuses, "excuse" | "faults">;

/** Where nothing can be excused. */
export const NO_EXCUSES: Excusing = { excuse: () => false, faults: () => [] };

/** Remembers which exemptions and relaxations excused something, so that those which excuse nothing can fail. */
class Excuses {
  readonly #situation: Situation;
  readonly #used = new Set<object>();

  constructor(situation: Situation) {
    this.#situation = situation;
  }

  /** Whether stack config excuses what was found; an exemption that has ended excuses nothing. */
  excuse(finding: Finding): boolean {
    const { config, today } = this.#situation;
    const { policy, resource, property } = finding;
    const exemption = config.exemptions.find((candidate) => {
      const isMeant = candidate.control === policy.control && names(candidate, resource.name, property);
      return isMeant && isCurrent(candidate, today) && !NEVER_EXEMPT.includes(candidate.control);
    });
    const relaxation = config.relaxations.find((candidate) => {
      return candidate.control === policy.control && this.#mayRelax(policy);
    });
    for (const excuse of [exemption, relaxation]) if (excuse !== undefined) this.#used.add(excuse);
    return exemption !== undefined || relaxation !== undefined;
  }

  /** What is wrong with the excuses themselves, once everything is judged: ended, excusing nothing, or not allowed. */
  faults(policies: readonly Policy[]): string[] {
    const { config, today } = this.#situation;
    const exemptions = config.exemptions.flatMap((exemption) => {
      const { control, resource, until } = exemption;
      const label = `exemption of ${control} on "${resource}"`;
      if (NEVER_EXEMPT.includes(control))
        return [`${label} is not allowed: nothing is exempt from this control. Fix: meet the control.`];
      if (isTooLong(until, today)) return [tooLong(label, "exemptions")];
      if (until < today)
        return [`${label} ended on ${until}. Fix: meet the control, or renew sparki:exemptions with a reason.`];
      return this.#mayStay(exemption) ? [] : [`${label} excuses nothing. Fix: remove it from sparki:exemptions.`];
    });
    const relaxations = config.relaxations.flatMap((relaxation) => {
      const label = `relaxation of ${relaxation.control}`;
      const relaxable = policies.some((policy) => policy.control === relaxation.control && this.#mayRelax(policy));
      const hint = config.production ? ", or say sparki:production: false where no customer is served" : "";
      if (!relaxable)
        return [`${label} is not allowed on stack ${this.#situation.stack}. Fix: meet the control${hint}.`];
      return this.#mayStay(relaxation) ? [] : [`${label} excuses nothing. Fix: remove it from sparki:relaxations.`];
    });
    const approvals = config.approvals
      .filter(({ until }) => isTooLong(until, today))
      .map(({ action, resource }) => tooLong(`approval to ${action} "${resource}"`, "approvals"));
    return [...exemptions, ...relaxations, ...approvals];
  }

  /** Whether it has excused something, or what it is for may still come. */
  #mayStay(excuse: object): boolean {
    return this.#used.has(excuse) || this.#situation.isPartial === true;
  }

  #mayRelax(policy: Policy): boolean {
    return policy.relaxable === true && !this.#situation.config.production;
  }
}

function tooLong(label: string, key: string): string {
  return `${label} ends in more than ${MAX_DAYS} days. Fix: name an earlier day in sparki:${key}.`;
}

/** `database-*` names resources; `database-instance.port` only that property of it. */
function names(exemption: Exemption, name: string, property: string): boolean {
  return matchesName(exemption.resource, name) || matchesName(exemption.resource, `${name}.${property}`);
}

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
