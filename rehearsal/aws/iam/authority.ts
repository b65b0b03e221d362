import { type ApiRequest, decide, type IdentityStatement } from "../../../aws/authorization.ts";
import { AwsError } from "../model.ts";
import { About, type Facts } from "./about.ts";
import type { CallTable, TypeCalls } from "./calls.ts";
import { CLUSTER_CALLS } from "./cluster-calls.ts";
import { DATA_CALLS } from "./data-calls.ts";
import { EDGE_CALLS } from "./edge-calls.ts";
import { FUNCTION_CALLS } from "./function-calls.ts";
import { NETWORK_CALLS } from "./network-calls.ts";

/** What the AWS provider asks AWS for each resource type of a stack, by what it does with one. */
export const CALLS: CallTable = { ...NETWORK_CALLS, ...CLUSTER_CALLS, ...DATA_CALLS, ...EDGE_CALLS };

/** Who asks, and all that its policies say. */
export interface Asker {
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
  return looks.flatMap(([action, resource = "*"]) => it.ask(resource, [action]));
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
