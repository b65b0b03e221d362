import { createHash } from "node:crypto";
import { sentenceOf } from "../../aws/finding.ts";
import { UNKNOWN } from "../../shared/engine-values.ts";
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
  type UpdateRequest,
} from "../provider/model.ts";
import { hasUnknown, isUnknown, type Properties } from "../provider/properties.ts";
import { answer } from "./functions.ts";
import { matured } from "./maintenance.ts";
import type { Cloud, ResourceModel } from "./model.ts";
import type { Models } from "./models.ts";
import type { Operations } from "./operations.ts";
import { publishedFindings } from "./operations.ts";
import { allTags, inputsOf, merge, secretPathsOf, settingsOf, stateOf } from "./subject.ts";
import { TYPES } from "./types.ts";
import type { WorldResource } from "./world.ts";
import { isCalled } from "./world.ts";

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
