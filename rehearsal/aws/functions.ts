import {
  instanceClasses,
  KUBERNETES,
  kubernetesVersions,
  postgresUpgradeTargets,
  postgresVersions,
  retiredPostgresVersions,
} from "../../aws/catalog.ts";
import { isAddOn } from "../../aws/rules/cluster.ts";
import { compareVersions } from "../../aws/rules/shared.ts";
import type { Properties, Value } from "../provider/properties.ts";
import { LOOK_UPS } from "./look-ups.ts";
import type { Cloud } from "./model.ts";
import { AwsError } from "./model.ts";
import { prefixListOf } from "./services/ec2-endpoints.ts";
import { zoneIdOf, zonesOf } from "./services/ec2-vpc.ts";
import { clusterToken, DEPLOYING_ROLE } from "./services/eks.ts";
import type { Settings } from "./subject.ts";
import { TYPES } from "./types.ts";
import { records, text, texts } from "./values.ts";

type OfferAnswer = (args: Properties, settings: Settings, cloud: Cloud) => Properties;

/** How the provider says that nothing fits. */
const NOTHING = () => new Error("Your query returned no results. Please change your search criteria and try again.");

/** Whether RDS still makes this version of PostgreSQL, written with or without its minor part. */
/** When RDS's certificate authorities end: after 40 years of the first, after 100 of the others. */
const AUTHORITIES: Readonly<Record<string, string>> = {
  "rds-ca-rsa2048-g1": "2061-05-25T23:34:57Z",
  "rds-ca-rsa4096-g1": "2121-05-25T23:38:35Z",
  "rds-ca-ecc384-g1": "2121-05-25T23:41:55Z",
};

function isMade(version: string): boolean {
  const made = postgresVersions().filter((each) => !retiredPostgresVersions().includes(each));
  return made.includes(version) || made.some((each) => each.startsWith(`${version}.`));
}

/** What AWS offers in a region, by the same facts that inputs are judged by. */
const OFFERS: Readonly<Record<string, OfferAnswer>> = {
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

type Answer = (args: Properties, settings: Settings, cloud: Cloud) => Properties;

const ANSWERS: Readonly<Record<string, Answer>> = {
  ...LOOK_UPS,
  ...OFFERS,
  "aws:index/getCallerIdentity:getCallerIdentity": (_args, { accountId }) => ({
    id: accountId,
    accountId,
    arn: `arn:aws:sts::${accountId}:assumed-role/${DEPLOYING_ROLE}/rehearsal`,
    userId: "AROAREHEARSAL:rehearsal",
  }),
  "aws:index/getPartition:getPartition": () => ({
    id: "aws",
    partition: "aws",
    dnsSuffix: "amazonaws.com",
    reverseDnsPrefix: "com.amazonaws",
  }),
  "aws:index/getRegion:getRegion": (args, settings) => {
    const region = text(args, "region") ?? text(args, "name") ?? settings.region;
    const endpoint = `ec2.${region}.amazonaws.com`;
    return { id: region, name: region, region, endpoint, description: region };
  },
  "aws:index/getAvailabilityZones:getAvailabilityZones": (args, settings, { world }) => {
    const region = text(args, "region") ?? settings.region;
    const names = zonesOf(region);
    return {
      id: region,
      region,
      names,
      zoneIds: names.map((zone) => zoneIdOf(zone, world.profile)),
      groupNames: [region],
    };
  },
  "aws:iam/getPolicyDocument:getPolicyDocument": (args) => {
    const json = policyJson(args);
    return { ...args, id: String(json.length), json, minifiedJson: JSON.stringify(JSON.parse(json)) };
  },
  "aws:route53/getZone:getZone": (args, _settings, { world }) => {
    const [id, name] = [text(args, "zoneId"), text(args, "name")?.replace(/\.$/, "")];
    const found = world.ofType(TYPES.zone).find((it) => it.id === id || it.name?.replace(/\.$/, "") === name);
    if (found === undefined)
      throw new AwsError("NoSuchHostedZone", `no matching Route 53 Hosted Zone found: ${name ?? id}`);
    return {
      ...found.outputs,
      id: found.id,
      zoneId: found.id,
      arn: found.arn,
      name: found.name ?? "",
      privateZone: false,
    };
  },
  "aws:ec2/getPrefixList:getPrefixList": (args, { region }) => {
    const name = text(args, "name") ?? texts(args, "filters.values")[0] ?? `com.amazonaws.${region}.s3`;
    return {
      id: prefixListOf(region, name.split(".").at(-1) ?? ""),
      name,
      region,
      cidrBlocks: ["52.216.0.0/15", "3.5.0.0/19"],
    };
  },
  "aws:rds/getEngineVersion:getEngineVersion": (args, { region }) => {
    const version = text(args, "version") ?? texts(args, "preferredVersions")[0] ?? "17.6";
    if (!isMade(version)) throw NOTHING();
    const parameterGroupFamily = `postgres${version.split(".")[0]}`;
    return {
      id: version,
      region,
      engine: "postgres",
      version,
      versionActual: version,
      parameterGroupFamily,
      status: "available",
      validMajorTargets: postgresUpgradeTargets(version),
      validMinorTargets: laterMinors(version),
    };
  },
  "aws:rds/getCertificate:getCertificate": (args, { region }) => {
    const id = text(args, "id") ?? "";
    const validTill = AUTHORITIES[id];
    if (validTill === undefined) throw NOTHING();
    return {
      ...{ id, region, arn: `arn:aws:rds:${region}::cert:${id}`, certificateType: "CA" },
      ...{ customerOverride: false, customerOverrideValidTill: "", defaultForNewLaunches: false, thumbprint: "" },
      ...{ validFrom: "2021-05-25T22:34:57Z", validTill },
    };
  },
  "aws:eks/getClusterAuth:getClusterAuth": (args, _settings, cloud) => {
    const name = text(args, "name") ?? "";
    const token = clusterToken(name, cloud);
    if (token === undefined) throw new AwsError("ResourceNotFoundException", `No cluster found for name: ${name}.`);
    return { id: name, name, token };
  },
};

/** The later versions of the same major one that RDS makes. */
function laterMinors(version: string): string[] {
  const [major] = version.split(".");
  return postgresVersions().filter(
    (each) => each.split(".")[0] === major && compareVersions(each, version) > 0 && isMade(each),
  );
}

/** Answers a provider function; one that is not simulated is refused by name. */
export function answer(token: string, args: Properties, settings: Settings, cloud: Cloud): Properties {
  const known = ANSWERS[token];
  if (known === undefined) throw new Error(`sparki rehearsal: no function ${token}`);
  return known(args, settings, cloud);
}

function policyJson(args: Properties): string {
  const statements = records(args, "statements").map(statementOf);
  const version = text(args, "version") ?? "2012-10-17";
  return JSON.stringify({ Version: version, Statement: statements }, null, 2);
}

function statementOf(statement: Properties): Record<string, Value> {
  const list = (key: string) => {
    const values = texts(statement, key);
    return values.length === 1 ? (values[0] ?? "") : values;
  };
  const has = (key: string) => texts(statement, key).length > 0;
  const sid = text(statement, "sid");
  return {
    ...(sid === undefined ? {} : { Sid: sid }),
    Effect: text(statement, "effect") ?? "Allow",
    ...(has("actions") ? { Action: list("actions") } : {}),
    ...(has("notActions") ? { NotAction: list("notActions") } : {}),
    ...(has("resources") ? { Resource: list("resources") } : {}),
    ...(has("notResources") ? { NotResource: list("notResources") } : {}),
    ...principals(statement),
    ...conditions(statement),
  };
}

function principals(statement: Properties): Record<string, Value> {
  const given = records(statement, "principals");
  if (given.length === 0) return {};
  if (given.some((it) => text(it, "type") === "*")) return { Principal: "*" };
  return { Principal: Object.fromEntries(given.map((it) => [text(it, "type") ?? "AWS", texts(it, "identifiers")])) };
}

function conditions(statement: Properties): Record<string, Value> {
  const given = records(statement, "conditions");
  if (given.length === 0) return {};
  const grouped: Record<string, Record<string, Value>> = {};
  for (const condition of given) {
    const test = text(condition, "test") ?? "StringEquals";
    grouped[test] = { ...grouped[test], [text(condition, "variable") ?? ""]: texts(condition, "values") };
  }
  return { Condition: grouped };
}
