import { guardedKindsOnly } from "../../policies/guarded-kinds-only.ts";
import { database, key, loadBalancer } from "../support/policy-examples.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const unguarded = [
  "aws:alb/loadBalancer:LoadBalancer",
  "aws:applicationloadbalancing/loadBalancer:LoadBalancer",
  "aws:elb/loadBalancer:LoadBalancer",
  "aws:elasticloadbalancingv2/listener:Listener",
  "aws:rds/cluster:Cluster",
  "aws:elasticache/cluster:Cluster",
  "aws:elasticache/serverlessCache:ServerlessCache",
  "aws:iam/user:User",
  "aws:iam/accessKey:AccessKey",
  "aws:eks/fargateProfile:FargateProfile",
  "aws:kms/externalKey:ExternalKey",
  "aws:ecr/registryPolicy:RegistryPolicy",
];

proves(guardedKindsOnly, {
  passes: {
    "kinds that policies read": [database, key, loadBalancer],
    "a service that no control is about": thing("aws:sns/topic:Topic", {}),
    "what is not of AWS": [thing("kubernetes:core/v1:ConfigMap", {}), thing("random:kms/cryptoKey:CryptoKey", {})],
  },
  stops: Object.fromEntries(unguarded.map((type) => [type, ["type", thing(type, {})] as const])),
});
