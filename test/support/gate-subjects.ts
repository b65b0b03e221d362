import type { GateSubject } from "../../gates/gate.ts";

const KNOWN: readonly GateSubject[] = [
  ...["engine", "web"].flatMap((service) =>
    (["one-box", "fleet"] as const).map((track) => ({ gate: `${service} ${track}`, phase: track, service, track })),
  ),
  ...["engine", "web"].map(
    (service): GateSubject => ({ gate: `start ${service}`, phase: "preflight", service, track: "fleet" }),
  ),
  { gate: "entrance", phase: "cutover" },
];

/** What the program's gate of this name says of itself; the name alone for one that no program has. */
export function subjectNamed(gate: string): GateSubject {
  return KNOWN.find((subject) => subject.gate === gate) ?? { gate };
}
