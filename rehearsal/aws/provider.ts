import { createHash } from "node:crypto";
import { join } from "node:path";
import { sentenceOf } from "../../aws/finding.ts";
import { messageOf } from "../../shared/deploy-error.ts";
import { UNKNOWN } from "../../shared/engine-values.ts";
import { CommandProvider, type CommandSurroundings } from "../command/provider.ts";
import { EksProvider } from "../eks/provider.ts";
import {
  type Checked,
  type CheckRequest,
  type Created,
  type CreateRequest,
  type DeleteRequest,
  type Difference,
  type DiffRequest,
  differenceOf,
  type InvokeRequest,
  isReplacement,
  type Outputs,
  type ProviderModel,
  type Read,
  type ReadRequest,
  type Session,
  type UpdateRequest,
} from "../provider/model.ts";
import { hasUnknown, isUnknown, type Properties } from "../provider/properties.ts";
import { Boundaries, serveProvider } from "../provider/server.ts";
import { RandomProvider } from "../random/provider.ts";
import type { Services } from "../services.ts";
import { type Call, FaultInjection } from "./fault-injection.ts";
import { answer } from "./functions.ts";
import { type Authority, authorizedProvider } from "./iam/authorized-provider.ts";
import { DatabaseInstances } from "./instances.ts";
import { ModelClock } from "./latency.ts";
import type { Cloud, ResourceModel } from "./model.ts";
import { Models } from "./models.ts";
import { matured, Operations, publishedFindings } from "./operations.ts";
import { deleteClusters } from "./services/eks.ts";
import { type SecretReader, type SecretStage, secretFor, secretValue } from "./services/kms-secretsmanager.ts";
import { issuedPem, renewCertificates } from "./services/route53-acm.ts";
import { allTags, inputsOf, merge, secretPathsOf, settingsOf, stateOf } from "./subject.ts";
import { TYPES } from "./types.ts";
import { isCalled, Vault, World, type WorldResource } from "./world.ts";

/** The `aws` provider of the rehearsal: Pulumi's side of the simulated account. */
export class AwsProvider implements ProviderModel {
  readonly name = "aws";
  readonly version = "7.48.0";
  readonly #cloud: Cloud;
  readonly #models: Models;
  readonly #operations: Operations;

  constructor(cloud: Cloud, models: Models, operations: Operations) {
    this.#cloud = cloud;
    this.#models = models;
    this.#operations = operations;
  }

  check(request: CheckRequest): Checked {
    const model = this.#models.of(request.type);
    const settings = settingsOf(request.session);
    const named = withName(model, request);
    const tagsAll = hasUnknown(named.tags) ? UNKNOWN : allTags(named, settings);
    const inputs = {
      ...named,
      ...(model.global === true ? {} : { region: named.region ?? settings.region }),
      ...(model.tagged === false ? {} : { tagsAll }),
    };
    const secrets = request.secrets.some(([key]) => key === "tags") ? [["tagsAll"]] : [];
    const missing = missingOf(model, inputs);
    const before = Object.keys(request.olds).length === 0 ? undefined : request.olds;
    const refused = publishedFindings(request.type, inputs, before).map((finding) => ({
      property: finding.path,
      reason: sentenceOf(finding),
    }));
    const failures = [
      ...missing,
      ...refused.filter(({ property }) => missing.every((each) => each.property !== property)),
    ];
    return { inputs, secrets, failures };
  }

  diff({ type, oldInputs, news }: DiffRequest): Difference {
    const model = this.#models.of(type);
    const difference = differenceOf(oldInputs, news, [...(model.immutable ?? []), "region"]);
    const name = model.nameProperty === undefined ? undefined : news[model.nameProperty];
    const keepsName = name !== undefined && name === oldInputs[model.nameProperty ?? ""];
    return isReplacement(difference) && (keepsName || model.adopted === true)
      ? { ...difference, deleteBeforeReplace: true }
      : difference;
  }

  async create(request: CreateRequest): Promise<Created> {
    const model = this.#models.of(request.type);
    if (request.preview) return { id: "", properties: previewOf(model, request.inputs) };
    return this.#operations.create(this.#order(request), request.signal);
  }

  async update(request: UpdateRequest): Promise<Outputs> {
    const model = this.#models.of(request.type);
    if (request.preview)
      return { properties: { ...request.olds, ...model.defaults, ...request.inputs, ...keptOutputs(model, request) } };
    return { properties: await this.#operations.update(request.id, this.#order(request), request.signal) };
  }

  read({ type, id, inputs }: ReadRequest): Read | undefined {
    const { world, vault, clock } = this.#cloud;
    const model = this.#models.of(type);
    const there = world.get(type, id) ?? world.ofType(type).find((each) => isImportedBy(each, id));
    if (there === undefined) return undefined;
    const found = matured(there, clock.now());
    if (found !== there) world.put(found);
    const all = inputsOf(found, vault);
    // On import the engine knows no inputs and takes all; on refresh it compares with those it knows.
    const shown = Object.keys(inputs).length === 0 ? all : { ...all };
    return {
      id: found.id,
      inputs: shown,
      properties: stateOf(model, found, vault),
      secrets: secretPathsOf(found, vault),
    };
  }

  async delete({ type, id, signal }: DeleteRequest): Promise<void> {
    await this.#operations.delete(type, id, signal);
  }

  invoke({ token, args, session }: InvokeRequest): Properties {
    return answer(token, args, settingsOf(session), this.#cloud);
  }

  #order({ type, urn, name, inputs, secrets, session }: CreateRequest | UpdateRequest) {
    const { region, accountId } = settingsOf(session);
    const own = inputs.region;
    return { type, urn, logicalName: name, inputs, secrets, accountId, region: typeof own === "string" ? own : region };
  }
}

/** Whether a resource is what the provider imports under this text: its id, ARN or name, or what its type's own form says. */
function isImportedBy(resource: WorldResource, text: string): boolean {
  const { inputs, type } = resource;
  const forms: Readonly<Record<string, string>> = {
    [TYPES.route]: `${inputs.routeTableId}_${inputs.destinationCidrBlock}`,
    [TYPES.routeTableAssociation]: `${inputs.subnetId}/${inputs.routeTableId}`,
    [TYPES.podIdentityAssociation]: `${inputs.clusterName},${resource.id}`,
    [TYPES.webAcl]: `${resource.id}/${resource.name}/REGIONAL`,
  };
  return isCalled(resource, text) || forms[type] === text;
}

/** The physical name: the program's, else the one it had, else made of its prefix or the logical name, and hex digits. */
function withName({ nameProperty }: ResourceModel, { name, olds, news, randomSeed }: CheckRequest): Properties {
  if (nameProperty === undefined || (news[nameProperty] ?? undefined) !== undefined) return news;
  const { [`${nameProperty}Prefix`]: prefix, ...rest } = news;
  const old = olds[nameProperty];
  const hash = createHash("sha256").update(randomSeed).update(name).digest("hex");
  if (typeof prefix !== "string")
    return { ...news, [nameProperty]: typeof old === "string" ? old : `${name}-${hash.slice(0, 7)}` };
  const keeps = typeof old === "string" && old.startsWith(prefix);
  return { ...rest, [nameProperty]: keeps ? old : `${prefix}${hash.slice(0, 26)}` };
}

function missingOf(model: ResourceModel, inputs: Properties): { property: string; reason: string }[] {
  const missing = (model.required ?? []).filter((property) => (inputs[property] ?? undefined) === undefined);
  return missing.map((property) => ({
    property,
    reason: `Missing required argument. The argument "${property}" is required, but no definition was found.`,
  }));
}

/** What can be told before the resource exists. */
function previewOf(model: ResourceModel, inputs: Properties): Properties {
  const computed = [...Object.keys(model.outputs ?? {}), ...(model.arn === undefined ? [] : ["arn"])];
  // What AWS chooses only where the program does not is known where it does.
  const chosen = computed.filter((key) => (inputs[key] ?? undefined) === undefined);
  const unknown = Object.fromEntries(chosen.map((key) => [key, UNKNOWN]));
  return merge({ ...model.defaults, ...inputs }, { ...unknown, ...model.preview?.(inputs) });
}

/** Outputs that an update does not change. */
function keptOutputs(model: ResourceModel, { olds }: UpdateRequest): Properties {
  const kept = Object.keys(model.outputs ?? {}).filter((key) => olds[key] !== undefined && !isUnknown(olds[key]));
  return Object.fromEntries(kept.flatMap((key) => (olds[key] === undefined ? [] : [[key, olds[key]]])));
}

interface AwsProvidersOptions {
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
