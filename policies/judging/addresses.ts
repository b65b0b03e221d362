const WORLD = new Set(["0.0.0.0/0", "::/0"]);

/** Whether a CIDR is the whole internet. */
export function isWorld(cidr: unknown): boolean {
  return typeof cidr === "string" && WORLD.has(cidr);
}

/** Whether any of these CIDRs is the whole internet. */
export function someWorld(...cidrs: readonly (unknown | readonly unknown[])[]): boolean {
  return cidrs.flat().some(isWorld);
}
