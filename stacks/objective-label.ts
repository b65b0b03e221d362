/** An objective as a label: `slower than 5 s` becomes `slower-than-5s`; empty for a name without a letter or digit. */
export function objectiveLabel({ name }: { readonly name: string }): string {
  return name
    .toLowerCase()
    .replaceAll(/(\d) (?=[a-z]+\b)/g, "$1")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-|-$/g, "");
}

/** What tells an objective's alerts and their pages from those of others: its label, without the dashes. */
export function alertKey(objective: { readonly name: string }): string {
  return objectiveLabel(objective).replaceAll("-", "");
}
