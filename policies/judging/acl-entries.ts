import { isWorld } from "./addresses.ts";

/** A line of a network ACL, as inline rules have it; lines are tried by number, and the first that matches decides. */
export interface AclEntry {
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

/** Whether the world gets in by SSH or RDP. */
export function letsWorldLogIn(entries: readonly AclEntry[]): boolean {
  const ordered = [...entries].sort((one, other) => one.ruleNo - other.ruleNo);
  const decides = (family: "cidrBlock" | "ipv6CidrBlock", port: number) =>
    ordered.find((entry) => isWorld(entry[family]) && matches(entry, port))?.action === "allow";
  return LOGIN_PORTS.some((port) => decides("cidrBlock", port) || decides("ipv6CidrBlock", port));
}

function matches({ protocol, fromPort = 0, toPort = 65_535 }: AclEntry, port: number): boolean {
  if (protocol === "-1" || protocol === "all") return true;
  return (protocol === "tcp" || protocol === "6") && fromPort <= port && port <= toPort;
}
