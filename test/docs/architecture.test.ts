import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
const page = readFileSync(join(ROOT, "ARCHITECTURE.md"), "utf8");

/** The rows of the table that follows these words, each as its cells. */
function rowsAfter(words: string): readonly (readonly string[])[] {
  const [, after = ""] = page.split(words);
  const lines = after.split("\n").slice(1);
  const start = lines.findIndex((line) => line.startsWith("|"));
  const length = lines.slice(start).findIndex((line) => !line.startsWith("|"));
  return lines.slice(start + 2, start + length).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

const pathsIn = (text = "") => [...text.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path);

describe("ARCHITECTURE.md", () => {
  it.each([
    ["**An image's digest, from config to pod**", 8],
    ["**A bad request, to the rollback and Slack**", 15],
    ["**A failure at AWS, to the exit code**", 15],
  ])("walks %s through files that exist, %i at most", (title, most) => {
    const files = rowsAfter(title).flatMap(([file]) => pathsIn(file));
    expect(files.length).toBeGreaterThan(5);
    expect(files.length).toBeLessThanOrEqual(most);
    expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });

  it("names for each of ten changes a place that exists", () => {
    const changes = rowsAfter("## Ten changes, and where they begin");
    expect(changes).toHaveLength(10);
    const places = changes.map(([, place]) => pathsIn(place));
    expect(places.filter((paths) => paths.length === 0)).toEqual([]);
    expect(places.flat().filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it("describes every room that imports are held to", () => {
    const [, rooms = ""] =
      /MAY_IMPORT = \{\n(.*?)\n\};/s.exec(readFileSync(join(ROOT, ".dependency-cruiser.mjs"), "utf8")) ?? [];
    const names = [...rooms.matchAll(/^ {2}"?([\w/]+)"?: \[/gm)].map(([, name = ""]) => name);
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => name !== "docs" && !page.includes(`| \`${name}/\` |`))).toEqual([]);
  });
});
