import type { Policy, PolicyConfig, Situation } from "../policy.ts";
import type { Finding } from "./judgement.ts";
import { matchesName } from "./name-pattern.ts";

type Exemption = PolicyConfig["exemptions"][number];

/** Where production runs; nothing is relaxed there. */
const PRODUCTION = "prod";

/** Remembers which exemptions and relaxations excused something, so that those which excuse nothing can fail. */
export class Excuses {
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
      return (
        candidate.control === policy.control && candidate.until >= today && names(candidate, resource.name, property)
      );
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
      if (until < today)
        return [`${label} ended on ${until}. Fix: meet the control, or renew sparki:exemptions with a reason.`];
      return this.#used.has(exemption) ? [] : [`${label} excuses nothing. Fix: remove it from sparki:exemptions.`];
    });
    const relaxations = config.relaxations.flatMap((relaxation) => {
      const label = `relaxation of ${relaxation.control}`;
      const relaxable = policies.some((policy) => policy.control === relaxation.control && this.#mayRelax(policy));
      if (!relaxable) return [`${label} is not allowed on stack ${this.#situation.stack}. Fix: meet the control.`];
      return this.#used.has(relaxation) ? [] : [`${label} excuses nothing. Fix: remove it from sparki:relaxations.`];
    });
    return [...exemptions, ...relaxations];
  }

  #mayRelax(policy: Policy): boolean {
    return policy.relaxable === true && this.#situation.stack !== PRODUCTION;
  }
}

/** `database-*` names resources; `database-instance.port` only that property of it. */
function names(exemption: Exemption, name: string, property: string): boolean {
  return matchesName(exemption.resource, name) || matchesName(exemption.resource, `${name}.${property}`);
}
