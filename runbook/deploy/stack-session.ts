import { join, resolve } from "node:path";
import { gitCharts } from "../../io/chart-history.ts";
import { commandRunner } from "../../io/child-command.ts";
import { Engine } from "../../io/engine.ts";
import { helmStoreOpener } from "../../io/helm-store.ts";
import { helmTemplate } from "../../io/helm-template.ts";
import { allowedEnvironment } from "../../io/seal/environment.ts";
import { pluginsNow, sealNow } from "../../io/seal/sealed-run.ts";
import { resolveTools } from "../../tools/resolve.ts";
import type { Progress } from "../../tools/tool.ts";
import type { Ports } from "../command.ts";
import type { PlanTarget } from "../plan/make-plan.ts";
import { CHECKOUT_DIRECTORY, PROJECT_DIRECTORY, sealedEnvironment } from "../project.ts";
import { openKeep } from "../release/keep.ts";

const POLICY_PACK = join(PROJECT_DIRECTORY, "policies", "pack");

/** AWS calls only wait, so many run side by side; the engine's own default counts cores. */
const PARALLEL = 64;

/** A stack where the environment's backend and credentials are: the real one, or what `sparki cloud` serves. */
export interface StackSession extends PlanTarget {
  readonly engine: Engine;
  /** Absolute paths of pulumi and helm. */
  readonly tools: Readonly<Record<string, string>>;
}

export interface StackOptions {
  /** What the program finds beside what the environment holds already. @default nothing */
  readonly programEnvironment?: Readonly<Record<string, string>>;
  /** The name by which the backend knows the stack. @default its last part */
  readonly fullName?: string;
  /** Whether a stack that the backend does not have is made. @default true */
  readonly mayCreate?: boolean;
}

/** Opens the engine on a stack of this project. */
export async function openStack(
  stack: string,
  ports: Ports,
  progress: Progress,
  { fullName = stack, programEnvironment = {}, mayCreate = true }: StackOptions = {},
): Promise<StackSession> {
  const { clock, env, signal } = ports;
  const configFile = configFileOf(stack, ports);
  const tools = await resolveTools(["pulumi", "helm"], { env, progress, signal });
  const engine = await Engine.open({
    stack,
    fullName,
    projectDirectory: PROJECT_DIRECTORY,
    cli: { path: tools.pulumi ?? "pulumi", version: await sdkVersion() },
    environment: environmentOf(env, configFile),
    program: (await import("../../index.ts")).default,
    programEnvironment,
    mayCreate,
    policyPacks: [POLICY_PACK],
    parallel: PARALLEL,
    clock,
    signal,
  });
  const seal = () => sealNow(PROJECT_DIRECTORY, stack, process.env);
  const plugins = () => pluginsNow(PROJECT_DIRECTORY, process.env);
  const template = helmTemplate(commandRunner(tools.helm ?? "helm", allowedEnvironment(env)), PROJECT_DIRECTORY);
  const helmStore = helmStoreOpener(signal);
  const history = gitCharts(CHECKOUT_DIRECTORY, env);
  const places = { projectDirectory: PROJECT_DIRECTORY, keptDirectory: CHECKOUT_DIRECTORY };
  const keep = openKeep({ helmStore, history, ...places });
  const planning = { projectDirectory: PROJECT_DIRECTORY, seal, plugins, template, helmStore, keep };
  return { stack, engine, configFile, ...planning, clock, tools };
}

function configFileOf(stack: string, { cwd, env }: Ports): string {
  const own = env.PULUMI_OPTION_CONFIG_FILE;
  return own === undefined ? join(PROJECT_DIRECTORY, `Pulumi.${stack}.yaml`) : resolve(cwd, own);
}

/** The engine reads the very file that was checked and hashed, wherever it runs. */
function environmentOf(env: Ports["env"], configFile: string): Record<string, string> {
  const named = env.PULUMI_OPTION_CONFIG_FILE === undefined ? {} : { PULUMI_OPTION_CONFIG_FILE: configFile };
  return { ...allowedEnvironment(env), ...named, ...sealedEnvironment(env) };
}

/** The CLI that belongs to the SDK: the resolver accepts no older one. */
async function sdkVersion(): Promise<string> {
  const { version } = await import("@pulumi/pulumi/version.js");
  return version;
}
