import { GATE_SCENARIOS } from "../../rehearsal/scenarios.ts";
import { describeGates, GATES, ON_EACH_COMMIT } from "../support/gate-scenarios.ts";

jest.setTimeout(3_600_000);

it("has in its table every scenario that a gate must tell apart", () => {
  expect(Object.keys(GATES).sort()).toEqual(GATE_SCENARIOS.map(({ name }) => name).sort());
});

describeGates(ON_EACH_COMMIT);
