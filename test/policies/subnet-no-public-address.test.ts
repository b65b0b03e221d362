import { subnetNoPublicAddress } from "../../policies/subnet-no-public-address.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const subnet = example("aws:ec2/subnet:Subnet", { mapPublicIpOnLaunch: false });

proves(subnetNoPublicAddress, {
  passes: {
    "a subnet that gives none": subnet,
    "a subnet that leaves it at AWS's default": subnet.without("mapPublicIpOnLaunch"),
  },
  stops: {
    "a subnet that gives one": ["mapPublicIpOnLaunch", subnet.with({ mapPublicIpOnLaunch: true })],
    "a subnet of which preview cannot know": ["mapPublicIpOnLaunch", subnet.from("mapPublicIpOnLaunch")],
  },
});
