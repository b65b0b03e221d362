/** What became of the command in an environment. */
export interface Row {
  readonly name: string;
  readonly what: string;
  /** Such as `promoted` or `exit 4`. */
  readonly outcome: string;
  /** What a person reads at the end, where it was not promoted. */
  readonly message: string;
}

const [BEGIN, END] = ["<!-- environments: begin -->", "<!-- environments: end -->"];

/** The page with these rows in its table: those of other environments stay, and all are in the order of `names`. */
export function pageWith(page: string, rows: readonly Row[], names: readonly string[]): string {
  const [before = "", rest] = page.split(BEGIN);
  const [table, after] = rest?.split(END) ?? [];
  if (table === undefined || after === undefined) throw new Error(`the page has no ${BEGIN} and ${END}`);
  const lines = new Map(
    table.split("\n").flatMap((line) => (nameIn(line) === undefined ? [] : [[nameIn(line), line]])),
  );
  for (const row of rows) lines.set(row.name, lineOf(row));
  const sorted = names.flatMap((name) => lines.get(name) ?? []);
  const head = ["| environment | what it is | outcome | message |", "| --- | --- | --- | --- |"];
  return `${before}${BEGIN}\n${[...head, ...sorted].join("\n")}\n${END}${after}`;
}

function nameIn(line: string): string | undefined {
  return /^\| `([^`]+)` \|/.exec(line)?.[1];
}

function lineOf({ name, what, outcome, message }: Row): string {
  return `| ${[`\`${name}\``, what, outcome, message].map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
