import { inStandardSupport, KUBERNETES } from "../../aws/catalog.ts";
import type { Setting } from "../../rehearsal/scenario.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { parseConfig } from "../../stacks/config.ts";

const DAY = 86_400_000;
/** The exemption is for the minutes until the upgrade; a day more than today, for a rehearsal around midnight. */
const EXEMPT_DAYS = 2;

/**
 * What of a stack's config is otherwise before Kubernetes is upgraded to the version that it names: the minor version before,
 * with the exemption that it needs once AWS's standard support of that has ended. Throws SPARKI_USAGE where none before is
 * known.
 */
export function settingsBeforeUpgrade(raw: Readonly<Record<string, string>>, stack: string, now: number): Setting[] {
  const { cluster, exemptions } = parseConfig(raw, stack);
  const versions = Object.keys(KUBERNETES);
  const before = versions[versions.indexOf(cluster.version) - 1];
  if (before === undefined)
    throw new DeployError(
      "SPARKI_USAGE",
      `sparki:cluster.version is ${cluster.version}; expected one after ${versions[0]}, so that a version before it is known`,
      { hint: "npx sparki upgrades" },
    );
  const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);
  const version: Setting = { key: ["sparki:cluster", "version"], value: before };
  if (inStandardSupport(before, dayOf(now))) return [version];
  const exemption = {
    control: "S10",
    resource: "cluster-eks-eksCluster.version",
    reason: "the rehearsal begins before the upgrade that ends this",
    by: "@rehearsal",
    until: dayOf(now + EXEMPT_DAYS * DAY),
  };
  return [version, { key: ["sparki:exemptions"], value: [...exemptions, exemption] }];
}
