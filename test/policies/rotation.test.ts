import { readFileSync } from "node:fs";
import { join } from "node:path";
import { secretsRotate } from "../../policies/secrets.ts";
import { example, judge, situation } from "../support/policy-fixtures.ts";
import { parsedStackConfig } from "../support/policy-stack.ts";

describe("the passwords of production", () => {
  const { passwordsSince } = parsedStackConfig().database;
  const secret = example("aws:secretsmanager/secret:Secret", { name: "sparki/prod/database/application" });
  const judgedOn = (today: string, since: string) => {
    const password = example("random:index/randomPassword:RandomPassword", { length: 48, keepers: { since } });
    const value = example("aws:secretsmanager/secretVersion:SecretVersion", {})
      .from("secretId", secret)
      .from("secretString", password);
    return judge([secretsRotate], [secret, value, password], { ...situation(), today });
  };

  it("may be 90 days old and no day older, and then only an update that rotates them passes", () => {
    const last = new Date(Date.parse(passwordsSince) + 90 * 86_400_000);
    const [day = "", after = ""] = [last, new Date(last.getTime() + 86_400_000)].map((at) =>
      at.toISOString().slice(0, 10),
    );
    expect(judgedOn(day, passwordsSince)).toEqual([]);
    expect(judgedOn(after, passwordsSince)).toEqual([expect.objectContaining({ property: "rotation" })]);
    expect(judgedOn(after, after)).toEqual([]);
    // docs/rotation.md says of which day that is.
    const page = readFileSync(join(import.meta.dirname, "../../docs/rotation.md"), "utf8");
    expect(page).toContain(`since ${passwordsSince}`);
    expect(page).toContain(`after ${day}`);
  });
});
