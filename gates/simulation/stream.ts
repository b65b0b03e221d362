/** Requests in their order, each bad with the same chance; only the places of the bad ones are kept. */
export interface Stream {
  readonly requests: number;
  /** Bad requests among the first `requests`. */
  badUpTo(requests: number): number;
}

/** A stream drawn from `random`: the gaps between bad requests are geometric. */
export function drawStream(badRatio: number, requests: number, random: () => number): Stream {
  const places: number[] = [];
  for (let place = gap(badRatio, random); place <= requests; place += gap(badRatio, random)) places.push(place);
  return { requests, badUpTo: (count) => upTo(places, count) };
}

/** Requests up to and with the next bad one. */
function gap(badRatio: number, random: () => number): number {
  if (badRatio === 0) return Number.POSITIVE_INFINITY;
  return 1 + Math.floor(Math.log1p(-random()) / Math.log1p(-badRatio));
}

/** How many of the sorted places are at most `count`. */
function upTo(places: readonly number[], count: number): number {
  let [low, high] = [0, places.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((places[middle] ?? 0) <= count) low = middle + 1;
    else high = middle;
  }
  return low;
}
