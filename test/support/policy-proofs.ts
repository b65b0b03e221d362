import type { Policy, PolicyConfig } from "../../policies/policy.ts";
import { type Example, judge, situation } from "./policy-fixtures.ts";

type Stack = Example<object> | readonly Example<object>[];

/** One way to break a policy: what must be named, and nothing else, and the stack that breaks it. */
export type Break = readonly [properties: string | readonly string[], stack: Stack, config?: Partial<PolicyConfig>];

export interface Proof {
  readonly policy: Policy;
  /** By what is special about it. */
  readonly passes: Readonly<Record<string, Stack | { readonly stack: Stack; readonly config: Partial<PolicyConfig> }>>;
  readonly stops: Readonly<Record<string, Break>>;
}

let collected: Proof[] | undefined;

/** The proofs that `load` declares, without running them as unit tests. */
export async function collectProofs(load: () => Promise<unknown>): Promise<readonly Proof[]> {
  const proofs: Proof[] = [];
  collected = proofs;
  await load();
  collected = undefined;
  return proofs;
}

/** Declares the tests of one policy: what it lets pass, and what it stops and where. */
export function proves(policy: Policy, { passes, stops }: Omit<Proof, "policy">): void {
  if (collected !== undefined) {
    collected.push({ policy, passes, stops });
    return;
  }
  describe(policy.name, () => {
    it.each(Object.entries(passes))("lets pass %s", (_title, passing) => {
      const { stack, config } = settingOf(passing);
      expect(judge([policy], listOf(stack), situation(config)).map(({ message }) => message)).toEqual([]);
    });

    it.each(Object.entries(stops))("stops %s", (_title, [properties, stack, config]) => {
      const violations = judge([policy], listOf(stack), situation(config));
      expect([...new Set(violations.map((violation) => violation.property))]).toEqual([properties].flat());
      expect(violations[0]?.message).toContain(`${policy.control} [`);
    });
  });
}

export function listOf(stack: Stack): readonly Example<object>[] {
  return "type" in stack ? [stack] : stack;
}

export function settingOf(passing: Proof["passes"][string]) {
  return "stack" in passing ? passing : { stack: passing, config: {} };
}
