import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type EngineEvent,
  LocalWorkspace,
  type OutputMap,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation/index.js";
import { pulumiProcess } from "../../../io/pulumi-process.ts";
import { resourcesIn } from "../../../records/state.ts";
import { type AwsProviders, startAwsProviders } from "../../../rehearsal/aws/provider.ts";
import { startKubernetesProvider } from "../../../rehearsal/kubernetes/provider.ts";
import { Processes } from "../../../rehearsal/processes.ts";
import type { ServedProvider } from "../../../rehearsal/provider/server.ts";
import { compareWorld, type WorldReport, worldSchema } from "../../../runbook/rehearse/rehearsal-report.ts";
import { toolPath } from "../../support/tool.ts";
import { FakeServices } from "./fake-services.ts";

export interface Run {
  readonly changes: Record<string, number> | undefined;
  readonly outputs: OutputMap;
  readonly diagnostics: string;
}

/** The real engine with the providers of a simulated account, in one temporary directory and one stack. */
export class SimulatedEngine {
  readonly directory: string;
  readonly simulated: AwsProviders;
  /** The cluster's component has an instance of it, with which it makes nothing. */
  readonly #kubernetes: ServedProvider;
  #made = false;

  private constructor(directory: string, simulated: AwsProviders, kubernetes: ServedProvider) {
    this.directory = directory;
    this.simulated = simulated;
    this.#kubernetes = kubernetes;
  }

  static async open(services = new FakeServices()): Promise<SimulatedEngine> {
    const directory = mkdtempSync(join(tmpdir(), "sparki-aws-world-"));
    const commands = { directory, environment: { PATH: "/usr/bin:/bin" } };
    const options = { runDirectory: directory, services, timeScale: 0.0001, seed: 1, commands };
    const [simulated, kubernetes] = await Promise.all([
      startAwsProviders(options),
      startKubernetesProvider({
        ...{ helm: "helm", projectDirectory: directory, timeScale: 1 },
        processes: new Processes(directory),
      }),
    ]);
    return new SimulatedEngine(directory, simulated, kubernetes);
  }

  /** Runs the program and tells what the engine said; a failure is among the diagnostics. */
  async run(program: PulumiFn, act: "up" | "refresh" | "destroy" | "preview" = "up"): Promise<Run> {
    const stack = await this.#stack(program);
    const events: EngineEvent[] = [];
    const onEvent = (event: EngineEvent) => void events.push(event);
    const options = { onEvent, color: "never" } as const;
    const none: OutputMap = {};
    // One refusal does not hide the others.
    const up = async () => (await stack.up({ ...options, continueOnError: true })).outputs;
    const outputs = await (act === "up" ? up() : stack[act](options).then(() => none)).catch(() => none);
    const changes = events.find(({ summaryEvent }) => summaryEvent !== undefined)?.summaryEvent?.resourceChanges;
    const diagnostics = events.flatMap(({ diagnosticEvent }) => diagnosticEvent ?? []);
    const said = diagnostics.filter(({ severity }) => ["error", "warning"].includes(severity));
    return { changes, diagnostics: said.map(({ message }) => message).join("\n"), outputs };
  }

  /** The state as it is on disk, secrets encrypted. */
  stateFile(): string {
    return readFileSync(join(this.directory, ".pulumi", "stacks", "sparki", "test.json"), "utf8");
  }

  async comparison(program: PulumiFn): Promise<WorldReport> {
    const { resources } = worldSchema.parse({ resources: this.simulated.world.all() });
    return compareWorld(resources, resourcesIn(await (await this.#stack(program)).exportStack()));
  }

  async close(): Promise<void> {
    await Promise.all([this.simulated.close(), this.#kubernetes.close()]);
    rmSync(this.directory, { recursive: true, force: true });
  }

  #stack(program: PulumiFn): Promise<Stack> {
    const all = { ...this.simulated.ports, kubernetes: this.#kubernetes.port };
    const ports = Object.entries(all).map(([name, port]) => `${name}:${port}`);
    const envVars = {
      PATH: process.env.PATH ?? "",
      PULUMI_HOME: join(this.directory, "home"),
      PULUMI_BACKEND_URL: `file://${this.directory}`,
      PULUMI_CONFIG_PASSPHRASE: "test",
      PULUMI_DEBUG_PROVIDERS: ports.join(","),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    };
    const pulumiCommand = pulumiProcess(toolPath("pulumi"), "3.255.0");
    const open = this.#made ? LocalWorkspace.selectStack : LocalWorkspace.createStack;
    this.#made = true;
    const args = { stackName: "test", projectName: "sparki", program };
    return open.call(LocalWorkspace, args, { workDir: this.directory, envVars, pulumiCommand });
  }
}
