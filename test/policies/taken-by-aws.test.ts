import { takenByAws } from "../../policies/taken-by-aws.ts";
import { RIGHT } from "../aws/right-inputs.ts";
import { thing } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const TYPE = "aws:lb/targetGroup:TargetGroup";
const right = thing(TYPE, RIGHT[TYPE] ?? {});
const key = thing("aws:kms/key:Key", {});

proves(takenByAws, {
  passes: {
    "what AWS takes": right,
    "a value that only the update knows": right.from("vpcId", key),
    "a list of values that only the update knows": thing("aws:elasticache/subnetGroup:SubnetGroup", {
      name: "sparki",
    }).fromEach("subnetIds", key),
    "a kind that AWS publishes nothing of": thing("kubernetes:core/v1:ConfigMap", { data: 1 }),
  },
  stops: {
    "a value out of AWS's list": [
      "protocol (AWS takes one of GENEVE, HTTP, HTTPS, QUIC, TCP, TCP_QUIC, TCP_UDP, TLS, UDP)",
      right.with({ protocol: "HTPP" }),
    ],
    "a text where AWS wants a list": [
      "subnetIds (AWS takes a list)",
      thing("aws:elasticache/subnetGroup:SubnetGroup", { name: "sparki", subnetIds: "subnet-0a1b2c3d" }),
    ],
    "a value inside of others": [
      "healthCheck.interval (AWS takes 5 to 300)",
      right.with({ healthCheck: { interval: 4, timeout: 2 } }),
    ],
  },
});
