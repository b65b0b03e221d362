import { each, type Policy } from "./policy.ts";

const INTERFACES = ["ec2", "ecr.api", "ecr.dkr"];

export const vpcEndpoints: Policy = {
  name: "vpc-endpoints",
  control: "S08",
  reason: "Calls to AWS that leave the VPC need a way out to the internet, which others can take too.",
  fix: "Add aws.ec2.VpcEndpoint interfaces with private DNS for ec2, ecr.api and ecr.dkr, and the free gateway for s3.",
  each: [
    each("aws:ec2/vpcEndpoint:VpcEndpoint", ({ props }, demand) => {
      demand("privateDnsEnabled", () => props.vpcEndpointType !== "Interface" || props.privateDnsEnabled === true);
    }),
  ],
  whole: (stack, demand) => {
    for (const vpc of stack.all("aws:ec2/vpc:Vpc")) {
      const endpoints = () =>
        stack.all("aws:ec2/vpcEndpoint:VpcEndpoint").filter((endpoint) => stack.refers(endpoint, "vpcId", vpc));
      for (const service of INTERFACES) {
        demand(vpc, `${service} endpoint`, () =>
          endpoints().some(
            ({ props }) => props.vpcEndpointType === "Interface" && props.serviceName?.endsWith(`.${service}`),
          ),
        );
      }
      demand(vpc, "s3 endpoint", () =>
        endpoints().some(
          ({ props }) => (props.vpcEndpointType ?? "Gateway") === "Gateway" && props.serviceName?.endsWith(".s3"),
        ),
      );
    }
  },
};
