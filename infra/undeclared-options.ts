import * as pulumi from "@pulumi/pulumi";
import { DeployError } from "../shared/deploy-error.ts";
import { mayBeRead, mayBeRenamed, mayBeRetained, type Named } from "../stacks/kept-resources.ts";

/** Has `refuseUndeclaredOptions` asked of every resource that the program registers from now on. */
export function guardOptions(): void {
  // Only a program without an engine, as in a test, has no stack to ask it of.
  if (pulumi.runtime.getStackResource() !== undefined)
    pulumi.runtime.registerStackTransformation(refuseUndeclaredOptions);
}

/**
 * Refuses a resource, as it is registered, with an option by which it would become, leave behind or be made by something
 * that no policy sees: the engine tells a policy pack nothing of these, so plain `pulumi preview` would let them pass.
 */
export const refuseUndeclaredOptions: pulumi.ResourceTransformation = ({ type, name, opts }) => {
  const [option] = undeclaredOptions({ type, name }, opts);
  if (option === undefined) return undefined;
  throw new DeployError(
    "SPARKI_GATE",
    `${type} "${name}" has the option ${option}; expected none that is not declared`,
    {
      hint: "remove it, or declare it in stacks/kept-resources.ts for a reviewer to judge",
    },
  );
};

type Options = pulumi.CustomResourceOptions | pulumi.ComponentResourceOptions;

/** The options of a resource that nobody declared, by their names. */
export function undeclaredOptions(resource: Named, options: Options): string[] {
  const { aliases = [], retainOnDelete, deletedWith, replaceWith = [], id, pluginDownloadURL } = options;
  const found: readonly (readonly [option: string, isUndeclared: boolean])[] = [
    ["import", "import" in options && options.import !== undefined],
    ["id", id !== undefined && !mayBeRead(resource)],
    ["aliases", !mayBeRenamed(resource) && !aliases.every((alias) => isOfSdk(resource, alias))],
    ["retainOnDelete", retainOnDelete === true && !mayBeRetained(resource)],
    ["deletedWith", deletedWith !== undefined],
    ["replaceWith", replaceWith.length > 0],
    ["pluginDownloadURL", pluginDownloadURL !== undefined],
    ["transforms", (options.transforms ?? []).length > 0 && resource.type !== TRANSFORMED],
  ];
  return found.flatMap(([option, isUndeclared]) => (isUndeclared ? [option] : []));
}

/** The one component of another package, whose children the program tags. */
const TRANSFORMED = "eks:index:Cluster";

/** Whether an alias is one of those by which a package's own class tells of its kind in earlier versions of the package. */
function isOfSdk({ type }: Named, alias: pulumi.Input<pulumi.URN | pulumi.Alias>): boolean {
  if (typeof alias !== "object" || !("type" in alias) || Object.keys(alias).length > 1) return false;
  return typeof alias.type === "string" && kindOf(alias.type) === kindOf(type);
}

/** The package and the kind in it, without the module and the version that it was of: `BucketV2` is a Bucket. */
function kindOf(type: string): string {
  const [packageName, , kind = ""] = type.split(":");
  return `${packageName} ${kind.replace(/V\d+$/, "")}`;
}
