import { setImmediate as nextTurn } from "node:timers/promises";
import { turns } from "../../io/http.ts";

describe("turns", () => {
  it("lets no more than so many run at once, in the order in which they came, whatever becomes of them", async () => {
    const inTurn = turns(2);
    let [running, most] = [0, 0];
    const begun: number[] = [];
    const work = async (index: number) => {
      begun.push(index);
      most = Math.max(most, ++running);
      await nextTurn();
      running--;
      if (index === 2) throw new Error("the third fails");
      return index;
    };
    const ends = await Promise.allSettled(Array.from({ length: 7 }, (_, index) => inTurn(() => work(index))));
    expect(most).toBe(2);
    expect(begun).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(ends.map(({ status }) => status === "fulfilled")).toEqual([true, true, false, true, true, true, true]);
    expect(await inTurn(async () => "later")).toBe("later");
  });
});
