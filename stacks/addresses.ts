import ipaddr from "ipaddr.js";

/** Networks of one's own (RFC 1918), and those that carriers and AWS's pods use (RFC 6598). */
const PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"];
/** What no host on the internet answers at (RFC 6890), but for the networks of documentation. */
const SPECIAL = [
  ...PRIVATE,
  "0.0.0.0/8",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "192.0.0.0/24",
  "198.18.0.0/15",
  "224.0.0.0/3",
];
/** What EKS gives Services (infra/cluster.ts). */
const SERVICES = "172.20.0.0/16";

/** Whether a text is an IPv4 network by its first address, in decimal, of 256 addresses at least or one host. */
export function isNetwork(text: string): boolean {
  const [address = "", length = "", ...rest] = text.split("/");
  if (rest.length > 0 || !/^(?:\d|[12]\d|3[0-2])$/.test(length)) return false;
  if (address.split(".").some((part) => !/^(?:0|[1-9]\d{0,2})$/.test(part))) return false;
  if (!ipaddr.IPv4.isValidFourPartDecimal(address)) return false;
  return ipaddr.IPv4.networkAddressFromCIDR(text).toString() === address;
}

/** Whether all of a network is one of somebody's own. */
export function isPrivate(cidr: string): boolean {
  return isNetwork(cidr) && PRIVATE.some((network) => contains(network, cidr));
}

/** Whether all of a network is on the internet, and it is no more than a 256th of it. */
export function isPublic(cidr: string): boolean {
  return isNetwork(cidr) && Number(cidr.split("/")[1]) >= 8 && !SPECIAL.some((network) => overlaps(network, cidr));
}

/** Whether a network has an address that a Service of the cluster may have. */
export function meetsServices(cidr: string): boolean {
  return overlaps(SERVICES, cidr);
}

/** Whether two networks have an address in common: the smaller one stands in the larger one, or apart; a text that is none has none. */
export function overlaps(one: string, other: string): boolean {
  if (!isNetwork(one) || !isNetwork(other)) return false;
  const [first, length] = ipaddr.IPv4.parseCIDR(one);
  const [second, otherLength] = ipaddr.IPv4.parseCIDR(other);
  return first.match([second, Math.min(length, otherLength)]);
}

function contains(network: string, part: string): boolean {
  return Number(network.split("/")[1]) <= Number(part.split("/")[1]) && overlaps(network, part);
}
