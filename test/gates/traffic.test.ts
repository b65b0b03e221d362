import fc from "fast-check";
import { type Ended, NO_TRAFFIC, TrafficTally } from "../../gates/traffic.ts";

const QUICK: Ended = { failed: false, seconds: 0.01 };

describe("TrafficTally", () => {
  it("counts failures, and what took longer than each duration", () => {
    const tally = new TrafficTally();
    const outcomes = [
      QUICK,
      { failed: true, seconds: 0.2 },
      { failed: false, seconds: 2 },
      { failed: true, seconds: 9 },
    ];
    for (const outcome of outcomes) tally.send()(outcome);
    expect(tally.counts).toEqual({ requests: 4, errors: 2, over100ms: 3, over1s: 2, over5s: 1 });
  });

  it("counts nothing behind a request that is open, however many were answered since", () => {
    const tally = new TrafficTally();
    tally.send()(QUICK);
    const end = tally.send();
    for (let more = 0; more < 100; more++) tally.send()(QUICK);
    expect(tally.counts).toEqual({ ...NO_TRAFFIC, requests: 1 });
    end({ failed: true, seconds: 10 });
    expect(tally.counts).toMatchObject({ requests: 102, errors: 1, over5s: 1 });
  });

  it("passes over a request that counts for nothing", () => {
    const tally = new TrafficTally();
    const end = tally.send();
    tally.send()(QUICK);
    end(undefined);
    expect(tally.counts).toEqual({ ...NO_TRAFFIC, requests: 1 });
  });

  it("always counts the first so many requests, in whichever order they end", () => {
    const ending = fc
      .array(fc.boolean(), { minLength: 1, maxLength: 30 })
      .chain((failed) => fc.tuple(fc.constant(failed), fc.shuffledSubarray([...failed.keys()])));
    fc.assert(
      fc.property(ending, ([failed, order]) => {
        const tally = new TrafficTally();
        const ends = failed.map(() => tally.send());
        for (const index of order) ends[index]?.({ failed: failed[index] === true, seconds: 0 });
        const open = failed.findIndex((_, index) => !order.includes(index));
        const first = failed.slice(0, open === -1 ? failed.length : open);
        expect(tally.counts).toMatchObject({ requests: first.length, errors: first.filter(Boolean).length });
      }),
    );
  });
});
