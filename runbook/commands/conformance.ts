import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import type { ServiceName } from "../../stacks/services.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText, type Ports } from "../command.ts";

const DESCRIPTION = `Checks a running engine or web, point by point, against what this deployment needs of Sparki's images:
the paths that probes and gates request, and the metrics that gates and alerts read. docs/contract.md
lists every point and who needs it.

Give the address of one process that receives no other requests meanwhile, such as a pod's by
port-forward or a container's: counts before and after are compared. The load balancer does not expose
/metrics. The check sends about ten requests that count as users', writes nothing, and follows no
redirect. It takes some seconds.

What cannot be checked by URL (files, jobs, signals, log lines) is listed as not checked, with how to
check it.

${exitCodesText({
  done: "every point that can be checked by URL is met",
  refused: "a point is not met",
  usage: "usage or config",
  held: "a point could not be checked, for example because others send requests to the server too",
  outside: "nothing answers at the URL",
})}

Examples:
  npx sparki conformance http://127.0.0.1:8080
  npx sparki conformance http://127.0.0.1:8080 --service web --json
  npx sparki conformance http://127.0.0.1:8080 --stack prod  prod's own limits
  npx sparki conformance http://127.0.0.1:8080 --away        no database now
  npx sparki conformance --list                              the contract`;

/** `sparki conformance URL`: whether a running image offers what the deployment needs of it. */
export const conformance: Command = {
  name: "conformance",
  summary: "whether a running engine or web offers what this deployment needs",
  description: DESCRIPTION,
  arguments: [{ name: "url", required: false, help: "the address of one process, http or https" }],
  options: [
    { flags: "--service <name>", help: "which service answers there: engine or web", default: "engine" },
    { flags: "--away", help: "check the points that apply while its database or cache is stopped" },
    { flags: "--list", help: "show the whole contract without sending any request" },
  ],
  run: async (input) => (input.options.list ? list(input) : check(input)),
};

async function list({ ports }: CommandInput): Promise<CommandResult> {
  const { CONTRACT } = await import("../conformance/contract.ts");
  const { contractText } = await import("../conformance/conformance.ts");
  const { openScreen } = await import("../report/screen.ts");
  ports.stderr.write(contractText((await openScreen(ports)).paint));
  return { exitCode: EXIT.done.code, json: { points: CONTRACT } };
}

async function check({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const url = originIn(args[0]);
  const service = await serviceIn(options.service);
  const away = await awayIn(options.away, service);
  const limits = await limitsOf(options.stack, ports);
  const { checkConformance, conformanceText } = await import("../conformance/conformance.ts");
  const { openNetwork } = await import("../../io/network.ts");
  const { request } = await import("../../io/http.ts");
  const { showPhase } = await import("../report/live.ts");
  const { openScreen } = await import("../report/screen.ts");
  const screen = await openScreen(ports);
  const network = openNetwork(ports.env);
  try {
    const { clock, signal } = ports;
    const report = await showPhase(screen, clock, `conformance of ${service} at ${url}`, (phase) =>
      checkConformance({
        ...{ url, service, limits, away, clock, signal },
        http: (target, asked) => request(network, target, asked),
        say: (text) => phase.say(text),
      }),
    );
    ports.stderr.write(conformanceText(report, screen.paint));
    return { exitCode: report.exitCode, json: report };
  } finally {
    await network.close();
  }
}

/** The limits of the objectives that the stack has; the runbook's where none is named. */
async function limitsOf(stack: string | boolean | undefined, ports: Ports): Promise<readonly number[]> {
  const { limitsIn } = await import("../conformance/contract.ts");
  const { RUNBOOK_OBJECTIVES } = await import("../../gates/objective.ts");
  if (typeof stack !== "string") return limitsIn(RUNBOOK_OBJECTIVES);
  const { readStack } = await import("../preflight/stack-file.ts");
  return limitsIn(readStack(stack, ports).config.objectives);
}

async function serviceIn(given: string | boolean | undefined): Promise<ServiceName> {
  const { CHECKED_SERVICES } = await import("../conformance/contract.ts");
  const found = CHECKED_SERVICES.find((name) => name === given);
  if (found !== undefined) return found;
  throw refused(`--service is ${JSON.stringify(given)}; expected ${CHECKED_SERVICES.join(" or ")}`);
}

async function awayIn(given: string | boolean | undefined, service: ServiceName): Promise<boolean> {
  if (given !== true) return false;
  const { pointsOf } = await import("../conformance/contract.ts");
  if (pointsOf(service).some(({ seen }) => seen === "away")) return true;
  throw refused(
    `--away checks nothing of ${service}, which has neither a database nor a cache; expected --service engine`,
  );
}

/** Where requests go; a path, a query or credentials in the address would be left out, and so are refused. */
function originIn(given: string | undefined): string {
  if (given === undefined) throw refused("no URL given; expected one such as http://127.0.0.1:8080");
  const url = URL.parse(given);
  const isOrigin =
    url !== null && /^https?:$/.test(url.protocol) && url.pathname === "/" && url.search === "" && url.hash === "";
  if (isOrigin && url.username === "" && url.password === "") return url.origin;
  const shown = url === null ? JSON.stringify(given) : `${url.protocol}//${url.host}${url.pathname}`;
  throw refused(`the URL is ${shown}; expected http or https, a host and a port alone, such as http://127.0.0.1:8080`);
}

function refused(message: string): DeployError {
  return new DeployError("SPARKI_USAGE", message, { hint: "npx sparki conformance --help" });
}
