import { z } from "zod";
import { zoneProblem } from "../../../stacks/zones.ts";
import { type Check, type Finding, fail, pass } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const zonesSchema = z.object({ names: z.array(z.string()), zoneIds: z.array(z.string()) });
const databaseSchema = z.object({ availabilityZones: z.array(z.string()) });
const clusterSchema = z.object({
  clusterVersions: z.array(z.object({ clusterVersion: z.string(), endOfStandardSupportDate: z.string() })),
});
const addOnSchema = z.object({ version: z.string() });

/** Add-ons that the program installs. */
const ADD_ONS = ["metrics-server", "aws-secrets-store-csi-driver-provider"];
const LEAST_ZONES = 2;

export const offers: Check = {
  id: "aws-offers",
  group: "Infrastructure",
  title: "What AWS offers here",
  proves:
    "EKS takes the zones as this account maps them; the database's class and version, the cluster's and its add-ons' are offered.",
  timeLimitSeconds: 60,
  run: async (context) => {
    const findings = await Promise.all([zones(context), database(context), cluster(context), addOns(context)]);
    const wrong = findings.filter(({ status }) => status === "fail");
    if (wrong.length === 0) return pass(findings.map(({ reason }) => reason).join(", "));
    return fail(wrong.map(({ reason }) => reason).join("; "), wrong.map(({ fix }) => fix).join("\n"));
  },
};

async function zones({ aws, config }: PreflightContext): Promise<Finding> {
  const found = await aws.find("index/getAvailabilityZones", {}, zonesSchema);
  const problem = zoneProblem(config.network.zones, found ?? { names: [], zoneIds: [] });
  return problem === undefined
    ? pass(`zones ${config.network.zones.join(", ")}`)
    : fail(`network.zones: ${problem}`, "edit sparki:network.zones");
}

async function database({ aws, config }: PreflightContext): Promise<Finding> {
  const { engineVersion, instanceClass } = config.database;
  const what = `PostgreSQL ${engineVersion} on ${instanceClass}`;
  const wanted = { engine: "postgres", engineVersion, instanceClass };
  const found = await aws.find("rds/getOrderableDbInstance", wanted, databaseSchema);
  const fix = `see what there is: aws rds describe-orderable-db-instance-options --region ${config.region} --engine postgres --db-instance-class ${instanceClass}; then edit sparki:database`;
  if (found === undefined) return fail(`RDS does not offer ${what} in ${config.region}`, fix);
  const own = config.network.zones.filter((zone) => found.availabilityZones.includes(zone));
  return own.length < Math.min(LEAST_ZONES, config.network.zones.length)
    ? fail(`RDS offers ${what} in ${own.join(", ") || "none"} of the stack's zones; expected two`, fix)
    : pass(what);
}

async function cluster({ aws, config, clock }: PreflightContext): Promise<Finding> {
  const { version } = config.cluster;
  const found = await aws.find("eks/getClusterVersions", { clusterVersionsOnlies: [version] }, clusterSchema);
  const own = found?.clusterVersions.find(({ clusterVersion }) => clusterVersion === version);
  const fix = `aws eks describe-cluster-versions --region ${config.region}; then edit sparki:cluster.version`;
  if (own === undefined) return fail(`EKS makes no clusters of version ${version} any more`, fix);
  const end = own.endOfStandardSupportDate.slice(0, 10);
  return end < new Date(clock.now() * 1000).toISOString().slice(0, 10)
    ? fail(`Kubernetes ${version} is out of EKS's standard support since ${end}`, fix)
    : pass(`Kubernetes ${version}`);
}

async function addOns({ aws, config }: PreflightContext): Promise<Finding> {
  const kubernetesVersion = config.cluster.version;
  const found = await Promise.all(
    ADD_ONS.map((addonName) => aws.find("eks/getAddonVersion", { addonName, kubernetesVersion }, addOnSchema)),
  );
  const missing = ADD_ONS.filter((_, index) => found[index] === undefined);
  return missing.length === 0
    ? pass(`${ADD_ONS.length} add-ons`)
    : fail(
        `EKS has no ${missing.join(", ")} for Kubernetes ${kubernetesVersion}`,
        `aws eks describe-addon-versions --region ${config.region} --kubernetes-version ${kubernetesVersion}`,
      );
}
