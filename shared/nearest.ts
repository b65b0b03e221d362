/** The words that differ least from one that was mistyped, the most alike first; words that come close in nothing are left out. */
export function nearest(mistyped: string, words: Iterable<string>, atMost = 3): string[] {
  return [...words]
    .map((word) => ({ word, edits: isPart(mistyped, word) ? 1 : edits(mistyped, word) }))
    .filter(({ word, edits }) => edits <= Math.max(mistyped.length, word.length) / 2)
    .sort((one, other) => one.edits - other.edits)
    .slice(0, atMost)
    .map(({ word }) => word);
}

/** A word of more than two letters may be a piece of a longer one, such as `database` of `database-instance`. */
function isPart(mistyped: string, word: string): boolean {
  return mistyped.length > 2 && word.toLowerCase().includes(mistyped.toLowerCase());
}

/** Letters to add, leave out or change until one word is the other (Levenshtein's distance). */
function edits(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...one.toLowerCase()].entries()) {
    const next = [i + 1];
    for (const [j, wanted] of [...other.toLowerCase()].entries()) {
      const [left = 0, above = 0, beside = 0] = [next[j], row[j + 1], row[j]];
      next.push(Math.min(left + 1, above + 1, beside + (letter === wanted ? 0 : 1)));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
