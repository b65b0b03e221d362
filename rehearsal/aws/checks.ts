import { sentenceOf } from "../../aws/finding.ts";
import type { Properties } from "../provider/properties.ts";
import { AwsError } from "./aws-error.ts";
import { checkBetween } from "./between.ts";
import type { Draft, Reference, ResourceModel } from "./model.ts";
import { publishedFindings } from "./published.ts";
import { texts } from "./values.ts";
import { isCalled, type World } from "./world.ts";
import type { WorldResource } from "./world-file.ts";

/** Throws the AWS error for the first thing that keeps these inputs from being accepted. */
export function checkAcceptable(model: ResourceModel, draft: Draft, world: World, self?: WorldResource): void {
  for (const reference of model.references ?? []) checkReference(reference, draft.inputs, world);
  checkUnique(model, draft, world, self);
  if (self === undefined) checkQuotas(model, draft, world);
  model.validate?.(draft, world);
  checkBetween(draft, world);
  const [refused] = publishedFindings(model.type, draft.inputs, self?.inputs);
  if (refused !== undefined) throw new AwsError("ValidationException", sentenceOf(refused));
}

function checkReference(reference: Reference, inputs: Properties, world: World): void {
  for (const identifier of texts(inputs, reference.path)) {
    if (reference.exempt?.(identifier)) continue;
    const found = world.find(reference.to, identifier);
    if (found === undefined || found.status === "deleting") throw reference.missing(identifier);
  }
}

function checkUnique(model: ResourceModel, draft: Draft, world: World, self: WorldResource | undefined): void {
  for (const { among = [model.type], key, taken } of model.unique ?? []) {
    const wanted = key(draft.inputs, model.type);
    if (wanted === undefined) continue;
    const other = world
      .all()
      .find(
        (it) =>
          it !== self && it.serial !== self?.serial && among.includes(it.type) && key(it.inputs, it.type) === wanted,
      );
    if (other !== undefined) throw taken(draft.inputs, other);
  }
}

function checkQuotas(model: ResourceModel, draft: Draft, world: World): void {
  for (const { limit, within, exceeded } of model.quotas ?? []) {
    const scope = within?.(draft.inputs);
    const counted = world
      .ofType(model.type)
      .filter((it) => it.region === draft.region && it.owner === undefined && within?.(it.inputs) === scope);
    if (counted.length >= limit) throw exceeded(limit);
  }
}

/** The first resource that keeps this one from being deleted by naming it. */
export function holderOf(resource: WorldResource, world: World, modelOf: (type: string) => ResourceModel | undefined) {
  return world.all().find((other) => {
    if (other.owner === resource.id || (other.type === resource.type && other.id === resource.id)) return false;
    return (modelOf(other.type)?.references ?? []).some(
      (reference) =>
        reference.holds !== false &&
        reference.to.includes(resource.type) &&
        texts(other.inputs, reference.path).some((identifier) => isCalled(resource, identifier)),
    );
  });
}
