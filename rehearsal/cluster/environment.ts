import { byService } from "../../stacks/services.ts";
import type { ImageBehaviour } from "../services.ts";
import type { ConfigMap, Container, EnvironmentVariable, Pod, Secret } from "./objects.ts";
import { fieldOf, type Placement, resourceFieldOf } from "./objects.ts";

/** Reads the objects that a pod refers to, in its own namespace. */
export interface References {
  configMap(name: string): Promise<ConfigMap | undefined>;
  secret(name: string): Promise<Secret | undefined>;
}

export interface EnvironmentSource {
  readonly pod: Pod;
  readonly container: Container;
  readonly placement: Placement;
  readonly references: References;
}

/**
 * A container's environment, in Kubernetes' order: `envFrom` first, then `env`, with `$(NAME)` replaced. Rejects while
 * something that the container refers to is missing.
 */
export async function environmentOf(source: EnvironmentSource): Promise<Record<string, string>> {
  const environment: Record<string, string> = await fromCollections(source);
  for (const variable of source.container.env ?? []) {
    const value = await valueFor(variable, environment, source);
    if (value !== undefined) environment[variable.name] = value;
  }
  return environment;
}

/** Replaces `$(NAME)` by an earlier variable; `$$(NAME)` stays as `$(NAME)`, an unknown name stays as it is. */
export function expanded(text: string, environment: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([^)]+)\)/g, (whole, name) => (whole === "$$" ? "$" : (environment[name] ?? whole)));
}

async function fromCollections({ container, references }: EnvironmentSource): Promise<Record<string, string>> {
  const environment: Record<string, string> = {};
  for (const { prefix = "", configMapRef, secretRef } of container.envFrom ?? []) {
    const values =
      configMapRef === undefined
        ? await secretValues(references, secretRef)
        : await configMapValues(references, configMapRef);
    for (const [key, value] of Object.entries(values)) environment[`${prefix}${key}`] = value;
  }
  return environment;
}

interface Reference {
  readonly name?: string | undefined;
  readonly optional?: boolean | undefined;
}

async function configMapValues(references: References, { name = "", optional }: Reference) {
  const found = await references.configMap(name);
  if (found === undefined && optional !== true) throw new Error(`configmap "${name}" not found`);
  return found?.data ?? {};
}

async function secretValues(references: References, { name = "", optional }: Reference = {}) {
  const found = await references.secret(name);
  if (found === undefined && optional !== true) throw new Error(`secret "${name}" not found`);
  return Object.fromEntries(Object.entries(found?.data ?? {}).map(([key, value]) => [key, decoded(value)]));
}

function decoded(base64: string): string {
  return Buffer.from(base64, "base64").toString("utf8");
}

async function valueFor(
  { name, value = "", valueFrom }: EnvironmentVariable,
  environment: Readonly<Record<string, string>>,
  { pod, container, placement, references }: EnvironmentSource,
): Promise<string | undefined> {
  if (valueFrom === undefined) return expanded(value, environment);
  const { fieldRef, resourceFieldRef, configMapKeyRef, secretKeyRef } = valueFrom;
  if (fieldRef !== undefined) return known(fieldOf(fieldRef.fieldPath, pod, placement), name, fieldRef.fieldPath);
  if (resourceFieldRef !== undefined) {
    const other = pod.spec?.containers.find((each) => each.name === resourceFieldRef.containerName);
    return resourceFieldOf(resourceFieldRef, other ?? container) ?? "0";
  }
  if (configMapKeyRef !== undefined)
    return keyIn(await configMapValues(references, configMapKeyRef), "configmap", configMapKeyRef);
  return secretKeyRef && keyIn(await secretValues(references, secretKeyRef), "secret", secretKeyRef);
}

function known(value: string | undefined, variable: string, field: string): string {
  if (value === undefined) throw new Error(`env ${variable}: unsupported fieldPath: ${field}`);
  return value;
}

function keyIn(
  values: Readonly<Record<string, string>>,
  kind: string,
  reference: Reference & { readonly key: string },
) {
  const value = values[reference.key];
  if (value === undefined && reference.optional !== true)
    throw new Error(`couldn't find key ${reference.key} in ${kind} ${reference.name}`);
  return value;
}

type ApplicationKind = Exclude<ImageBehaviour["kind"], "postgres-client">;

/** The programs that each kind of image has below `/app`; the first is its entrypoint. */
const PROGRAMS: Readonly<Record<ApplicationKind, readonly [string, ...string[]]>> = {
  ...byService((name) => [name] as const),
  engine: ["engine", "migrate", "seed-data"],
  e2e: ["e2e"],
};

/**
 * The stand-in application's arguments for a container's command, for example `migrate up`, or `sh -c ...` of a client's.
 * Throws, in a container runtime's words, when the image has no such program.
 */
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
  if (!program.startsWith("/app/") || !PROGRAMS[kind].includes(name)) throw new Error(notThere(program));
  return [name, ...rest];
}

/** The image of PostgreSQL's client runs no server here: only a shell's script. */
function shellWords(
  { command = [], args = [] }: Pick<Container, "command" | "args">,
  environment: Readonly<Record<string, string>>,
) {
  const [program = "", ...rest] = [...command, ...args].map((word) => expanded(word, environment));
  if (program !== "/bin/sh" && program !== "sh") throw new Error(notThere(program));
  return ["sh", ...rest];
}

function notThere(program: string): string {
  return (
    "failed to create containerd task: failed to create shim task: OCI runtime create failed: " +
    `exec: "${program}": stat ${program}: no such file or directory`
  );
}
