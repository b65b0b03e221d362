import { readFileSync } from "node:fs";
import { DeployError } from "../shared/deploy-error.ts";
import { ACCESS_VARIABLE, accessSchema, type RehearsalAccess } from "../shared/rehearsal-access.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What turns names, certificates, ports and time into a rehearsal's own: on a real stack they would turn tokens away. */
const VARIABLES = ["SPARKI_DNS_SERVER", "SPARKI_CA_FILE", "SPARKI_PORT_MAP", "SPARKI_TIME_SCALE"] as const;

/**
 * The environment's variables of a rehearsal, with the access to it; none outside of one. Throws SPARKI_USAGE for any
 * that is set where no running rehearsal is named, and for one that leads off this machine.
 */
export function rehearsalVariables(
  env: Environment,
): Partial<Record<(typeof VARIABLES)[number], string>> & { readonly access?: RehearsalAccess } {
  const set = VARIABLES.flatMap((name) => (env[name] ? [[name, env[name]] as const] : []));
  const file = env[ACCESS_VARIABLE];
  if (!file) {
    const [first] = set[0] ?? [];
    if (first === undefined) return {};
    throw new DeployError(
      "SPARKI_USAGE",
      `${first} is set, and counts in a rehearsal only; ${ACCESS_VARIABLE} names none`,
      {
        hint: `unset ${set.map(([name]) => name).join(" ")}`,
      },
    );
  }
  const access = accessIn(file);
  const places = [
    ...access.origins.map((origin) => [ACCESS_VARIABLE, new URL(origin).hostname] as const),
    ...(env.SPARKI_DNS_SERVER ? [["SPARKI_DNS_SERVER", env.SPARKI_DNS_SERVER] as const] : []),
  ];
  const elsewhere = places.find(([, place]) => !isLoopback(place.replace(/:\d+$/, "")));
  if (elsewhere !== undefined)
    throw new DeployError(
      "SPARKI_USAGE",
      `${elsewhere[0]} names ${elsewhere[1]}; expected an address of this machine`,
      {
        hint: `unset ${ACCESS_VARIABLE} ${set.map(([name]) => name).join(" ")}`,
      },
    );
  return { ...Object.fromEntries(set), access };
}

/** Whether a host is this machine itself, which no proxy can reach for us. */
function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/i.test(host);
}

function accessIn(file: string): RehearsalAccess {
  try {
    return accessSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (cause) {
    const expected = "the file that a running rehearsal wrote (npx sparki cloud prints it)";
    throw new DeployError("SPARKI_USAGE", `${ACCESS_VARIABLE} is ${JSON.stringify(file)}; expected ${expected}`, {
      hint: `unset ${ACCESS_VARIABLE}, or set it to ${expected}`,
      cause,
    });
  }
}
