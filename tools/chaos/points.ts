import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { dependenciesIn, type StateResource } from "../../records/state.ts";
import { EXIT } from "../../shared/deploy-error.ts";

/** What is deployed when something is killed; each goes on until it has ended in the way that it is expected to. */
export interface Journey {
  readonly name: string;
  /** The arguments of `sparki rehearse`; the same ones are given again after the kill, with --resume. */
  readonly scenario: string;
  /** What is there when it begins: nothing, a promoted release, or one whose protections are lifted. */
  readonly begins: "empty" | "promoted" | "lifted";
  readonly exitCode: number;
  /** What its provider calls do that can be held. */
  readonly operations: readonly Operation[];
}

export const OPERATIONS = ["create", "update", "delete"] as const;
export type Operation = (typeof OPERATIONS)[number];

export const JOURNEYS: readonly Journey[] = [
  { name: "first-deploy", scenario: "first-deploy", begins: "empty", exitCode: EXIT.done.code, operations: ["create"] },
  { name: "upgrade", scenario: "upgrade", begins: "promoted", exitCode: EXIT.done.code, operations: OPERATIONS },
  {
    name: "rollback",
    scenario: "release-broken",
    begins: "promoted",
    exitCode: EXIT.refused.code,
    operations: OPERATIONS,
  },
  // By plain `pulumi destroy`, as README.md says.
  { name: "destroy", scenario: "", begins: "lifted", exitCode: EXIT.done.code, operations: ["delete"] },
];

/**
 * Before the call acts, while it does, after it has acted and before the engine knows it, and after the engine knows. What
 * lives on when its caller is killed before, acts then.
 */
export const MOMENTS = ["before", "during", "after", "known"] as const;
export type Moment = (typeof MOMENTS)[number];

/**
 * Whom a point kills. `all` is the machine's own death; `provider` loses the engine's connection to all providers;
 * `interrupt` is one Ctrl-C, `interrupts` two; `lock` takes the state's lock away from the update that holds it.
 */
const VICTIMS = [
  ...(["engine", "sparki", "provider", "cloud", "all", "control-plane", "database"] as const),
  ...(["interrupt", "interrupts", "lock"] as const),
] as const;
export type Victim = (typeof VICTIMS)[number];

/** Where one run is killed. */
export interface Point {
  readonly journey: Journey;
  readonly operation: Operation;
  readonly step: string;
  readonly moment: Moment;
  readonly victim: Victim;
}

/** A step that a journey made. */
export interface Call {
  readonly operation: Operation;
  /** The type's own name, such as `Bucket`. */
  readonly type: string;
  readonly step: string;
  /** How many steps it waits for, one after the other: steps of one wave do not wait for each other. */
  readonly wave: number;
}

/** Points that one death reaches together: calls of one wave, all at the same moment when the victim dies. */
export interface Kill extends Omit<Point, "step"> {
  readonly calls: readonly Call[];
}

function nameOf({ journey, operation, step, moment, victim }: Point): string {
  return [journey.name, operation, step, moment, victim].join("/");
}

/** Of one call its point's name; of several the wave's, such as `first-deploy/create/wave-3/after/all`. */
export function killName({ calls, ...rest }: Kill): string {
  const [only, second] = calls;
  return nameOf({ ...rest, step: second === undefined ? (only?.step ?? "") : `wave-${only?.wave}` });
}

/** The kill of that name, of one step or of a wave; throws with what was expected. */
export function killNamed(name: string): Kill {
  const [journeyName, operation, step = "", moment, victim] = name.split("/");
  const journey = JOURNEYS.find((each) => each.name === journeyName);
  const found = {
    operation: journey?.operations.find((each) => each === operation),
    moment: MOMENTS.find((each) => each === moment),
    victim: VICTIMS.find((each) => each === victim),
  };
  const known = journey === undefined ? [] : ownCalls(journey).filter((call) => call.operation === operation);
  const wave = /^wave-(\d+)$/.exec(step)?.[1];
  const named = known.filter((call) => (wave === undefined ? call.step === step : call.wave === Number(wave)));
  const calls = found.moment === undefined ? [] : callsAt(found.moment, named);
  if (!journey || !found.operation || !found.moment || !found.victim || calls.length === 0)
    throw new Error(
      `--point is ${JSON.stringify(name)}; expected JOURNEY/OPERATION/STEP/MOMENT/VICTIM, such as ` +
        `first-deploy/create/cache-redis/after/all: a journey of ${JOURNEYS.map((each) => each.name).join(", ")}; ` +
        `create, update or delete; a step of it by its logical name, or wave-N; one of ${MOMENTS.join(", ")}; ` +
        `one of ${VICTIMS.join(", ")}`,
    );
  return { journey, calls, operation: found.operation, moment: found.moment, victim: found.victim };
}

/** Every kill of a journey, a wave at a time or, with `alone`, each step by itself. */
export function killsOf(journey: Journey, { alone }: { readonly alone: boolean }): readonly Kill[] {
  const groups = new Map<string, Call[]>();
  for (const call of ownCalls(journey)) {
    const key = `${call.operation} ${isRecord(call)} ${alone ? call.step : call.wave}`;
    groups.set(key, [...(groups.get(key) ?? []), call]);
  }
  return [...groups.values()].flatMap((calls) => {
    const [{ operation = "create", wave = 0 } = {}] = calls;
    const victims = VICTIMS.filter((victim) => isThere(victim, journey, wave));
    return MOMENTS.flatMap((moment) => {
      const own = callsAt(moment, calls);
      return own.length === 0
        ? []
        : victims.map((victim): Kill => ({ journey, operation, calls: own, moment, victim }));
    });
  });
}

/** Types whose calls take so long that something can die in the middle of one. */
const LASTING: ReadonlySet<string> = new Set(["Cluster", "Instance", "Release", "ReplicationGroup"]);

/** A command runs its job when it is created; deleting it is short. */
function isLasting({ operation, type }: Call): boolean {
  return LASTING.has(type) || (operation === "create" && type === "Command");
}

/** The engine's own records are made by no provider, and so can be held by none. */
function isRecord({ type }: Call): boolean {
  return type === "Stash";
}

/** Those of the calls that have such a moment. */
function callsAt(moment: Moment, all: readonly Call[]): readonly Call[] {
  const calls = moment === "known" ? all : all.filter((call) => !isRecord(call));
  return moment === "during" ? calls.filter(isLasting) : calls;
}

/** Kinds of points that are taken for alike: by journey, operation, the step's type, moment and victim. */
export function classesOf(kills: readonly Kill[]): ReadonlySet<string> {
  const named = kills.flatMap(({ calls, journey, operation, moment, victim }) =>
    calls.map(({ type }) => [journey.name, operation, type, moment, victim].join("/")),
  );
  return new Set(named);
}

export function pointsIn(kills: readonly Kill[]): number {
  return kills.reduce((sum, { calls }) => sum + calls.length, 0);
}

/** The calls that are held: of two with one name the first to come is. A destroy deletes what a first deployment made. */
function ownCalls({ name, operations }: Journey): readonly Call[] {
  const called =
    name === "destroy"
      ? (KNOWN_CALLS["first-deploy"] ?? []).map((call): Call => ({ ...call, operation: "delete" }))
      : (KNOWN_CALLS[name] ?? []);
  const made = called.filter(({ operation }) => operations.includes(operation));
  return [...new Map(made.map((call) => [`${call.operation} ${call.step}`, call])).values()];
}

/** The type whose server a victim is: where it is not made yet, or deleted already, there is nothing to kill. */
const SERVER: Readonly<Partial<Record<Victim, string>>> = { "control-plane": "Cluster", database: "Instance" };

function isThere(victim: Victim, journey: Journey, wave: number): boolean {
  // No command of ours runs beside a plain `pulumi destroy`.
  if (journey.name === "destroy" && victim === "sparki") return false;
  const server = ownCalls(journey).find(({ type }) => type === SERVER[victim]);
  return server === undefined || wave > server.wave;
}

/**
 * So many of the kills, the same ones for the same seed: in turn of each journey, victim and moment, and of those the more
 * likely the more points they reach.
 */
export function sample(kills: readonly Kill[], count: number, seed: number): readonly Kill[] {
  const turns = new Map<string, number>();
  const drawn = kills
    .map((kill) => ({ kill, key: fraction(`${seed} ${killName(kill)}`) ** (1 / kill.calls.length) }))
    .sort((one, other) => other.key - one.key)
    .map(({ kill, key }) => {
      const kind = [kill.journey.name, kill.victim, kill.moment].join("/");
      const turn = turns.get(kind) ?? 0;
      turns.set(kind, turn + 1);
      return { kill, key, turn };
    });
  return drawn
    .sort((one, other) => one.turn - other.turn || other.key - one.key)
    .slice(0, count)
    .map(({ kill }) => kill);
}

/**
 * One kill for each wave of a journey, in the order in which it comes to them; before, after and victims in turn, from a
 * place that the seed says.
 */
export function killsInRow(journey: Journey, seed: number): readonly Kill[] {
  // An update that loses its lock goes on, and nothing would be left for the kills after it.
  const kills = killsOf(journey, { alone: false }).filter(
    ({ moment, victim }) => moment !== "known" && victim !== "lock",
  );
  const kinds = [...new Set(kills.map(({ moment, victim }) => `${moment} ${victim}`))];
  const turned = kinds.sort((one, other) => fraction(`${seed} ${one}`) - fraction(`${seed} ${other}`));
  const waves = Map.groupBy(kills, ({ operation, calls }) => `${operation} ${calls[0]?.wave}`);
  // Of a wave that a kill before it has let act, few calls may be left: one that waits for those few could wait in vain.
  const most = [...waves.values()].map((all) => {
    const whole = Math.max(...all.map(({ calls }) => calls.length));
    return all.filter(({ calls }) => calls.length * 2 >= whole);
  });
  const sorted = most.sort(([one], [other]) => placeOf(one) - placeOf(other));
  return sorted.flatMap((all) => {
    const kind = turned.find((each) => all.some(({ moment, victim }) => each === `${moment} ${victim}`));
    if (kind === undefined) return [];
    turned.push(...turned.splice(turned.indexOf(kind), 1));
    return all.filter(({ moment, victim }) => kind === `${moment} ${victim}`);
  });
}

/** What waits for most is deleted first, once all else is made. */
function placeOf(kill: Kill | undefined): number {
  const wave = kill?.calls[0]?.wave ?? 0;
  return kill?.operation === "delete" ? 1000 - wave : wave;
}

/** A number between 0 and 1 that a text always has. */
function fraction(text: string): number {
  return (createHash("sha256").update(text).digest().readUInt32BE() + 0.5) / 2 ** 32;
}

/** In which wave each resource of a state is made, by its logical name: after all that it waits for. */
export function wavesIn(state: readonly StateResource[]): ReadonlyMap<string, number> {
  const needs = dependenciesIn(state);
  const byUrn = new Map(state.map((resource) => [resource.urn, resource]));
  const componentsOf = (urn: string): readonly string[] => {
    const parent = byUrn.get(byUrn.get(urn)?.parent ?? "");
    return parent === undefined ? [] : [...(parent.custom ? [] : [parent.urn]), ...componentsOf(parent.urn)];
  };
  const waves = new Map<string, number>();
  const waveOf = (urn: string): number => {
    const known = waves.get(urn);
    if (known !== undefined) return known;
    waves.set(urn, 0);
    // What is in a component is made once the component has what it waits for.
    const above = componentsOf(urn).flatMap((component) => needs.get(component) ?? []);
    const wave = 1 + Math.max(-1, ...[...(needs.get(urn) ?? []), ...above].map(waveOf));
    waves.set(urn, wave);
    return wave;
  };
  return new Map(state.map(({ urn }) => [urn.slice(urn.lastIndexOf("::") + 2), waveOf(urn)]));
}

const call = z.object({ operation: z.enum(OPERATIONS), type: z.string(), step: z.string(), wave: z.int() });

/** The calls that each journey was seen to make, by its name; `--record` writes them again. */
export const KNOWN_CALLS = z
  .record(z.string(), z.array(call))
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "calls.json"), "utf8")));
