import type { AnyResource, StackView } from "./resource.ts";

const WORLD = new Set(["0.0.0.0/0", "::/0"]);

/** Whether a CIDR is the whole internet. */
export function isWorld(cidr: unknown): boolean {
  return typeof cidr === "string" && WORLD.has(cidr);
}

/** Whether any of these CIDRs is the whole internet. */
export function someWorld(...cidrs: readonly (unknown | readonly unknown[])[]): boolean {
  return cidrs.flat().some(isWorld);
}

/** A line of a network ACL, as inline rules have it; lines are tried by number, and the first that matches decides. */
interface AclEntry {
  readonly ruleNo: number;
  readonly action: string;
  readonly protocol: string;
  readonly fromPort?: number | undefined;
  readonly toPort?: number | undefined;
  readonly cidrBlock?: string | undefined;
  readonly ipv6CidrBlock?: string | undefined;
}

/** SSH and RDP. */
const LOGIN_PORTS = [22, 3389];
/** What is asked from inside is answered to any of these, by NAT gateways too; RDP's port is one of them. */
const EPHEMERAL_PORTS = [1024, 65_535] as const;

/** Whether the world gets in by SSH or RDP; a line that lets every answer in does not open RDP on purpose. */
export function letsWorldLogIn(entries: readonly AclEntry[]): boolean {
  const ordered = [...entries].sort((one, other) => one.ruleNo - other.ruleNo);
  const opens = (family: "cidrBlock" | "ipv6CidrBlock", port: number) => {
    const deciding = ordered.find((entry) => isWorld(entry[family]) && matches(entry, port));
    return (
      deciding?.action === "allow" && !(isEphemeral(port) && EPHEMERAL_PORTS.every((end) => matches(deciding, end)))
    );
  };
  return LOGIN_PORTS.some((port) => opens("cidrBlock", port) || opens("ipv6CidrBlock", port));
}

const isEphemeral = (port: number) => port >= EPHEMERAL_PORTS[0];

function matches({ protocol, fromPort = 0, toPort = 65_535 }: AclEntry, port: number): boolean {
  if (protocol === "-1" || protocol === "all") return true;
  return (protocol === "tcp" || protocol === "6") && fromPort <= port && port <= toPort;
}

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
