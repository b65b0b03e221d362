import { matchesName } from "../judging/approvals.ts";
import { cluster, DEFAULT_PROVIDERS, providers } from "./cluster.ts";
import { accessLogs, data } from "./data.ts";
import { edge } from "./edge.ts";
import { identities } from "./identities.ts";
import { flows, network } from "./network.ts";
import { pods } from "./pods.ts";
import { type Declaration, fill, Matcher, namesOf, optional, type Shape, type World } from "./shape.ts";

/** Every resource of this deployment, by subject; nothing else may exist. */
export const DECLARATIONS: readonly Declaration[] = [
  ...network,
  ...flows,
  ...identities,
  ...data,
  ...accessLogs,
  ...edge,
  ...cluster,
  ...providers,
  ...pods,
];

/** Groups of resources in the program's tree; they make nothing themselves. */
const COMPONENT =
  /^sparki:(apps:(ClusterJob|Cutover|DatabaseJobs|Identities|Namespaces|Promotion|Workload)|infra:(Cache|Certificate|Cluster|Database|Edge|Firewall|Keys|LoadBalancer|Network|Secrets|WorkloadIdentity|Zone))$/;

/** Tags that say who made it and for what; others can give rights, since policies of AWS's own go by them. */
const OWN_TAGS = /^(Name|project|stack|owner|managed-by|release|resource)$/;
/** Tags that AWS goes by, and the kind of resource that may have them. */
const SPOKEN_TAGS: Readonly<Record<string, readonly [type: string, value: string]>> = {
  "kubernetes.io/role/elb": ["aws:ec2/subnet:Subnet", "1"],
  "kubernetes.io/role/internal-elb": ["aws:ec2/subnet:Subnet", "1"],
  "eks:eks-cluster-name": ["aws:lb/targetGroup:TargetGroup", "sparki-{stack}"],
};

/** The tags that a resource of a type may have. */
function tagsOf(type: string): Matcher {
  return optional(
    new Matcher("tags of this deployment", (value, world) =>
      Object.entries(Object(value)).every(([key, tag]) => {
        const [only, wanted = ""] = SPOKEN_TAGS[key] ?? [];
        return typeof tag === "string" && (OWN_TAGS.test(key) || (only === type && tag === fill(wanted, world)));
      }),
    ),
  );
}
/** What every resource of AWS may have besides. */
const commonOf = (type: string): Readonly<Record<string, Shape>> =>
  type.startsWith("aws:") ? { region: optional("{region}"), tags: tagsOf(type), tagsAll: tagsOf(type) } : {};

/** What a resource has to be, in the words of its declaration, with what its name binds; undefined when it has none. */
export function declarationOf(
  { type, name }: { readonly type: string; readonly name: string },
  world: World,
): { readonly shape: Readonly<Record<string, Shape>>; readonly world: World } | undefined {
  if (isStructure(type, name, world)) return { shape: {}, world };
  for (const declaration of BY_TYPE.get(type) ?? []) {
    const found = namesOf(declaration.name, world).find((one) => one.name === name);
    if (found === undefined) continue;
    return { shape: { ...commonOf(type), ...declaration.properties }, world: found.world };
  }
  return undefined;
}

const BY_TYPE = Map.groupBy(DECLARATIONS, ({ type }) => type);

/** Whether a type is that of the stack, a component, or a provider that the engine makes up by itself. */
function isStructure(type: string, name: string, { stack }: World): boolean {
  if (type === "pulumi:pulumi:Stack") return name === `sparki-${stack}`;
  return COMPONENT.test(type);
}

/** A provider without settings that the engine makes up for a package. */
export function isDefaultProvider(type: string, name: string): boolean {
  return DEFAULT_PROVIDERS.test(type) && /^default(_\d+_\d+_\d+)?$/.test(name);
}

/** Whether a resource of that logical name is among those that a value may come from. */
export function isSource(name: string, sources: readonly string[], world: World): boolean {
  return sources.some((source) => namesOf(source, world).some((one) => matchesName(one.name, name)));
}
