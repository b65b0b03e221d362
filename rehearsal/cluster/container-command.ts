import { byService } from "../../stacks/services.ts";
import type { ImageBehaviour } from "../services.ts";
import { expanded } from "./environment.ts";
import type { Container } from "./objects.ts";

type ApplicationKind = Exclude<ImageBehaviour["kind"], "postgres-client">;

/** The programs that each kind of image has below `/app`; the first is its entrypoint. */
const PROGRAMS: Readonly<Record<ApplicationKind, readonly [string, ...string[]]>> = {
  ...byService((name) => [name] as const),
  engine: ["engine", "migrate", "seed-data"],
  e2e: ["e2e"],
};

/** The container cannot start what it is told to run. */
export class ContainerStartError extends Error {
  override readonly name = "ContainerStartError";
}

/** The stand-in application's arguments for a container's command, for example `migrate up`, or `sh -c ...` of a client's. */
export function applicationArguments(
  kind: ImageBehaviour["kind"],
  container: Pick<Container, "command" | "args">,
  environment: Readonly<Record<string, string>>,
): readonly string[] {
  if (kind === "postgres-client") return shellWords(container, environment);
  const [entrypoint] = PROGRAMS[kind];
  const words = [...(container.command ?? [`/app/${entrypoint}`]), ...(container.args ?? [])];
  const [program = "", ...rest] = words.map((word) => expanded(word, environment));
  const name = program.replace(/^\/app\//, "");
  if (!program.startsWith("/app/") || !PROGRAMS[kind].includes(name)) throw new ContainerStartError(notThere(program));
  return [name, ...rest];
}

/** The image of PostgreSQL's client runs no server here: only a shell's script. */
function shellWords(
  { command = [], args = [] }: Pick<Container, "command" | "args">,
  environment: Readonly<Record<string, string>>,
) {
  const [program = "", ...rest] = [...command, ...args].map((word) => expanded(word, environment));
  if (program !== "/bin/sh" && program !== "sh") throw new ContainerStartError(notThere(program));
  return ["sh", ...rest];
}

function notThere(program: string): string {
  return (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: " +
    `exec: "${program}": stat ${program}: no such file or directory`
  );
}
