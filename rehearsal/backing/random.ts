/** Numbers from 0 up to 1 that a seed fixes (mulberry32): the same seed gives the same run. */
export function seededRandom(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One of the choices, each as often as its weight says; weight 0 never, unless every weight is 0; undefined of none. */
export function chooseWeighted<T extends { readonly weight: number }>(
  choices: readonly T[],
  random: () => number,
): T | undefined {
  const total = choices.reduce((sum, { weight }) => sum + weight, 0);
  if (total === 0) return choices[Math.floor(random() * choices.length)];
  let left = random() * total;
  for (const choice of choices) {
    left -= choice.weight;
    if (left < 0) return choice;
  }
  return choices.findLast(({ weight }) => weight > 0);
}
