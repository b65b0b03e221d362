import type { Policy, PolicyConfig, Situation } from "../policy.ts";
import { isCurrent, isTooLong, MAX_DAYS, matchesName } from "./approvals.ts";
import type { Finding } from "./judgement.ts";

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
export type Excusing = Pick<Excuses, "excuse" | "faults">;

/** Where nothing can be excused. */
export const NO_EXCUSES: Excusing = { excuse: () => false, faults: () => [] };

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
