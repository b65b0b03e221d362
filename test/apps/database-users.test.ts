import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
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

/** Runs the job's script with a psql that ends with these codes, one after the other, and a sleep that takes no time. */
function runScript(folder: string, codes: readonly number[], missing: string | undefined) {
  const [secrets, bin] = [join(folder, "secrets"), join(folder, "bin")];
  for (const made of [secrets, bin]) mkdirSync(made);
  for (const who of ["master", "application", "migrations"])
    for (const part of ["username", "password"])
      if (`${who}-${part}` !== missing) writeFileSync(join(secrets, `${who}-${part}`), `${part} of ${who}`);
  const program = (name: string, ...lines: string[]) => {
    writeFileSync(join(bin, name), ["#!/bin/sh", ...lines].join("\n"));
    chmodSync(join(bin, name), 0o755);
  };
  program("sleep", `echo "$1" >> '${folder}/slept'`);
  const nth = codes.map((code, index) => `if [ "$tries" -eq ${index + 1} ]; then exit ${code}; fi`);
  program("psql", `cat <&3 >> '${folder}/asked'`, `tries=$(grep -c user= '${folder}/asked')`, ...nth, "exit 99");
  const [shell = "", flags = "", script = ""] = usersCommand({ host: "h", port: 1, databaseName: "d" }).command;
  const env = { PATH: `${bin}${delimiter}${process.env.PATH}` };
  const { status } = spawnSync(shell, [flags, script.replaceAll("/mnt/secrets/database", secrets)], { env });
  const read = (name: string) => (existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8") : "");
  return { status, slept: read("slept").trim().split("\n"), asked: read("asked") };
}

describe("the job of the database's users", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "sparki-users-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  // https://github.com/aws/aws-network-policy-agent/issues/345, https://github.com/aws/aws-network-policy-agent/issues/236
  it("connects again where a connection was not made, as in a pod's first seconds, reading the secrets again", () => {
    const { status, slept, asked } = runScript(folder, [2, 2, 0], undefined);
    expect({ status, slept }).toEqual({ status: 0, slept: ["5", "10"] });
    expect(asked.match(/^user=username of master\npassword=password of master$/gm)).toHaveLength(3);
    const options = ["application", "migrations"].flatMap((purpose) =>
      ["username", "password"].map((part) => ` -c sparki.${purpose}_${part}=${part} of ${purpose}`),
    );
    expect(asked).toContain(`options=${options.join("")}\n`);
  });

  it("gives up after a while, with psql's own code", () => {
    expect(runScript(folder, [2, 2, 2, 0], undefined)).toMatchObject({ status: 2, slept: ["5", "10"] });
  });

  it.each([0, 1, 3])("asks once where psql ends with %d", (code) => {
    expect(runScript(folder, [code], undefined)).toMatchObject({ status: code, slept: [""] });
  });

  it.each(["master-password", "application-username", "migrations-password"])(
    "asks nobody without the secret %s",
    (missing) => {
      expect(runScript(folder, [0], missing)).toMatchObject({ status: 1, asked: "" });
    },
  );
});

describe("usersSql", () => {
  it("has no password in it, and is SQL without commands of psql's own", () => {
    expect(usersSql()).not.toMatch(/PASSWORD '|^\\/m);
    expect(usersSql()).toContain("PASSWORD %L', username, password)");
  });
});
