import { wayOutInEachZone } from "../../policies/way-out-in-each-zone.ts";
import { subnets, vpc, zones } from "../support/policy-examples.ts";
import { example } from "../support/policy-fixtures.ts";
import { proves } from "../support/policy-proofs.ts";

const gateways = subnets.map((subnet, index) =>
  example("aws:ec2/natGateway:NatGateway", {}).named(`nat-${zones[index]}`).from("subnetId", subnet),
);
const [first] = subnets;
const together = first === undefined ? [] : gateways.map((gateway) => gateway.from("subnetId", first));

proves(wayOutInEachZone, {
  passes: {
    "a gateway in each zone": [vpc, ...subnets, ...gateways],
    "one gateway for one zone": {
      stack: [vpc, ...subnets, ...gateways.slice(2)],
      config: { floor: { zones: 1, replicas: 1, backupDays: 1 } },
    },
  },
  stops: {
    "no gateway": ["NAT gateways", [vpc, ...subnets]],
    "one gateway for all": ["NAT gateways", [vpc, ...subnets, ...gateways.slice(2)]],
    "all gateways in one zone": ["NAT gateways", [vpc, ...subnets, ...together]],
  },
});
