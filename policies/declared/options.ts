import { mayBeRenamed, type Named } from "../../stacks/kept-resources.ts";
import { isTagged } from "../../stacks/tagging.ts";
import type { ResourceOptions } from "../judging/resource.ts";
import type { World } from "./shape.ts";

/** What has to stay as long as sparki:protection says so. */
const PROTECTED = new Set([
  "aws:kms/key:Key",
  "aws:route53/zone:Zone",
  "aws:rds/instance:Instance",
  "aws:elasticache/replicationGroup:ReplicationGroup",
]);

/** A property that AWS or a later release changes, by logical name; the program goes on with what it finds. */
const LEFT_AS_THEY_ARE: Readonly<Record<string, readonly string[]>> = {
  "aws:ec2/defaultNetworkAcl:DefaultNetworkAcl network-subnet-filter": ["subnetIds"],
  "aws:rds/instance:Instance database-instance": ["engineVersion"],
  "aws:eks/cluster:Cluster cluster-eks-eksCluster": [
    "accessConfig.bootstrapClusterCreatorAdminPermissions",
    "bootstrapSelfManagedAddons",
  ],
  // In an update that goes back: an older release's migrator may not know the level that a newer one has reached.
  ...Object.fromEntries(
    ["users", "migrate", "seed"].map((job) => [
      `command:local:Command database-jobs-${job}-run`,
      ["stdin", "triggers"],
    ]),
  ),
};

const keyOf = ({ type, name }: Named) => `${type} ${name}`;

/** The options of a resource that are not declared, each with what it may be; more outputs may always be secret. */
export function optionMismatches(resource: Named, options: ResourceOptions, { config }: World): string[] {
  const { protect, ignoreChanges, deleteBeforeReplace, aliases, customTimeouts } = options;
  const left = [...(isTagged(resource.type) ? ["tags.release"] : []), ...(LEFT_AS_THEY_ARE[keyOf(resource)] ?? [])];
  const problems: (readonly [option: string, isWrong: boolean, declared: string])[] = [
    ["protect", config.protection && !protect && PROTECTED.has(resource.type), "true"],
    ["ignoreChanges", ignoreChanges.some((path) => !left.includes(path)), left.join(", ") || "none"],
    ["deleteBeforeReplace", deleteBeforeReplace === true, "not to be set"],
    ["aliases", aliases.length > 0 && !mayBeRenamed(resource), "none"],
    ["customTimeouts", Object.values(customTimeouts).some((seconds) => seconds !== 0), "none"],
  ];
  return problems.flatMap(([option, isWrong, declared]) =>
    isWrong ? [`option ${option} (declared: ${declared})`] : [],
  );
}
