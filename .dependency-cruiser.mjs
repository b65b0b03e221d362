/**
 * How the project is layered, as data: what each room may import of the others, types included. Checked by
 * `npm run structure`, which `npm test` runs.
 */
const MAY_IMPORT = {
  stacks: [],
  gates: [],
  aws: [],
  delivery: ["stacks"],
  infra: ["stacks"],
  apps: ["infra", "stacks", "gates", "runbook"],
  policies: ["stacks", "aws"],
  rehearsal: ["stacks", "aws", "tools"],
  runbook: ["stacks", "gates", "policies", "rehearsal", "tools"],
  // The mutation script negates the policies and watches their tests; the benchmark times updates of a rehearsal.
  tools: ["aws", "stacks", "gates", "policies", "runbook"],
  docs: ["stacks", "gates", "apps", "policies", "runbook"],
};
const ROOMS = Object.keys(MAY_IMPORT).join("|");

const layers = Object.entries(MAY_IMPORT).map(([room, others]) => ({
  name: `${room}-imports-down`,
  comment: `${room} may import ${others.length === 0 ? "no other room" : others.join(", ")}`,
  severity: "error",
  from: { path: `^${room}/` },
  to: { path: `^(${ROOMS})/`, pathNot: `^(${[room, ...others].join("|")})/` },
}));

export default {
  forbidden: [
    ...layers,
    { name: "no-circle", comment: "no circle of files, types included", severity: "error", from: {}, to: { circular: true } },
    {
      name: "only-io-reaches-outside",
      comment: "network and processes are for runbook/io, the rehearsal and the tools",
      severity: "error",
      from: { pathNot: "^(runbook/io|rehearsal|tools|test|node_modules)/" },
      to: { path: "^(node:)?(net|tls|http|https|dgram|dns|child_process)$|node_modules/(undici|@kubernetes/client-node)/" },
    },
    {
      name: "only-commands-know-the-rehearsal",
      comment: "what runs in production knows nothing of the rehearsal",
      severity: "error",
      from: { path: `^(${ROOMS})/`, pathNot: "^(rehearsal|runbook/commands|runbook/rehearse)/" },
      to: { path: "^rehearsal/" },
    },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true } },
  ],
  options: { doNotFollow: { path: "node_modules" }, tsPreCompilationDeps: true },
};
