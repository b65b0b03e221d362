import { type DeliveryConfig, parseDelivery } from "../../delivery/config.ts";
import type { ClosedWorld } from "../declared/shape.ts";
import { declaredOnly } from "../declared-only.ts";
import { keyGuarded, keyRotates } from "../identity.ts";
import { NO_EXCUSES, Session } from "../judging/session.ts";
import type { Policy, Situation } from "../policy.ts";
import { noPlainSecrets } from "../secrets.ts";
import { takenByAws } from "../stack.ts";
import { deliveryWorld } from "./world.ts";

/** The policies of delivery, in the order of their names: those of the deployment that need no stack's config. */
export const policies: readonly Policy[] = [
  {
    ...declaredOnly,
    reason: "The policies know the shape of delivery; what nobody declared, nobody judged.",
    fix: "Remove it, or declare it in policies/delivery for a reviewer to judge; IAM documents are those in delivery/documents.",
  },
  keyGuarded,
  keyRotates,
  noPlainSecrets,
  takenByAws,
];

/** Of delivery nothing is exempt, and a policy that asks for a stack's config is not met. */
export class DeliverySituation implements Situation {
  readonly stack: string;
  readonly today: string;
  readonly closedWorld: ClosedWorld;

  constructor(stack: string, config: DeliveryConfig, today: string) {
    this.stack = stack;
    this.today = today;
    this.closedWorld = deliveryWorld(config, stack);
  }

  get config(): never {
    throw new RangeError("delivery has no stack's config");
  }
}

export interface Judged {
  readonly stack: string;
  /** The stack's config as the engine hands it over. */
  readonly raw: Readonly<Record<string, string>>;
  readonly preview: boolean;
  readonly now: Date;
}

/** One preview or update of delivery seen through all policies; throws SPARKI_CONFIG for a config that is wrong. */
export function deliverySession({ stack, raw, preview, now }: Judged): Session {
  const config = parseDelivery(raw, stack, { now: now.getTime() });
  const situation = new DeliverySituation(stack, config, now.toISOString().slice(0, 10));
  return new Session(policies, situation, { preview, excuses: NO_EXCUSES });
}
