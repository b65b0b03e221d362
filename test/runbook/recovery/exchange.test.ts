import { DATABASE, exchangeInState } from "../../../runbook/recovery/exchange.ts";
import { withExchanged } from "../../../runbook/recovery/state-edit.ts";
import { fakeEngine, interruptedState } from "../../support/recovery.ts";

const INSTANCE = {
  type: DATABASE,
  name: "database-instance",
  id: "db-OLD",
  inputs: { finalSnapshotIdentifier: "final" },
};
const BUCKET = { type: "aws:s3/bucket:Bucket", name: "logs", id: "logs" };
const URN = `urn:pulumi:prod::sparki::${DATABASE}::database-instance`;

describe("exchangeInState", () => {
  it("makes the state name the other instance, reads it alone, and keeps what AWS does not tell", async () => {
    const engine = fakeEngine(interruptedState([], [INSTANCE, BUCKET]), { "db-NEW": [{ id: "db-NEW", address: "a" }] });
    await exchangeInState(engine, DATABASE, "db-NEW");
    expect(engine.refreshes).toEqual([[URN]]);
    expect(await engine.exportEncrypted()).toMatchObject({
      deployment: {
        resources: [
          { id: "db-NEW", inputs: { finalSnapshotIdentifier: "final" }, outputs: { id: "db-NEW", address: "a" } },
          { id: "logs" },
        ],
      },
    });
  });

  it("changes nothing more when it is done again", async () => {
    const engine = fakeEngine(interruptedState([], [INSTANCE]), { "db-NEW": [{ id: "db-NEW" }] });
    await exchangeInState(engine, DATABASE, "db-NEW");
    const once = await engine.exportEncrypted();
    await exchangeInState(engine, DATABASE, "db-NEW");
    expect(await engine.exportEncrypted()).toEqual(once);
  });

  it("leaves the state as it was where the engine does not find the instance: the next update would make an empty one", async () => {
    const state = interruptedState([], [INSTANCE]);
    const engine = fakeEngine(state, {});
    await expect(exchangeInState(engine, DATABASE, "db-GONE")).rejects.toMatchObject({
      code: "SPARKI_OUTSIDE",
      message: expect.stringContaining("could not take over db-GONE"),
    });
    expect(await engine.exportEncrypted()).toMatchObject({ deployment: { resources: [{ id: "db-OLD" }] } });
  });

  it.each([
    ["none", [BUCKET]],
    ["two", [INSTANCE, { ...INSTANCE, name: "second" }]],
  ])("refuses a state with %s of the type", (_, resources) => {
    expect(() => withExchanged(interruptedState([], resources), DATABASE, "db-NEW")).toThrow(/expected one/);
  });
});
