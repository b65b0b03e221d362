/**
 * Whether a logical name is meant by a pattern of stack config, where `*` stands for any text. Takes time in proportion
 * to the name, however many stars there are: each part between two stars is looked for once, from where the last ended.
 */
export function matchesName(pattern: string, name: string): boolean {
  const [first = "", ...rest] = pattern.split("*");
  const last = rest.pop();
  if (last === undefined) return name === pattern;
  if (!name.startsWith(first)) return false;
  let from = first.length;
  for (const part of rest) {
    const at = name.indexOf(part, from);
    if (at === -1) return false;
    from = at + part.length;
  }
  return name.length - last.length >= from && name.endsWith(last);
}
