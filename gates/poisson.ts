/** P(N = count) of a Poisson variable. */
export function poissonMass(mean: number, count: number): number {
  let mass = Math.exp(-mean);
  for (let i = 1; i <= count; i++) mass *= mean / i;
  return mass;
}

/** P(N >= count) of a Poisson variable, accurate for small tails. */
export function poissonTail(mean: number, count: number): number {
  if (count <= 0) return 1;
  let mass = poissonMass(mean, count);
  let tail = 0;
  for (let i = count; mass > tail * 1e-16; i++) {
    tail += mass;
    mass *= mean / (i + 1);
  }
  return tail;
}

/** Where an increasing function reaches `target`, from below, between `low` and `high` (widened until it does). */
export function crossing(increasing: (x: number) => number, target: number, low: number, high: number): number {
  let [below, above] = [low, high];
  while (increasing(above) < target) above *= 2;
  for (let i = 0; i < 100 && above - below > 1e-13 * above; i++) {
    const middle = (below + above) / 2;
    if (increasing(middle) <= target) below = middle;
    else above = middle;
  }
  return below;
}
