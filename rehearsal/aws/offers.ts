import {
  instanceClasses,
  KUBERNETES,
  kubernetesVersions,
  postgresVersions,
  retiredPostgresVersions,
} from "../../aws/catalog.ts";
import { isAddOn } from "../../aws/rules/cluster.ts";
import type { Properties } from "../provider/properties.ts";
import type { Cloud } from "./model.ts";
import { zonesOf } from "./services/ec2-subnets.ts";
import type { Settings } from "./settings.ts";
import { text, texts } from "./values.ts";

type Answer = (args: Properties, settings: Settings, cloud: Cloud) => Properties;

/** How the provider says that nothing fits. */
export const NOTHING = () =>
  new Error("Your query returned no results. Please change your search criteria and try again.");

/** Whether RDS still makes this version of PostgreSQL, written with or without its minor part. */
export function isMade(version: string): boolean {
  const made = postgresVersions().filter((each) => !retiredPostgresVersions().includes(each));
  return made.includes(version) || made.some((each) => each.startsWith(`${version}.`));
}

/** What AWS offers in a region, by the same facts that inputs are judged by. */
export const OFFERS: Readonly<Record<string, Answer>> = {
  "aws:rds/getOrderableDbInstance:getOrderableDbInstance": (args, { region }) => {
    const [engineVersion = "", instanceClass = ""] = [text(args, "engineVersion"), text(args, "instanceClass")];
    if (!isMade(engineVersion) || !instanceClasses(region).includes(instanceClass)) throw NOTHING();
    return { ...args, id: instanceClass, region, availabilityZones: zonesOf(region) };
  },
  "aws:eks/getClusterVersions:getClusterVersions": (args, { region }) => {
    const wanted = texts(args, "clusterVersionsOnlies");
    const found = kubernetesVersions().filter((version) => wanted.length === 0 || wanted.includes(version));
    const clusterVersions = found.map((clusterVersion) => ({
      clusterVersion,
      endOfStandardSupportDate: `${KUBERNETES[clusterVersion]?.standard}T00:00:00Z`,
      endOfExtendedSupportDate: `${KUBERNETES[clusterVersion]?.extended}T00:00:00Z`,
      versionStatus: "STANDARD_SUPPORT",
    }));
    return { id: region, region, clusterVersions };
  },
  "aws:eks/getAddonVersion:getAddonVersion": (args) => {
    const addonName = text(args, "addonName") ?? "";
    if (!isAddOn(addonName)) throw NOTHING();
    return { ...args, id: addonName, version: "v1.0.0-eksbuild.1" };
  },
};
