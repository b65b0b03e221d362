import { readdirSync } from "node:fs";
import { join } from "node:path";
import { policies, subjectOf } from "../../policies/all.ts";
import { auditControls, controlOf } from "../../policies/controls/table.ts";
import type { Policy } from "../../policies/policy.ts";
import { withoutSecrets } from "../../shared/text/secrets.ts";

const directory = join(import.meta.dirname, "..", "..", "policies");
const MACHINERY = ["all.ts", "main.ts", "policy.ts", "resource-types.ts"];
const files = readdirSync(directory).filter((file) => file.endsWith(".ts") && !MACHINERY.includes(file));
const names = policies.map(({ name }) => name);

describe("policies", () => {
  it("holds every policy of every file, each once", async () => {
    const exported = await Promise.all(files.map((file) => import(join(directory, file))));
    const all: Policy[] = exported.flatMap((each) => Object.values<Policy>(each));
    expect(names).toEqual(all.map(({ name }) => name).sort());
    expect(new Set(names).size).toBe(names.length);
    expect([...new Set(names.map(subjectOf))].map((file) => `${file}.ts`).sort()).toEqual(files.sort());
  });

  it("has a test beside each file of policies", () => {
    const tests = readdirSync(import.meta.dirname).filter(
      (file) => file !== "all.test.ts" && file.endsWith(".test.ts"),
    );
    const named = tests.map((file) => file.replace(".test.ts", ".ts"));
    expect(files.filter((file) => !named.includes(file))).toEqual([]);
  });

  it.each(policies.map((policy) => [policy.name, policy] as const))(
    "%s says why and how to fix it",
    (_name, policy) => {
      expect(controlOf(policy.control).id).toBe(policy.control);
      expect(policy.reason).toMatch(/^[A-Z].*\.$/);
      expect(policy.fix).toMatch(/^[A-Z].*\.$/);
      expect(policy.each ?? policy.whole).toBeDefined();
    },
  );

  it("have no name whose verdicts would be taken out of reports as a secret's value", () => {
    const verdicts = Object.fromEntries(names.map((name) => [name, "203/0"]));
    expect(withoutSecrets(verdicts)).toEqual(verdicts);
  });

  it("enforces every control of the audit", () => {
    const enforced = new Set(policies.map(({ control }) => control));
    expect(auditControls.map(({ id }) => id).filter((id) => !enforced.has(id))).toEqual([]);
  });
});

describe("auditControls", () => {
  it("lists the seventy controls in order", () => {
    const ids = Array.from({ length: 70 }, (_, index) => `S${String(index + 1).padStart(2, "0")}`);
    expect(auditControls.map(({ id }) => id)).toEqual(ids);
  });

  it("names what each is called elsewhere", () => {
    expect(auditControls.filter(({ ids }) => ids.length === 0)).toEqual([]);
  });

  it("is asked only for controls that are there", () =>
    expect(() => controlOf("S99")).toThrow("no control is named S99"));
});
