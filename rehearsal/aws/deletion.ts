import { AwsError } from "./aws-error.ts";
import { holderOf } from "./checks.ts";
import type { Cloud, ResourceModel } from "./model.ts";
import type { Models } from "./models.ts";
import type { WorldResource } from "./world-file.ts";

/** How often a refused deletion is tried again, in model seconds. */
const RETRY_SECONDS = 5;

/** Resolves once AWS lets the resource go; throws its refusal when that outlasts the provider's patience. */
export async function whenDeletable(
  model: ResourceModel,
  resource: WorldResource,
  { world, clock, models }: Pick<Cloud, "world" | "clock"> & { readonly models: Models },
  signal: AbortSignal,
): Promise<void> {
  for (let left = (model.deleteRetrySeconds ?? 0) / RETRY_SECONDS; ; left -= 1) {
    const refusal = refusalOf(() => {
      model.mayDelete?.(resource, world);
      const holder = holderOf(resource, world, (type) => models.find(type));
      if (holder !== undefined) throw inUse(model, resource, holder);
    });
    if (refusal === undefined) return;
    if (left <= 0) throw refusal;
    await clock.wait(RETRY_SECONDS, signal);
  }
}

function inUse(model: ResourceModel, resource: WorldResource, holder: WorldResource): AwsError {
  const words = `resource ${resource.id} has a dependent object`;
  return model.inUse?.(resource, holder) ?? new AwsError("DependencyViolation", words);
}

function refusalOf(check: () => void): AwsError | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof AwsError) return error;
    throw error;
  }
}
