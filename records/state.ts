import { z } from "zod";

const resourceSchema = z.object({
  urn: z.string(),
  type: z.string(),
  id: z.string().optional(),
  custom: z.boolean().default(false),
  /** Replaced, and deleted by the next update. */
  delete: z.boolean().exactOptional(),
  /** Deleted already, and not yet made again. */
  pendingReplacement: z.boolean().exactOptional(),
  parent: z.string().optional(),
  provider: z.string().optional(),
  dependencies: z.array(z.string()).nullish(),
  propertyDependencies: z.record(z.string(), z.array(z.string()).nullable()).nullish(),
  inputs: z.record(z.string(), z.unknown()).default({}),
  outputs: z.record(z.string(), z.unknown()).default({}),
});

/** Of a stack that was never updated some backends give no deployment at all. */
const deploymentSchema = z.union([
  z.object({ deployment: z.object({ resources: z.array(resourceSchema).nullish() }) }),
  z.object({ version: z.number(), deployment: z.null().default(null) }),
]);

/** A secret as an export that shows secrets has it. */
const secretSchema = z.object({ plaintext: z.string() });

/** A resource as Pulumi's state records it. */
export type StateResource = z.infer<typeof resourceSchema>;

/** The resources of an exported state; none when the stack is empty. */
export function resourcesIn(exported: unknown): readonly StateResource[] {
  return deploymentSchema.parse(exported).deployment?.resources ?? [];
}

/** The stack's outputs as the last update left them; undefined where the state has no stack. */
export function outputsIn(
  resources: readonly Pick<StateResource, "type" | "outputs">[],
): StateResource["outputs"] | undefined {
  return resources.find(({ type }) => type === "pulumi:pulumi:Stack")?.outputs;
}

/** A text among the stack's outputs, a secret one too where the state was exported with its secrets; undefined without one. */
export function outputIn(resources: readonly StateResource[], name: string): string | undefined {
  const value = outputsIn(resources)?.[name];
  if (typeof value === "string") return value;
  const secret = secretSchema.safeParse(value);
  const plain: unknown = secret.success ? JSON.parse(secret.data.plaintext) : undefined;
  return typeof plain === "string" ? plain : undefined;
}

/** Whether a database or a cache exists. */
export function holdsData(resources: readonly StateResource[]): boolean {
  return resources.some(({ type }) => /^aws:(rds\/instance|elasticache\/replicationGroup):/.test(type));
}

/** What each resource waits for: its dependencies, its provider, and for a component all that is inside it. */
export function dependenciesIn(resources: readonly StateResource[]): Dependencies {
  const inside = insideComponents(resources);
  const expand = (urn: string) => [urn, ...(inside.get(urn) ?? [])];
  return new Map(resources.map((resource) => [resource.urn, directNeeds(resource).flatMap(expand)]));
}

function directNeeds(resource: StateResource): string[] {
  const byProperty = Object.values(resource.propertyDependencies ?? {}).flatMap((urns) => urns ?? []);
  // A provider reference is the provider's URN and id.
  const provider = resource.provider?.slice(0, resource.provider.lastIndexOf("::"));
  return [...new Set([...(resource.dependencies ?? []), ...byProperty, ...(provider ? [provider] : [])])];
}

/** By component, the resources at any depth below it. */
function insideComponents(resources: readonly StateResource[]): ReadonlyMap<string, readonly string[]> {
  const byUrn = new Map(resources.map((resource) => [resource.urn, resource]));
  const inside = new Map<string, string[]>();
  for (const { urn, parent } of resources) {
    for (let above = parent; above !== undefined; above = byUrn.get(above)?.parent) {
      if (byUrn.get(above)?.custom === false) inside.set(above, [...(inside.get(above) ?? []), urn]);
    }
  }
  return inside;
}

/** A resource's dependencies as the state records them: by URN. */
export type Dependencies = ReadonlyMap<string, readonly string[]>;
