import { writeFile } from "node:fs/promises";
import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { type RebuildOptions, rebuildShown } from "../../../runbook/recovery/rebuild-run.ts";
import { plainScreen } from "../../../runbook/report/screen.ts";
import { openOutput } from "../../../shared/text/output.ts";
import { fakeClock } from "../../support/fake-clock.ts";
import { SUCCEEDED } from "../../support/planning.ts";
import { fakeAws, fakeState } from "../../support/preflight.ts";
import { fakeEngine } from "../../support/recovery.ts";

function optionsWith(changes: Partial<RebuildOptions> = {}) {
  const written = new PassThrough();
  const engine = fakeEngine({ version: 3, deployment: { manifest: {} } });
  const options: RebuildOptions = {
    stack: "prod",
    engine: {
      ...engine,
      exportState: async () => JSON.parse(JSON.stringify(await engine.exportEncrypted())),
      draft: async (file) => {
        await writeFile(file, JSON.stringify({ resourcePlans: {} }));
        return SUCCEEDED;
      },
    },
    context: {
      aws: fakeAws({ "resourcegroupstaggingapi/getResources": { resourceTagMappingLists: [] } }),
      state: fakeState([]),
    },
    screen: plainScreen(written),
    ports: { clock: fakeClock(), env: {}, signal: new AbortController().signal, stderr: openOutput(written) },
    agree: async () => {},
    ...changes,
  };
  return { options, engine, written };
}

describe("rebuildShown", () => {
  it("refuses while someone holds the stack, and asks nobody", async () => {
    const lock = { holder: "ada@laptop", since: undefined };
    const agree = jest.fn();
    const { options } = optionsWith({ agree });
    const state = { ...options.context.state, lock: async () => lock };
    await expect(rebuildShown({ ...options, context: { ...options.context, state } })).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: "ada@laptop holds stack prod; its state may still change",
      hint: expect.stringContaining("pulumi cancel --stack prod"),
    });
    expect(agree).not.toHaveBeenCalled();
  });

  it("changes nothing where a person does not agree", async () => {
    const refused = new Error("not confirmed");
    const { options, engine } = optionsWith({ agree: () => Promise.reject(refused) });
    const before = await engine.exportEncrypted();
    await expect(rebuildShown(options)).rejects.toBe(refused);
    expect(await engine.exportEncrypted()).toEqual(before);
  });

  it("tells what it found, and that nothing is left to do", async () => {
    const { options, written } = optionsWith();
    expect(await rebuildShown(options)).toMatchObject({
      exitCode: 0,
      json: { stack: "prod", outcome: "unchanged", resources: 0, imported: [], next: null },
    });
    written.end();
    expect(await text(written)).toContain("unchanged prod: the state has all that exists");
  });
});
