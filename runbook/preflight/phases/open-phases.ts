import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { type DeliveryConfig, parseDelivery } from "../../../delivery/config.ts";
import { backendUrlOf } from "../../../delivery/names.ts";
import { commandRunner } from "../../../io/child-command.ts";
import { allowedEnvironment, type Environment } from "../../../io/seal/environment.ts";
import { DeployError, messageOf } from "../../../shared/deploy-error.ts";
import type { StackConfig } from "../../../stacks/schema.ts";
import { lineProgress } from "../../../tools/progress.ts";
import { resolveTools } from "../../../tools/resolve.ts";
import type { Ports } from "../../command.ts";
import { PROJECT_DIRECTORY } from "../../project.ts";
import type { Answers, Files } from "../context.ts";
import { openPreflight } from "../open.ts";
import { type Backends, type Delivered, type PhaseContext, PROJECT_FOLDERS, pulumiEnvironment } from "./context.ts";
import { stateOnceThere } from "./states.ts";

export interface OpenPhases {
  readonly context: PhaseContext;
  /** The Pulumi that everything is asked by. */
  readonly pulumi: string;
  close(): Promise<void>;
}

/** The real ports of the steps' checks. Throws SPARKI_USAGE where PULUMI_BACKEND_URL names a backend that is not known here. */
export async function openPhases(
  named: { readonly stack: string; readonly fullName: string; readonly config: StackConfig; readonly answers: Answers },
  ports: Ports,
): Promise<OpenPhases> {
  const { env, clock, signal, stderr } = ports;
  const backends = backendsOf(named, env);
  const tools = await resolveTools(["pulumi", "helm"], { env, progress: lineProgress(stderr), signal });
  const { pulumi = "pulumi" } = tools;
  const own = { ...env, PULUMI_BACKEND_URL: backends.states };
  const opened = openPreflight({ ...named, projectDirectory: PROJECT_DIRECTORY, tools, clock, env: own });
  const { context } = opened;
  const phases: PhaseContext = {
    ...context,
    state: stateOnceThere(context, { states: backends.states, accountId: named.config.accountId }),
    fullName: named.fullName,
    backends,
    delivered: () => readDelivered(named.stack, PROJECT_DIRECTORY, context.files),
    pulumi: (project, backend, args, stop) => {
      const run = commandRunner(pulumi, pulumiEnvironment(env, backend, backends));
      return run([...args, "--non-interactive"], { cwd: PROJECT_FOLDERS[project], signal: stop });
    },
    shellPulumi: commandRunner("pulumi", allowedEnvironment(env)),
    nodeVersion: process.versions.node,
  };
  return { context: phases, pulumi, close: opened.close };
}

function backendsOf(
  { stack, config }: { readonly stack: string; readonly config: Pick<StackConfig, "accountId" | "region"> },
  env: Environment,
): Backends {
  const given = env.PULUMI_BACKEND_URL?.trim();
  if (given && !/^(s3|https):\/\//.test(given))
    throw new DeployError(
      "SPARKI_USAGE",
      `PULUMI_BACKEND_URL is ${given}; expected the bucket of the states (s3://...) or Pulumi Cloud (https://...)`,
      { hint: `unset PULUMI_BACKEND_URL: the bucket is then ${backendUrlOf(config.accountId, config.region)}` },
    );
  const folderPath = join(env.HOME || homedir(), ".sparki-delivery", stack);
  // Without the files of attributes beside the states: a kill while one is written leaves it empty, and the state unreadable.
  const folder = `${pathToFileURL(folderPath).href}?metadata=skip`;
  return { states: given || backendUrlOf(config.accountId, config.region), folder, folderPath };
}

const FILE = /^Pulumi\.([a-z][a-z0-9-]*)\.yaml$/;
const fileSchema = z.object({ config: z.record(z.string(), z.unknown()) });

/**
 * The delivery of the account that a stack is in: of the file below `delivery/` that names the stack, or else of the one
 * that is called alike. Throws SPARKI_CONFIG where there is none, and with every problem of it.
 */
function readDelivered(stack: string, projectDirectory: string, files: Files): Delivered {
  const folder = join(projectDirectory, "delivery");
  const names = (files.list(folder) ?? []).flatMap((file) => FILE.exec(file)?.[1] ?? []);
  const settings = new Map(names.map((name) => [name, settingsIn(files, folder, name)]));
  const namesStack = ([, config]: readonly [string, Settings]) => {
    const stacks = config["sparki-delivery:stacks"];
    return Array.isArray(stacks) && stacks.includes(stack);
  };
  const found = [...settings].find(namesStack) ?? [...settings].find(([name]) => name === stack);
  if (found === undefined)
    throw new DeployError("SPARKI_CONFIG", `no file delivery/Pulumi.*.yaml names the stack ${stack}`, {
      hint: `copy delivery/Pulumi.prod.yaml to delivery/Pulumi.${stack}.yaml, and edit it for the account of ${stack}`,
    });
  const [name, config] = found;
  return { stack: name, config: parsed(config, name) };
}

type Settings = Readonly<Record<string, unknown>>;

function settingsIn(files: Files, folder: string, name: string): Settings {
  const file = join(folder, `Pulumi.${name}.yaml`);
  try {
    return fileSchema.parse(parse(files.read(file) ?? "")).config;
  } catch (cause) {
    throw new DeployError(
      "SPARKI_CONFIG",
      `delivery/Pulumi.${name}.yaml cannot be read as config: ${messageOf(cause).split("\n")[0]}`,
      { hint: "see delivery/Pulumi.prod.yaml for an example", cause },
    );
  }
}

function parsed(config: Settings, name: string): DeliveryConfig {
  const texts = Object.entries(config).map(([key, value]) => [
    key,
    typeof value === "string" ? value : JSON.stringify(value),
  ]);
  return parseDelivery(Object.fromEntries(texts), name);
}
