import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { plainKeys, withholdDebugLog } from "../infra/run.ts";
import { AccountWatch, Alarms, alarmOnBackups, CacheEvents } from "./alarms.ts";
import { parseDelivery } from "./config.ts";
import type { Account } from "./locked-bucket.ts";
import { PulumiCloud } from "./pulumi-cloud.ts";
import { BreakGlass, Roles } from "./roles.ts";
import { Runner } from "./runner.ts";
import { State, secretsAliasOf } from "./state.ts";

/** Whose secrets this program's own state would hold; it has none, but a state has a key. */
const SELF = "delivery";

/** What an account's stacks are deployed by: where their states are, and who may change them. */
export default async function delivery() {
  withholdDebugLog();
  const raw = pulumi.runtime.allConfig();
  const plain = plainKeys(raw, process.env.PULUMI_CONFIG_SECRET_KEYS);
  const config = parseDelivery(raw, pulumi.getStack(), { plain });
  const { accountId, region, stacks, places, owner } = config;
  // Never the stacks' own tags: their deploying roles may change what bears those.
  const tags = { project: "sparki-delivery", owner, "managed-by": "pulumi" };
  const provider = new aws.Provider("aws", {
    region,
    maxRetries: 10,
    allowedAccountIds: [accountId],
    defaultTags: { tags },
  });
  const here = { providers: [provider] };
  const account: Account = { accountId, region, protect: config.protection };

  const state = new State("state", { ...account, ...config.state, owners: [...stacks, SELF] }, here);
  const { githubProvider, pulumiCloud } = config;
  const cloud = pulumiCloud && { ...pulumiCloud, ending: pulumiCloud.endings.map(({ stack }) => stack) };
  const roles = new Roles("roles", { ...account, places, state, githubProvider, ...(cloud && { cloud }) }, here);
  const clouds = pulumiCloud && new PulumiCloud("pulumi-cloud", { ...pulumiCloud, accountId, places, roles });
  const { emails } = config.alarms;
  const alarms = new Alarms("alarms", { ...account, emails }, here);
  const breakGlass = new BreakGlass("break-glass", { ...account, ...config.breakGlass, alarms }, here);
  alarmOnBackups(alarms, stacks);
  const cacheEvents = new CacheEvents("cache-events", { ...account, emails }, here);
  const { watch, budget, runner } = config;
  new AccountWatch("account", { ...account, ...budget, emails, watch, alarms }, here);
  const repository = places.find(({ stack }) => stack === runner?.stack)?.repository;
  if (runner !== undefined && repository !== undefined)
    new Runner("runner", { ...account, ...runner, repository }, here);

  return {
    backendUrl: state.backendUrl,
    secretsProviders: Object.fromEntries(
      [...stacks, SELF].map((each) => [each, `awskms://alias/${secretsAliasOf(each)}?region=${region}`]),
    ),
    deployingRoles: roles.deploying,
    planningRoles: roles.planning,
    drillingRoles: roles.drilling,
    permissionsBoundaries: roles.boundaries,
    breakGlassRole: breakGlass.roleArn,
    cacheEventsTopic: cacheEvents.topicArn,
    ...(clouds && { deploymentRunnerToken: clouds.runnerToken }),
  };
}
