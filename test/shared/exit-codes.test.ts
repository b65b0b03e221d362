import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { exitCodesText } from "../../runbook/command.ts";
import { DeployError, type ErrorCode, EXIT, exitCodeOf } from "../../shared/deploy-error.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const OWNER = "shared/deploy-error.ts";
/** Programs of containers, shells and other processes have codes of their own: those of the rehearsal, and these. */
const NOT_OURS =
  /^(?:(?:test|rehearsal|policies|aws)\/|apps\/destroy-guard|io\/engine\.|io\/copy-questions|records\/engine-record|runbook\/verify\/checks\/application)/;

const flat = (text: string) => text.replace(/\s+/g, " ");

describe("EXIT", () => {
  it("is the only place in the code with an exit code's number", () => {
    const files = execFileSync("git", ["ls-files", "*.ts"], { cwd: ROOT, encoding: "utf8" }).split("\n");
    const literal =
      /exitCode\??(?::| =| ===| !==) *[0-9]|exitCode: .*\? *[0-9]|process\.exit\([0-9]|EXIT_CODES.*\b[0-9]\b|\bexits? (?:code )?(?:with )?[0-9]\b|Exit codes?: [0-9]/;
    const found = files
      .filter((file) => file !== "" && file !== OWNER && !NOT_OURS.test(file))
      .flatMap((file) =>
        readFileSync(join(ROOT, file), "utf8")
          .split("\n")
          .flatMap((line, index) => (literal.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : [])),
      );
    expect(found).toEqual([]);
  });

  it("gives each code once, from 0 on, and says of each what it means and when it comes", () => {
    const ends = Object.values(EXIT);
    expect(ends.map(({ code }) => code)).toEqual(ends.map((_, index) => index));
    for (const { meaning, when } of ends) expect(`${meaning}: ${when}`).toMatch(/^\w[^.]{3,}: \w[^.]{10,}$/);
  });

  it.each<[ErrorCode, number]>([
    ["SPARKI_GATE", 1],
    ["SPARKI_USAGE", 2],
    ["SPARKI_CONFIG", 2],
    ["SPARKI_HELD", 3],
    ["SPARKI_OUTSIDE", 4],
    ["SPARKI_ROLLBACK", 5],
  ])("ends a command that fails with %s with its code", (code, expected) => {
    expect(exitCodeOf(new DeployError(code, "x"))).toBe(expected);
  });

  it("ends a command that fails with an unknown error as an outside fault", () => {
    expect(exitCodeOf(new TypeError("x"))).toBe(EXIT.outside.code);
  });
});

describe("exitCodesText", () => {
  it("names the ends in the order of their codes, in lines that fit a terminal", () => {
    const long = "something that takes many words ".repeat(5).trim();
    const text = exitCodesText({ rollback: long, done: "verified" });
    expect(flat(text)).toBe(`Exit codes: 0 verified; 5 ${long}.`);
    for (const line of text.split("\n")) expect(line.length).toBeLessThanOrEqual(110);
  });

  it("says in the README what each code means, in the words of the table", () => {
    const meanings = Object.fromEntries(Object.entries(EXIT).map(([name, { meaning }]) => [name, meaning]));
    expect(flat(readFileSync(join(ROOT, "README.md"), "utf8"))).toContain(exitCodesText(meanings).replace(/\s+/g, " "));
  });
});
