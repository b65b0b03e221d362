import { createHash } from "node:crypto";

/** What is deployed when something is killed; each goes on until it has ended in the way that it is expected to. */
export interface Journey {
  readonly name: string;
  /** The arguments of `sparki rehearse`; the same ones are given again after the kill, with --resume. */
  readonly scenario: string;
  /** Whether it begins with a promoted release. */
  readonly isOverPromoted: boolean;
  readonly exitCode: number;
  /** What its provider calls do that can be held. */
  readonly operations: readonly Operation[];
}

export const OPERATIONS = ["create", "update", "delete"] as const;
export type Operation = (typeof OPERATIONS)[number];

export const JOURNEYS: readonly Journey[] = [
  { name: "first-deploy", scenario: "first-deploy", isOverPromoted: false, exitCode: 0, operations: ["create"] },
  { name: "upgrade", scenario: "upgrade", isOverPromoted: true, exitCode: 0, operations: ["create", "update"] },
  { name: "rollback", scenario: "release-broken", isOverPromoted: true, exitCode: 1, operations: ["update"] },
];

/**
 * Before the call acts, after it has acted and before the engine knows it, and after the engine knows. What lives on when
 * its caller is killed before, acts then.
 */
export const MOMENTS = ["before", "after", "known"] as const;
export type Moment = (typeof MOMENTS)[number];

/** Whom a point kills; `all` is the machine's own death, and `interrupt` is one Ctrl-C. */
export const VICTIMS = ["engine", "sparki", "cloud", "all", "control-plane", "database", "interrupt"] as const;
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
}

export function nameOf({ journey, operation, step, moment, victim }: Point): string {
  return [journey.name, operation, step, moment, victim].join("/");
}

/** The point of that name; throws with what was expected. */
export function pointNamed(name: string): Point {
  const [journeyName, operation, step = "", moment, victim] = name.split("/");
  const journey = JOURNEYS.find((each) => each.name === journeyName);
  const found = {
    operation: journey?.operations.find((each) => each === operation),
    moment: MOMENTS.find((each) => each === moment),
    victim: VICTIMS.find((each) => each === victim),
  };
  if (!journey || !found.operation || !found.moment || !found.victim || step === "")
    throw new Error(
      `--point is ${JSON.stringify(name)}; expected JOURNEY/OPERATION/STEP/MOMENT/VICTIM, such as ` +
        `first-deploy/create/cache-redis/after/all: a journey of ${JOURNEYS.map((each) => each.name).join(", ")}; ` +
        `create, update or delete; a step by its logical name; one of ${MOMENTS.join(", ")}; one of ${VICTIMS.join(", ")}`,
    );
  return { journey, step, operation: found.operation, moment: found.moment, victim: found.victim };
}

/** Every point of a journey that made these calls. */
export function pointsOf(journey: Journey, calls: readonly Call[]): readonly Point[] {
  const made = calls.filter(({ operation }) => journey.operations.includes(operation));
  // Of two with one name the first to come is held.
  const own = [...new Map(made.map((call) => [`${call.operation} ${call.step}`, call])).values()];
  return own.flatMap(({ operation, type, step }) =>
    momentsOf(type).flatMap((moment) => VICTIMS.map((victim) => ({ journey, operation, step, moment, victim }))),
  );
}

/** The engine's own records are made by no provider, and so can be held by none. */
function momentsOf(type: string): readonly Moment[] {
  return type === "Stash" ? ["known"] : MOMENTS;
}

/** So many of the points, the same ones for the same seed, as different from each other as their order by a hash makes them. */
export function sample(points: readonly Point[], count: number, seed: number): readonly Point[] {
  const key = (point: Point) =>
    createHash("sha256")
      .update(`${seed} ${nameOf(point)}`)
      .digest("hex");
  const keyed = points.map((point) => ({ point, key: key(point) }));
  return keyed
    .sort((one, other) => (one.key < other.key ? -1 : 1))
    .slice(0, count)
    .map(({ point }) => point);
}
