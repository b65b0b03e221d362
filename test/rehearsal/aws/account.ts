import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FaultInjection } from "../../../rehearsal/aws/fault-injection.ts";
import { ModelClock } from "../../../rehearsal/aws/latency.ts";
import type { Cloud } from "../../../rehearsal/aws/model.ts";
import { Models } from "../../../rehearsal/aws/models.ts";
import { Operations } from "../../../rehearsal/aws/operations.ts";
import { AwsProvider } from "../../../rehearsal/aws/provider.ts";
import { Vault, World } from "../../../rehearsal/aws/world.ts";
import type { Session } from "../../../rehearsal/provider/model.ts";
import type { Path, Properties } from "../../../rehearsal/provider/properties.ts";
import { FakeServices } from "./fake-services.ts";

/** What a program asks for. */
export interface Wanted {
  readonly type: string;
  readonly name: string;
  readonly inputs: Properties;
  readonly secrets?: readonly Path[];
}

/** A simulated account with its provider, driven without an engine and without waiting. */
export class Account {
  readonly directory: string;
  readonly services = new FakeServices();
  readonly cloud: Cloud;
  readonly operations: Operations;
  readonly faults: FaultInjection;
  readonly provider: AwsProvider;
  readonly cancel = new AbortController();
  /** As a program's provider is configured. */
  session: Session;

  constructor({ directory = mkdtempSync(join(tmpdir(), "sparki-account-")), timeScale = 0, seed = 1 } = {}) {
    this.directory = directory;
    const world = new World(join(directory, "world.json"), seed);
    const clock = new ModelClock(timeScale, world.loadedAtModelSeconds);
    world.startClock(() => clock.now());
    const vault = new Vault(join(directory, "secrets.json"));
    this.cloud = { world, vault, clock, services: this.services };
    const models = new Models();
    this.faults = new FaultInjection(clock, seed);
    this.operations = new Operations(this.cloud, models, this.faults);
    this.provider = new AwsProvider(this.cloud, models, this.operations);
    const config = {
      region: "us-east-1",
      allowedAccountIds: '["111122223333"]',
      defaultTags: '{"tags":{"project":"sparki"}}',
    };
    this.session = { config, signal: this.cancel.signal };
  }

  get world(): World {
    return this.cloud.world;
  }

  check({ type, name, inputs, secrets = [] }: Wanted, olds: Properties = {}) {
    return this.provider.check({
      ...this.#about(type, name),
      olds,
      news: inputs,
      secrets,
      randomSeed: new Uint8Array([1]),
    });
  }

  /** Checks and creates, as the engine would. */
  async create(wanted: Wanted): Promise<{ id: string; properties: Properties }> {
    const { type, name, secrets = [] } = wanted;
    const { inputs } = this.check(wanted);
    return this.provider.create({ ...this.#about(type, name), inputs, preview: false, timeoutSeconds: 0, secrets });
  }

  async preview(wanted: Wanted): Promise<Properties> {
    const { type, name, secrets = [] } = wanted;
    const { inputs } = this.check(wanted);
    const request = { ...this.#about(type, name), inputs, preview: true, timeoutSeconds: 0, secrets };
    return (await this.provider.create(request)).properties;
  }

  diff(wanted: Wanted, id: string, olds: Properties, oldInputs: Properties) {
    const news = this.check(wanted, oldInputs).inputs;
    return this.provider.diff({ ...this.#about(wanted.type, wanted.name), id, olds, oldInputs, news });
  }

  async update(wanted: Wanted, id: string, olds: Properties, preview = false): Promise<Properties> {
    const { type, name, secrets = [] } = wanted;
    const { inputs } = this.check(wanted, olds);
    const request = {
      ...this.#about(type, name),
      id,
      olds,
      oldInputs: olds,
      inputs,
      preview,
      timeoutSeconds: 0,
      secrets,
    };
    return (await this.provider.update(request)).properties;
  }

  async delete(type: string, id: string): Promise<void> {
    await this.provider.delete({ ...this.#about(type, id), id, properties: {}, oldInputs: {}, timeoutSeconds: 0 });
  }

  read(type: string, id: string, inputs: Properties = {}) {
    return this.provider.read({ ...this.#about(type, id), id, inputs, properties: {} });
  }

  /** Ends the session and removes the files. */
  async close(): Promise<void> {
    await this.operations.close();
    await this.world.saved();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #about(type: string, name: string) {
    const urn = `urn:pulumi:test::sparki::${type}::${name}`;
    return { type, name, urn, session: this.session, signal: this.session.signal, log: () => {} };
  }
}
