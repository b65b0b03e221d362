import { dividedQuantity } from "../../../rehearsal/cluster/objects.ts";

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
