import { readdirSync } from "node:fs";
import { join } from "node:path";
import { policies } from "../../policies/all.ts";
import { type EngineRun, PolicyEngine } from "../support/policy-engine.ts";
import { register } from "../support/policy-program.ts";
import { collectProofs, listOf, type Proof, settingOf } from "../support/policy-proofs.ts";
import { stackConfig } from "../support/policy-stack.ts";

const directory = join(import.meta.dirname, "..", "policies");
/** The fixtures have names of their own. */
const PACK = "test/support/open-world/pack";
/** What knows this deployment's resources and charts is shown by test/engine/hostile.test.ts. */
const APART = [
  ...["all.test.ts", "charts-declared.test.ts", "declared-only.test.ts", "edited-charts.test.ts"],
  ...["on-call.test.ts", "rotation.test.ts"],
];

/** What one proof expects of the engine: that these properties are named, or nothing of this control. */
interface Case {
  readonly title: string;
  readonly prefix: string;
  readonly control: string;
  readonly stack: ReturnType<typeof listOf>;
  readonly properties: readonly string[];
}

/** Cases under another config than the stack's are the unit tests'. */
function casesOf({ policy, passes, stops }: Proof): Case[] {
  const { name, control } = policy;
  const stopped = Object.entries(stops).flatMap(([title, [properties, stack, config]]) =>
    config === undefined ? [{ title: `stops ${title}`, stack: listOf(stack), properties: [properties].flat() }] : [],
  );
  const passed = Object.entries(passes).flatMap(([title, passing]) => {
    const { stack, config } = settingOf(passing);
    return Object.keys(config).length === 0 ? [{ title: `passes ${title}`, stack: listOf(stack), properties: [] }] : [];
  });
  return [...stopped, ...passed].map((one, index) => ({ ...one, control, prefix: `${name}-${index}-` }));
}

/** Policies that find what they look for anywhere in the stack by its name: one case of each at a time. */
const BY_NAME = ["database-forces-tls", "namespaces-deny-by-default", "network-policies-enforced"];

/** All cases at once, but for those where one would supply what another misses. */
function batchesOf(proofs: readonly Proof[]): Case[][] {
  const isByName = ({ policy }: Proof) => BY_NAME.includes(policy.name);
  const byName = proofs.filter(isByName).map(casesOf);
  const longest = Math.max(...byName.map((cases) => cases.length));
  const turns = Array.from({ length: longest }, (_, turn) => byName.flatMap((cases) => cases[turn] ?? []));
  return [proofs.filter((proof) => !isByName(proof)).flatMap(casesOf), ...turns];
}

function wrongIn(run: EngineRun, { control, prefix, stack, properties }: Case): string[] {
  const names = stack.map((one) => `"${prefix}${one.traits.name}", `);
  const own = run.policyEvents.filter(({ message }) => {
    return message.includes(`\n${control} [`) && names.some((name) => message.includes(name));
  });
  const named = (property: string) =>
    own.some(({ message }) => names.some((name) => message.includes(name + property)));
  if (properties.length === 0) return own.map(({ message }) => message);
  return properties.filter((property) => !named(property)).map((property) => `nothing said of ${property}`);
}

describe("the pack in the engine", () => {
  let proofs: readonly Proof[] = [];
  let engine: PolicyEngine;

  beforeAll(async () => {
    const tests = readdirSync(directory).filter((file) => !APART.includes(file) && file.endsWith(".test.ts"));
    const files = tests.map((file) => join(directory, file));
    proofs = await collectProofs(() => Promise.all(files.map((file) => import(file))));
    engine = await PolicyEngine.open({ config: stackConfig(), pack: PACK });
  });

  afterAll(() => engine.close());

  it("stops in preview whatever breaks a control, and nothing else", async () => {
    const wrong: string[] = [];
    for (const batch of batchesOf(proofs)) {
      const run = await engine.preview(async () => {
        for (const { stack, prefix } of batch) register(stack, prefix);
      });
      const breaks = batch.some(({ properties }) => properties.length > 0);
      if (breaks) expect(run.succeeded).toBe(false);
      for (const one of batch) wrong.push(...wrongIn(run, one).map((what) => `${one.prefix} ${one.title}: ${what}`));
    }
    expect(wrong).toEqual([]);
    const apart = APART.map((file) => file.replace(".test.ts", ""));
    const judged = policies.map(({ name }) => name).filter((name) => !apart.includes(name));
    expect(proofs.map(({ policy }) => policy.name).sort()).toEqual(judged.sort());
  }, 900_000);
});
