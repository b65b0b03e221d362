import fc from "fast-check";
import { splitStatements } from "../../../rehearsal/app/statements.ts";

describe("splitStatements", () => {
  it.each([
    { holds: "two statements", script: "SELECT 1; SELECT 2;", expected: ["SELECT 1", "SELECT 2"] },
    { holds: "no last semicolon", script: "SELECT 1", expected: ["SELECT 1"] },
    { holds: "nothing but comments", script: "-- a; b\n/* c; d */;\n", expected: [] },
    {
      holds: "a semicolon in a string",
      script: "SELECT 'it''s; fine'; SELECT 2",
      expected: ["SELECT 'it''s; fine'", "SELECT 2"],
    },
    { holds: "a semicolon in a name", script: 'SELECT "a;b"', expected: ['SELECT "a;b"'] },
    {
      holds: "a semicolon in a comment",
      script: "SELECT 1 -- one; two\n; SELECT 2",
      expected: ["SELECT 1 -- one; two", "SELECT 2"],
    },
    {
      holds: "a function's body",
      script: "DO $f$ BEGIN a; b; END $f$; SELECT 2",
      expected: ["DO $f$ BEGIN a; b; END $f$", "SELECT 2"],
    },
    { holds: "a body within a body", script: "DO $$ x $f$ y; $f$ z; $$", expected: ["DO $$ x $f$ y; $f$ z; $$"] },
  ])("splits a script with $holds", ({ script, expected }) => {
    expect(splitStatements(script)).toEqual(expected);
  });

  it("finds again the statements that a script was made of", () => {
    const literal = fc
      .string({ unit: fc.constantFrom("a", ";", "''", "-", "$", " ") })
      .map((text) => `SELECT '${text}'`);
    fc.assert(
      fc.property(fc.array(literal), (statements) => {
        expect(splitStatements(statements.join(";\n"))).toEqual(statements);
      }),
    );
  });
});
