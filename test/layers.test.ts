import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";

const ROOT = join(import.meta.dirname, "..");

/** What each layer may import of the others; `runbook/io` is a layer of its own. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  stacks: [],
  gates: [],
  aws: [],
  delivery: ["stacks"],
  infra: ["stacks"],
  apps: ["infra", "stacks", "gates", "runbook", "runbook/io"],
  // Charts are rendered by the pinned Helm, and what comes out is judged.
  policies: ["stacks", "aws", "tools"],
  rehearsal: ["stacks", "aws", "tools"],
  "runbook/io": ["stacks", "gates", "runbook", "tools"],
  runbook: ["stacks", "gates", "delivery", "runbook/io", "policies", "rehearsal", "tools"],
  // The mutation script negates the policies and watches their tests; the benchmark times previews of a rehearsal.
  tools: ["aws", "stacks", "policies", "runbook", "runbook/io"],
};

/** Only these may know that the rehearsal exists. */
const KNOWS_REHEARSAL = /^runbook\/commands\/|^runbook\/rehearse\//;
/** Modules that touch network, processes or the clock. */
const OUTSIDE = /^node:(net|tls|http|https|dgram|dns|child_process)|^undici$|^@kubernetes\/client-node$/;

interface Import {
  readonly from: string;
  readonly to: string;
}

function layerOf(file: string): string {
  if (file.startsWith("runbook/io/")) return "runbook/io";
  return file.includes("/") ? (file.split("/")[0] ?? "") : "index";
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(ROOT, file), "utf8");
  const found = text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^;"]*?from\s+"([^"]+)"|import\("([^"]+)"\)/g);
  return [...found].map((match) => {
    const target = match[1] ?? match[2] ?? "";
    return { from: file, to: target.startsWith(".") ? relative(ROOT, resolve(ROOT, dirname(file), target)) : target };
  });
}

const files = Object.keys(MAY_IMPORT)
  .map((layer) => layer.split("/")[0] ?? "")
  .filter((folder, index, all) => all.indexOf(folder) === index)
  .flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" }).map((file) => `${folder}/${file}`),
  )
  .filter((file) => file.endsWith(".ts") && !file.includes("node_modules"));
const imports = files.flatMap(importsOf);
const show = ({ from, to }: Import) => `${from} imports ${to}`;

describe("the layers", () => {
  it("are all seen by this test", () => {
    expect(imports.length).toBeGreaterThan(200);
  });

  it("import one way only", () => {
    const wrong = imports.filter(({ from, to }) => {
      if (!files.includes(to)) return false;
      const [source, target] = [layerOf(from), layerOf(to)];
      return source !== target && !MAY_IMPORT[source]?.includes(target);
    });
    expect(wrong.map(show)).toEqual([]);
  });

  it("leave network and processes to runbook/io, the rehearsal and the tools", () => {
    const wrong = imports.filter(({ from, to }) => OUTSIDE.test(to) && !/^(runbook\/io|rehearsal|tools)\//.test(from));
    expect(wrong.map(show)).toEqual([]);
  });

  it("let only the commands know that the rehearsal exists", () => {
    const wrong = imports.filter(
      ({ from, to }) => to.startsWith("rehearsal/") && !from.startsWith("rehearsal/") && !KNOWS_REHEARSAL.test(from),
    );
    expect(wrong.map(show)).toEqual([]);
  });
});
