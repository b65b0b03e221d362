import { gte, valid } from "semver";
import { z } from "zod";
import { documentsOf } from "../../../delivery/documents.ts";
import { DeployError } from "../../../shared/deploy-error.ts";
import { zoneProblem } from "../../../stacks/fields.ts";
import { type Check, type Finding, fail, pass, skipped, warn } from "../check.ts";
import type { PreflightContext } from "../context.ts";

const identitySchema = z.object({ accountId: z.string(), arn: z.string() });
const regionSchema = z.object({ region: z.string() });

export const credentials: Check = {
  id: "aws-credentials",
  group: "Infrastructure",
  title: "AWS credentials, account and region",
  proves: "The credentials work, belong to the stack's account and may access its cluster, and its region responds.",
  timeLimitSeconds: 30,
  run: lookWho,
};

const ADMINISTRATORS = "deploy as one of them, or add the role to sparki:cluster.administrators";

/** The role's or the user's name: an assumed role's ARN has its session behind it, and no path before. */
function nameIn(arn: string): string | undefined {
  const [kind = "", ...names] = arn.slice(arn.lastIndexOf(":") + 1).split("/");
  return kind === "assumed-role" ? names[0] : names.at(-1);
}

async function lookWho({ aws, config }: PreflightContext): Promise<Finding> {
  const { accountId, region } = config;
  const fix = `log in to account ${accountId}: aws sso login --profile <profile>, then export AWS_PROFILE=<profile>`;
  try {
    const [identity, place] = await Promise.all([
      aws.find("index/getCallerIdentity", {}, identitySchema),
      aws.find("index/getRegion", {}, regionSchema),
    ]);
    if (identity?.accountId !== accountId)
      return fail(`the credentials are of account ${identity?.accountId}; expected ${accountId}`, fix);
    if (place?.region !== region) return fail(`the look-ups went to ${place?.region}; expected ${region}`, fix);
    if (!config.cluster.administrators.some((principal) => nameIn(principal) === nameIn(identity.arn)))
      return warn(
        `${identity.arn} is not one of sparki:cluster.administrators: the cluster will refuse it`,
        ADMINISTRATORS,
      );
    return pass(`${identity.arn} in ${region}`);
  } catch (error) {
    if (error instanceof DeployError)
      return fail(error.message, error.hint === undefined ? fix : `${error.hint}; or ${fix}`);
    throw error;
  }
}

/** The oldest that the cluster's component takes. */
const OLDEST = { one: "1.24.0", two: "2.7.0" };

export const awsCli: Check = {
  id: "aws-cli",
  group: "Infrastructure",
  title: "AWS command line",
  proves: "`aws` is installed and new enough: the cluster's component and its kubeconfig run it.",
  timeLimitSeconds: 30,
  run: async ({ commands, isRehearsal }) => {
    if (isRehearsal) return skipped("a rehearsal's cluster uses a token, without the AWS command line");
    const fix = "install it: https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html";
    const asked = await commands.aws(["--version"]).catch(() => undefined);
    if (asked === undefined || asked.code !== 0) return fail("there is no aws on PATH", fix);
    const version = /aws-cli\/(\S+)/.exec(`${asked.stdout} ${asked.stderr}`)?.[1] ?? "";
    if (valid(version) === null) return fail(`aws --version says ${asked.stdout.trim()}; expected aws-cli/2...`, fix);
    const oldest = version.startsWith("1.") ? OLDEST.one : OLDEST.two;
    return gte(version, oldest) ? pass(`aws ${version}`) : fail(`aws is ${version}; expected ${oldest} or newer`, fix);
  },
};

/** Roles that services make for themselves in an account, with the first resource of a kind. */
const SERVICE_ROLES: Readonly<Record<string, string>> = {
  AWSServiceRoleForAmazonEKS: "eks.amazonaws.com",
  AWSServiceRoleForElastiCache: "elasticache.amazonaws.com",
  AWSServiceRoleForElasticLoadBalancing: "elasticloadbalancing.amazonaws.com",
  AWSServiceRoleForRDS: "rds.amazonaws.com",
  AWSServiceRoleForWAFV2Logging: "wafv2.amazonaws.com",
};

const roleSchema = z.object({ arn: z.string() });

export const serviceRoles: Check = {
  id: "aws-service-roles",
  group: "Infrastructure",
  title: "Service-linked roles",
  proves: "The service-linked roles exist in the account, so that no creation has to wait for one.",
  timeLimitSeconds: 30,
  run: async ({ aws, state }) => {
    const names = Object.keys(SERVICE_ROLES);
    const [found, { resources }] = await Promise.all([
      Promise.all(names.map((name) => aws.find("iam/getRole", { name }, roleSchema))),
      state.read(),
    ]);
    const missing = names.filter((_, index) => found[index] === undefined);
    if (missing.length === 0) return pass(`${names.length} roles`);
    // Whatever exists has its role already, whoever may read it.
    if (resources.some(({ type }) => type === "aws:eks/cluster:Cluster"))
      return pass(`${names.length - missing.length} roles; the others were created with what is deployed`);
    const commands = missing.map(
      (name) => `aws iam create-service-linked-role --aws-service-name ${SERVICE_ROLES[name]}`,
    );
    return warn(
      `the account has no ${missing.join(", ")}: AWS creates each with the first resource that needs it, which may then fail once`,
      commands.join("\n"),
    );
  },
};

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
  title: "Availability at AWS",
  proves:
    "EKS supports the zones as this account maps them; AWS offers the database's class and version and the versions of the cluster and its add-ons; it warns of an installed add-on that is older than EKS's choice for the config's Kubernetes.",
  timeLimitSeconds: 60,
  run: async (context) => {
    const findings = await Promise.all([zones(context), database(context), cluster(context), addOns(context)]);
    const worst = (["fail", "warn"] as const).find((status) => findings.some((each) => each.status === status));
    if (worst === undefined) return pass(findings.map(({ reason }) => reason).join(", "));
    return { status: worst, ...together(findings.filter(({ status }) => status === worst)) };
  },
};

function together(findings: readonly Finding[]): { readonly reason: string; readonly fix: string } {
  return { reason: findings.map(({ reason }) => reason).join("; "), fix: findings.map(({ fix }) => fix).join("\n") };
}

async function zones({ aws, config }: PreflightContext): Promise<Finding> {
  const found = await aws.find("index/getAvailabilityZones", {}, zonesSchema);
  const problem = zoneProblem(config.network.zones, found ?? { names: [], zoneIds: [] });
  return problem === undefined
    ? pass(`zones ${config.network.zones.join(", ")}`)
    : fail(`network.zones: ${problem}`, "edit sparki:network.zones");
}

/** As the program makes the database. RDS has one offer for each kind of storage, and the provider takes no more than one. */
export const STORAGE_TYPE = "gp3";

async function database({ aws, config }: PreflightContext): Promise<Finding> {
  const { engineVersion, instanceClass } = config.database;
  const what = `PostgreSQL ${engineVersion} on ${instanceClass}`;
  const wanted = { engine: "postgres", engineVersion, instanceClass, storageType: STORAGE_TYPE };
  const found = await aws.find("rds/getOrderableDbInstance", wanted, databaseSchema);
  const fix = `list what is available: aws rds describe-orderable-db-instance-options --region ${config.region} --engine postgres --db-instance-class ${instanceClass}; then edit sparki:database`;
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
  if (Number.isNaN(Date.parse(end)) || !/^\d{4}-\d\d-\d\d$/.test(end))
    return fail(`EKS does not say until when it supports Kubernetes ${version}`, fix);
  return end < new Date(clock.now() * 1000).toISOString().slice(0, 10)
    ? fail(`Kubernetes ${version} is out of EKS's standard support since ${end}`, fix)
    : pass(`Kubernetes ${version}`);
}

async function addOns(context: PreflightContext): Promise<Finding> {
  const { aws, config } = context;
  const kubernetesVersion = config.cluster.version;
  const found = await Promise.all(
    ADD_ONS.map((addonName) => aws.find("eks/getAddonVersion", { addonName, kubernetesVersion }, addOnSchema)),
  );
  const missing = ADD_ONS.filter((_, index) => found[index] === undefined);
  if (missing.length > 0)
    return fail(
      `EKS has no ${missing.join(", ")} for Kubernetes ${kubernetesVersion}`,
      `aws eks describe-addon-versions --region ${config.region} --kubernetes-version ${kubernetesVersion}`,
    );
  const offered = new Map(ADD_ONS.map((name, index) => [name, found[index]?.version ?? ""]));
  const stale = await staleAddOns(context, offered);
  return stale.length === 0 ? pass(`${ADD_ONS.length} add-ons`) : { status: "warn", ...together(stale) };
}

const ADD_ON = "aws:eks/addon:Addon";
const installedSchema = z.object({ addonVersion: z.string() });

/** The stack's add-ons that are older than EKS's own choice: EKS updates none by itself, nor with the cluster's version. */
async function staleAddOns(
  { aws, config, stack, state }: PreflightContext,
  offered: ReadonlyMap<string, string>,
): Promise<Finding[]> {
  const own = (await state.read()).resources.filter(({ type }) => type === ADD_ON);
  const findings = await Promise.all(
    own.map(async ({ inputs: { addonName, clusterName } }) => {
      const [name, choice] = [String(addonName), offered.get(String(addonName))];
      if (choice === undefined) return [];
      const installed = await aws.find("eks/getAddon", { addonName: name, clusterName }, installedSchema);
      if (installed === undefined)
        return [
          warn(
            `EKS has no add-on ${name}, which the state names`,
            `pulumi refresh --stack ${stack}, then npx sparki plan: it is created again`,
          ),
        ];
      if (isAsNew(installed.addonVersion, choice)) return [];
      return [
        warn(
          `the add-on ${name} is ${installed.addonVersion}, EKS's for Kubernetes ${config.cluster.version} is ${choice}`,
          `aws eks update-addon --region ${config.region} --cluster-name ${clusterName} --addon-name ${name} --addon-version ${choice}`,
        ),
      ];
    }),
  );
  return findings.flat();
}

/** Whether an add-on's version, such as v0.8.0-eksbuild.2, is another one or later; one of another form never is. */
function isAsNew(version: string, other: string): boolean {
  const [own, wanted] = [version, other].map((each) => /^v(\d+)\.(\d+)\.(\d+)-eksbuild\.(\d+)$/.exec(each)?.slice(1));
  if (version === other) return true;
  if (own === undefined || wanted === undefined) return false;
  const first = own.findIndex((part, index) => part !== wanted[index]);
  return Number(own[first]) >= Number(wanted[first]);
}

const callerSchema = z.object({ arn: z.string() });
const sessionSchema = z.object({ issuerArn: z.string() });
const simulationSchema = z.object({
  results: z.array(z.object({ actionName: z.string(), allowed: z.boolean(), missingContextKeys: z.array(z.string()) })),
});

/** What makes things: who may do it may continue, and who may not stops a deployment in its middle. */
const MAKING = /:(Create|Put|Allocate|Request|Authorize|Associate|Attach|PassRole|Enable|Register)(?!.*Tag)/;

/** What a request of the deployment says, as IAM is to take it. */
interface Simulated {
  readonly actionNames: readonly string[];
  readonly resourceArns: readonly string[];
  readonly contexts: readonly { readonly key: string; readonly type: string; readonly values: readonly string[] }[];
}

export const permissions: Check = {
  id: "aws-permissions",
  group: "Infrastructure",
  title: "Permissions",
  proves: "The deploying role may create every type of resource in the plan, by IAM's own simulation.",
  timeLimitSeconds: 60,
  run: async (context) => {
    const who = await principalOf(context);
    if (who === undefined) return skipped("the account's root user may do everything, and IAM cannot simulate it");
    const asked = simulations(context);
    const answers = await Promise.all(
      asked.map((each) =>
        context.aws.find("iam/getPrincipalPolicySimulation", { policySourceArn: who, ...each }, simulationSchema),
      ),
    );
    const results = answers.flatMap((answer) => answer?.results ?? []);
    const judged = new Set(results.map(({ actionName }) => actionName.toLowerCase()));
    const wanted = new Set(asked.flatMap(({ actionNames }) => actionNames));
    const open = [...wanted].filter((action) => !judged.has(action.toLowerCase())).sort();
    if (open.length > 0) throw new Error(`IAM did not say whether ${who} may do ${open.join(", ")}`);
    // What depends on something that is not known here is not judged.
    const denied = results.filter(({ allowed, missingContextKeys }) => !allowed && missingContextKeys.length === 0);
    const actions = [...new Set(denied.map(({ actionName }) => actionName))].sort();
    if (actions.length === 0)
      return pass(`${who} may do ${new Set(results.map(({ actionName }) => actionName)).size} actions`);
    return fail(
      `${who} may not do ${actions.join(", ")}`,
      `give it the policies in delivery/documents (docs/delivery.md), or deploy as one of sparki:cluster.administrators`,
    );
  },
};

const policySchema = z.object({ arn: z.string() });

export const permissionsBoundary: Check = {
  id: "aws-permissions-boundary",
  group: "Infrastructure",
  title: "Permissions boundary",
  proves:
    "The permissions boundary that sparki:permissionsBoundary names exists: IAM refuses to create a role without it.",
  timeLimitSeconds: 30,
  run: async ({ aws, config, stack }) => {
    const arn = config.permissionsBoundary;
    if (arn === undefined)
      return skipped("sparki:permissionsBoundary is not set: the role that deploys from CI may create no role");
    const found = await aws.find("iam/getPolicy", { arn }, policySchema);
    if (found !== undefined) return pass(arn);
    return fail(
      `${arn} does not exist: IAM would refuse to create the stack's roles`,
      `run: npx sparki bootstrap --stack ${stack} (docs/bootstrap.md, step 5)`,
    );
  },
};

/** The role or user whose policies count; undefined for the root of the account. */
async function principalOf({ aws }: PreflightContext): Promise<string | undefined> {
  const identity = await aws.find("index/getCallerIdentity", {}, callerSchema);
  if (identity === undefined) throw new Error("AWS does not report the caller's identity");
  if (/:root$/.test(identity.arn)) return undefined;
  if (!/:assumed-role\//.test(identity.arn)) return identity.arn;
  const session = await aws.find("iam/getSessionContext", { arn: identity.arn }, sessionSchema);
  if (session === undefined) throw new Error(`AWS does not say whose session ${identity.arn} is`);
  return session.issuerArn;
}

/** The deploying role's own table, a question for each statement: what it allows is what a deployment needs. */
function simulations({ config, stack }: PreflightContext): Simulated[] {
  const { accountId, region, domain } = config;
  const documents = Object.entries(documentsOf({ stack, accountId, region, domain }));
  const statements = documents.flatMap(([file, { Statement }]) =>
    file.startsWith("deploying-role.") ? Statement : [],
  );
  return statements
    .filter(({ Effect }) => Effect === "Allow")
    .map(({ Action, Resource, Condition = {} }) => ({
      actionNames: Action.filter((action) => MAKING.test(action)),
      resourceArns: Resource,
      contexts: contextsOf(Condition),
    }))
    .filter(({ actionNames }) => actionNames.length > 0);
}

function contextsOf(condition: object): Simulated["contexts"] {
  return Object.values(condition).flatMap((keys: object) =>
    Object.entries(keys).map(([key, value]) => ({
      key,
      type: "string",
      values: [value].flat().slice(0, 1).map(String),
    })),
  );
}
