import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { type EngineEvent, LocalWorkspace, type PulumiFn, type Stack } from "@pulumi/pulumi/automation/index.js";
import { pulumiProcess } from "../../io/pulumi-process.ts";
import { type ServedProvider, serveProvider } from "../../rehearsal/provider/server.ts";
import { echoProvider } from "./echo-provider.ts";
import { toolPath } from "./tool.ts";

const PACKAGES = ["aws", "command", "kubernetes", "random"];

export interface PolicyEvent {
  readonly policy: string;
  readonly message: string;
  /** The resource's logical name. */
  readonly resource: string;
  readonly urn: string;
  readonly level: string;
}

export interface EngineRun {
  readonly succeeded: boolean;
  readonly policyEvents: readonly PolicyEvent[];
  /** All the engine said, for what is not a policy event. */
  readonly diagnostics: string;
  readonly operations: readonly string[];
  readonly milliseconds: number;
}

/** The real engine with providers that accept everything; one backend and stack for each. */
export class PolicyEngine {
  readonly #directory: string;
  readonly #providers: readonly ServedProvider[];
  readonly #name: string;
  readonly #pack: string | undefined;
  #made = false;

  private constructor(directory: string, providers: readonly ServedProvider[], name: string, pack?: string) {
    this.#directory = directory;
    this.#providers = providers;
    this.#name = name;
    this.#pack = pack;
  }

  static async open(options: { readonly config: string; readonly stack?: string; readonly pack?: string }) {
    const directory = await mkdtemp(join(tmpdir(), "sparki-policies-"));
    const stack = options.stack ?? "prod";
    await writeFile(join(directory, "Pulumi.yaml"), "name: sparki\nruntime: nodejs\n");
    await writeFile(join(directory, `Pulumi.${stack}.yaml`), options.config);
    const providers = await Promise.all(PACKAGES.map((name) => serveProvider(echoProvider(name))));
    return new PolicyEngine(directory, providers, stack, options.pack);
  }

  preview(program: PulumiFn): Promise<EngineRun> {
    return this.#run(program, (stack, options) => stack.preview(options));
  }

  up(program: PulumiFn): Promise<EngineRun> {
    return this.#run(program, (stack, options) => stack.up(options));
  }

  async close(): Promise<void> {
    await Promise.all(this.#providers.map((provider) => provider.close()));
    await rm(this.#directory, { recursive: true, force: true });
  }

  async #run(program: PulumiFn, operate: (stack: Stack, options: RunOptions) => Promise<unknown>): Promise<EngineRun> {
    const stack = await this.#stack(program);
    const events: EngineEvent[] = [];
    const onEvent = (event: EngineEvent) => events.push(event);
    const packs = this.#pack === undefined ? {} : { policyPacks: [resolve(this.#pack)] };
    const start = performance.now();
    const succeeded = await operate(stack, { onEvent, color: "never", ...packs }).then(
      () => true,
      () => false,
    );
    return { succeeded, milliseconds: performance.now() - start, ...told(events) };
  }

  #stack(program: PulumiFn): Promise<Stack> {
    const ports = PACKAGES.map((name, index) => `${name}:${this.#providers[index]?.port}`);
    const envVars = {
      PATH: process.env.PATH ?? "",
      PULUMI_HOME: join(this.#directory, "home"),
      PULUMI_BACKEND_URL: `file://${this.#directory}`,
      PULUMI_CONFIG_PASSPHRASE: "policies",
      PULUMI_DEBUG_PROVIDERS: ports.join(","),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const args = { stackName: this.#name, projectName: "sparki", program };
    const workspace = {
      workDir: this.#directory,
      envVars,
      pulumiCommand: pulumiProcess(toolPath("pulumi"), "3.255.0"),
    };
    const open = this.#made ? LocalWorkspace.selectStack : LocalWorkspace.createStack;
    this.#made = true;
    return open.call(LocalWorkspace, args, workspace);
  }
}

interface RunOptions {
  readonly onEvent: (event: EngineEvent) => void;
  readonly color: "never";
  readonly policyPacks?: string[];
}

function told(events: readonly EngineEvent[]): Pick<EngineRun, "policyEvents" | "diagnostics" | "operations"> {
  const policyEvents = events.flatMap(({ policyEvent }) => {
    if (policyEvent === undefined) return [];
    const { policyName: policy, message, resourceUrn: urn = "", enforcementLevel: level } = policyEvent;
    return [{ policy, message, level, urn, resource: urn.slice(urn.lastIndexOf("::") + 2) }];
  });
  const diagnostics = events.flatMap(({ diagnosticEvent }) => (diagnosticEvent ? [diagnosticEvent.message] : []));
  const operations = events.flatMap(({ resOutputsEvent, resourcePreEvent }) => {
    const metadata = resOutputsEvent?.metadata ?? resourcePreEvent?.metadata;
    return metadata === undefined ? [] : [`${metadata.op} ${metadata.type}`];
  });
  return { policyEvents, diagnostics: diagnostics.join("\n"), operations };
}
