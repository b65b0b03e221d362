/** Whether a logical name is meant by a pattern of stack config, where `*` stands for any text. */
export function matchesName(pattern: string, name: string): boolean {
  return new RegExp(`^${pattern.split("*").map(escapeExpression).join(".*")}$`).test(name);
}

function escapeExpression(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
