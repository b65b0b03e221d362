/** An amount of CPU and memory; what is not said is undefined. */
export interface Amounts {
  readonly cores: number | undefined;
  readonly bytes: number | undefined;
}

const FACTORS: Readonly<Record<string, number>> = {
  n: 1e-9,
  u: 1e-6,
  m: 1e-3,
  "": 1,
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

/** A Kubernetes quantity such as 250m, 512Mi or 129e6 as a number; undefined for text that is none. */
export function quantity(text: string | undefined): number | undefined {
  const [, number, unit = ""] = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)([A-Za-z]*)$/.exec(text ?? "") ?? [];
  const factor = FACTORS[unit];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}

/** The CPU and memory of a list of resources by name. */
export function amountsOf(resources: Readonly<Record<string, string>>): Amounts {
  return { cores: quantity(resources.cpu), bytes: quantity(resources.memory) };
}
