/** Seconds as a person says them: `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`. */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`;
}

function pad(value: number): string {
  return `${value}`.padStart(2, "0");
}

/** How long a plan expects a deployment to take at AWS: on every page the same figure in the same words. */
export function expectedText(expected: { readonly typicalSeconds: number; readonly longestSeconds: number }): string {
  return `about ${duration(expected.typicalSeconds)}, at the longest ${duration(expected.longestSeconds)}`;
}
