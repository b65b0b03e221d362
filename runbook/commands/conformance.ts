import type { Platform } from "../../io/oci-image.ts";
import { DeployError, EXIT } from "../../shared/deploy-error.ts";
import type { ServiceName } from "../../stacks/services.ts";
import { type Command, type CommandInput, type CommandResult, exitCodesText, type Ports } from "../command.ts";
import type { Role } from "../conformance/contract.ts";

const DESCRIPTION = `Checks a running engine or web, or an image in its registry, point by point, against what this deployment
needs of Sparki's images. docs/contract.md lists every point and who needs it.

URL (begins with http:// or https://) is the address of one process that receives no other requests meanwhile,
such as a pod's by port-forward or a container's: counts before and after are compared. The load balancer does
not expose /metrics. The check sends about ten requests that count as users', writes nothing, and follows no
redirect. It takes some seconds.

IMAGE (registry/name:tag or registry/name@sha256:DIGEST) is read from its registry over HTTPS and never run: its
platform, digests, user, command, port, secrets, the engine's jobs' programs, certificates and mounts. Every layer
is downloaded once and kept nowhere, so it takes as long as a pull. SPARKI_REGISTRY_TOKEN reads a private image;
without it --stack takes that stack's sparki:imagePullSecret. Either goes to that registry's own login alone.

What a URL or an image cannot show is listed as not checked, with how to check it, and never counts as passed.

${exitCodesText({
  done: "every point that can be checked so is met",
  refused: "a point is not met",
  usage: "usage or config",
  held: "a point could not be checked, for example because others send requests to the server too",
  outside: "nothing answers at the URL, or the registry does not give the image",
})}

Examples:
  npx sparki conformance http://127.0.0.1:8080
  npx sparki conformance http://127.0.0.1:8080 --service web --json
  npx sparki conformance http://127.0.0.1:8080 --stack prod  prod's own limits
  npx sparki conformance http://127.0.0.1:8080 --away        no database now
  npx sparki conformance ghcr.io/alexarno/sparki/engine:1.2  an image, without running it
  npx sparki conformance ghcr.io/alexarno/sparki/e2e:1.2 --service e2e
  npx sparki conformance --list                              the contract`;

/** `sparki conformance URL|IMAGE`: whether a running image, or one in its registry, offers what the deployment needs of it. */
export const conformance: Command = {
  name: "conformance",
  summary: "whether a running engine or web, or an image, offers what this deployment needs",
  description: DESCRIPTION,
  arguments: [
    {
      name: "url-or-image",
      required: false,
      help: "the address of one process, http or https, or an image by tag or digest",
    },
  ],
  options: [
    {
      flags: "--service <name>",
      help: "which service it is of: engine or web; of an image, e2e too",
      default: "engine",
    },
    {
      flags: "--platform <list>",
      help: "of an image: linux/amd64, linux/arm64 or both, by comma (default: linux/amd64)",
    },
    { flags: "--away", help: "check the points that apply while its database or cache is stopped" },
    { flags: "--list", help: "show the whole contract without sending any request" },
  ],
  run: async (input) => {
    if (input.options.list) return list(input);
    return isUrl(input.args[0]) ? check(input) : checkOfImage(input);
  },
};

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;

/** A scheme tells one: no image's name has any. What is missing is asked for as a URL. */
function isUrl(given: string | undefined): boolean {
  return given === undefined || SCHEME.test(given);
}

async function list({ ports }: CommandInput): Promise<CommandResult> {
  const { CONTRACT } = await import("../conformance/contract.ts");
  const { contractText } = await import("../conformance/report.ts");
  const { openScreen } = await import("../report/screen.ts");
  ports.stderr.write(contractText((await openScreen(ports)).paint));
  return { exitCode: EXIT.done.code, json: { points: CONTRACT } };
}

async function check({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const url = originIn(args[0]);
  if (options.platform !== undefined) throw refused("--platform is of an image; a URL is of one process");
  const service = await serviceIn(options.service);
  const away = await awayIn(options.away, service);
  const limits = await limitsOf(options.stack, ports);
  const { checkConformance } = await import("../conformance/conformance.ts");
  const { conformanceText } = await import("../conformance/report.ts");
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

async function checkOfImage({ args, options, ports }: CommandInput): Promise<CommandResult> {
  const { name, image } = await imageIn(args[0] ?? "");
  if (options.away === true) throw refused("--away is of a URL; an image has no database");
  const role = await roleIn(options.service);
  const platforms = await platformsIn(options.platform);
  const { checkImage, openImageRegistry } = await import("../conformance/image.ts");
  const { conformanceText } = await import("../conformance/report.ts");
  const { showPhase } = await import("../report/live.ts");
  const { openScreen } = await import("../report/screen.ts");
  const screen = await openScreen(ports);
  const { registry, region, close } = await openImageRegistry(image, options.stack, ports);
  try {
    const report = await showPhase(screen, ports.clock, `conformance of ${role} in ${name}`, (phase) =>
      checkImage({
        registry,
        image,
        name,
        role,
        platforms,
        region,
        clock: ports.clock,
        say: (text) => phase.say(text),
      }),
    );
    ports.stderr.write(conformanceText(report, screen.paint));
    return { exitCode: report.exitCode, json: report };
  } finally {
    await close();
  }
}

async function imageIn(name: string) {
  const { namedImage } = await import("../../stacks/fields.ts");
  const image = namedImage(name);
  if (image !== undefined) return { name, image };
  // What stands before an @ that is no digest's may be a password.
  const at = name.lastIndexOf("@");
  const shown = (at < 0 || name.startsWith("sha256:", at + 1) ? name : `…${name.slice(at)}`).slice(0, 200);
  throw refused(
    `${JSON.stringify(shown)} is neither a URL nor an image; expected one such as http://127.0.0.1:8080, ghcr.io/owner/engine:1.2 or ghcr.io/owner/engine@sha256:<64 hex>`,
  );
}

async function roleIn(given: string | boolean | undefined): Promise<Role> {
  const { ROLES } = await import("../conformance/contract.ts");
  const found = ROLES.find((name) => name === given);
  if (found !== undefined) return found;
  throw refused(`--service is ${JSON.stringify(given)}; expected ${ROLES.join(", ")}`);
}

async function platformsIn(given: string | boolean | undefined): Promise<readonly Platform[]> {
  const { PLATFORMS } = await import("../../io/oci-image.ts");
  if (given === undefined) return ["linux/amd64"];
  const asked = String(given).split(",");
  const found = PLATFORMS.filter((name) => asked.includes(name));
  if (found.length > 0 && found.length === asked.length) return found;
  throw refused(`--platform is ${JSON.stringify(given)}; expected ${PLATFORMS.join(", ")}, or both by comma`);
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
