import type { AnyResource, StackView } from "./resource.ts";

/** Whether the internet can be reached from a subnet: by its route table, one of whose routes leads to an internet gateway. */
export function isPublicSubnet(stack: StackView, subnet: AnyResource): boolean {
  return stack
    .all("aws:ec2/routeTableAssociation:RouteTableAssociation")
    .filter((association) => stack.refers(association, "subnetId", subnet))
    .flatMap((association) => stack.referred(association, "routeTableId", "aws:ec2/routeTable:RouteTable"))
    .some((table) => leadsOut(stack, table));
}

function leadsOut(stack: StackView, table: AnyResource): boolean {
  const gateways = stack.all("aws:ec2/internetGateway:InternetGateway");
  const toGateway = (from: AnyResource, property: string) =>
    gateways.some((gateway) => stack.refers(from, property, gateway));
  const routes = stack.all("aws:ec2/route:Route").filter((route) => stack.refers(route, "routeTableId", table));
  return toGateway(table, "routes") || routes.some((route) => toGateway(route, "gatewayId"));
}
