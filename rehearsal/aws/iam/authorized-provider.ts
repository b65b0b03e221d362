import { type ApiRequest, decide, type IdentityStatement } from "../../../aws/authorization.ts";
import { isLike } from "../../../aws/policy-document.ts";
import { messageOf } from "../../../shared/deploy-error.ts";
import type { ProviderModel, Session } from "../../provider/model.ts";
import type { Properties } from "../../provider/properties.ts";
import { AwsError } from "../model.ts";
import type { Models } from "../models.ts";
import { settingsOf } from "../subject.ts";
import { text } from "../values.ts";
import type { World } from "../world.ts";
import { About, type CallTable, type Facts, type TypeCalls } from "./about.ts";
import { DATA_CALLS, EDGE_CALLS } from "./data-and-edge-calls.ts";
import { CLUSTER_CALLS, NETWORK_CALLS } from "./platform-calls.ts";

/** Who asks the modelled AWS for something. */
export interface Authority {
  /** Until somebody is named, whoever asks may do everything. */
  asker?: Asker;
}

/** The `aws` provider to which AWS refuses what its asker's policies do not allow, before anything is done. */
export function authorizedProvider(
  aws: ProviderModel,
  { authority, world, models }: { authority: Authority; world: World; models: Models },
): ProviderModel {
  const allowed = (doing: string, requests: () => readonly ApiRequest[]) => {
    if (authority.asker === undefined) return;
    const { arn, statements } = authority.asker;
    try {
      for (const request of requests()) {
        const isTaken = world.profile.denied.some((pattern) => isLike(request.action, pattern));
        demand({ arn, statements: isTaken ? [] : statements }, [request]);
      }
    } catch (error) {
      throw new Error(`${doing}: ${messageOf(error)}`, { cause: error });
    }
  };
  const facts = (session: Session, inputs: Properties) => {
    const { region, accountId } = settingsOf(session);
    const own = inputs.region;
    return { world, inputs, accountId, region: typeof own === "string" ? own : region };
  };
  interface Act {
    readonly doing: string;
    readonly type: string;
    readonly name?: string;
    readonly id?: string;
    readonly inputs?: Properties;
    readonly session: Session;
  }
  const may = (act: keyof TypeCalls, { doing, type, name, id, inputs, session }: Act) => {
    const there = id === undefined ? undefined : world.get(type, id);
    // Of what is gone the provider only finds out that it is.
    if (id !== undefined && there === undefined) return;
    const what = `${doing} ${models.of(type).title} (${id ?? name})`;
    allowed(what, () => requestsOf(act, { type, ...facts(session, inputs ?? there?.inputs ?? {}), there }));
  };
  return {
    name: aws.name,
    version: aws.version,
    ...(aws.configure && { configure: aws.configure.bind(aws) }),
    check: (request) => aws.check(request),
    diff: (request) => aws.diff(request),
    create: (request) => {
      const { type, name, inputs, session, preview } = request;
      if (!preview) may("create", { doing: "creating", type, name, inputs, session });
      return aws.create(request);
    },
    read: (request) => {
      const { type, id, session } = request;
      may("read", { doing: "reading", type, id, session });
      return aws.read(request);
    },
    update: (request) => {
      const { type, id, inputs, session, preview } = request;
      if (!preview) may("update", { doing: "updating", type, id, inputs, session });
      return aws.update(request);
    },
    delete: (request) => {
      const { type, id, session } = request;
      may("delete", { doing: "deleting", type, id, session });
      return aws.delete(request);
    },
    invoke: (request) => {
      const { token, args, session } = request;
      allowed(token, () => requestsOfFunction(token, facts(session, args)));
      if (aws.invoke === undefined) throw new TypeError(`${aws.name} has no functions`);
      return aws.invoke(request);
    },
  };
}

/** What the AWS provider asks AWS for each resource type of a stack, by what it does with one. */
export const CALLS: CallTable = { ...NETWORK_CALLS, ...CLUSTER_CALLS, ...DATA_CALLS, ...EDGE_CALLS };

/** Who asks, and all that its policies say. */
interface Asker {
  /** The ARN of the session, as AWS names it in refusals. */
  readonly arn: string;
  readonly statements: readonly IdentityStatement[];
}

/** All that the provider asks AWS to do this with a resource. @throws where nobody has written down what that is */
export function requestsOf(act: keyof TypeCalls, facts: Facts): readonly ApiRequest[] {
  const calls = CALLS[facts.type];
  if (calls === undefined)
    throw new TypeError(`what the provider asks IAM for ${facts.type} is not known: rehearsal/aws/iam`);
  const it = new About(facts);
  const reading = act === "delete" ? [] : calls.read(it);
  return act === "read" ? reading : [...(calls[act]?.(it) ?? []), ...reading];
}

/** The same for a function of the provider's, such as `aws:ec2/getVpcs:getVpcs`. */
export function requestsOfFunction(token: string, facts: Omit<Facts, "type">): readonly ApiRequest[] {
  const [, name = ""] = token.split(":");
  const ask = FUNCTION_CALLS[name];
  if (ask === undefined) throw new TypeError(`what the provider asks IAM for ${token} is not known: rehearsal/aws/iam`);
  const it = new About({ ...facts, type: token });
  const looks = ask(facts.inputs, (service, rest) => it.arn(service, rest));
  return looks.flatMap(([action, resource = "*"]) => it.askOf(resource, action));
}

/** Throws AWS's refusal of the first request that the asker's policies do not allow. */
export function demand({ arn, statements }: Asker, requests: readonly ApiRequest[]): void {
  for (const request of requests) {
    const decision = decide(statements, request);
    if (decision !== "allowed") throw refusal(arn, request, decision === "explicitDeny");
  }
}

/** Each service has a code of its own for the same refusal. */
function codeOf(action: string): string {
  const [service = ""] = action.split(":");
  if (service === "ec2") return "UnauthorizedOperation";
  const query = ["elasticache", "elasticloadbalancing", "iam", "rds", "route53", "s3", "sts"];
  return query.includes(service) ? "AccessDenied" : "AccessDeniedException";
}

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function refusal(arn: string, { action, resource }: ApiRequest, isDenied: boolean): AwsError {
  const why = isDenied
    ? "with an explicit deny in an identity-based policy"
    : `because no identity-based policy allows the ${action} action`;
  const what = `User: ${arn} is not authorized to perform: ${action} on resource: ${resource} ${why}`;
  const lead = action.startsWith("ec2:") ? "You are not authorized to perform this operation. " : "";
  return new AwsError(codeOf(action), `${lead}${what}`);
}

/** An action, and the ARN of what it reads; without one it is of those for which AWS knows no resource. */
type Look = readonly [action: string, resource?: string];

/** Makes an ARN of a service's in the account. */
type Arn = (service: string, rest: string) => string;

type FunctionAsk = (args: Properties, arn: Arn) => readonly Look[];

const looks =
  (...actions: readonly string[]): FunctionAsk =>
  () =>
    actions.map((action) => [action]);

/** An ARN that is given as it is, or is made of a name. */
const named = (args: Properties, keys: readonly string[], make: (name: string) => string): string => {
  const given = keys.flatMap((key) => text(args, key) ?? [])[0] ?? "*";
  return given.startsWith("arn:") ? given : make(given);
};

const secret = (args: Properties, arn: Arn) =>
  named(args, ["arn", "secretId", "name"], (name) => arn("secretsmanager", `secret:${name}-000000`));

const zone = (id: string) => `arn:aws:route53:::hostedzone/${id}`;
const role = (args: Properties, arn: Arn, key: string) =>
  named(args, [key], (name) => arn("iam", `role/${name}`).replace(/^(arn:aws:iam):[^:]*:/, "$1::"));

/** What the provider asks AWS for in each of its functions that the program, the checklist and the commands call. */
export const FUNCTION_CALLS: Readonly<Record<string, FunctionAsk>> = {
  "acm/getCertificate": (_, arn) => [
    ["acm:ListCertificates"],
    ["acm:DescribeCertificate", arn("acm", "certificate/1")],
  ],
  "cloudwatch/getLogGroup": looks("logs:DescribeLogGroups"),
  "ec2/getEips": looks("ec2:DescribeAddresses"),
  "ec2/getInstance": looks("ec2:DescribeInstances"),
  "ec2/getInstanceType": looks("ec2:DescribeInstanceTypes"),
  "ec2/getInstances": looks("ec2:DescribeInstances"),
  "ec2/getNatGateways": looks("ec2:DescribeNatGateways"),
  "ec2/getSecurityGroups": looks("ec2:DescribeSecurityGroups"),
  "ec2/getSubnets": looks("ec2:DescribeSubnets"),
  "ec2/getVpcs": looks("ec2:DescribeVpcs"),
  "eks/getAddon": (args, arn) => [
    ["eks:DescribeAddon", arn("eks", `addon/${text(args, "clusterName") ?? "*"}/${text(args, "addonName") ?? "*"}/0`)],
  ],
  "eks/getAddonVersion": looks("eks:DescribeAddonVersions"),
  "eks/getCluster": (args, arn) => [
    ["eks:DescribeCluster", named(args, ["name"], (name) => arn("eks", `cluster/${name}`))],
  ],
  // A token is signed here, and asks AWS for nothing.
  "eks/getClusterAuth": looks(),
  "eks/getClusterVersions": looks("eks:DescribeClusterVersions"),
  "eks/getClusters": looks("eks:ListClusters"),
  "elasticache/getReplicationGroup": looks("elasticache:DescribeReplicationGroups"),
  "elasticache/getSubnetGroup": looks("elasticache:DescribeCacheSubnetGroups"),
  "iam/getPolicy": (args) => {
    const arn = text(args, "arn") ?? "*";
    return [
      ["iam:GetPolicy", arn],
      ["iam:GetPolicyVersion", arn],
    ];
  },
  "iam/getPrincipalPolicySimulation": (args, arn) => [
    ["iam:SimulatePrincipalPolicy", role(args, arn, "policySourceArn")],
  ],
  "iam/getRole": (args, arn) => [["iam:GetRole", role(args, arn, "name")]],
  "iam/getRoles": looks("iam:ListRoles"),
  "iam/getSessionContext": (args, arn) => {
    const [, name = "*"] = /:assumed-role\/([^/]+)\//.exec(text(args, "arn") ?? "") ?? [];
    return [["iam:GetRole", role({ name }, arn, "name")]];
  },
  "index/getAvailabilityZones": looks("ec2:DescribeAvailabilityZones"),
  // AWS lets everybody ask who they are.
  "index/getCallerIdentity": looks(),
  "index/getRegion": looks(),
  "kms/getAlias": looks("kms:ListAliases"),
  "kms/getKey": (args) => [["kms:DescribeKey", text(args, "keyId") ?? "*"]],
  "lb/getLbs": looks("elasticloadbalancing:DescribeLoadBalancers"),
  "lb/getLoadBalancer": looks("elasticloadbalancing:DescribeLoadBalancers"),
  "lb/getTargetGroup": looks("elasticloadbalancing:DescribeTargetGroups"),
  "rds/getCertificate": looks("rds:DescribeCertificates"),
  "rds/getEngineVersion": looks("rds:DescribeDBEngineVersions"),
  "rds/getInstance": looks("rds:DescribeDBInstances"),
  "rds/getInstances": looks("rds:DescribeDBInstances"),
  "rds/getOrderableDbInstance": looks("rds:DescribeOrderableDBInstanceOptions"),
  "rds/getParameterGroup": looks("rds:DescribeDBParameterGroups"),
  "rds/getSnapshot": looks("rds:DescribeDBSnapshots"),
  "rds/getSubnetGroup": looks("rds:DescribeDBSubnetGroups"),
  "resourcegroupstaggingapi/getResources": looks("tag:GetResources"),
  "route53/getRecords": (args) => [["route53:ListResourceRecordSets", zone(text(args, "zoneId") ?? "*")]],
  "route53/getZone": (args) => [
    ["route53:ListHostedZones"],
    ["route53:GetHostedZone", zone(text(args, "zoneId") ?? "Z0")],
  ],
  "route53/getZones": looks("route53:ListHostedZones"),
  "s3/getBucket": (args) => [["s3:ListBucket", `arn:aws:s3:::${text(args, "bucket")}`]],
  "secretsmanager/getSecret": (args, arn) => [["secretsmanager:DescribeSecret", secret(args, arn)]],
  "secretsmanager/getSecretVersion": (args, arn) => [["secretsmanager:GetSecretValue", secret(args, arn)]],
  "secretsmanager/getSecretVersions": (args, arn) => [["secretsmanager:ListSecretVersionIds", secret(args, arn)]],
  "servicequotas/getServiceQuota": looks("servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota"),
  "vpc/getSecurityGroupRule": looks("ec2:DescribeSecurityGroupRules"),
  "vpc/getSecurityGroupRules": looks("ec2:DescribeSecurityGroupRules"),
  "wafv2/getWebAcl": looks("wafv2:ListWebACLs"),
};
