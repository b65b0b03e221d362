import { authoritiesOf, usersCommand, usersSql } from "../../apps/database-jobs.ts";

describe("authoritiesOf", () => {
  it.each(["us-east-1", "eu-west-1"])("gives the root authorities that sign RDS's servers in %s", (region) => {
    expect(authoritiesOf(region).match(/BEGIN CERTIFICATE/g)).toHaveLength(3);
  });

  it("throws for a region whose servers could not be verified", () => {
    expect(() => authoritiesOf("xx-none-1")).toThrow("no certificate authority of RDS is known in xx-none-1");
  });
});

describe("usersCommand", () => {
  const { command, environment } = usersCommand({ host: "db.test", port: 5432, databaseName: "sparki" });

  it("verifies the server, its name included", () => {
    expect(environment).toMatchObject({ PGHOST: "db.test", PGSSLMODE: "verify-full" });
  });

  it("takes what is secret from files alone, and gives psql none of it as an argument or a variable", () => {
    const [, , script = ""] = command;
    const psql = script.split("\n").find((line) => line.includes("psql")) ?? "";
    expect(psql).toContain("--set=ON_ERROR_STOP=1 --single-transaction");
    expect(psql).not.toContain("$");
    // A rehearsal's folder, below which the file is, may have a blank in its name.
    expect(psql).toMatch(/ --file="[^"]+"/);
    expect(script).not.toContain("export");
    expect(Object.keys(environment).filter((name) => /PASS|USER/.test(name))).toEqual([]);
  });
});

describe("usersSql", () => {
  it("has no password in it, and is SQL without commands of psql's own", () => {
    expect(usersSql()).not.toMatch(/PASSWORD '|^\\/m);
    expect(usersSql()).toContain("PASSWORD %L', username, password)");
  });
});
