import { arnOf } from "../arn.ts";
import { AwsError } from "../aws-error.ts";
import type { Draft, Identified, Reference } from "../model.ts";

/** An EC2 id such as `vpc-0` and 16 hex digits of the resource's own. */
export function ec2Id(prefix: string): (draft: Draft) => string {
  return (draft) => `${prefix}-0${draft.hex(prefix, 16)}`;
}

/** The ARN of an EC2 resource of this kind. */
export function ec2Arn(kind: string): (identified: Identified) => string {
  return (identified) => arnOf(identified, "ec2", `${kind}/${identified.id}`);
}

/** A reference by id to a resource that is not there: EC2 names the kind and the id. */
export function notFound(path: string, type: string, code: string, kind: string): Reference {
  return {
    path,
    to: [type],
    missing: (id) => new AwsError(code, `The ${kind} ID '${id}' does not exist`),
  };
}
