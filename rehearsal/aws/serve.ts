import { join } from "node:path";
import { messageOf } from "../../shared/deploy-error.ts";
import { CommandProvider, type CommandSurroundings } from "../command/provider.ts";
import { EksProvider } from "../eks/provider.ts";
import type { ProviderModel, Session } from "../provider/model.ts";
import { Boundaries, serveProvider } from "../provider/server.ts";
import { RandomProvider } from "../random/provider.ts";
import type { Services } from "../services.ts";
import { type Call, FaultInjection } from "./fault-injection.ts";
import { type Authority, authorizedProvider } from "./iam/authorized-provider.ts";
import { DatabaseInstances } from "./instances.ts";
import { ModelClock } from "./latency.ts";
import type { Cloud } from "./model.ts";
import { Models } from "./models.ts";
import { Operations } from "./operations.ts";
import { AwsProvider } from "./provider.ts";
import { issuedPem, renewCertificates } from "./services/acm.ts";
import { deleteClusters } from "./services/eks.ts";
import { type SecretReader, type SecretStage, secretFor, secretValue } from "./services/secretsmanager.ts";
import { settingsOf } from "./subject.ts";
import { Vault } from "./vault.ts";
import { World } from "./world.ts";

export interface AwsProvidersOptions {
  /** Holds `world.json`, and `secrets.json` with mode 0600; an account that already exists is carried on. */
  readonly runDirectory: string;
  readonly services: Services;
  /** Real seconds for each modelled second. */
  readonly timeScale: number;
  /** Fixes ids, names and latencies of a new world; an existing one keeps its own. */
  readonly seed: number;
  /** For `command.local.Command`. @default the process's own directory and environment */
  readonly commands?: CommandSurroundings;
  /** Where calls of the providers are held. @default nowhere */
  readonly boundaries?: Boundaries;
}

export interface AwsProviders {
  /** For `PULUMI_DEBUG_PROVIDERS`. */
  readonly ports: { readonly aws: number; readonly eks: number; readonly random: number; readonly command: number };
  readonly world: World;
  /** Who asks, once somebody is named whose policies are to be held. */
  readonly authority: Authority;
  /** What goes wrong at AWS; nothing at first. */
  readonly faults: FaultInjection;
  /** The current value of a secret by ARN or name; undefined when there is none. */
  secretValue(identifier: string): string | undefined;
  /** The same for pods of a service account, by Pod Identity. @throws what Secrets Manager says to who may not read it */
  secretFor(identifier: string, reader: SecretReader, stage?: SecretStage): string | undefined;
  /** The issued certificate of an ARN; undefined before. */
  certificatePem(arn: string): string | undefined;
  /** Database instances as someone asks RDS for them, and not Pulumi. */
  readonly databases: DatabaseInstances;
  /** Deletes the cluster as somebody does by hand; resolves once it is gone with all that was in it. */
  deleteCluster(): Promise<void>;
  /** Opens every maintenance window: what waits for it is done when this resolves. */
  openWindows(): Promise<void>;
  /** Issues every certificate again for so many days. @default as ACM does */
  renewCertificates(days?: number): Promise<void>;
  /** Model seconds since the world began. */
  now(): number;
  /** Stops waiting, writes the world and closes the servers; what runs behind resources is left alone. */
  close(): Promise<void>;
}

/** Opens the simulated account and serves its providers; processes behind existing resources run again once it resolves. */
export async function startAwsProviders(options: AwsProvidersOptions): Promise<AwsProviders> {
  const world = new World(join(options.runDirectory, "world.json"), options.seed);
  const clock = new ModelClock(options.timeScale, world.loadedAtModelSeconds);
  world.startClock(() => clock.now());
  const vault = new Vault(join(options.runDirectory, "secrets.json"));
  const cloud: Cloud = { world, vault, clock, services: options.services };
  const models = new Models();
  const faults = new FaultInjection(clock, world.seed);
  const operations = new Operations(cloud, models, faults);
  await operations.resume();
  const authority: Authority = {};
  const disturbed = disturbedProvider(new AwsProvider(cloud, models, operations), models, faults);
  const aws = authorizedProvider(disturbed, { authority, world, models });
  const served = await serveAll(aws, world.seed, options);
  return {
    ports: { aws: served.aws.port, eks: served.eks.port, random: served.random.port, command: served.command.port },
    world,
    authority,
    faults,
    secretValue: (identifier) => secretValue(identifier, cloud),
    secretFor: (identifier, reader, stage) => secretFor(identifier, reader, cloud, stage),
    certificatePem: (arn) => issuedPem(arn, vault),
    databases: new DatabaseInstances(cloud, operations),
    deleteCluster: () => deleteClusters(cloud, operations),
    openWindows: () => operations.openWindows(),
    renewCertificates: (days) => renewCertificates({ world, vault }, days),
    now: () => clock.now(),
    close: async () => {
      await operations.close();
      await Promise.all(Object.values(served).map((provider) => provider.close()));
      await world.saved();
    },
  };
}

async function serveAll(
  aws: ProviderModel,
  seed: number,
  { commands = ownSurroundings(), boundaries = new Boundaries() }: AwsProvidersOptions,
) {
  const serve = (model: ProviderModel) => serveProvider(boundaries.around(model));
  const [servedAws, eks, random, command] = await Promise.all([
    serve(aws),
    serve(new EksProvider()),
    serve(new RandomProvider(seed)),
    serve(new CommandProvider(commands)),
  ]);
  return { aws: servedAws, eks, random, command } as const;
}

function ownSurroundings(): CommandSurroundings {
  const environment = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { directory: process.cwd(), environment: Object.fromEntries(environment) };
}

/** The `aws` provider whose calls AWS may refuse; each is tried as often as the provider's `maxRetries` says. */
export function disturbedProvider(aws: AwsProvider, models: Models, faults: FaultInjection): ProviderModel {
  const pass = async (call: Call, { signal }: Session, doing: string) => {
    try {
      await faults.accepted(call, signal);
    } catch (error) {
      throw new Error(`${doing}: ${messageOf(error)}`, { cause: error });
    }
  };
  const title = (type: string) => models.of(type).title;
  return {
    name: aws.name,
    version: aws.version,
    configure: async (session) => {
      faults.maxAttempts = settingsOf(session).maxRetries;
      await pass({ type: "sts", act: "describe" }, session, "validating provider credentials");
    },
    check: (request) => aws.check(request),
    diff: (request) => aws.diff(request),
    create: async (request) => {
      const { type, name, preview, session } = request;
      if (!preview) await pass({ type, act: "create" }, session, `creating ${title(type)} (${name})`);
      return aws.create(request);
    },
    read: async (request) => {
      const { type, id, session } = request;
      await pass({ type, act: "describe" }, session, `reading ${title(type)} (${id})`);
      return aws.read(request);
    },
    update: async (request) => {
      const { type, id, preview, session } = request;
      if (!preview) await pass({ type, act: "update" }, session, `updating ${title(type)} (${id})`);
      return aws.update(request);
    },
    delete: async (request) => {
      const { type, id, session } = request;
      await pass({ type, act: "delete" }, session, `deleting ${title(type)} (${id})`);
      return aws.delete(request);
    },
    invoke: async (request) => {
      await pass({ type: request.token, act: "describe" }, request.session, request.token);
      return aws.invoke(request);
    },
  };
}
