import { Mention, namesSomebody, slack, slackLines } from "../../../shared/text/markup.ts";

describe("slack", () => {
  it.each([
    ["a mention of everybody", "<!channel> now", "&lt;!channel&gt; now"],
    ["a value of Go", "<nil> & <!here>", "&lt;nil&gt; &amp; &lt;!here&gt;"],
    ["a disguised link", "<https://evil|https://good>", "&lt;https://evil|https://good&gt;"],
    ["a name", "ask @here or @ann", "ask @\u2060here or @\u2060ann"],
    ["a channel", "see #general", "see #\u2060general"],
    ["formats", "*bold* _it_ ~no~ `x`", "*\u2060bold* _\u2060it_ ~\u2060no~ `\u2060x`"],
    ["further lines", "a\nStatus: All healthy", "a Status: All healthy"],
    ["a picture by its name", ":white_check_mark: approved", ":\u2060white_check_mark: approved"],
    ["a secret", "token=hunter2", "token=[secret]"],
    ["what nobody sees", "a\u202eb\u200b", "ab"],
  ])("shows %s in a value as text", (_, value, expected) => {
    expect(slack`Reason: ${value}`).toBe(`Reason: ${expected}`);
  });

  it("keeps what names contain", () => {
    expect(slack`${"sparki_app 0.5 * 2, ann@example.com"}`).toContain("sparki_app 0.5 * 2");
  });

  it.each(["@on-call-sre", "<!subteam^S012AB>", "<@U012AB>"])("mentions %s, which is ours", (mention) => {
    expect(slack`${new Mention({ mention })} look`).toBe(`${mention} look`);
  });

  it("does not mention what is no mention", () => {
    expect(slack`${new Mention({ mention: "@a <!channel>" })}`).toBe("@\u2060a &lt;!channel&gt;");
  });

  it("knows whether a name of ours is in it", () => {
    expect(namesSomebody(slack`call ${new Mention({ mention: "@team" })}`)).toBe(true);
    expect(namesSomebody(slack`call ${"@here"} <!x>`)).toBe(false);
  });

  it("bounds what it says, and says by how much", () => {
    expect(slackLines(Array(10).fill(slack`${"x".repeat(1_000)}`))).toMatch(/… \(\d+ more characters\)$/);
  });
});
