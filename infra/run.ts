import * as pulumi from "@pulumi/pulumi";
import { DeployError } from "../shared/deploy-error.ts";
import { parseConfig } from "../stacks/config.ts";
import { gatesOf, hooksOf, mayBeRead, mayBeRenamed, mayBeRetained, type Named } from "../stacks/kept-resources.ts";
import { assertOwnRecord, LAST_PART_VARIABLE, NETWORK_ONLY, plainRunNotice } from "../stacks/run-record.ts";
import type { StackConfig } from "../stacks/schema.ts";

/** Tells in one line what an update by plain `pulumi` does not guarantee; says nothing where sparki runs the program. */
export function tellOfPlainRun(): void {
  const notice = plainRunNotice(process.env);
  if (notice !== undefined) void pulumi.log.warn(notice);
}

/**
 * Keeps the SDK's debug messages from the engine. They hold the answer to every registration, secrets in plain text
 * too, and `pulumi up --json`, `--debug` and event logs write them down (sdk/nodejs/runtime/resource.ts).
 */
export function withholdDebugLog(): void {
  Object.assign(pulumi.log, { debug: async () => undefined });
}

/**
 * Whether this run is to create the keys and the network alone, and leave the rest to a deployment from inside that
 * network: `sparki bootstrap` asks for it. Throws SPARKI_CONFIG for anything else than the one word that it sets.
 */
export function endsWithNetwork(env: Readonly<Record<string, string | undefined>> = process.env): boolean {
  const last = env[LAST_PART_VARIABLE];
  if (last === undefined || last === NETWORK_ONLY) return last !== undefined;
  throw new DeployError("SPARKI_CONFIG", `${LAST_PART_VARIABLE} is ${JSON.stringify(last)}; expected ${NETWORK_ONLY}`, {
    hint: `unset ${LAST_PART_VARIABLE}`,
  });
}

/** Parses the stack's config once; throws SPARKI_CONFIG naming every problem at once, or returns it typed and complete. */
export function loadConfig(): StackConfig {
  const raw = pulumi.runtime.allConfig();
  assertOwnRecord(raw, process.env);
  return parseConfig(raw, pulumi.getStack(), plainKeys(raw, process.env.PULUMI_CONFIG_SECRET_KEYS));
}

/** The keys that the engine did not have to decrypt; its language hosts always say which it had to. */
export function plainKeys(raw: Readonly<Record<string, string>>, secretKeys: string | undefined): string[] {
  if (secretKeys === undefined) return [];
  const secret: unknown = JSON.parse(secretKeys);
  return Object.keys(raw).filter((key) => !(Array.isArray(secret) && secret.includes(key)));
}

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
  const [ungated] = missingGates({ type, name }, opts);
  if (ungated !== undefined)
    throw new DeployError("SPARKI_GATE", `${type} "${name}" has no gate in ${ungated}; expected one that judges it`, {
      hint: "put its gate back among its hooks; what must have one is declared in stacks/kept-resources.ts",
    });
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
  const { aliases = [], retainOnDelete, deletedWith, replaceWith = [], replaceOnChanges = [], hooks = {} } = options;
  const { id, pluginDownloadURL } = options;
  const mayHook: readonly string[] = hooksOf(resource);
  const found: readonly (readonly [option: string, isUndeclared: boolean])[] = [
    ["import", "import" in options && options.import !== undefined],
    ["id", id !== undefined && !mayBeRead(resource)],
    ["aliases", !mayBeRenamed(resource) && !aliases.every((alias) => isOfSdk(resource, alias))],
    ["retainOnDelete", retainOnDelete === true && !mayBeRetained(resource)],
    ["deletedWith", deletedWith !== undefined],
    ["replaceWith", replaceWith.length > 0],
    ["replaceOnChanges", !replaceOnChanges.every((path) => SDK_REPLACES[resource.type] === path)],
    ["hooks", Object.entries(hooks).some(([event, bound]) => bound.length > 0 && !mayHook.includes(event))],
    ["pluginDownloadURL", pluginDownloadURL !== undefined],
    ["transforms", (options.transforms ?? []).length > 0 && resource.type !== TRANSFORMED],
  ];
  return found.flatMap(([option, isUndeclared]) => (isUndeclared ? [option] : []));
}

/** The events before which nothing judges a resource that has to be judged. */
export function missingGates(resource: Named, { hooks = {} }: Options): string[] {
  return gatesOf(resource).filter((event) => (hooks[event] ?? []).length === 0);
}

/** What a package's own class replaces its resource for. */
const SDK_REPLACES: Readonly<Record<string, string>> = { "command:local:Command": "triggers[*]" };

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
