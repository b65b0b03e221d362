/**
 * Renews runbook/preflight/kubernetes-apis.json: in which version of Kubernetes each kind of object is served, as
 * Kubernetes' own API server is told by k8s.io/api. To renew it from a newer one: `go get k8s.io/api@latest` in this folder.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { z } from "zod";
import { outliveReaders } from "../../io/signals.ts";
import { PROJECT_DIRECTORY } from "../../runbook/project.ts";

outliveReaders([process.stdout]);

const FILE = join(PROJECT_DIRECTORY, "runbook", "preflight", "kubernetes-apis.json");
const LIFECYCLE = "zz_generated.prerelease-lifecycle.go";
const moduleSchema = z.object({ Version: z.string().regex(/^v0\.\d+\.\d+$/), Dir: z.string() });

/** What each API says of itself: the methods of Go's types, which are as generated code always has them. */
const VERSION = /^func \(in \*(\w+)\) APILifecycle(Introduced|Deprecated|Removed)\(\).*\{\n\treturn (\d+), (\d+)\n\}/gm;
const REPLACEMENT =
  /^func \(in \*(\w+)\) APILifecycleReplacement\(\).*\{\n\treturn schema\.GroupVersionKind\{Group: "([^"]*)", Version: "([^"]*)", Kind: "([^"]*)"\}\n\}/gm;
const STRUCT = /^type (\w+) struct \{\n([\s\S]*?)^\}/gm;
/** Objects that can be created have a name; lists and the options of a call have none. */
const NAMED = /^\tmetav1\.ObjectMeta\b/m;

interface Served {
  introduced?: string;
  deprecated?: string;
  removed?: string;
  replacement?: string;
}

const { Version, Dir } = moduleSchema.parse(
  JSON.parse(
    execFileSync("go", ["mod", "download", "-json", "k8s.io/api"], { cwd: import.meta.dirname, encoding: "utf8" }),
  ),
);
const folders = readdirSync(Dir, { recursive: true, withFileTypes: true })
  .filter(({ name }) => name === LIFECYCLE)
  .map(({ parentPath }) => parentPath)
  .sort();
const apis = Object.fromEntries(folders.flatMap(apisIn));
const newest = `1.${Version.split(".")[1]}`;
writeFileSync(FILE, `${JSON.stringify({ source: `k8s.io/api ${Version}`, newest, apis }, null, 1)}\n`);
process.stdout.write(
  `${relative(process.cwd(), FILE)}: ${Object.keys(apis).length} kinds, up to Kubernetes ${newest}\n`,
);

function apisIn(folder: string): [string, Served][] {
  const [group, version] = [groupIn(readFileSync(join(folder, "register.go"), "utf8")), folder.split("/").at(-1)];
  const types = readFileSync(join(folder, "types.go"), "utf8");
  const objects = new Set(
    [...types.matchAll(STRUCT)].flatMap(([, kind, body = ""]) => (NAMED.test(body) ? [kind] : [])),
  );
  const kinds = new Map<string, Served>();
  const served = (kind = "") => {
    const known = kinds.get(kind) ?? {};
    kinds.set(kind, known);
    return known;
  };
  const lifecycle = readFileSync(join(folder, LIFECYCLE), "utf8");
  for (const [, kind, what = "", major, minor] of lifecycle.matchAll(VERSION))
    Object.assign(served(kind), { [what.toLowerCase()]: `${major}.${minor}` });
  for (const [, kind, inGroup, inVersion, other] of lifecycle.matchAll(REPLACEMENT))
    served(kind).replacement = `${inGroup === "" ? "" : `${inGroup}/`}${inVersion} ${other}`;
  return [...kinds].flatMap(([kind, each]): [string, Served][] =>
    objects.has(kind) && each.introduced !== undefined
      ? [[`${group === "" ? "" : `${group}/`}${version} ${kind}`, each]]
      : [],
  );
}

function groupIn(register: string): string {
  const group = /^const GroupName = "([^"]*)"/m.exec(register)?.[1];
  if (group === undefined) throw new Error(`no GroupName in ${register.slice(0, 200)}`);
  return group;
}
