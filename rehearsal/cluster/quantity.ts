const SUFFIXES: Readonly<Record<string, number>> = {
  "": 1,
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  E: 1e18,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
  Ei: 2 ** 60,
};

/** The number that a resource quantity such as `250m` or `512Mi` stands for; NaN for what is not a quantity. */
export function quantityOf(text: string): number {
  const match = /^([+-]?\d+(?:\.\d*)?)(e[+-]?\d+)?([A-Za-z]*)$/.exec(text);
  const factor = SUFFIXES[match?.[3] ?? "?"];
  return factor === undefined ? Number.NaN : Number(`${match?.[1]}${match?.[2] ?? ""}`) * factor;
}

/** The whole number of divisors that a container sees for a resource field, rounded up as the kubelet does. */
export function dividedQuantity(quantity: string, divisor: string | undefined): string {
  const by = divisor === undefined || divisor === "0" ? 1 : quantityOf(divisor);
  return `${Math.ceil(quantityOf(quantity) / by - 1e-9)}`;
}
