import { vpcEndpoints } from "../../policies/vpc-endpoints.ts";
import { vpc } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const endpoint = (service: string, vpcEndpointType = "Interface") =>
  example("aws:ec2/vpcEndpoint:VpcEndpoint", {
    serviceName: `com.amazonaws.us-east-1.${service}`,
    vpcEndpointType,
    privateDnsEnabled: true,
  })
    .named(`endpoint-${service}`)
    .from("vpcId", vpc);
const [ec2, api, dkr] = [endpoint("ec2"), endpoint("ecr.api"), endpoint("ecr.dkr")];
const s3 = endpoint("s3", "Gateway").without("privateDnsEnabled");

proves(vpcEndpoints, {
  passes: {
    "a VPC with all four": [vpc, ec2, api, dkr, s3],
    "a gateway that does not name its type": [vpc, ec2, api, dkr, s3.without("vpcEndpointType")],
  },
  stops: {
    "a VPC without EC2's": ["ec2 endpoint", [vpc, api, dkr, s3]],
    "a VPC without ECR's API": ["ecr.api endpoint", [vpc, ec2, dkr, s3]],
    "a VPC without ECR's registry": ["ecr.dkr endpoint", [vpc, ec2, api, s3]],
    "a VPC without S3's": ["s3 endpoint", [vpc, ec2, api, dkr]],
    "another gateway": ["s3 endpoint", [vpc, ec2, api, dkr, endpoint("dynamodb", "Gateway")]],
    "a paid endpoint for S3": ["s3 endpoint", [vpc, ec2, api, dkr, endpoint("s3")]],
    "a gateway where an interface is needed": [
      "ec2 endpoint",
      [vpc, ec2.with({ vpcEndpointType: "Gateway" }), api, dkr, s3],
    ],
    "an interface that names do not lead to": [
      "privateDnsEnabled",
      [vpc, ec2.without("privateDnsEnabled"), api, dkr, s3],
    ],
  },
});
