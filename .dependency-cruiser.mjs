/**
 * How the project is layered, as data: the rooms from the ground up, and what each may import of the others, types
 * included. What is not listed is refused. Checked by `npm run structure`, which `npm test` runs.
 */
const MAY_IMPORT = {
  shared: [],
  stacks: ["shared"],
  aws: ["shared"],
  delivery: ["shared", "stacks", "infra"],
  gates: [],
  records: ["shared", "stacks"],
  io: ["shared", "stacks", "gates", "records", "tools"],
  "gates/live": ["shared", "stacks", "gates", "records", "io"],
  infra: ["shared", "stacks"],
  apps: ["shared", "stacks", "gates", "gates/live", "records", "io", "infra"],
  policies: ["shared", "stacks", "aws", "tools"],
  // Reads delivery's config by its parser; what delivery makes of it, it has tables of its own for.
  "policies/delivery": ["shared", "stacks", "delivery", "policies"],
  rehearsal: ["shared", "stacks", "aws", "tools"],
  runbook: ["shared", "stacks", "aws", "delivery", "gates", "gates/live", "records", "io", "policies", "rehearsal", "tools"],
  // The mutation script negates the policies and watches their tests; the benchmark times updates of a rehearsal; chaos
  // reads the states that its kills leave.
  tools: ["shared", "aws", "gates", "records", "io", "policies", "runbook"],
  docs: ["shared", "stacks", "gates", "apps", "delivery", "policies", "runbook"],
};
const NAMES = Object.keys(MAY_IMPORT);
const ROOMS = NAMES.join("|");
/** A room's own files, without those of a room inside it. */
const inside = (room) => `^${room}/${NAMES.filter((name) => name.startsWith(`${room}/`)).map((name) => `(?!${name.slice(room.length + 1)}/)`).join("")}`;

const layers = Object.entries(MAY_IMPORT).map(([room, others]) => ({
  name: `${room.replace("/", "-")}-imports-down`,
  comment: `${room} may import ${others.length === 0 ? "no other room" : others.join(", ")}`,
  severity: "error",
  from: { path: inside(room) },
  to: { path: `^(${ROOMS})/`, pathNot: [room, ...others].map(inside) },
}));

export default {
  forbidden: [
    ...layers,
    { name: "no-circle", comment: "no circle of files, types included", severity: "error", from: {}, to: { circular: true } },
    {
      name: "only-io-reaches-outside",
      comment: "network and processes are for io, the rehearsal and the tools",
      severity: "error",
      from: { pathNot: "^(io|rehearsal|tools|test|node_modules)/" },
      to: { path: "^(node:)?(net|tls|http|https|dgram|dns|child_process)$|node_modules/(undici|@kubernetes/client-node)/" },
    },
    {
      name: "only-commands-know-the-rehearsal",
      comment: "what runs in production knows nothing of the rehearsal",
      severity: "error",
      from: { path: `^(${ROOMS})/`, pathNot: "^(rehearsal|runbook/commands|runbook/rehearse)/" },
      to: { path: "^rehearsal/" },
    },
    {
      name: "apps-know-no-runbook",
      comment: "the program stands on io and the gates, never on the command around it, by no way round",
      severity: "error",
      from: { path: "^(apps|infra)/" },
      to: { path: "^(runbook|rehearsal)/", reachable: true },
    },
    {
      name: "no-file-outside-a-room",
      comment: "a new folder is entered in the rooms above first",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["local"], pathNot: `^(${ROOMS}|test)/|^index\\.ts$` },
    },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: { doNotFollow: { path: "node_modules" }, tsPreCompilationDeps: true },
};
