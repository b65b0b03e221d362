/** An IPv4 network; undefined when the text is none. */
export function parseCidr(
  text: string,
): { readonly first: number; readonly last: number; readonly bits: number } | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\/(\d{1,2})$/.exec(text);
  if (match === null) return undefined;
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = match.slice(1).map(Number);
  if ([a, b, c, d].some((octet) => octet > 255) || bits > 32) return undefined;
  const size = 2 ** (32 - bits);
  const address = ((a * 256 + b) * 256 + c) * 256 + d;
  return address % size === 0 ? { first: address, last: address + size - 1, bits } : undefined;
}

/** True when the two networks share an address. */
export function overlap(left: string, right: string): boolean {
  const [a, b] = [parseCidr(left), parseCidr(right)];
  return a !== undefined && b !== undefined && a.first <= b.last && b.first <= a.last;
}

/** True when the inner network lies within the outer. */
export function contains(outer: string, inner: string): boolean {
  const [a, b] = [parseCidr(outer), parseCidr(inner)];
  return a !== undefined && b !== undefined && a.first <= b.first && b.last <= a.last;
}

/** An address of the network (at the smallest a /28) beside those that AWS reserves. */
export function hostOf(cidr: string, offset: number): string {
  const network = parseCidr(cidr);
  if (network === undefined) return "";
  const address = network.first + 4 + (offset % Math.max(1, network.last - network.first - 5));
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join(".");
}
