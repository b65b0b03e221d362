import type { Identified } from "./model.ts";

/** The ARN of a regional resource. */
export function arnOf(
  { region, accountId }: Pick<Identified, "region" | "accountId">,
  service: string,
  resource: string,
) {
  return `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

/** The ARN of a resource of a service without regions. */
export function globalArn({ accountId }: Pick<Identified, "accountId">, service: string, resource: string) {
  return `arn:aws:${service}::${accountId}:${resource}`;
}

/** A UUID made of a resource's own digits. */
export function uuidOf(draft: Pick<Identified, "hex">, label: string): string {
  const digits = draft.hex(label, 32);
  const parts = [digits.slice(0, 8), digits.slice(8, 12), `4${digits.slice(13, 16)}`, `a${digits.slice(17, 20)}`];
  return [...parts, digits.slice(20)].join("-");
}

/** Upper-case letters and digits, as in hosted zones' and DB resources' ids. */
export function upperId(draft: Pick<Identified, "hex">, label: string, length: number): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const digits = draft.hex(label, length * 2);
  const letters = digits.match(/../g) ?? [];
  return letters.map((pair) => alphabet[Number.parseInt(pair, 16) % alphabet.length]).join("");
}
