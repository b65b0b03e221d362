import { PassThrough } from "node:stream";
import { upgrades } from "../../../runbook/commands/upgrades.ts";
import { openOutput } from "../../../shared/text/output.ts";
import { KUBERNETES_VERSIONS } from "../../../tools/catalog.ts";
import { fakeClock } from "../../support/fake-clock.ts";

describe("sparki upgrades --kubernetes", () => {
  const ports = {
    ...{ env: {}, cwd: "/", signal: new AbortController().signal, clock: fakeClock() },
    ...{ stdout: openOutput(new PassThrough()), stderr: openOutput(new PassThrough()) },
  };

  it.each(["1.20", "1.36.3", "latest", ""])(
    "refuses %j before anything else, with the versions that it knows",
    async (kubernetes) => {
      await expect(upgrades.run({ args: [], options: { kubernetes }, ports })).rejects.toMatchObject({
        code: "SPARKI_USAGE",
        message: expect.stringContaining(
          `is ${JSON.stringify(kubernetes)}; expected one of ${KUBERNETES_VERSIONS.join(", ")}`,
        ),
        hint: expect.stringContaining("docs/upgrades.md"),
      });
    },
  );
});
