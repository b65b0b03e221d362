import { driftedInputs, importedInputs } from "../../../rehearsal/kubernetes/difference.ts";

const INPUTS = { kind: "Deployment", metadata: { name: "a" }, spec: { replicas: 2, cpu: "0.5" } };
const OUTPUTS = {
  kind: "Deployment",
  metadata: { name: "a", uid: "u" },
  spec: { replicas: 2, cpu: "500m", paused: false },
};

describe("driftedInputs", () => {
  it("keeps what the program wrote when nobody changed anything, however the server writes it", () => {
    expect(driftedInputs(INPUTS, OUTPUTS, OUTPUTS)).toEqual(INPUTS);
  });

  it("takes what somebody changed, and drops what somebody removed", () => {
    const changed = { ...OUTPUTS, spec: { ...OUTPUTS.spec, replicas: 5 } };
    expect(driftedInputs(INPUTS, OUTPUTS, changed)).toEqual({ ...INPUTS, spec: { replicas: 5, cpu: "0.5" } });
    const removed = { ...OUTPUTS, spec: { cpu: "500m" } };
    expect(driftedInputs(INPUTS, OUTPUTS, removed)).toEqual({ ...INPUTS, spec: { cpu: "0.5" } });
  });

  it("keeps a field that the server never shows", () => {
    const inputs = { stringData: { token: "t" } };
    expect(driftedInputs(inputs, { data: {} }, { data: {} })).toEqual(inputs);
  });
});

describe("importedInputs", () => {
  it("leaves out what the server adds", () => {
    const live = { kind: "ConfigMap", metadata: { name: "a", uid: "u", resourceVersion: "1" }, data: {}, status: {} };
    expect(importedInputs(live)).toEqual({ kind: "ConfigMap", metadata: { name: "a" }, data: {} });
  });
});
