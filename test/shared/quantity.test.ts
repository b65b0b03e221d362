import { amountsOf, quantity } from "../../shared/quantity.ts";

describe("quantity", () => {
  it.each([
    ["250m", 0.25],
    ["2", 2],
    ["512Mi", 536_870_912],
    ["1.5G", 1.5e9],
    ["1500000n", 0.0015],
    ["1", 1],
    ["1.5", 1.5],
    ["1e3", 1000],
    ["2k", 2000],
    ["12E", 12e18],
    ["-5", -5],
    ["1Ti", 1_099_511_627_776],
    ["2E", 2e18],
    // The forms of one amount: https://kubernetes.io/docs/concepts/configuration/manage-resources-containers/
    ["128974848", 128_974_848],
    ["129e6", 129e6],
    ["1.29E+8", 129e6],
    ["128974848000m", 128_974_848],
    ["+.5", 0.5],
    ["1.2.3", undefined],
    ["1e", undefined],
    ["", undefined],
    ["many", undefined],
    ["3X", undefined],
    ["1 Gi", undefined],
    ["5kb", undefined],
    ["Mi", undefined],
    [undefined, undefined],
  ])("reads %p as %p", (text, value) => {
    if (value === undefined) expect(quantity(text)).toBeUndefined();
    else expect(quantity(text)).toBeCloseTo(value, 12);
  });
});

describe("amountsOf", () => {
  it("knows only what is said", () => {
    expect(amountsOf({ cpu: "500m" })).toEqual({ cores: 0.5, bytes: undefined });
  });
});
