import { homedir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { backendUrlOf } from "../../../delivery/names.ts";
import { commandRunner } from "../../../io/child-command.ts";
import { allowedEnvironment, type Environment } from "../../../io/seal/environment.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import type { StackConfig } from "../../../stacks/schema.ts";
import { lineProgress } from "../../../tools/progress.ts";
import { resolveTools } from "../../../tools/resolve.ts";
import type { Ports } from "../../command.ts";
import { PROJECT_DIRECTORY } from "../../project.ts";
import type { Answers } from "../context.ts";
import { openPreflight } from "../open.ts";
import type { Backends, PhaseContext } from "./context.ts";
import { readDelivered } from "./delivery-file.ts";
import { PROJECT_FOLDERS, pulumiEnvironment } from "./pulumi-environment.ts";
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
