import { dividedQuantity, quantityOf } from "../../../rehearsal/cluster/objects.ts";

describe("quantityOf", () => {
  it.each([
    ["250m", 0.25],
    ["1", 1],
    ["1.5", 1.5],
    ["512Mi", 536_870_912],
    ["1e3", 1000],
    ["2k", 2000],
    ["12E", 12e18],
    ["-5", -5],
  ])("reads %s", (text, value) => expect(quantityOf(text)).toBeCloseTo(value));

  it.each([["", "many", "1 Gi", "5kb", "Mi"]])("does not read %s", (text) => expect(quantityOf(text)).toBeNaN());
});

describe("dividedQuantity", () => {
  it.each([
    { quantity: "250m", divisor: undefined, seen: "1" },
    { quantity: "250m", divisor: "1m", seen: "250" },
    { quantity: "512Mi", divisor: "1Mi", seen: "512" },
    { quantity: "512Mi", divisor: "0", seen: "536870912" },
    { quantity: "1100m", divisor: "1", seen: "2" },
  ])("shows $quantity in units of $divisor as $seen", ({ quantity, divisor, seen }) => {
    expect(dividedQuantity(quantity, divisor)).toBe(seen);
  });
});
