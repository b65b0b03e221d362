import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { type Condition, createServiceRole } from "./service-role.ts";

export interface WorkloadIdentityArgs {
  readonly stack: string;
  /** Known in preview, where policies judge who may assume the role. */
  readonly clusterArn: string;
  readonly clusterName: pulumi.Input<string>;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly secretArns: readonly pulumi.Input<string>[];
  readonly secretsKeyArn: pulumi.Input<string>;
}

/** Lets the pods of one service account read exactly the named secrets, by EKS Pod Identity. */
export class WorkloadIdentity extends pulumi.ComponentResource {
  constructor(name: string, args: WorkloadIdentityArgs, options?: pulumi.ComponentResourceOptions) {
    super("sparki:infra:WorkloadIdentity", name, {}, options);
    const role = createServiceRole(this, `${name}-role`, {
      name: `sparki-${args.stack}-${args.serviceAccount}`,
      service: "pods.eks.amazonaws.com",
      only: onlyFor(args),
      assumeActions: ["sts:AssumeRole", "sts:TagSession"],
      permissions: [
        {
          actions: ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"],
          resources: args.secretArns,
        },
        { actions: ["kms:Decrypt"], resources: [args.secretsKeyArn] },
      ],
    });
    const subject = { namespace: args.namespace, serviceAccount: args.serviceAccount };
    new aws.eks.PodIdentityAssociation(
      `${name}-association`,
      { clusterName: args.clusterName, ...subject, roleArn: role.arn },
      { parent: this },
    );
    this.registerOutputs();
  }
}

/**
 * Pods of this service account in this cluster, by the tags that Pod Identity puts on their session.
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
function onlyFor({ clusterArn, namespace, serviceAccount }: WorkloadIdentityArgs): Condition {
  return {
    StringEquals: {
      "aws:RequestTag/eks-cluster-arn": clusterArn,
      "aws:RequestTag/kubernetes-namespace": namespace,
      "aws:RequestTag/kubernetes-service-account": serviceAccount,
    },
  };
}
