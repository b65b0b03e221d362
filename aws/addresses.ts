import ipaddr from "ipaddr.js";

export interface Block {
  readonly family: "ipv4" | "ipv6";
  readonly prefix: number;
  /** The first address. */
  readonly text: string;
  /** Whether the text names the block by its first address. */
  readonly canonical: boolean;
}

const STRICT_V4 = /^(\d{1,3}\.){3}\d{1,3}\/\d{1,2}$/;

/** The block that a text names; undefined when it names none. */
export function blockOf(text: string): Block | undefined {
  const isV4 = STRICT_V4.test(text);
  if (!isV4 && !text.includes(":")) return undefined;
  try {
    const [address, prefix] = ipaddr.parseCIDR(text);
    const family = address.kind();
    if ((family === "ipv4") !== isV4) return undefined;
    const first =
      family === "ipv4" ? ipaddr.IPv4.networkAddressFromCIDR(text) : ipaddr.IPv6.networkAddressFromCIDR(text);
    return { family, prefix, text: first.toString(), canonical: first.toString() === address.toString() };
  } catch {
    return undefined;
  }
}

/** Whether a text is an IPv4 block, named by its first address. */
export const isV4Block = (text: string) => isBlock(text, "ipv4");

/** Whether a text is an IPv6 block, named by its first address. */
export const isV6Block = (text: string) => isBlock(text, "ipv6");

function isBlock(text: string, family: Block["family"]): boolean {
  const block = blockOf(text);
  return block?.family === family && block.canonical;
}

/** Whether the first block holds all of the second. */
export function holds(outer: string, inner: string): boolean {
  const [a, b] = [blockOf(outer), blockOf(inner)];
  if (a === undefined || b === undefined || a.family !== b.family || b.prefix < a.prefix) return false;
  return ipaddr.parse(b.text).match(ipaddr.parse(a.text), a.prefix);
}

/** Whether two blocks have an address in common. */
export const overlap = (one: string, other: string) => holds(one, other) || holds(other, one);

/** RFC 1918's blocks, and RFC 6598's. */
export const PRIVATE_BLOCKS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];

/** Whether a text is an IPv4 address. */
export const isV4Address = (text: string) => ipaddr.IPv4.isValidFourPartDecimal(text);

/** Whether a text is an IPv6 address. */
export const isV6Address = (text: string) => text.includes(":") && ipaddr.IPv6.isValid(text);
