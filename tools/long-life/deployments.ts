import { createHash } from "node:crypto";
import { EXIT } from "../../shared/deploy-error.ts";
import { JOURNEYS, type Kill, killName, killsOf, type Victim } from "../chaos/points.ts";

/** What a release's images do; what is not named works as it should. "absent" is an image that the registry has not got. */
type Behaviour = Readonly<Record<string, unknown>> | "absent";

/** How a deployment of a long life ends when nothing is wrong with the program. */
export interface Way {
  readonly name: string;
  readonly outcome: "promoted" | "rolled-back" | "stopped" | "refused";
  readonly exitCode: number;
  readonly engine: Behaviour;
  /** A value of the stack's config that is wrong, by its path. */
  readonly wrongSetting?: readonly [path: readonly string[], value: unknown] | undefined;
}

const GOOD: Way = { name: "good", outcome: "promoted", exitCode: EXIT.done.code, engine: {} };

/** What is refused before anything is changed, and what the gates refuse, each in turn. */
const REFUSED: readonly Way[] = [
  {
    ...{ name: "wrong setting", outcome: "refused", exitCode: EXIT.usage.code, engine: {} },
    wrongSetting: [["sparki:engine", "replicas"], "many"],
  },
  { name: "missing image", outcome: "stopped", exitCode: EXIT.refused.code, engine: "absent" },
];
const ROLLED_BACK: readonly Way[] = [
  { name: "errors", outcome: "rolled-back", exitCode: EXIT.refused.code, engine: { errorRatio: 0.2 } },
  { name: "crash", outcome: "rolled-back", exitCode: EXIT.refused.code, engine: { crash: true } },
  { name: "unpullable", outcome: "rolled-back", exitCode: EXIT.refused.code, engine: { unpullable: true } },
];

/** One deployment of a long life. */
export interface Deployment {
  /** From 1. */
  readonly number: number;
  readonly release: string;
  readonly way: Way;
  /** Where it is killed, before the same command is given once more. */
  readonly kill?: Kill;
}

/** Whose death leaves the cloud that serves the long life. */
const VICTIMS: readonly Victim[] = ["engine", "sparki", "interrupt", "interrupts", "provider", "lock"];

const KINDS = ["promoted", "promoted", "promoted", "refused", "refused", "rolled-back", "killed", "killed"] as const;

/**
 * So many deployments in an order that the seed says: of each eight, three are promoted, two refused before anything is
 * changed, one is rolled back by the gates, and two are killed at a point of an upgrade.
 */
export function drawn(count: number, seed: number): readonly Deployment[] {
  const kills = KILLS.toSorted(by((kill) => `${seed} ${killName(kill)}`));
  const turns = { promoted: 0, refused: 0, "rolled-back": 0, killed: 0 };
  return Array.from({ length: count }, (_, index): Deployment => {
    const round = Math.floor(index / KINDS.length);
    const order = KINDS.map((kind, place) => ({ kind, place })).toSorted(
      by(({ kind, place }) => `${seed} ${round} ${kind} ${place}`),
    );
    const kind = order[index % KINDS.length]?.kind ?? "promoted";
    const turn = turns[kind]++;
    const ways = { promoted: [GOOD], refused: REFUSED, "rolled-back": ROLLED_BACK, killed: [GOOD] }[kind];
    const kill = kind === "killed" ? kills[turn % kills.length] : undefined;
    return {
      number: index + 1,
      release: `life-${seed}.${index + 1}`,
      way: ways[turn % ways.length] ?? GOOD,
      ...(kill && { kill }),
    };
  });
}

/** The points of an upgrade at which something can be killed while the cloud goes on serving. */
const KILLS: readonly Kill[] = JOURNEYS.filter(({ name }) => name === "upgrade")
  .flatMap((journey) => killsOf(journey, { alone: false }))
  .filter(({ victim }) => VICTIMS.includes(victim));

function by<T>(text: (each: T) => string): (one: T, other: T) => number {
  return (one, other) => (hash(text(one)) < hash(text(other)) ? -1 : 1);
}

/** A hash that a text always has, as 64 hexadecimal digits. */
export function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
