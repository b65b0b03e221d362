import { readExposition } from "../../../runbook/conformance/conformance.ts";

describe("readExposition", () => {
  it("reads names, labels with quotes in them, values and times, and leaves comments out", () => {
    const text = [
      "# HELP a Counts.",
      'a_total{route="/a\\"b\\\\c\\nd",le="+Inf",} 12 1700000000',
      "b 1.5e-3",
      "c +Inf",
      "d NaN",
      'e_bucket{le="1.0"} 3 # {trace_id="x"} 0.5 1700000000.123',
      "",
      "# EOF",
    ].join("\n");
    expect(readExposition(text)).toEqual({
      kind: "samples",
      samples: [
        { metric: "a_total", labels: { route: '/a"b\\c\nd', le: "+Inf" }, value: 12 },
        { metric: "b", labels: {}, value: 0.0015 },
        { metric: "c", labels: {}, value: Number.POSITIVE_INFINITY },
        { metric: "d", labels: {}, value: Number.NaN },
        { metric: "e_bucket", labels: { le: "1.0" }, value: 3 },
      ],
    });
  });

  it.each(["<html>", "a", "a one", "a{b=c} 1", 'a{b="c} 1', "1a 1", "a 0x10"])(
    "names the line %s as unreadable",
    (line) => {
      expect(readExposition(`b 1\n${line}\nc 1`)).toEqual({ kind: "unreadable", line });
    },
  );

  it("takes no longer for a line that ends in the middle of its labels", () => {
    for (const unit of ['b="c" , ', " ", "\\", '"']) {
      const line = `a{${unit.repeat(15_000 / unit.length)}`;
      const start = performance.now();
      expect(readExposition(line).kind).toBe("unreadable");
      expect(readExposition(`a${line.slice(2)} `).kind).toBe("unreadable");
      expect(performance.now() - start).toBeLessThan(20_000);
    }
  });
});
