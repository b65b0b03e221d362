import type { Answer, RecordType } from "dns-packet";
import { type NameTable, replyTo } from "../../../rehearsal/backing/dns.ts";
import type { NameRecord } from "../../../rehearsal/services.ts";

const BALANCER = "lb-1.us-east-1.elb.amazonaws.com";
const OTHER = "lb-2.us-east-1.elb.amazonaws.com";

function tableOf(...records: NameRecord[]): NameTable {
  const addresses = new Map([
    [BALANCER, "127.20.3.1"],
    [OTHER, "127.20.3.2"],
  ]);
  return { records, addresses };
}

const alias = (weight: number, aliasTo: string): NameRecord => {
  return { name: "app.example", type: "A", values: [], aliasTo, weight, setIdentifier: aliasTo };
};
const dataOf = (answers: readonly Answer[]) => answers.map((answer) => ("data" in answer ? answer.data : undefined));
const ask = (name: string, type: RecordType, table: NameTable, at = 0) => replyTo(name, type, table, () => at);

describe("replyTo", () => {
  const table = tableOf(
    { name: "example", type: "NS", values: ["ns-1.example.", "ns-2.example."] },
    { name: "app.example", type: "A", values: [], aliasTo: `dualstack.${BALANCER}.` },
    { name: "www.example", type: "CNAME", values: ["app.example"] },
    { name: "plain.example", type: "A", values: ["127.20.9.1", "127.20.9.2"] },
    { name: "txt.example", type: "TXT", values: ['"quoted words"', "bare"] },
    { name: "example", type: "CAA", values: ['0 issue "amazon.com"'] },
    { name: "loop.example", type: "CNAME", values: ["loop.example"] },
    { name: "lost.example", type: "A", values: [], aliasTo: "gone.elb.amazonaws.com" },
  );

  it.each<[string, RecordType, unknown[]]>([
    [BALANCER, "A", ["127.20.3.1"]],
    ["app.example", "A", ["127.20.3.1"]],
    ["APP.Example.", "A", ["127.20.3.1"]],
    ["www.example", "A", ["app.example", "127.20.3.1"]],
    ["www.example", "CNAME", ["app.example"]],
    ["plain.example", "A", ["127.20.9.1", "127.20.9.2"]],
    ["txt.example", "TXT", ["quoted words", "bare"]],
    ["example", "NS", ["ns-1.example", "ns-2.example"]],
    ["example", "CAA", [{ flags: 0, tag: "issue", value: "amazon.com" }]],
    ["app.example", "AAAA", []],
    [BALANCER, "AAAA", []],
    ["lost.example", "A", []],
  ])("answers %s %s", (name, type, expected) => {
    const { code, answers } = ask(name, type, table);
    expect(code).toBe("NOERROR");
    expect(dataOf(answers)).toEqual(expected);
  });

  it("says of a name that nobody holds that it does not exist", () => {
    expect(ask("nobody.example", "A", table)).toEqual({ code: "NXDOMAIN", answers: [] });
  });

  it("ends on a CNAME that leads to itself", () => {
    expect(ask("loop.example", "A", table).answers.length).toBeLessThan(20);
  });

  it("answers one of a weighted set, chosen by the weights", () => {
    const weighted = tableOf(alias(90, BALANCER), alias(10, OTHER));
    const answerAt = (at: number) => dataOf(ask("app.example", "A", weighted, at).answers);
    expect(answerAt(0.89)).toEqual(["127.20.3.1"]);
    expect(answerAt(0.91)).toEqual(["127.20.3.2"]);
  });

  it("never answers the one of weight 0 beside another", () => {
    const cutOver = tableOf(alias(0, BALANCER), alias(100, OTHER));
    for (const at of [0, 0.5, 0.999])
      expect(dataOf(ask("app.example", "A", cutOver, at).answers)).toEqual(["127.20.3.2"]);
  });
});
