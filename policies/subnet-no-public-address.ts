import { each, type Policy } from "./policy.ts";

export const subnetNoPublicAddress: Policy = {
  name: "subnet-no-public-address",
  control: "S03",
  reason: "What starts in such a subnet is on the internet before anybody decided that it should be.",
  fix: "Set mapPublicIpOnLaunch: false.",
  each: [
    each("aws:ec2/subnet:Subnet", ({ props }, demand) => {
      demand("mapPublicIpOnLaunch", () => props.mapPublicIpOnLaunch !== true);
    }),
  ],
};
