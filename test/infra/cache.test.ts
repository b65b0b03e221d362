import * as pulumi from "@pulumi/pulumi";
import { refuseLoneToken } from "../../infra/cache.ts";

describe("refuseLoneToken", () => {
  const inputs = (authToken: unknown, authTokenUpdateStrategy: string) => ({ authToken, authTokenUpdateStrategy });
  const asked = (before: object, after: object) => refuseLoneToken({ oldInputs: before, newInputs: after });
  const [unknown] = pulumi.deferredOutput<string>();

  it.each([
    ["a new token beside the one before", inputs("a", "SET"), inputs("b", "ROTATE")],
    ["the token that pods have, alone", inputs(pulumi.secret("b"), "ROTATE"), inputs(pulumi.secret("b"), "SET")],
    ["another setting of a cache with one token", inputs(pulumi.secret("b"), "SET"), inputs(pulumi.secret("b"), "SET")],
    ["a token that only the update knows, beside the one before", inputs("a", "SET"), inputs(unknown, "ROTATE")],
  ])("lets pass %s", async (_, before, after) => {
    await expect(asked(before, after)).resolves.toBeUndefined();
  });

  it.each([
    ["a new token", pulumi.secret("b")],
    ["one that only the update knows", unknown],
  ])("refuses %s that would be taken alone at once", async (_, token) => {
    await expect(asked(inputs(pulumi.secret("a"), "SET"), inputs(token, "SET"))).rejects.toThrow(
      "cache.onlyAuthTokenSince is the day of a token that no pod has yet",
    );
  });
});
