import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { type CommandOutput, type CommandRunner, commandRunner } from "../../io/child-command.ts";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import { type AwsProviders, startAwsProviders } from "../../rehearsal/aws/provider.ts";
import { type ServedProvider, serveProvider } from "../../rehearsal/provider/server.ts";
import { compareWorld, type WorldReport, worldSchema } from "../../runbook/rehearse/rehearsal-report.ts";
import { FakeServices } from "../rehearsal/aws/fake-services.ts";
import { PulumiServiceProvider } from "./pulumi-service.ts";
import { toolPath } from "./tool.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const STACK = "prod";
const POLICY_PACK = join(ROOT, "policies", "delivery", "pack");

/**
 * An empty simulated account, and `pulumi` as an administrator runs it in `delivery/`: in a copy of that folder that holds
 * the settings, because Pulumi writes into them, and links to the program.
 */
export class DeliveredAccount {
  readonly simulated: AwsProviders;
  readonly pulumiCloud: PulumiServiceProvider;
  readonly #served: ServedProvider;
  readonly #directory: string;
  readonly #project: string;
  readonly #configFile: string;
  readonly #pulumi: CommandRunner;

  private constructor(
    directory: string,
    simulated: AwsProviders,
    cloud: { readonly model: PulumiServiceProvider; readonly served: ServedProvider },
  ) {
    this.#directory = directory;
    this.simulated = simulated;
    this.pulumiCloud = cloud.model;
    this.#served = cloud.served;
    this.#project = join(directory, "delivery");
    this.#configFile = join(this.#project, `Pulumi.${STACK}.yaml`);
    mkdirSync(this.#project);
    for (const file of ["Pulumi.yaml", `Pulumi.${STACK}.yaml`])
      cpSync(join(ROOT, "delivery", file), join(this.#project, file));
    for (const linked of ["delivery/index.ts", "io", "node_modules", "package.json"])
      symlinkSync(join(ROOT, linked), join(directory, linked));
    const ports = Object.entries({ ...simulated.ports, pulumiservice: cloud.served.port }).map(
      ([name, port]) => `${name}:${port}`,
    );
    this.#pulumi = commandRunner(toolPath("pulumi"), {
      PATH: `${join(ROOT, "rehearsal", "language-host")}:${process.env.PATH}`,
      HOME: directory,
      PULUMI_HOME: join(directory, "home"),
      PULUMI_BACKEND_URL: `file://${directory}`,
      PULUMI_CONFIG_PASSPHRASE: "for a test",
      PULUMI_DEBUG_PROVIDERS: ports.join(","),
      PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
      PULUMI_SKIP_UPDATE_CHECK: "true",
    });
  }

  static async open(): Promise<DeliveredAccount> {
    const directory = mkdtempSync(join(tmpdir(), "sparki-delivery-"));
    const services = new FakeServices();
    const simulated = await startAwsProviders({ runDirectory: directory, services, timeScale: 0.0001, seed: 1 });
    const model = new PulumiServiceProvider();
    return new DeliveredAccount(directory, simulated, { model, served: await serveProvider(model) });
  }

  run(...args: readonly string[]): Promise<CommandOutput> {
    return this.#pulumi([...args, "--stack", STACK, "--non-interactive"], { cwd: this.#project });
  }

  /** Runs it with the config as it is now; what creates or changes is judged by delivery's policies. */
  change(act: "preview" | "up" | "destroy"): Promise<CommandOutput> {
    const judged = act === "destroy" ? [] : ["--policy-pack", POLICY_PACK];
    return this.run(act, ...judged, ...(act === "preview" ? [] : ["--yes", "--skip-preview"]));
  }

  /** The same where it must succeed: what it said, or rejects with it. */
  async done(act: "up" | "destroy"): Promise<string> {
    const { code, stdout, stderr } = await this.change(act);
    if (code !== 0) throw new Error(`pulumi ${act} ended with ${code}: ${stdout.slice(-4000)}${stderr}`);
    return stdout;
  }

  /** Has the program do that besides from now on, as somebody who can write to it would; undefined takes it back. */
  tamper(statements: string | undefined): void {
    const file = join(this.#project, "index.ts");
    const own = join(ROOT, "delivery", "index.ts");
    rmSync(file);
    if (statements === undefined) {
      symlinkSync(own, file);
      return;
    }
    const imports = `import * as pulumi from "@pulumi/pulumi";\nimport delivery from ${JSON.stringify(own)};`;
    writeFileSync(file, `${imports}\nexport default async () => {\n${statements}\nreturn delivery();\n};\n`);
  }

  /** Sets keys of the config for what is run next; undefined takes one out. */
  configure(changes: Readonly<Record<string, unknown>>): void {
    const file: { config: Record<string, unknown> } = parse(readFileSync(this.#configFile, "utf8"));
    for (const [key, value] of Object.entries(changes)) file.config[`sparki-delivery:${key}`] = value;
    writeFileSync(this.#configFile, stringify(file));
  }

  /** What the last update did, by the engine's history. */
  async lastChanges(): Promise<Readonly<Record<string, number>>> {
    const updates: { resourceChanges: Record<string, number> }[] = JSON.parse(
      (await this.run("stack", "history", "--json")).stdout,
    );
    return updates[0]?.resourceChanges ?? {};
  }

  async state(): Promise<readonly StateResource[]> {
    return resourcesIn(JSON.parse((await this.run("stack", "export")).stdout));
  }

  /** The types of what the state protects from deletion. */
  async kept(): Promise<readonly string[]> {
    const state: { deployment: { resources: { type: string; protect?: boolean }[] } } = JSON.parse(
      (await this.run("stack", "export")).stdout,
    );
    return state.deployment.resources.filter(({ protect }) => protect === true).map(({ type }) => type);
  }

  /** The account compared with the state. */
  async comparison(): Promise<WorldReport> {
    const { resources } = worldSchema.parse({ resources: this.simulated.world.all() });
    return compareWorld(resources, await this.state());
  }

  /** How many of each type there are in the account, by the last part of the type's name. */
  there(): Readonly<Record<string, number>> {
    const names = this.simulated.world.all().map(({ type }) => type.split(":").at(-1) ?? type);
    return Object.fromEntries([...Map.groupBy(names, (name) => name)].map(([name, all]) => [name, all.length]));
  }

  async close(): Promise<void> {
    await Promise.all([this.simulated.close(), this.#served.close()]);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
