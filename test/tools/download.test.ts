import { sumFor } from "../../tools/download.ts";

const SUM = "0123456789abcdef".repeat(4);
const OTHER = "fedcba9876543210".repeat(4);

describe("sumFor", () => {
  it.each([
    ["a list of sums and names", `${OTHER}  a.tar.gz\n${SUM}  b.tar.gz\n`, SUM],
    ["a list that marks binary files", `${SUM} *b.tar.gz\n`, SUM],
    ["a file that holds the sum alone", `${SUM}\n`, SUM],
    ["a list without the name", `${OTHER}  a.tar.gz\n${OTHER}  c.tar.gz\n`, undefined],
    ["a name that only begins alike", `${OTHER}  b.tar.gz.sig\n${OTHER}  bb.tar.gz\n`, undefined],
    ["something that is not a sum", "<html>not found</html>", undefined],
  ])("reads %s", (_, text, expected) => {
    expect(sumFor("b.tar.gz", text)).toBe(expected);
  });
});
