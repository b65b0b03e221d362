import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { resourcesIn, type StateResource } from "../../records/state.ts";
import { SIGNATURE_KEY } from "../../shared/engine-values.ts";
import { type RehearsedStack, serveStack } from "../support/rehearsed-stack.ts";

// The promoted world that it begins with may have to be made first.
jest.setTimeout(3_600_000);

/** What is in a state alone, or leaves nothing that making it again would meet. */
const REMADE = [
  "database-jobs-migrate-run",
  "database-jobs-seed-run",
  "database-jobs-users-run",
  "destroy-guard",
  "edge-tls-issued",
  "network-default",
  "network-subnet-filter",
  "promotion-record",
];

describe("sparki rebuild state", () => {
  let stack: RehearsedStack;
  let before: readonly StateResource[];
  let account: number;
  beforeAll(async () => {
    stack = await serveStack("staging", 0.002, "promoted");
    before = await state("--show-secrets");
    account = (await stack.world()).length;
    await stack.ask(LOSE);
    for (const name of ["backups", "history"]) rmSync(join(backend(), name), { recursive: true, force: true });
  });
  afterAll(() => stack.close());

  const backend = () => join(stack.runDirectory, "backend", ".pulumi");
  const state = async (...options: string[]) =>
    resourcesIn(JSON.parse(await stack.ask(`pulumi stack export ${options.join(" ")}`)));
  const made = (resources: readonly StateResource[]) =>
    resources.filter(({ custom, type }) => custom && !/^pulumi:(providers|pulumi):/.test(type));
  const names = (found: readonly { readonly name: string }[]) => found.map(({ name }) => name).toSorted();

  it("is interrupted, and continues with what the state has by then", async () => {
    // Once the first round has imported what it found, whatever the progress says by then.
    const file = join(backend(), "stacks", "sparki", "staging.json");
    const once = `[ "$(grep -o '"urn":' ${file} | wc -l)" -gt 100 ]`;
    const { exitCode, document } = await stack.runPaced(0.002, "rebuild state --yes", { once });
    expect({ exitCode, code: document.error.code }).toEqual({ exitCode: 4, code: "SPARKI_OUTSIDE" });
    const known = made(await state()).length;
    expect(known).toBeGreaterThan(80);
    expect(known).toBeLessThan(made(before).length - REMADE.length);
  });

  it("imports all that exists, changes nothing of it, and says what is made again", async () => {
    const { exitCode, document } = await stack.run("rebuild state --yes");
    const { outcome, resources, missing, foreign, changes, unclaimed, remade, error } = document;
    expect({ exitCode, error, outcome, missing, foreign, changes, unclaimed }).toEqual({
      ...{ exitCode: 0, outcome: "rebuilt", missing: [], foreign: [], changes: [], unclaimed: [] },
    });
    expect(names(remade)).toEqual(REMADE);
    expect(resources).toBe(made(before).length);
    expect(document.before + document.imported.length).toBe(resources - REMADE.length);
    expect((await stack.world()).length).toBe(account);
  });

  it("has the ids, the dependencies, the protection and the generated passwords of the state that was lost", async () => {
    const rebuilt = new Map((await state("--show-secrets")).map((each) => [each.urn, each]));
    for (const { urn, id, outputs, inputs } of made(before)) {
      const name = urn.split("::").at(-1) ?? "";
      if (REMADE.includes(name)) continue;
      const again = rebuilt.get(urn);
      expect([name, again?.id]).toEqual([name, id]);
      for (const [key, value] of Object.entries(outputs))
        if (isSecret(value)) expect(again?.outputs[key]).toEqual(value);
      for (const [key, value] of Object.entries(inputs)) if (isSecret(value)) expect(again?.inputs[key]).toEqual(value);
    }
  });

  it("writes no secret in plain text, into no file of the backend and no output", async () => {
    const secrets = before.flatMap(({ type, outputs: { result } }) =>
      type.startsWith("random:") ? plainIn(result) : [],
    );
    expect(secrets).toHaveLength(3);
    const files = readdirSync(backend(), { recursive: true, withFileTypes: true }).filter((each) => each.isFile());
    const written = [
      ...stack.written,
      ...files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), "utf8")),
    ];
    expect(files.length).toBeGreaterThan(1);
    for (const secret of secrets) expect(written.filter((text) => text.includes(secret)).length).toBe(0);
  });

  it("finds nothing more to do the second time", async () => {
    const { exitCode, document } = await stack.run("rebuild state --yes");
    expect({ exitCode, outcome: document.outcome, imported: document.imported, next: document.next }).toEqual({
      ...{ exitCode: 0, outcome: "unchanged", imported: [], next: null },
    });
  });
});

/** As it is where the backend has lost it: the stack alone is there. */
const LOSE = `pulumi stack export | node -e '
const { deployment: { resources, pending_operations, ...deployment }, ...rest } = JSON.parse(require("fs").readFileSync(0));
console.log(JSON.stringify({ ...rest, deployment }));
' | pulumi stack import`;

function isSecret(value: unknown): boolean {
  return typeof value === "object" && value !== null && SIGNATURE_KEY in value;
}

function plainIn(value: unknown): string[] {
  const isShown = typeof value === "object" && value !== null && "plaintext" in value;
  return isShown && typeof value.plaintext === "string" ? [JSON.parse(value.plaintext)] : [];
}
