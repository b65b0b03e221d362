import { inStandardSupport, KUBERNETES } from "../../aws/catalog.ts";
import type { Setting, Upgraded } from "../../rehearsal/scenario.ts";
import { DeployError } from "../../shared/deploy-error.ts";
import { parseConfig } from "../../stacks/config.ts";
import { redisVersion } from "../../stacks/fields.ts";
import type { StackConfig } from "../../stacks/schema.ts";

const DAY = 86_400_000;
/** The exemption is for the minutes until the upgrade; a day more than today, for a rehearsal around midnight. */
const EXEMPT_DAYS = 2;

/**
 * What of a stack's config is otherwise before the upgrade to the version that it names: the version before, with the
 * exemption that it needs where it has one no longer. Throws SPARKI_USAGE where none before is known.
 */
export function settingsBeforeUpgrade(
  what: Upgraded,
  raw: Readonly<Record<string, string>>,
  stack: string,
  now: number,
): Setting[] {
  const config = parseConfig(raw, stack);
  return what === "redis" ? redisBefore(config) : kubernetesBefore(config, now);
}

function redisBefore({ cache }: StackConfig): Setting[] {
  const value = before("sparki:cache.engineVersion", cache.engineVersion, redisVersion.options);
  return [{ key: ["sparki:cache", "engineVersion"], value }];
}

/** Of Kubernetes an exemption, once AWS's standard support of the version before has ended. */
function kubernetesBefore({ cluster, exemptions }: StackConfig, now: number): Setting[] {
  const value = before("sparki:cluster.version", cluster.version, Object.keys(KUBERNETES));
  const dayOf = (milliseconds: number) => new Date(milliseconds).toISOString().slice(0, 10);
  const version: Setting = { key: ["sparki:cluster", "version"], value };
  if (inStandardSupport(value, dayOf(now))) return [version];
  const exemption = {
    control: "S10",
    resource: "cluster-eks-eksCluster.version",
    reason: "the rehearsal begins before the upgrade that ends this",
    by: "@rehearsal",
    until: dayOf(now + EXEMPT_DAYS * DAY),
  };
  return [version, { key: ["sparki:exemptions"], value: [...exemptions, exemption] }];
}

function before(key: string, version: string, versions: readonly string[]): string {
  const found = versions[versions.indexOf(version) - 1];
  if (found !== undefined) return found;
  throw new DeployError(
    "SPARKI_USAGE",
    `${key} is ${version}; expected one after ${versions[0]}, so that a version before it is known`,
    { hint: "npx sparki upgrades" },
  );
}
