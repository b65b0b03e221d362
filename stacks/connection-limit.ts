/** RDS's default: `LEAST({DBInstanceClassMemory/9531392}, 5000)`. */
const BYTES_A_CONNECTION = 9_531_392;
const MOST_CONNECTIONS = 5_000;
/** What RDS keeps of the memory for itself, and does not count as `DBInstanceClassMemory`, at the most. */
const KEPT_RATIO = 0.1;
const GIB = 2 ** 30;

/** Memory of a class of size `large` by its family, in GiB. */
const LARGE_GIB: Readonly<Record<string, number>> = { t: 8, m: 8, r: 16 };
const SIZES: Readonly<Record<string, number>> = { micro: 1 / 8, small: 1 / 4, medium: 1 / 2, large: 1, xlarge: 2 };

/**
 * How many connections PostgreSQL at least allows in a class, such as db.r7g.large, unless its parameters say otherwise;
 * undefined for a class whose memory its name does not tell.
 */
export function connectionLimit(instanceClass: string): number | undefined {
  const [, family = "", times = "", size = ""] = /^db\.([tmr])\d\w*\.(\d*)(\w+)$/.exec(instanceClass) ?? [];
  const [large, larger] = [LARGE_GIB[family], SIZES[size]];
  if (large === undefined || larger === undefined || (times !== "" && size !== "xlarge")) return undefined;
  const bytes = large * larger * Number(times || 1) * GIB * (1 - KEPT_RATIO);
  return Math.min(MOST_CONNECTIONS, Math.floor(bytes / BYTES_A_CONNECTION));
}
